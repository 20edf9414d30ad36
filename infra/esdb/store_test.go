package esdb_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"tillstream/commands"
	"tillstream/events"
	"tillstream/infra/esdb"
	"tillstream/infra/eventstore/eventstoretest"
)

var quiet = esdb.Options{Log: slog.New(slog.DiscardHandler)}

// dialled is a connection to the store at a connection string.
func dialled(t testing.TB, connection string) *esdb.Store {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	s, err := esdb.Dial(ctx, connection, events.Catalog(), quiet)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// drafts are n facts of one command.
func drafts(t testing.TB, command, stream string, n int) []commands.Draft {
	t.Helper()
	meta, err := events.EncodeMeta(events.Meta{Command: command, Actor: events.Actor{Kind: "staff", ID: "7"}, Origin: events.FromAPI})
	if err != nil {
		t.Fatal(err)
	}
	list := make([]commands.Draft, n)
	for i := range list {
		e := events.StockReceived{SKU: "TEA", Warehouse: "main", Quantity: int64(i + 1)}
		data, err := events.Encode(e)
		if err != nil {
			t.Fatal(err)
		}
		list[i] = commands.Draft{ID: events.EventID(command, stream, i), Type: e.Type(), Data: data, Metadata: meta}
	}
	return list
}

func TestFactsAreReadAsTheyWereAppended(t *testing.T) {
	s := dialled(t, eventstoretest.Start(t))
	first, err := s.Append(t.Context(), "stock-main/TEA", -1, drafts(t, "one", "stock-main/TEA", 2))
	if err != nil {
		t.Fatal(err)
	}
	second, err := s.Append(t.Context(), "stock-main/TEA", 1, drafts(t, "two", "stock-main/TEA", 1))
	if err != nil {
		t.Fatal(err)
	}
	if first.Revision != 1 || second.Revision != 2 || second.Position <= first.Position {
		t.Errorf("appended at %+v, then at %+v", first, second)
	}
	var read []events.Recorded
	for r, err := range s.Read(t.Context(), "stock-main/TEA", 1) {
		if err != nil {
			t.Fatal(err)
		}
		read = append(read, r)
	}
	if len(read) != 2 || read[0].Revision != 1 || read[0].Command != "one" || read[1].Command != "two" {
		t.Fatalf("read %+v", read)
	}
	if e, ok := read[0].Event.(events.StockReceived); !ok || e.Quantity != 2 {
		t.Errorf("read %+v", read[0].Event)
	}
	if read[0].Position != first.Position || read[1].Position != second.Position {
		t.Errorf("read at positions %d, %d; appended at %d, %d", read[0].Position, read[1].Position, first.Position, second.Position)
	}
}

func TestAMissingStreamHasNoFacts(t *testing.T) {
	s := dialled(t, eventstoretest.Start(t))
	for r, err := range s.Read(t.Context(), "order-none", 0) {
		t.Errorf("read %+v, %v", r, err)
	}
}

func TestALongStreamIsReadWhole(t *testing.T) {
	s := dialled(t, eventstoretest.Start(t))
	const n = 1100
	if _, err := s.Append(t.Context(), "stock-main/TEA", -1, drafts(t, "long", "stock-main/TEA", n)); err != nil {
		t.Fatal(err)
	}
	next := uint64(0)
	for r, err := range s.Read(t.Context(), "stock-main/TEA", 0) {
		if err != nil {
			t.Fatal(err)
		}
		if r.Revision != next {
			t.Fatalf("revision %d follows %d", r.Revision, next)
		}
		next++
	}
	if next != n {
		t.Errorf("read %d facts of %d", next, n)
	}
}

// bothWays runs a test through batch append, and through single appends to a store that does not offer it.
func bothWays(t *testing.T, test func(t *testing.T, s *esdb.Store)) {
	t.Run("batch append", func(t *testing.T) { test(t, dialled(t, newMachine(t).connection())) })
	t.Run("single append", func(t *testing.T) {
		m := newMachine(t)
		m.faults.set(nil, withoutBatchAppend)
		s := dialled(t, m.connection())
		if h := s.Health(); !h.Connected || h.BatchAppend {
			t.Fatalf("batch append is used: %+v", h)
		}
		test(t, s)
	})
}

func TestAStreamThatEndsElsewhereIsAConflict(t *testing.T) {
	bothWays(t, func(t *testing.T, s *esdb.Store) {
		if _, err := s.Append(t.Context(), "stock-a", -1, drafts(t, "one", "stock-a", 3)); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			stream   string
			expected int64
			actual   int64
		}{{"stock-a", -1, 2}, {"stock-a", 1, 2}, {"stock-a", 7, 2}, {"stock-b", 0, -1}} {
			_, err := s.Append(t.Context(), c.stream, c.expected, drafts(t, "other", c.stream, 1))
			var conflict *commands.ConflictError
			if !errors.As(err, &conflict) || conflict.Expected != c.expected || conflict.Actual != c.actual || conflict.Stream != c.stream {
				t.Errorf("append to %s after %d: %v", c.stream, c.expected, err)
			}
		}
	})
}

func TestTheSameAppendAskedTwiceAnswersAlike(t *testing.T) {
	bothWays(t, func(t *testing.T, s *esdb.Store) {
		facts := drafts(t, "one", "stock-a", 3)
		first, err := s.Append(t.Context(), "stock-a", -1, facts)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Append(t.Context(), "stock-a", 2, drafts(t, "two", "stock-a", 1)); err != nil {
			t.Fatal(err)
		}
		again, err := s.Append(t.Context(), "stock-a", -1, facts)
		if err != nil || again != first {
			t.Errorf("answered %+v, then %+v, %v", first, again, err)
		}
	})
}

func TestWhatCanNeverBeRecordedIsSaidSo(t *testing.T) {
	bothWays(t, func(t *testing.T, s *esdb.Store) {
		big := drafts(t, "big", "stock-a", 1)
		big[0].Data = []byte(`"` + strings.Repeat("x", 1<<20) + `"`)
		huge := drafts(t, "huge", "stock-a", 1)
		huge[0].Data = []byte(`"` + strings.Repeat("x", 20<<20) + `"`)
		nameless := drafts(t, "nameless", "stock-a", 2)
		nameless[1].ID = "no UUID"
		for name, c := range map[string]struct {
			stream string
			facts  []commands.Draft
		}{
			"beyond the store's limit": {"stock-a", big},
			"beyond any limit":         {"stock-a", huge},
			"an id that is no UUID":    {"stock-a", nameless},
			"no facts":                 {"stock-a", nil},
			"a stream of the store's":  {"$settings", drafts(t, "x", "$settings", 1)},
			"no stream":                {"", drafts(t, "x", "", 1)},
		} {
			if _, err := s.Append(t.Context(), c.stream, -1, c.facts); !errors.Is(err, commands.ErrNotRecorded) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if done, err := s.Append(t.Context(), "stock-a", -1, drafts(t, "small", "stock-a", 1)); err != nil || done.Revision != 0 {
			t.Errorf("afterwards: %+v, %v", done, err)
		}
		n := 0
		for range s.Read(t.Context(), "stock-a", 0) {
			n++
		}
		if n != 1 {
			t.Errorf("afterwards the stream has %d facts", n)
		}
	})
}

func TestManyAppendsAreInFlightAtOnce(t *testing.T) {
	s := dialled(t, eventstoretest.Start(t))
	const writers, each = 32, 50
	var group sync.WaitGroup
	for w := range writers {
		stream := fmt.Sprintf("stock-w%d", w)
		group.Go(func() {
			for i := range each {
				done, err := s.Append(t.Context(), stream, int64(i)-1, drafts(t, fmt.Sprint(w, i), stream, 1))
				if err != nil || done.Revision != uint64(i) {
					t.Errorf("%s: %+v, %v", stream, done, err)
					return
				}
			}
		})
	}
	group.Wait()
	if h := s.Health(); h.Connections != 1 || h.InFlight != 0 || !h.BatchAppend || h.Version == "" {
		t.Errorf("health %+v", h)
	}
}

func TestRacingProcessesAgreeOnTheLog(t *testing.T) {
	connection := eventstoretest.Start(t)
	ids := make([]events.LogID, 8)
	var group sync.WaitGroup
	for i := range ids {
		s := dialled(t, connection)
		group.Go(func() {
			id, err := s.OpenLog(t.Context())
			if err != nil {
				t.Error(err)
			}
			ids[i] = id
		})
	}
	group.Wait()
	for _, id := range ids {
		if id == "" || id != ids[0] {
			t.Fatalf("the log is %q", ids)
		}
	}
}

func TestHeadIsTheNewestEvent(t *testing.T) {
	s := dialled(t, eventstoretest.Start(t))
	if head, err := s.Head(t.Context()); head != 0 || err != nil {
		t.Errorf("the head of an empty log is %d, %v", head, err)
	}
	done, err := s.Append(t.Context(), "stock-a", -1, drafts(t, "one", "stock-a", 3))
	if err != nil {
		t.Fatal(err)
	}
	if head, err := s.Head(t.Context()); head != done.Position || err != nil {
		t.Errorf("the head is %d, not %d, %v", head, done.Position, err)
	}
}

func TestErrorsNeverShowThePassword(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	for _, connection := range []string{
		"esdb://admin:hunter2@127.0.0.1:1?tls=false", "esdb://admin:hunter2@[::1?tls=false", "http://admin:hunter2@x", "esdb://admin:hunter2@h:p%",
	} {
		_, err := esdb.Dial(ctx, connection, events.Catalog(), quiet)
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%v", err)
		}
	}
}
