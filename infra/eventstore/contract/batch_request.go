package contract

import (
	"testing"
	"time"

	client "github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/emptypb"
)

// batch is one BatchAppend stream.
type batch struct {
	streams.Streams_BatchAppendClient
	s *subject
}

func (s *subject) batch(t *testing.T) *batch {
	t.Helper()
	b, err := streams.NewStreamsClient(s.node(t)).BatchAppend(bounded(t))
	if err != nil {
		t.Fatal(err)
	}
	return &batch{b, s}
}

func protoID(id uuid.UUID) *shared.UUID {
	most, least := client.UUIDAsInt64(id)
	return &shared.UUID{Value: &shared.UUID_Structured_{Structured: &shared.UUID_Structured{MostSignificantBits: most, LeastSignificantBits: least}}}
}

func idOf(id *shared.UUID) uuid.UUID {
	if text := id.GetString_(); text != "" {
		return uuid.MustParse(text)
	}
	most, least := id.GetStructured().GetMostSignificantBits(), id.GetStructured().GetLeastSignificantBits()
	parsed, _ := client.ParseUUIDFromInt64(most, least) // of 16 bytes always
	return parsed
}

// request is an append in one part; expected is a revision, -1 for "no stream", -2 for any, -4 for "stream exists".
func request(stream string, expected int64, events ...client.EventData) *streams.BatchAppendReq {
	o := &streams.BatchAppendReq_Options{
		StreamIdentifier: &shared.StreamIdentifier{StreamName: []byte(stream)},
		DeadlineOption:   &streams.BatchAppendReq_Options_Deadline{Deadline: durationpb.New(10 * time.Second)},
	}
	switch expected {
	case -1:
		o.ExpectedStreamPosition = &streams.BatchAppendReq_Options_NoStream{NoStream: &emptypb.Empty{}}
	case -2:
		o.ExpectedStreamPosition = &streams.BatchAppendReq_Options_Any{Any: &emptypb.Empty{}}
	case -4:
		o.ExpectedStreamPosition = &streams.BatchAppendReq_Options_StreamExists{StreamExists: &emptypb.Empty{}}
	default:
		o.ExpectedStreamPosition = &streams.BatchAppendReq_Options_StreamPosition{StreamPosition: uint64(expected)}
	}
	req := &streams.BatchAppendReq{CorrelationId: protoID(uuid.New()), Options: o, IsFinal: true}
	for _, e := range events {
		req.ProposedMessages = append(req.ProposedMessages, &streams.BatchAppendReq_ProposedMessage{
			Id: protoID(e.EventID), Data: e.Data, CustomMetadata: e.Metadata,
			Metadata: map[string]string{"type": e.EventType, "content-type": "application/json"},
		})
	}
	return req
}

func (b *batch) send(t *testing.T, req *streams.BatchAppendReq) {
	t.Helper()
	if err := b.Send(req); err != nil {
		t.Fatal(err)
	}
}

func (b *batch) answer(t *testing.T) *streams.BatchAppendResp {
	t.Helper()
	resp, err := b.Recv()
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

// ask sends one append and takes its answer.
func (b *batch) ask(t *testing.T, req *streams.BatchAppendReq) *streams.BatchAppendResp {
	t.Helper()
	b.send(t, req)
	resp := b.answer(t)
	if idOf(resp.GetCorrelationId()) != idOf(req.GetCorrelationId()) {
		t.Fatalf("the answer to %v came to %v", req.GetCorrelationId(), resp.GetCorrelationId())
	}
	return resp
}

// detail is what an error says besides its code, in a message of the wanted type.
func detail[M proto.Message](t *testing.T, resp *streams.BatchAppendResp) (found M) {
	t.Helper()
	for _, d := range resp.GetError().GetDetails() {
		m, err := d.UnmarshalNew()
		if err != nil {
			t.Fatal(err)
		}
		if said, ok := m.(M); ok {
			return said
		}
	}
	t.Fatalf("answered %v, not with a %T", resp, found)
	return found
}
