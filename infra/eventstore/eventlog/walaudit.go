package eventlog

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strconv"
	"strings"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/atomicfs"
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

// walMarker names, in the name of a file, a write-ahead log that is to be there when the directory is opened: that
// one or a newer one. Without it a lost log would pass for an empty one, and a lost manifest for a new database.
const walMarker = "tillstream-wal"

// requireWAL answers whether the directory has been in use, which it can only be with its write-ahead log.
func (l *Log) requireWAL() (used bool, err error) {
	marker, required, err := atomicfs.LocateMarker(l.opts.FS, l.dir, walMarker)
	if err != nil {
		return false, err
	}
	l.marker = marker
	if required == "" {
		return false, nil
	}
	name, number, err := newestWAL(l.opts.FS, l.dir)
	if least, ok := walNumber(required); err == nil && ok && (name == "" || uint64(number) < least) {
		err = &DamageError{File: l.opts.FS.PathJoin(l.dir, required), Err: errMissing}
	}
	if err != nil {
		err = errors.Join(err, marker.Close())
	}
	return true, err
}

// walCreated requires a new log before anything is written to it.
func (l *Log) walCreated(info pebble.WALCreateInfo) {
	if info.Err != nil {
		return // the engine's caller stops on it
	}
	defer func() {
		if r := recover(); r != nil { // a marker that cannot be synced panics
			l.fail(fmt.Errorf("sync directory %s: %v", l.dir, r))
		}
	}()
	if err := l.marker.Move(l.opts.FS.PathBase(info.Path)); err != nil {
		l.fail(fmt.Errorf("mark write-ahead log %s: %w", info.Path, err))
	}
}

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
	newest := uint64(0)
	for _, n := range names {
		if v, ok := walNumber(n); ok && v > newest {
			name, newest = n, v
		}
	}
	return name, uint32(newest), nil
}

func walNumber(name string) (uint64, bool) {
	digits, ok := strings.CutSuffix(name, ".log")
	if !ok {
		return 0, false
	}
	v, err := strconv.ParseUint(digits, 10, 64)
	return v, err == nil
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
