package eventstore_test

import (
	"errors"
	"io"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"tillstream/infra/eventstore/eventstoretest"
)

type batchCall struct {
	t    *testing.T
	call streams.Streams_BatchAppendClient
}

func startBatch(t *testing.T) batchCall {
	t.Helper()
	call, err := streams.NewStreamsClient(dial(t, eventstoretest.Start(t))).BatchAppend(timeout(t))
	if err != nil {
		t.Fatal(err)
	}
	return batchCall{t, call}
}

func (b batchCall) send(req *streams.BatchAppendReq) uuid.UUID {
	b.t.Helper()
	id := uuid.New()
	if req.CorrelationId == nil {
		req.CorrelationId = structured(id)
	}
	if err := b.call.Send(req); err != nil {
		b.t.Fatal(err)
	}
	return id
}

func (b batchCall) receive() *streams.BatchAppendResp {
	b.t.Helper()
	resp, err := b.call.Recv()
	if err != nil {
		b.t.Fatal(err)
	}
	return resp
}

func (b batchCall) ask(req *streams.BatchAppendReq) *streams.BatchAppendResp {
	b.t.Helper()
	id := b.send(req)
	resp := b.receive()
	if !proto.Equal(resp.CorrelationId, structured(id)) {
		b.t.Fatalf("answered %v to %v", resp.CorrelationId, id)
	}
	return resp
}

func batchOf(stream string, n int) *streams.BatchAppendReq {
	req := &streams.BatchAppendReq{IsFinal: true, Options: &streams.BatchAppendReq_Options{
		StreamIdentifier:       identifier(stream),
		ExpectedStreamPosition: &streams.BatchAppendReq_Options_NoStream{NoStream: &emptypb.Empty{}},
	}}
	for range n {
		req.ProposedMessages = append(req.ProposedMessages, &streams.BatchAppendReq_ProposedMessage{
			Id: structured(uuid.New()), Metadata: map[string]string{"type": "t", "content-type": "application/json"}, Data: []byte(`{}`),
		})
	}
	return req
}

func TestBatchAppendAnswers(t *testing.T) {
	b := startBatch(t)

	resp := b.ask(batchOf("s", 2))
	if s := resp.GetSuccess(); s.GetCurrentRevision() != 1 || s.GetPosition().GetCommitPosition() == 0 ||
		s.GetPosition().GetCommitPosition() != s.GetPosition().GetPreparePosition() || string(resp.StreamIdentifier.StreamName) != "s" {
		t.Fatalf("stored: %v", resp)
	}
	wrong := &shared.WrongExpectedVersion{}
	refused(t, b.ask(batchOf("s", 1)), code.Code_ALREADY_EXISTS, wrong)
	if wrong.GetCurrentStreamRevision() != 1 || wrong.GetExpectedNoStream() == nil {
		t.Fatalf("wrong expected version: %v", wrong)
	}
	large := batchOf("l", 1)
	large.ProposedMessages[0].Data = make([]byte, 2<<20)
	exceeded := &shared.MaximumAppendSizeExceeded{}
	refused(t, b.ask(large), code.Code_INVALID_ARGUMENT, exceeded)
	if exceeded.MaxAppendSize != 1<<20 {
		t.Fatalf("limit told: %d", exceeded.MaxAppendSize)
	}
	untyped := batchOf("u", 1)
	untyped.ProposedMessages[0].Metadata = nil
	refused(t, b.ask(untyped), code.Code_INVALID_ARGUMENT, &shared.BadRequest{})
	refused(t, b.ask(batchOf("$all", 1)), code.Code_PERMISSION_DENIED, &shared.AccessDenied{})
	unnamed := batchOf("", 1)
	refused(t, b.ask(unnamed), code.Code_INVALID_ARGUMENT, &shared.BadRequest{})
}

func refused(t *testing.T, resp *streams.BatchAppendResp, c code.Code, details proto.Message) {
	t.Helper()
	e := resp.GetError()
	if e == nil || e.Code != int32(c) || len(e.Details) != 1 {
		t.Fatalf("answered %v, want %v", resp, c)
	}
	if err := e.Details[0].UnmarshalTo(details); err != nil {
		t.Fatal(err)
	}
}

func TestBatchAppendInPartsIsOneAppend(t *testing.T) {
	b := startBatch(t)
	first, second, last := batchOf("s", 1), batchOf("s", 2), batchOf("s", 0)
	id := structured(uuid.New())
	first.CorrelationId, second.CorrelationId, last.CorrelationId = id, id, id
	first.IsFinal, second.IsFinal = false, false
	second.Options, last.Options = nil, nil
	for _, part := range []*streams.BatchAppendReq{first, second, last} {
		b.send(part)
	}
	if resp := b.receive(); resp.GetSuccess().GetCurrentRevision() != 2 {
		t.Fatalf("answered %v, want revision 2", resp)
	}
	// What belongs to no append is passed over.
	stray := batchOf("s", 1)
	stray.Options = nil
	b.send(stray)
	if resp := b.ask(batchOf("t", 1)); resp.GetSuccess() == nil {
		t.Fatalf("answered %v", resp)
	}
}

func TestBatchAppendDeadlines(t *testing.T) {
	b := startBatch(t)
	over := batchOf("s", 1)
	over.Options.DeadlineOption = &streams.BatchAppendReq_Options_Deadline{Deadline: durationpb.New(0)}
	refused(t, b.ask(over), code.Code_DEADLINE_EXCEEDED, &shared.Timeout{})
	past := batchOf("s", 1)
	past.Options.DeadlineOption = &streams.BatchAppendReq_Options_Deadline_21_10_0{Deadline_21_10_0: timestamppb.New(time.Now().Add(-time.Hour))}
	refused(t, b.ask(past), code.Code_DEADLINE_EXCEEDED, &shared.Timeout{})

	unfinished := batchOf("s", 1)
	unfinished.IsFinal = false
	unfinished.Options.DeadlineOption = &streams.BatchAppendReq_Options_Deadline{Deadline: durationpb.New(20 * time.Millisecond)}
	refused(t, b.ask(unfinished), code.Code_DEADLINE_EXCEEDED, &shared.Timeout{})

	for _, deadline := range []*durationpb.Duration{durationpb.New(time.Minute), {Seconds: 315576000000}} {
		ample := batchOf(uuid.NewString(), 1)
		ample.Options.DeadlineOption = &streams.BatchAppendReq_Options_Deadline{Deadline: deadline}
		if resp := b.ask(ample); resp.GetSuccess() == nil {
			t.Fatalf("within %v: %v", deadline, resp)
		}
	}
}

func TestBatchAppendAnswersAllBeforeItEnds(t *testing.T) {
	b := startBatch(t)
	const n = 5000 // more than may be in flight
	go func() {
		for range n {
			if b.call.Send(func() *streams.BatchAppendReq {
				req := batchOf("s", 1)
				req.CorrelationId = structured(uuid.New())
				req.Options.ExpectedStreamPosition = &streams.BatchAppendReq_Options_Any{Any: &emptypb.Empty{}}
				return req
			}()) != nil {
				return
			}
		}
		_ = b.call.CloseSend()
	}()
	seen := map[uint64]bool{}
	for range n {
		resp := b.receive()
		if resp.GetSuccess() == nil {
			t.Fatalf("answered %v", resp)
		}
		seen[resp.GetSuccess().GetCurrentRevision()] = true
	}
	if len(seen) != n {
		t.Fatalf("%d revisions for %d appends", len(seen), n)
	}
	if _, err := b.call.Recv(); !errors.Is(err, io.EOF) {
		t.Fatalf("after the last answer: %v, want the end", err)
	}
}
