package esdb

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/emptypb"

	"tillstream/commands"
)

// frame is one append in the form of the protocol, with everything it points to, so that an append that was answered
// lends its memory to the next.
type frame struct {
	request  streams.BatchAppendReq
	id       shared.UUID
	idValue  shared.UUID_Structured_
	idBits   shared.UUID_Structured
	options  streams.BatchAppendReq_Options
	stream   shared.StreamIdentifier
	revision streams.BatchAppendReq_Options_StreamPosition
	within   streams.BatchAppendReq_Options_Deadline
	deadline durationpb.Duration

	proposals []*proposal
	messages  []*streams.BatchAppendReq_ProposedMessage
	answered  chan answer // of capacity 1, answered at most once per append
}

type proposal struct {
	message streams.BatchAppendReq_ProposedMessage
	id      shared.UUID
	idValue shared.UUID_Structured_
	idBits  shared.UUID_Structured
}

const proposalsKept = 64 // of a frame, when it goes back to the pool

var noStream = &streams.BatchAppendReq_Options_NoStream{NoStream: &emptypb.Empty{}}

var frames = sync.Pool{New: func() any {
	f := &frame{answered: make(chan answer, 1)}
	f.idValue.Structured = &f.idBits
	f.id.Value = &f.idValue
	f.request.CorrelationId = &f.id
	f.within.Deadline = &f.deadline
	f.options.StreamIdentifier, f.options.DeadlineOption = &f.stream, &f.within
	return f
}}

// frameOf builds the append of facts to stream. Facts that can never be recorded are refused here: an oversize message
// would break the stream for everybody.
func (s *Store) frameOf(ctx context.Context, stream string, after int64, facts []commands.Draft) (*frame, error) {
	f := frames.Get().(*frame)
	f.stream.StreamName = append(f.stream.StreamName[:0], stream...)
	f.options.ExpectedStreamPosition = noStream
	if after >= 0 {
		f.revision.StreamPosition = uint64(after)
		f.options.ExpectedStreamPosition = &f.revision
	}
	left := callWithin
	if at, ok := ctx.Deadline(); ok {
		left = max(time.Until(at), time.Millisecond)
	}
	f.deadline.Seconds, f.deadline.Nanos = int64(left/time.Second), int32(left%time.Second)
	for i := range facts {
		if err := f.propose(i, &facts[i], s.described.of(facts[i].Type)); err != nil {
			f.free()
			return nil, err
		}
	}
	return f, nil
}

func (f *frame) propose(i int, d *commands.Draft, description protoreflect.RawFields) error {
	if i == len(f.proposals) {
		p := &proposal{}
		p.idValue.Structured = &p.idBits
		p.id.Value = &p.idValue
		p.message.Id = &p.id
		f.proposals = append(f.proposals, p)
	}
	id, err := uuid.Parse(d.ID)
	if err != nil {
		return fmt.Errorf("%w: fact %d of type %s has the id %q, which is no UUID", commands.ErrNotRecorded, i, d.Type, d.ID)
	}
	p := f.proposals[i]
	p.idBits.MostSignificantBits, p.idBits.LeastSignificantBits = halves(id)
	p.message.ProtoReflect().SetUnknown(description)
	p.message.CustomMetadata, p.message.Data = d.Metadata, d.Data
	f.messages = append(f.messages, &p.message)
	return nil
}

func (f *frame) correlate(most, least int64) {
	f.idBits.MostSignificantBits, f.idBits.LeastSignificantBits = most, least
}

// send writes the append in messages of at most chunkBytesMax, unless one event alone is larger. Once the last is
// written the frame may be answered and used again, so it is not touched any more.
func (f *frame) send(to streams.Streams_BatchAppendClient) error {
	rest := f.messages
	f.request.Options = &f.options
	for {
		n, size := 0, 0
		for n < len(rest) && (n == 0 || size < chunkBytesMax) {
			size += len(rest[n].Data) + len(rest[n].CustomMetadata)
			n++
		}
		f.request.ProposedMessages, rest = rest[:n], rest[n:]
		last := len(rest) == 0
		f.request.IsFinal = last
		if err := to.Send(&f.request); err != nil || last {
			return err
		}
		f.request.Options = nil
	}
}

// free lends the frame to the next append. A frame that was sent may be freed only when the store has answered it: any
// other may still wait to be written.
func (f *frame) free() {
	for _, p := range f.proposals {
		p.message.Data, p.message.CustomMetadata = nil, nil
	}
	f.proposals = f.proposals[:min(len(f.proposals), proposalsKept)]
	if cap(f.messages) > proposalsKept {
		f.messages = nil
	}
	clear(f.messages)
	f.messages, f.request.ProposedMessages = f.messages[:0], nil
	frames.Put(f)
}

// described keeps the protocol's own metadata of each event type, which is the same for all its events, in wire form:
// the generated code would encode the map anew for every event, by reflection.
type described struct {
	mu     sync.RWMutex
	byType map[string]protoreflect.RawFields
}

func (d *described) of(wire string) protoreflect.RawFields {
	d.mu.RLock()
	known, ok := d.byType[wire]
	d.mu.RUnlock()
	if ok {
		return known
	}
	made := entry(entry(nil, "type", wire), "content-type", "application/json")
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.byType == nil || len(d.byType) >= describedTypes {
		d.byType = map[string]protoreflect.RawFields{}
	}
	d.byType[wire] = made
	return made
}

// entry adds one pair to ProposedMessage.metadata, which is field 2.
func entry(b []byte, key, value string) []byte {
	pair := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), key)
	pair = protowire.AppendString(protowire.AppendTag(pair, 2, protowire.BytesType), value)
	return protowire.AppendBytes(protowire.AppendTag(b, 2, protowire.BytesType), pair)
}
