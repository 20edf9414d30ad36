package eventstore

import (
	"encoding/binary"
	"strconv"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"pgregory.net/rapid"

	"tillstream/infra/eventstore/eventlog"
)

var anyRecord = rapid.Custom(func(t *rapid.T) *eventlog.Record {
	return &eventlog.Record{
		Position: rapid.Uint64().Draw(t, "position"),
		Revision: rapid.Uint64().Draw(t, "revision"),
		ID:       [16]byte(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id")),
		Created:  rapid.Int64().Draw(t, "created"),
		JSON:     rapid.Bool().Draw(t, "json"),
		Stream:   []byte(rapid.String().Draw(t, "stream")),
		Type:     []byte(rapid.String().Draw(t, "type")),
		Metadata: rapid.SliceOf(rapid.Byte()).Draw(t, "metadata"),
		Data:     rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "data"),
	}
})

func message(r *eventlog.Record, stringID bool) *streams.ReadResp_ReadEvent_RecordedEvent {
	if r == nil {
		return nil
	}
	id := &shared.UUID{Value: &shared.UUID_Structured_{Structured: &shared.UUID_Structured{
		MostSignificantBits:  int64(binary.BigEndian.Uint64(r.ID[:8])),
		LeastSignificantBits: int64(binary.BigEndian.Uint64(r.ID[8:])),
	}}}
	if stringID {
		id.Value = &shared.UUID_String_{String_: uuid.UUID(r.ID).String()}
	}
	contentType := "application/octet-stream"
	if r.JSON {
		contentType = "application/json"
	}
	return &streams.ReadResp_ReadEvent_RecordedEvent{
		Id:               id,
		StreamIdentifier: &shared.StreamIdentifier{StreamName: r.Stream},
		StreamRevision:   r.Revision, PreparePosition: r.Position, CommitPosition: r.Position,
		Metadata: map[string]string{
			"type": string(r.Type), "content-type": contentType, "created": strconv.FormatInt(r.Created, 10),
		},
		CustomMetadata: r.Metadata, Data: r.Data,
	}
}

func TestFrameIsTheGeneratedMessage(t *testing.T) {
	var f frame
	rapid.Check(t, func(t *rapid.T) {
		stringID := rapid.Bool().Draw(t, "string id")
		event := anyRecord.Draw(t, "event")
		var link *eventlog.Record
		position := event.Position
		switch rapid.IntRange(0, 2).Draw(t, "link") {
		case 1:
			link = anyRecord.Draw(t, "link record")
			position = link.Position
		case 2:
			link, event, position = event, nil, event.Position
		}
		want := &streams.ReadResp{Content: &streams.ReadResp_Event{Event: &streams.ReadResp_ReadEvent{
			Event: message(event, stringID), Link: message(link, stringID),
			Position: &streams.ReadResp_ReadEvent_CommitPosition{CommitPosition: position},
		}}}

		wire, err := proto.Marshal(f.event(event, link, stringID))
		if err != nil {
			t.Fatal(err)
		}
		got := &streams.ReadResp{}
		if err := proto.Unmarshal(wire, got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, protocmp.Transform(), protocmp.IgnoreEmptyMessages()); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestFrameAllocatesNothing(t *testing.T) {
	r := rapid.Custom(func(t *rapid.T) *eventlog.Record { return anyRecord.Draw(t, "r") }).Example(1)
	var f frame
	f.event(r, nil, false)
	if n := testing.AllocsPerRun(100, func() { f.event(r, nil, false) }); n != 0 {
		t.Fatalf("%v allocations per event", n)
	}
}
