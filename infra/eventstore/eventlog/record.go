package eventlog

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
)

// TombstoneRevision is the revision of the event that ends a stream for ever, as EventStoreDB numbers it.
const TombstoneRevision = math.MaxInt64

// Record is an event as it lies in the log. Its slices alias the page or buffer it was read from and
// live as long as that.
type Record struct {
	Position uint64
	Revision uint64
	ID       [16]byte
	Created  int64 // 100 ns ticks since the Unix epoch
	JSON     bool
	Stream   []byte
	Type     []byte
	Metadata []byte
	Data     []byte
}

// The stored form of an event: a fixed head, four variable parts. The checksum covers the position (which is
// the key) and all that follows it, so a record under a wrong key is as damaged as a flipped bit.
const (
	recordVersion = 1

	offChecksum = 0
	offVersion  = 4
	offFlags    = 5
	offRevision = 6
	offCreated  = 14
	offID       = 22
	offParts    = 38

	flagJSON = 1 << 0
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// maxRecordHead bounds what a record takes beside its four parts.
const maxRecordHead = offParts + 3*binary.MaxVarintLen32

// appendRecord encodes everything a caller knows; revision, time and checksum are sealed by the writer.
func appendRecord[T ~string | ~[]byte](b []byte, id [16]byte, stream string, typ T, json bool, metadata, data []byte) []byte {
	var head [offParts]byte
	head[offVersion] = recordVersion
	if json {
		head[offFlags] = flagJSON
	}
	copy(head[offID:], id[:])
	b = append(b, head[:]...)
	b = binary.AppendUvarint(b, uint64(len(stream)))
	b = binary.AppendUvarint(b, uint64(len(typ)))
	b = binary.AppendUvarint(b, uint64(len(metadata)))
	b = append(b, stream...)
	b = append(b, typ...)
	b = append(b, metadata...)
	return append(b, data...)
}

func sealRecord(rec []byte, position, revision uint64, created int64) {
	binary.LittleEndian.PutUint64(rec[offRevision:], revision)
	binary.LittleEndian.PutUint64(rec[offCreated:], uint64(created))
	binary.LittleEndian.PutUint32(rec[offChecksum:], checksum(rec, position))
}

func checksum(rec []byte, position uint64) uint32 {
	var pos [8]byte
	binary.LittleEndian.PutUint64(pos[:], position)
	return crc32.Update(crc32.Update(0, castagnoli, pos[:]), castagnoli, rec[offVersion:])
}

func recordID(rec []byte) (id [16]byte) {
	copy(id[:], rec[offID:offParts])
	return id
}

var errShortRecord = errors.New("shorter than it says")

// decodeRecord verifies and opens a stored record without copying it.
func decodeRecord(position uint64, rec []byte) (Record, error) {
	if len(rec) < offParts {
		return Record{}, errShortRecord
	}
	if binary.LittleEndian.Uint32(rec[offChecksum:]) != checksum(rec, position) {
		return Record{}, errors.New("checksum differs")
	}
	if v := rec[offVersion]; v != recordVersion {
		return Record{}, fmt.Errorf("record version %d is newer than this program, which reads %d", v, recordVersion)
	}
	return parseRecord(position, rec)
}

// parseRecord opens a record whose checksum is known to hold.
func parseRecord(position uint64, rec []byte) (Record, error) {
	r := Record{
		Position: position,
		Revision: binary.LittleEndian.Uint64(rec[offRevision:]),
		Created:  int64(binary.LittleEndian.Uint64(rec[offCreated:])),
		ID:       recordID(rec),
		JSON:     rec[offFlags]&flagJSON != 0,
	}
	var sizes [3]int
	rest := rec[offParts:]
	for i := range sizes {
		n, w := binary.Uvarint(rest)
		if w <= 0 || n > math.MaxInt32 {
			return Record{}, errShortRecord
		}
		sizes[i], rest = int(n), rest[w:]
	}
	if sizes[0]+sizes[1]+sizes[2] > len(rest) {
		return Record{}, errShortRecord
	}
	r.Stream, rest = rest[:sizes[0]:sizes[0]], rest[sizes[0]:]
	r.Type, rest = rest[:sizes[1]:sizes[1]], rest[sizes[1]:]
	r.Metadata, r.Data = rest[:sizes[2]:sizes[2]], rest[sizes[2]:]
	return r, nil
}
