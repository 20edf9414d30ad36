package eventlog

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// The storage engine's write-ahead log: blocks of chunks, each with checksum, length, kind and number of the log, and in
// all but the first log of a directory the offset up to which the log was synced when the chunk was written.
const (
	walBlock      = 32 << 10
	walHeader     = 11
	walSyncHeader = 19

	walKindFirst     = 5 // kinds of chunks without a synced offset; the first is the mark of a clean close as well
	walSyncKindFirst = 9 // and with one
	walSyncKindLast  = 12
)

// auditWALs refuses a directory without one of its required write-ahead logs, and tells a torn tail from damage in the
// newest. Where that cannot be read any further the engine takes it for torn unless a later block contradicts; but the note
// of what was synced contradicts as well, and so does a later chunk of the same block. One that is shorter than what was
// synced is opened as far as it goes.
func (n *notes) auditWALs() error {
	names, err := n.fs.List(n.dir)
	if err != nil {
		return err
	}
	for _, name := range n.wals {
		if !slices.Contains(names, name) {
			return &DamageError{File: n.fs.PathJoin(n.dir, name), Err: errMissing}
		}
	}
	name, number := newestWAL(names)
	if name == "" {
		return nil
	}
	path := n.fs.PathJoin(n.dir, name)
	data, err := readWhole(n.fs, path)
	if err != nil {
		return err
	}
	synced, err := syncedWAL(n.fs, n.dir, number)
	if err != nil {
		return err
	}
	torn := readableWAL(data, uint32(number))
	if synced > len(data) {
		n.log.Error("the write-ahead log has lost its end; events that were acknowledged may be gone",
			"file", path, "bytes", len(data), "synced", synced)
		synced = 0
	}
	if synced = max(synced, laterSynced(data, torn, uint32(number))); synced > torn {
		return &DamageError{
			File: path,
			Err:  fmt.Errorf("unreadable at offset %d, yet synced up to %d", torn, synced),
		}
	}
	return nil
}

// laterSynced is up to where the chunks beyond an offset say that the log was synced.
func laterSynced(data []byte, offset int, number uint32) (synced int) {
	for at := offset + 1; at+walSyncHeader <= len(data); at++ {
		if data[at+6] < walSyncKindFirst || data[at+6] > walSyncKindLast {
			continue
		}
		if _, ok := walChunk(data, at, number); ok {
			synced = max(synced, int(min(binary.LittleEndian.Uint64(data[at+11:]), math.MaxInt)))
		}
	}
	return synced
}

// damagedWAL is the first write-ahead log that cannot be read to its end, or "" when all can.
func damagedWAL(fs vfs.FS, dir string) string {
	names, err := fs.List(dir)
	if err != nil {
		return ""
	}
	slices.Sort(names)
	for _, name := range names {
		number, ok := walNumber(name)
		if !ok {
			continue
		}
		path := fs.PathJoin(dir, name)
		if data, err := readWhole(fs, path); err != nil || readableWAL(data, uint32(number)) < len(data) {
			return path
		}
	}
	return ""
}

func newestWAL(names []string) (name string, number uint64) {
	for _, n := range names {
		if v, ok := walNumber(n); ok && v > number {
			name, number = n, v
		}
	}
	return name, number
}

func walNumber(name string) (uint64, bool) {
	digits, ok := strings.CutSuffix(name, ".log")
	if !ok {
		return 0, false
	}
	v, err := strconv.ParseUint(digits, 10, 64)
	return v, err == nil
}

// readableWAL is the offset of the first byte that belongs to no valid chunk, the length of data when there is none.
func readableWAL(data []byte, number uint32) int {
	at := 0
	for at < len(data) {
		rest := data[at:min(len(data), at-at%walBlock+walBlock)]
		size, ok := walChunk(data, at, number)
		switch {
		case ok:
			at += size
		case isTrailer(rest, number):
			return len(data)
		case len(rest) < walSyncHeader && isZero(rest): // no room for a chunk
			at += len(rest)
		default:
			return at
		}
	}
	return at
}

// walChunk is the size of the valid chunk at an offset.
func walChunk(data []byte, at int, number uint32) (size int, ok bool) {
	b := data[at:min(len(data), at-at%walBlock+walBlock)]
	header := walHeader
	if len(b) > 6 && b[6] >= walSyncKindFirst {
		header = walSyncHeader
	}
	if len(b) < header || b[6] < walKindFirst || b[6] > walSyncKindLast {
		return 0, false
	}
	size = header + int(binary.LittleEndian.Uint16(b[4:]))
	if size > len(b) || binary.LittleEndian.Uint32(b[7:]) != number {
		return 0, false
	}
	return size, binary.LittleEndian.Uint32(b) == walChecksum(b[6:size])
}

// isTrailer finds the mark that a clean close leaves: a chunk of the next log, without checksum.
func isTrailer(b []byte, number uint32) bool {
	return len(b) >= walHeader && binary.LittleEndian.Uint32(b) == 0 && binary.LittleEndian.Uint16(b[4:]) == 0 &&
		b[6] == walKindFirst && binary.LittleEndian.Uint32(b[7:]) == number+1
}

func isZero(b []byte) bool { return bytes.Count(b, []byte{0}) == len(b) }

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
