package contract

import (
	"errors"
	"io"
	"testing"
	"time"

	client "github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

func batchAppends(t *testing.T, s *subject) {
	t.Run("an append is answered with revision and position", s.batchSuccess)
	t.Run("the expected position is checked", s.batchExpectations)
	t.Run("answers are matched by correlation id", s.batchCorrelation)
	t.Run("an append may come in parts", s.batchParts)
	t.Run("a repeat is answered alike", s.batchRepeat)
	t.Run("a tombstoned stream is deleted", s.batchDeleted)
	t.Run("the maximum append size is told", s.batchTooLarge)
	t.Run("a part that never comes runs into the deadline", s.batchDeadline)
	t.Run("a refusal leaves the stream open", s.batchGoesOn)
	t.Run("ended by the client, all is answered first", s.batchHalfClose)
}

func (s *subject) batchSuccess(t *testing.T) {
	b, stream, events := s.batch(t), s.stream(), s.proposed(3)
	success := b.ask(t, request(stream, -1, events...)).GetSuccess()
	at := success.GetPosition()
	if success.GetCurrentRevision() != 2 || at.GetCommitPosition() == 0 {
		t.Fatalf("answered %v", success)
	}
	read := s.read(t, stream, client.ReadStreamOptions{}, 10)
	mustBe(t, "read", read, events...)
	if last := read[2].Event.Position; last.Commit != at.GetCommitPosition() || read[0].Event.ContentType != "application/json" {
		t.Errorf("appended at %v, read as %+v", at, read[2].Event)
	}
}

func (s *subject) batchExpectations(t *testing.T) {
	b := s.batch(t)
	for _, c := range []struct {
		existing int
		expected int64
		actual   int64 // -1: no stream
		accepted bool
	}{
		{0, -1, 0, true}, {0, -2, 0, true}, {2, -2, 0, true}, {2, -4, 0, true}, {2, 1, 0, true},
		{2, -1, 1, false}, {2, 0, 1, false}, {2, 5, 1, false}, {0, -4, -1, false}, {0, 3, -1, false},
	} {
		stream := s.stream()
		if c.existing > 0 {
			s.append(t, stream, client.NoStream{}, s.proposed(c.existing)...)
		}
		resp := b.ask(t, request(stream, c.expected, s.proposed(1)...))
		if c.accepted {
			if got := resp.GetSuccess(); got == nil || got.GetCurrentRevision() != uint64(c.existing) {
				t.Errorf("%d events, expecting %d: answered %v", c.existing, c.expected, resp)
			}
			continue
		}
		wrong := detail[*shared.WrongExpectedVersion](t, resp)
		actual := int64(wrong.GetCurrentStreamRevision())
		if wrong.GetCurrentNoStream() != nil {
			actual = -1
		}
		if actual != c.actual {
			t.Errorf("%d events, expecting %d: the actual revision is told as %d", c.existing, c.expected, actual)
		}
		if c.expected >= 0 && wrong.GetExpectedStreamPosition() != uint64(c.expected) {
			t.Errorf("expecting %d is told as %v", c.expected, wrong)
		}
	}
}

func (s *subject) batchCorrelation(t *testing.T) {
	const n = 200
	b := s.batch(t)
	sent := map[uuid.UUID]string{}
	for range n {
		req := request(s.stream(), -1, s.proposed(1)...)
		sent[idOf(req.GetCorrelationId())] = string(req.GetOptions().GetStreamIdentifier().GetStreamName())
		b.send(t, req)
	}
	for range n {
		resp := b.answer(t)
		id := idOf(resp.GetCorrelationId())
		if stream, ours := sent[id]; !ours || resp.GetSuccess() == nil || string(resp.GetStreamIdentifier().GetStreamName()) != stream {
			t.Fatalf("answered %v for %q", resp, stream)
		}
		delete(sent, id)
	}
}

func (s *subject) batchParts(t *testing.T) {
	b, stream, other, events := s.batch(t), s.stream(), s.stream(), s.proposed(6)
	first := request(stream, -1, events[:2]...)
	first.IsFinal = false
	b.send(t, first)
	between := request(other, -1, s.proposed(1)...)
	if got := idOf(b.ask(t, between).GetCorrelationId()); got != idOf(between.GetCorrelationId()) {
		t.Errorf("another append was answered as %v", got)
	}
	for i := 2; i < 6; i += 2 {
		part := request(stream, -1, events[i:i+2]...)
		part.CorrelationId, part.Options, part.IsFinal = first.CorrelationId, nil, i == 4
		b.send(t, part)
	}
	if resp := b.answer(t); resp.GetSuccess().GetCurrentRevision() != 5 {
		t.Errorf("answered %v", resp)
	}
	mustBe(t, "read", s.read(t, stream, client.ReadStreamOptions{}, 10), events...)
}

func (s *subject) batchRepeat(t *testing.T) {
	b, stream, events := s.batch(t), s.stream(), s.proposed(3)
	first := b.ask(t, request(stream, -1, events...)).GetSuccess()
	again := b.ask(t, request(stream, -1, events...)).GetSuccess()
	if first == nil || !proto.Equal(first, again) {
		t.Errorf("answered %v, then %v", first, again)
	}
}

func (s *subject) batchDeleted(t *testing.T) {
	b, stream := s.batch(t), s.stream()
	if _, err := s.tombstone(bounded(t), stream, client.Any{}); err != nil {
		t.Fatal(err)
	}
	gone := detail[*shared.StreamDeleted](t, b.ask(t, request(stream, -2, s.proposed(1)...)))
	if name := string(gone.GetStreamIdentifier().GetStreamName()); name != stream {
		t.Errorf("%q is deleted, not %q", name, stream)
	}
}

func (s *subject) batchTooLarge(t *testing.T) {
	b, stream := s.batch(t), s.stream()
	large := detail[*shared.MaximumAppendSizeExceeded](t, b.ask(t, request(stream, -2, s.sized(maxAppendSize+1))))
	if large.GetMaxAppendSize() != maxAppendSize {
		t.Errorf("the maximum is told as %d", large.GetMaxAppendSize())
	}
	mustFail(t, s.readError(t, stream), client.ErrorCodeResourceNotFound, "read it")
}

func (s *subject) batchDeadline(t *testing.T) {
	b, stream := s.batch(t), s.stream()
	for _, deadline := range []*streams.BatchAppendReq_Options{
		{DeadlineOption: &streams.BatchAppendReq_Options_Deadline{Deadline: durationpb.New(50 * time.Millisecond)}},
		{DeadlineOption: &streams.BatchAppendReq_Options_Deadline_21_10_0{Deadline_21_10_0: timestamppb.New(time.Now().Add(100 * time.Millisecond))}},
	} {
		req := request(stream, -1, s.proposed(1)...)
		req.Options.DeadlineOption, req.IsFinal = deadline.DeadlineOption, false
		if resp := b.ask(t, req); codes.Code(resp.GetError().GetCode()) != codes.DeadlineExceeded {
			t.Errorf("answered %v", resp)
		}
	}
	mustFail(t, s.readError(t, stream), client.ErrorCodeResourceNotFound, "read it")
}

func (s *subject) batchGoesOn(t *testing.T) {
	b, stream := s.batch(t), s.stream()
	if resp := b.ask(t, request(stream, 7, s.proposed(1)...)); resp.GetError() == nil {
		t.Errorf("answered %v", resp)
	}
	if resp := b.ask(t, request(stream, -1, s.proposed(1)...)); resp.GetSuccess() == nil {
		t.Errorf("answered %v", resp)
	}
}

func (s *subject) batchHalfClose(t *testing.T) {
	b := s.batch(t)
	const n = 50
	for range n {
		b.send(t, request(s.stream(), -1, s.proposed(1)...))
	}
	if err := b.CloseSend(); err != nil {
		t.Fatal(err)
	}
	answered := 0
	for {
		_, err := b.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		answered++
	}
	if answered != n {
		t.Errorf("%d of %d appends were answered", answered, n)
	}
}
