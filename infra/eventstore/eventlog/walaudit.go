package eventlog

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// The storage engine's write-ahead log: blocks of chunks, each with checksum, length, kind, number of the log and the
// offset up to which the log was synced when the chunk was written.
const (
	walBlock       = 32 << 10
	walHeader      = 19
	walTrailer     = 11 // header of the mark a clean close leaves
	walKindFirst   = 9  // kinds of chunks with a synced offset
	walKindLast    = 12
	walKindTrailer = 5
)

// auditWAL tells a torn tail from damage in the newest write-ahead log. Where the log cannot be read any further the
// engine takes it for torn unless a later block contradicts; but a later chunk of the same block contradicts as
// well, when it says that the log had been synced beyond. Only the last synced group stays without a witness.
func auditWAL(fs vfs.FS, dir string) error {
	name, number, err := newestWAL(fs, dir)
	if err != nil || name == "" {
		return err
	}
	data, err := readWhole(fs, fs.PathJoin(dir, name))
	if err != nil {
		return err
	}
	torn := readableWAL(data, number)
	for at := torn + 1; at+walHeader <= len(data); at++ {
		if data[at+6] < walKindFirst || data[at+6] > walKindLast {
			continue
		}
		if _, ok := walChunk(data, at, number); !ok {
			continue
		}
		if synced := binary.LittleEndian.Uint64(data[at+11:]); synced > uint64(torn) {
			return &DamageError{
				File: fs.PathJoin(dir, name),
				Err:  fmt.Errorf("unreadable at offset %d, yet synced up to %d", torn, synced),
			}
		}
	}
	return nil
}

func newestWAL(fs vfs.FS, dir string) (name string, number uint32, err error) {
	names, err := fs.List(dir)
	if err != nil {
		return "", 0, err
	}
	type wal struct {
		name   string
		number uint64
	}
	var wals []wal
	for _, n := range names {
		digits, ok := strings.CutSuffix(n, ".log")
		if !ok {
			continue
		}
		if v, err := strconv.ParseUint(digits, 10, 64); err == nil {
			wals = append(wals, wal{n, v})
		}
	}
	if len(wals) == 0 {
		return "", 0, nil
	}
	newest := slices.MaxFunc(wals, func(a, b wal) int { return cmp.Compare(a.number, b.number) })
	return newest.name, uint32(newest.number), nil
}

// readableWAL is the offset of the first byte that belongs to no valid chunk.
func readableWAL(data []byte, number uint32) int {
	at := 0
	for at < len(data) {
		rest := min(walBlock-at%walBlock, len(data)-at)
		if rest < walHeader {
			if isTrailer(data[at:at+rest], number) {
				return len(data)
			}
			at += rest
			continue
		}
		size, ok := walChunk(data, at, number)
		if !ok {
			if isTrailer(data[at:], number) {
				return len(data)
			}
			return at
		}
		at += size
	}
	return at
}

// walChunk is the size of the valid chunk at an offset.
func walChunk(data []byte, at int, number uint32) (size int, ok bool) {
	b := data[at:min(len(data), at-at%walBlock+walBlock)]
	if len(b) < walHeader || b[6] < walKindFirst || b[6] > walKindLast {
		return 0, false
	}
	size = walHeader + int(binary.LittleEndian.Uint16(b[4:]))
	if size > len(b) || binary.LittleEndian.Uint32(b[7:]) != number {
		return 0, false
	}
	return size, binary.LittleEndian.Uint32(b) == walChecksum(b[6:size])
}

func isTrailer(b []byte, number uint32) bool {
	return len(b) >= walTrailer && binary.LittleEndian.Uint32(b) == 0 && binary.LittleEndian.Uint16(b[4:]) == 0 &&
		b[6] == walKindTrailer && binary.LittleEndian.Uint32(b[7:]) == number+1
}

func walChecksum(b []byte) uint32 {
	c := crc32.Checksum(b, castagnoli)
	return c>>15 | c<<17 + 0xa282ead8
}

func readWhole(fs vfs.FS, path string) ([]byte, error) {
	f, err := fs.Open(path, vfs.SequentialReadsOption)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(f)
	return data, errors.Join(err, f.Close())
}
