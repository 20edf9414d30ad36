package eventstore

import (
	"bytes"
	"errors"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"
	"pgregory.net/rapid"

	"tillstream/infra/eventstore/eventlog"
)

func structured(id [16]byte) *shared.UUID {
	return message(&eventlog.Record{ID: id}, false).Id
}

func TestBatchRequestIsReadAsItsGeneratedMessage(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := [16]byte(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
		name := rapid.String().Draw(t, "name")
		revision := rapid.Uint64Range(0, eventlog.TombstoneRevision-1).Draw(t, "revision")
		req := &streams.BatchAppendReq{
			CorrelationId: structured(id), IsFinal: rapid.Bool().Draw(t, "final"),
			Options: &streams.BatchAppendReq_Options{
				StreamIdentifier:       &shared.StreamIdentifier{StreamName: []byte(name)},
				ExpectedStreamPosition: &streams.BatchAppendReq_Options_StreamPosition{StreamPosition: revision},
			},
		}
		n := rapid.IntRange(0, 3).Draw(t, "events")
		for i := range n {
			req.ProposedMessages = append(req.ProposedMessages, &streams.BatchAppendReq_ProposedMessage{
				Id:             &shared.UUID{Value: &shared.UUID_String_{String_: uuid.UUID{byte(i)}.String()}},
				Metadata:       map[string]string{"type": rapid.String().Draw(t, "type"), "content-type": "application/json", "other": "x"},
				CustomMetadata: rapid.SliceOf(rapid.Byte()).Draw(t, "custom"), Data: rapid.SliceOf(rapid.Byte()).Draw(t, "data"),
			})
		}
		wire, err := proto.Marshal(req)
		if err != nil {
			t.Fatal(err)
		}

		got, err := parseBatchRequest(wire)
		if err != nil {
			t.Fatal(err)
		}
		if got.id != id || got.final != req.IsFinal || got.count != n {
			t.Fatalf("read %v", got)
		}
		o, err := parseAppendOptions(got.options)
		if err != nil || string(o.name) != name || uint64(o.expected) != revision {
			t.Fatalf("options %v, %v", o, err)
		}
		i := 0
		err = got.eachProposed(func(m []byte) error {
			want := req.ProposedMessages[i]
			p, err := parseProposed(m)
			if err != nil {
				return err
			}
			if p.id != (uuid.UUID{byte(i)}) || string(p.typ) != want.Metadata["type"] || string(p.contentType) != "application/json" ||
				!bytes.Equal(p.custom, want.CustomMetadata) || !bytes.Equal(p.data, want.Data) {
				t.Fatalf("event %d read as %+v", i, p)
			}
			i++
			return nil
		})
		if err != nil || i != n {
			t.Fatalf("%d events, %v", i, err)
		}
	})
}

func TestExpectationsOfBothAppends(t *testing.T) {
	empty, pb := &shared.Empty{}, &emptypb.Empty{}
	for _, c := range []struct {
		want    eventlog.Expected
		options [2]proto.Message
	}{
		{eventlog.Any, [2]proto.Message{
			&streams.AppendReq_Options{ExpectedStreamRevision: &streams.AppendReq_Options_Any{Any: empty}},
			&streams.BatchAppendReq_Options{ExpectedStreamPosition: &streams.BatchAppendReq_Options_Any{Any: pb}}}},
		{eventlog.NoStream, [2]proto.Message{
			&streams.AppendReq_Options{ExpectedStreamRevision: &streams.AppendReq_Options_NoStream{NoStream: empty}},
			&streams.BatchAppendReq_Options{ExpectedStreamPosition: &streams.BatchAppendReq_Options_NoStream{NoStream: pb}}}},
		{eventlog.StreamExists, [2]proto.Message{
			&streams.AppendReq_Options{ExpectedStreamRevision: &streams.AppendReq_Options_StreamExists{StreamExists: empty}},
			&streams.BatchAppendReq_Options{ExpectedStreamPosition: &streams.BatchAppendReq_Options_StreamExists{StreamExists: pb}}}},
		{0, [2]proto.Message{
			&streams.AppendReq_Options{ExpectedStreamRevision: &streams.AppendReq_Options_Revision{Revision: 0}},
			&streams.BatchAppendReq_Options{ExpectedStreamPosition: &streams.BatchAppendReq_Options_StreamPosition{StreamPosition: 0}}}},
	} {
		for _, m := range c.options {
			wire, err := proto.Marshal(m)
			if err != nil {
				t.Fatal(err)
			}
			if o, err := parseAppendOptions(wire); err != nil || o.expected != c.want {
				t.Fatalf("%T read as %d, %v; want %d", m, o.expected, err, c.want)
			}
		}
	}
	if _, err := parseAppendOptions(nil); err == nil {
		t.Fatal("options without an expectation were accepted")
	}
}

// FuzzRequest: whatever a client sends is either understood or refused as an invalid argument.
func FuzzRequest(f *testing.F) {
	wire, err := proto.Marshal(&streams.BatchAppendReq{CorrelationId: structured([16]byte{1}), Options: &streams.BatchAppendReq_Options{
		StreamIdentifier: &shared.StreamIdentifier{StreamName: []byte("s")}, ExpectedStreamPosition: &streams.BatchAppendReq_Options_Any{},
	}, ProposedMessages: []*streams.BatchAppendReq_ProposedMessage{{Id: structured([16]byte{2}), Metadata: map[string]string{"type": "t", "content-type": "c"}}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(wire)
	f.Add([]byte{0x0a, 0x02, 0x12, 0x00, 0x20, 0x01})
	f.Fuzz(func(t *testing.T, message []byte) {
		refused := func(err error) {
			var f *failure
			if err != nil && (!errors.As(err, &f) || f.code != codes.InvalidArgument) {
				t.Fatalf("refused with %v", err)
			}
		}
		req, err := parseBatchRequest(message)
		refused(err)
		_, err = parseAppendOptions(req.options)
		refused(err)
		p := newProposal("s", eventlog.Any, 0, 1<<20)
		refused(req.eachProposed(p.add))
		refused(p.add(message))
	})
}
