package esdb

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protowire"

	"tillstream/commands"
)

// Field numbers of BatchAppendReq, its options, ProposedMessage, and Duration.
const (
	fieldBatchCorrelation = 1
	fieldBatchOptions     = 2
	fieldBatchProposed    = 3
	fieldBatchFinal       = 4

	fieldOptionsStream   = 1
	fieldOptionsRevision = 2
	fieldOptionsNoStream = 3
	fieldOptionsDeadline = 7

	fieldProposedID       = 1
	fieldProposedMetadata = 2
	fieldProposedCustom   = 3
	fieldProposedData     = 4

	fieldDurationSeconds = 1
	fieldDurationNanos   = 2
)

// frame is one append in wire form: whoever asks writes it, so that the one goroutine that sends has nothing to encode. An
// append that was answered lends its memory to the next.
type frame struct {
	parts    [][]byte // messages, most often one
	nested   []byte   // what is being written of a message within one
	answered chan answer
}

const frameKept = 64 << 10 // bytes of a frame that goes back to the pool

var frames = sync.Pool{New: func() any { return &frame{answered: make(chan answer, 1)} }}

// frameOf builds the append of facts to stream, in messages of at most chunkBytesMax, unless one event alone is larger.
// Facts that can never be recorded are refused here: an oversize message would break the stream for everybody.
func (s *Store) frameOf(ctx context.Context, stream string, after int64, facts []commands.Draft) (*frame, error) {
	f := frames.Get().(*frame)
	left := callWithin
	if at, ok := ctx.Deadline(); ok {
		left = max(time.Until(at), time.Millisecond)
	}
	b := f.options(f.first(), stream, after, left)
	for i := range facts {
		if len(b) >= chunkBytesMax {
			f.parts, b = append(f.parts, b), nil
		}
		id, err := uuid.Parse(facts[i].ID)
		if err != nil {
			f.free()
			return nil, fmt.Errorf("%w: fact %d of type %s has the id %q, which is no UUID", commands.ErrNotRecorded, i, facts[i].Type, facts[i].ID)
		}
		b = f.propose(b, id, &facts[i], s.described.of(facts[i].Type))
	}
	f.parts = append(f.parts, appendUint(b, fieldBatchFinal, 1))
	return f, nil
}

// first is the memory of an earlier use.
func (f *frame) first() []byte {
	if cap(f.parts) == 0 {
		return nil
	}
	return f.parts[:1][0][:0]
}

func (f *frame) options(b []byte, stream string, after int64, within time.Duration) []byte {
	o := appendLen(f.nested[:0], fieldOptionsStream, 1+protowire.SizeBytes(len(stream)))
	o = appendText(o, fieldStreamName, stream)
	if after >= 0 {
		o = appendUint(o, fieldOptionsRevision, uint64(after))
	} else {
		o = appendLen(o, fieldOptionsNoStream, 0)
	}
	seconds, nanos := uint64(within/time.Second), uint64(within%time.Second)
	o = appendLen(o, fieldOptionsDeadline, 2+protowire.SizeVarint(seconds)+protowire.SizeVarint(nanos))
	o = appendUint(appendUint(o, fieldDurationSeconds, seconds), fieldDurationNanos, nanos)
	f.nested = o
	return appendText(b, fieldBatchOptions, o)
}

// propose adds an event; description is the protocol's own metadata of its type.
func (f *frame) propose(b []byte, id uuid.UUID, d *commands.Draft, description []byte) []byte {
	f.nested = appendID(f.nested[:0], fieldProposedID, id)
	size := len(f.nested) + len(description) + 1 + protowire.SizeBytes(len(d.Metadata)) + 1 + protowire.SizeBytes(len(d.Data))
	b = append(append(appendLen(b, fieldBatchProposed, size), f.nested...), description...)
	return appendText(appendText(b, fieldProposedCustom, d.Metadata), fieldProposedData, d.Data)
}

// correlate gives every part the id that the answer will carry.
func (f *frame) correlate(id uuid.UUID) {
	for i := range f.parts {
		f.parts[i] = appendID(f.parts[i], fieldBatchCorrelation, id)
	}
}

// send writes the append. Once the last part is written the frame may be answered and used again, so it is not touched any
// more.
func (f *frame) send(to grpc.ClientStream) error {
	for _, part := range f.parts {
		if err := to.SendMsg(written(part)); err != nil {
			return err
		}
	}
	return nil
}

// free lends the frame to the next append. A frame that was sent may be freed only when the store has answered it: any
// other may still wait to be written.
func (f *frame) free() {
	if len(f.parts) > 0 && cap(f.parts[0]) > frameKept {
		f.parts[0] = nil
	}
	if len(f.parts) > 0 {
		clear(f.parts[1:])
	}
	f.parts = f.parts[:0]
	frames.Put(f)
}

// described keeps the protocol's own metadata of each event type, which is the same for all its events, in wire form.
type described struct {
	mu     sync.RWMutex
	byType map[string][]byte
}

func (d *described) of(wire string) []byte {
	d.mu.RLock()
	known, ok := d.byType[wire]
	d.mu.RUnlock()
	if ok {
		return known
	}
	made := appendEntry(appendEntry(nil, keyType, wire), "content-type", "application/json")
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.byType == nil || len(d.byType) >= describedTypes {
		d.byType = map[string][]byte{}
	}
	d.byType[wire] = made
	return made
}

func appendEntry(b []byte, key, value string) []byte {
	b = appendLen(b, fieldProposedMetadata, 1+protowire.SizeBytes(len(key))+1+protowire.SizeBytes(len(value)))
	return appendText(appendText(b, fieldEntryKey, key), fieldEntryValue, value)
}
