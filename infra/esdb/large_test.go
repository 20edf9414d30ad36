package esdb_test

import (
	"bytes"
	"fmt"
	"testing"

	"tillstream/commands"
	"tillstream/events"
	"tillstream/infra/esdb"
	"tillstream/infra/eventstore"
	"tillstream/infra/eventstore/eventstoretest"
)

// A large append goes in several messages; between small ones, whose memory it may be given, it is stored whole.
func TestALargeAppendIsStoredWhole(t *testing.T) {
	s := dialled(t, eventstoretest.StartWith(t, eventstore.Options{MaxAppendSize: 16 << 20}))
	for round := range 3 {
		stream := fmt.Sprint("note-", round)
		var facts []commands.Draft
		for i := range 5 {
			data := fmt.Appendf(nil, `{"n": %d, "pad": "%s"}`, i, bytes.Repeat([]byte{'a' + byte(i)}, 700<<10))
			facts = append(facts, commands.Draft{ID: events.EventID(stream, stream, i), Type: "note.taken", Data: data, Metadata: []byte(`{"v": 1}`)})
		}
		done, err := s.Append(t.Context(), stream, -1, facts)
		if err != nil || done.Revision != 4 {
			t.Fatalf("%+v, %v", done, err)
		}
		if _, err := s.Append(t.Context(), stream+"-small", -1, drafts(t, stream+"-small", stream+"-small", 2)); err != nil {
			t.Fatal(err)
		}
		n := 0
		for e, err := range s.RawEvents(t.Context(), esdb.RawQuery{Stream: stream}) {
			if err != nil {
				t.Fatal(err)
			}
			if e.ID != facts[n].ID || e.Type != "note.taken" || !bytes.Equal(e.Data, facts[n].Data) || !bytes.Equal(e.Metadata, facts[n].Metadata) {
				t.Fatalf("event %d of %s is not as it was appended", n, stream)
			}
			n++
		}
		if n != len(facts) {
			t.Errorf("%s has %d events", stream, n)
		}
	}
}
