package eventlog

import (
	"time"
)

// Expected says in what state an append wants its stream: one of the four below, or the exact last revision.
type Expected int64

// The numbers are EventStoreDB's own, which its error texts show.
const (
	Any          Expected = -2
	NoStream     Expected = -1
	StreamExists Expected = -4
)

// Outcome says what became of an append.
type Outcome int

const (
	// Failed means Err says why; nothing was promised.
	Failed Outcome = iota
	// Stored means the events are on disk, now or since an earlier identical request.
	Stored
	// WrongVersion means the stream was not as expected; Revision holds its last revision, -1 for none.
	WrongVersion
	// Deleted means the stream was ended by a tombstone, or expected to exist and softly deleted.
	Deleted
	// Expired means the deadline passed before the append was taken up; nothing was stored.
	Expired
)

type appendKind uint8

const (
	kindEvents appendKind = iota
	kindDelete
	kindTombstone
)

// Append is one request to change one stream: all of it is stored, or nothing. Build it with NewAppend, Delete or
// Tombstone, hand it to Submit once, and read the result when Done is called.
type Append struct {
	Stream   string
	Expected Expected
	Deadline time.Time // zero: none
	// Done is called exactly once, from the writer: it must not block.
	Done func(*Append)

	Outcome  Outcome
	Revision int64  // last revision after the append; -1 for an empty stream
	Position uint64 // of the last event stored; 0 when none was
	Err      error

	kind   appendKind
	buf    []byte
	starts []int // where each record begins in buf
	inline [2]int
}

// NewAppend begins an append of events; size is a hint of the bytes its events will need.
func NewAppend(stream string, expected Expected, size int) *Append {
	a := &Append{Stream: stream, Expected: expected, kind: kindEvents}
	a.starts = a.inline[:0]
	if size > 0 {
		a.buf = make([]byte, 0, size)
	}
	return a
}

// NewDelete asks for a soft delete: readers no longer find the stream, a later append continues its revisions.
func NewDelete(stream string, expected Expected) *Append {
	return &Append{Stream: stream, Expected: expected, kind: kindDelete}
}

// NewTombstone asks for the end of a stream: it can neither be read nor written again.
func NewTombstone(stream string, expected Expected) *Append {
	return &Append{Stream: stream, Expected: expected, kind: kindTombstone}
}

// SizeHint bounds the buffer that n events with parts of size bytes in all need, for NewAppend.
func SizeHint(stream string, n, size int) int {
	return n*(maxRecordHead+len(stream)) + size
}

// Add appends one event; metadata and data are copied.
func (a *Append) Add(id [16]byte, typ []byte, json bool, metadata, data []byte) {
	a.starts = append(a.starts, len(a.buf))
	a.buf = appendRecord(a.buf, id, a.Stream, typ, json, metadata, data)
}

// Len is the number of events added.
func (a *Append) Len() int { return len(a.starts) }

// Size is the bytes the events take in memory until they are answered.
func (a *Append) Size() int { return len(a.buf) }

func (a *Append) record(i int) []byte {
	end := len(a.buf)
	if i+1 < len(a.starts) {
		end = a.starts[i+1]
	}
	return a.buf[a.starts[i]:end:end]
}

func (a *Append) finish(o Outcome, revision int64, position uint64) {
	a.Outcome, a.Revision, a.Position = o, revision, position
}
