package esdb_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	client "github.com/EventStore/EventStore-Client-Go/v4/esdb"

	"tillstream/events"
	"tillstream/infra/esdb"
	"tillstream/infra/eventstore/eventstoretest"
	"tillstream/projections"
)

// foreign is the official client, for events that the platform itself would never write.
func foreign(t testing.TB, connection string) *client.Client {
	t.Helper()
	conf, err := client.ParseConnectionString(connection)
	if err != nil {
		t.Fatal(err)
	}
	conf.Logger = client.NoopLogging()
	c, err := client.NewClient(conf)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func write(t testing.TB, c *client.Client, stream, wire, data, metadata string) {
	t.Helper()
	e := client.EventData{EventType: wire, ContentType: client.ContentTypeJson, Data: []byte(data), Metadata: []byte(metadata)}
	if _, err := c.AppendToStream(t.Context(), stream, client.AppendToStreamOptions{}, e); err != nil {
		t.Fatal(err)
	}
}

// between gathers what Between reads, as one interval.
func between(t testing.TB, s *esdb.Store, after, upTo events.Position) (whole projections.Interval, pages int) {
	t.Helper()
	whole.From, whole.To = after, after
	for i, err := range s.Between(t.Context(), after, upTo) {
		if err != nil {
			t.Fatal(err)
		}
		if i.From != whole.To || i.Log == "" {
			t.Fatalf("interval (%d, %d] of log %q follows position %d", i.From, i.To, i.Log, whole.To)
		}
		whole.To, whole.Facts, whole.Broken = i.To, append(whole.Facts, i.Facts...), append(whole.Broken, i.Broken...)
		pages++
	}
	return whole, pages
}

// followed hears the log from a position until it has heard a given one.
func followed(t testing.TB, s *esdb.Store, after, upTo events.Position) (whole projections.Interval) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	enough := errors.New("enough")
	whole.From, whole.To = after, after
	err := s.Follow(ctx, after, func(i projections.Interval) error {
		if i.From != whole.To {
			t.Errorf("interval (%d, %d] follows position %d", i.From, i.To, whole.To)
		}
		whole.To, whole.Facts, whole.Broken = i.To, append(whole.Facts, i.Facts...), append(whole.Broken, i.Broken...)
		if whole.To >= upTo {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) {
		t.Fatal(err)
	}
	return whole
}

func TestWhatCannotBeDecodedIsDeliveredAsBroken(t *testing.T) {
	connection := eventstoretest.Start(t)
	s, c := dialled(t, connection), foreign(t, connection)
	if _, err := s.OpenLog(t.Context()); err != nil {
		t.Fatal(err)
	}
	write(t, c, "order-1", "order.teleported", `{}`, `{"v":1}`)
	write(t, c, "order-2", "order.placed", `{"order_id": 7}`, `{"v":1}`)
	write(t, c, "order-3", "order.placed", `not JSON`, `{"v":1}`)
	write(t, c, "order-4", "order.placed", `{}`, ``)
	write(t, c, "order-5", "order.placed", `{}`, `{"v":99}`)
	write(t, c, "order-6", "order.placed", `{}`, `{"v":1}`)
	head, err := s.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	read, _ := between(t, s, 0, head)
	for name, got := range map[string]projections.Interval{"followed": followed(t, s, 0, head), "between": read} {
		if len(got.Facts) != 2 || len(got.Broken) != 5 || got.Facts[1].Stream != "order-6" {
			t.Errorf("%s: %d facts, %d broken", name, len(got.Facts), len(got.Broken))
			continue
		}
		for i, newer := range []bool{true, false, false, false, true} {
			b := got.Broken[i]
			if b.Stream != fmt.Sprintf("order-%d", i+1) || b.Position == 0 || b.ID == "" || errors.Is(b.Err, events.ErrUnknownType) != newer {
				t.Errorf("%s: %+v", name, b)
			}
		}
	}
	for stream, fails := range map[string]bool{"order-1": true, "order-3": true, "order-6": false} {
		for _, err := range s.Read(t.Context(), stream, 0) {
			if (err != nil) != fails {
				t.Errorf("read %s: %v", stream, err)
			}
		}
	}
}

func TestEventsOfTheStoresOwnAreCoveredButNotDelivered(t *testing.T) {
	connection := eventstoretest.Start(t)
	s, c := dialled(t, connection), foreign(t, connection)
	if _, err := s.OpenLog(t.Context()); err != nil {
		t.Fatal(err)
	}
	keep := client.StreamMetadata{}
	keep.SetMaxCount(10)
	if _, err := c.SetStreamMetadata(t.Context(), "elsewhere", client.AppendToStreamOptions{}, keep); err != nil {
		t.Fatal(err)
	}
	done, err := s.Append(t.Context(), "stock-a", -1, drafts(t, "one", "stock-a", 2))
	if err != nil {
		t.Fatal(err)
	}
	read, _ := between(t, s, 0, done.Position)
	for name, got := range map[string]projections.Interval{"followed": followed(t, s, 0, done.Position), "between": read} {
		if got.To != done.Position || len(got.Facts) != 3 {
			t.Errorf("%s: %d facts up to %d, not 3 up to %d", name, len(got.Facts), got.To, done.Position)
		}
	}
	if _, err := c.SetStreamMetadata(t.Context(), "elsewhere", client.AppendToStreamOptions{}, keep); err != nil {
		t.Fatal(err)
	}
	if head, err := s.Head(t.Context()); head != done.Position || err != nil {
		t.Errorf("the head is %d, not %d, %v", head, done.Position, err)
	}
}

func TestBetweenReadsExactlyWhatWasMissed(t *testing.T) {
	s := dialled(t, eventstoretest.Start(t))
	if _, err := s.OpenLog(t.Context()); err != nil {
		t.Fatal(err)
	}
	var at []events.Position
	for i := range 3 {
		stream := fmt.Sprintf("stock-%d", i)
		done, err := s.Append(t.Context(), stream, -1, drafts(t, stream, stream, 600))
		if err != nil {
			t.Fatal(err)
		}
		at = append(at, done.Position)
	}
	missed, pages := between(t, s, at[0], at[1])
	if missed.To != at[1] || len(missed.Facts) != 600 || pages < 2 {
		t.Errorf("%d facts up to %d in %d pages", len(missed.Facts), missed.To, pages)
	}
	for _, f := range missed.Facts {
		if f.Stream != "stock-1" {
			t.Fatalf("%s was not missed", f.Stream)
		}
	}
	if none, _ := between(t, s, at[1], at[1]); len(none.Facts) != 0 {
		t.Errorf("an empty interval has %d facts", len(none.Facts))
	}
	if rest, _ := between(t, s, at[1], at[2]+1000); rest.To != at[2] {
		t.Errorf("the log is said to reach %d, its end is %d", rest.To, at[2])
	}
}

func TestOneEventIsReadByItsPosition(t *testing.T) {
	connection := eventstoretest.Start(t)
	s, c := dialled(t, connection), foreign(t, connection)
	id, err := s.OpenLog(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Append(t.Context(), "stock-a", -1, drafts(t, "one", "stock-a", 3)); err != nil {
		t.Fatal(err)
	}
	write(t, c, "order-1", "order.placed", `not JSON`, `{"v":1}`)
	head, err := s.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all, _ := between(t, s, 0, head)
	for _, f := range all.Facts {
		i, err := s.EventAt(t.Context(), f.Position)
		if err != nil || i.Log != id || i.To != f.Position || len(i.Facts) != 1 || i.Facts[0].ID != f.ID || len(i.Broken) != 0 {
			t.Errorf("at %d stands %+v, %v", f.Position, i, err)
		}
	}
	if i, err := s.EventAt(t.Context(), head); err != nil || len(i.Broken) != 1 || string(i.Broken[0].Data) != "not JSON" {
		t.Errorf("at %d stands %+v, %v", head, i, err)
	}
	if i, err := s.EventAt(t.Context(), head+1000); err == nil {
		t.Errorf("beyond the end of the log stands %+v", i)
	}
}

func TestAForeignLogIsNotFollowed(t *testing.T) {
	m := newMachine(t)
	s := dialled(t, m.connection())
	if _, err := s.OpenLog(t.Context()); err != nil {
		t.Fatal(err)
	}
	err := s.Follow(t.Context(), 1_000_000, func(projections.Interval) error { return nil })
	if !errors.Is(err, projections.ErrForeignLog) {
		t.Errorf("from beyond the end: %v", err)
	}
	other := newMachine(t)
	if _, err := dialled(t, other.connection()).OpenLog(t.Context()); err != nil {
		t.Fatal(err)
	}
	m.stop()
	m.store, other.store = other.store, m.store
	m.start()
	err = s.Follow(t.Context(), 0, func(projections.Interval) error { return nil })
	if !errors.Is(err, projections.ErrForeignLog) {
		t.Errorf("from another log at the same address: %v", err)
	}
}

func TestASlowConsumerIsGivenBoundedIntervals(t *testing.T) {
	s := dialled(t, eventstoretest.Start(t))
	if _, err := s.OpenLog(t.Context()); err != nil {
		t.Fatal(err)
	}
	done, err := s.Append(t.Context(), "stock-a", -1, drafts(t, "one", "stock-a", 2000))
	if err != nil {
		t.Fatal(err)
	}
	enough := errors.New("enough")
	largest := 0
	err = s.Follow(t.Context(), 0, func(i projections.Interval) error {
		largest = max(largest, len(i.Facts))
		if i.To >= done.Position {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) || largest > 512 {
		t.Errorf("an interval of %d facts; %v", largest, err)
	}
}

func TestRawEventsAreAsStored(t *testing.T) {
	connection := eventstoretest.Start(t)
	s, c := dialled(t, connection), foreign(t, connection)
	write(t, c, "order-1", "order.placed", `{"order_id":"1"}`, `{"v":1}`)
	write(t, c, "order-1", "order.teleported", `not JSON`, ``)
	write(t, c, "order-1", "stock.received", `{}`, ``)
	write(t, c, "order-2", "order.placed", `{"order_id":"2"}`, ``)
	read := func(q esdb.RawQuery) (found []string) {
		t.Helper()
		for e, err := range s.RawEvents(t.Context(), q) {
			if err != nil {
				t.Fatal(err)
			}
			found = append(found, fmt.Sprintf("%s/%d %s %s", e.Stream, e.Revision, e.Type, e.Data))
		}
		return found
	}
	for _, c := range []struct {
		q    esdb.RawQuery
		want []string
	}{
		{esdb.RawQuery{Stream: "order-1", Types: []string{"order.*"}}, []string{`order-1/0 order.placed {"order_id":"1"}`, `order-1/1 order.teleported "bm90IEpTT04="`}},
		{esdb.RawQuery{Stream: "order-1", From: 1, Limit: 1}, []string{`order-1/1 order.teleported "bm90IEpTT04="`}},
		{esdb.RawQuery{Types: []string{"order.placed"}}, []string{`order-1/0 order.placed {"order_id":"1"}`, `order-2/0 order.placed {"order_id":"2"}`}},
		{esdb.RawQuery{Stream: "order-3"}, nil},
	} {
		if got := read(c.q); fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%+v: %q, not %q", c.q, got, c.want)
		}
	}
	e, err := s.RawAt(t.Context(), "order-1", 2)
	if err != nil || e.Type != "stock.received" || e.Recorded.IsZero() {
		t.Errorf("%+v, %v", e, err)
	}
	if _, err := s.RawAt(t.Context(), "order-1", 9); !errors.Is(err, esdb.ErrNoSuchEvent) {
		t.Errorf("%v", err)
	}
}

func TestRawEventsFollowAcrossABreak(t *testing.T) {
	for name, q := range map[string]esdb.RawQuery{"stream": {Stream: "order-1", Follow: true, Limit: 3}, "log": {Follow: true, Limit: 3}} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			s := dialled(t, m.connection())
			appendOne := func(n int) {
				appendUntilDone(t, s, "order-1", int64(n)-1, drafts(t, fmt.Sprint(n), "order-1", 1))
			}
			appendOne(0)
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			next := 1
			for e, err := range s.RawEvents(ctx, q) {
				if err != nil || e.Revision != uint64(next-1) {
					t.Fatalf("revision %d, %v", e.Revision, err)
				}
				if next < 3 {
					m.stop()
					m.start()
					appendOne(next)
				}
				next++
			}
			if next != 4 {
				t.Errorf("read %d events of 3", next-1)
			}
		})
	}
}
