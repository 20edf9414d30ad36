package esdb_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	client "github.com/EventStore/EventStore-Client-Go/v4/esdb"

	"tillstream/events"
	"tillstream/infra/esdb"
	"tillstream/infra/eventstore/eventstoretest"
	"tillstream/projections"
)

func everything(string) bool { return true }

// scanned gathers what Scan reads, as one interval.
func scanned(t testing.TB, s *esdb.Store, after, upTo events.Position, page int, heard func(string) bool) (whole projections.Interval, pages int) {
	t.Helper()
	whole.From, whole.To = after, after
	for i, err := range s.Scan(t.Context(), after, upTo, page, heard) {
		if err != nil {
			t.Fatal(err)
		}
		if i.From != whole.To || i.Log == "" || i.Count() > uint64(page) {
			t.Fatalf("interval (%d, %d] of log %q with %d events follows position %d", i.From, i.To, i.Log, i.Count(), whole.To)
		}
		whole.To, whole.Facts, whole.Broken = i.To, append(whole.Facts, i.Facts...), append(whole.Broken, i.Broken...)
		pages++
	}
	return whole, pages
}

// mixed is a log of facts, of what cannot be decoded, and of the store's own; it answers where each append ends.
func mixed(t testing.TB) (s *esdb.Store, at []events.Position) {
	t.Helper()
	connection := eventstoretest.Start(t)
	s = dialled(t, connection)
	if _, err := s.OpenLog(t.Context()); err != nil {
		t.Fatal(err)
	}
	c := foreign(t, connection)
	for i := range 5 {
		stream := fmt.Sprintf("stock-%d", i)
		done, err := s.Append(t.Context(), stream, -1, drafts(t, stream, stream, 100+i))
		if err != nil {
			t.Fatal(err)
		}
		at = append(at, done.Position)
		write(t, c, "stock-strange", "stock.received", `{"quantity": "many"}`, `{}`)
		write(t, c, fmt.Sprint("stock-alien-", i), "stock.teleported", `{}`, `{}`)
		if _, err := c.SetStreamMetadata(t.Context(), stream, client.AppendToStreamOptions{}, client.StreamMetadata{}); err != nil {
			t.Fatal(err)
		}
	}
	return s, at
}

// errorsOf are the words of what is broken, for errors themselves are told apart by where they were made.
func errorsOf(broken []projections.Broken) (list []string) {
	for i := range broken {
		list = append(list, broken[i].Err.Error())
		broken[i].Err = nil
	}
	return list
}

func TestAScanReadsWhatBetweenDoes(t *testing.T) {
	s, at := mixed(t)
	for _, c := range []struct{ after, upTo events.Position }{{0, at[4]}, {at[0], at[3]}, {at[1] - 1, at[2] - 1}, {at[3], at[3]}, {at[2], at[4] + 1<<40}} {
		want, _ := between(t, s, c.after, c.upTo)
		got, _ := scanned(t, s, c.after, c.upTo, 64, everything)
		if words, as := errorsOf(got.Broken), errorsOf(want.Broken); !reflect.DeepEqual(words, as) {
			t.Errorf("after %d up to %d: broken is %v, not %v", c.after, c.upTo, words, as)
		}
		want.To = got.To // Between may end with the last event, or what stands after it
		if !reflect.DeepEqual(got, want) {
			t.Errorf("after %d up to %d: %d facts and %d broken, not %d and %d", c.after, c.upTo, len(got.Facts), len(got.Broken), len(want.Facts), len(want.Broken))
		}
	}
}

func TestAScanCountsWhatItDoesNotDecode(t *testing.T) {
	s, at := mixed(t)
	all, pages := scanned(t, s, 0, at[4], 50, everything)
	few, _ := scanned(t, s, 0, at[4], 50, func(wire string) bool { return wire == "log.opened" })
	if few.To != all.To || len(few.Facts) < len(all.Facts) || few.Count() != all.Count() || pages < 10 {
		t.Fatalf("%d events up to %d in %d pages, %d up to %d", all.Count(), all.To, pages, few.Count(), few.To)
	}
	if _, decoded := few.Facts[0].Event.(events.LogOpened); !decoded {
		t.Errorf("what is wanted is %T", few.Facts[0].Event)
	}
	if last := few.Facts[len(few.Facts)-1]; last.Position != at[4] || last.Type() != (events.StockReceived{}).Type() {
		t.Errorf("the last is %+v", last)
	}
	for _, b := range few.Broken {
		if b.Wire != "stock.teleported" || !errors.Is(b.Err, events.ErrUnknownType) {
			t.Errorf("broken is %+v: but for types that are unknown, nothing was decoded", b)
		}
	}
	if len(few.Broken) == 0 {
		t.Error("a type that is unknown was passed over")
	}
}

func TestAScanEndsWithItsReaderAndWithItsStore(t *testing.T) {
	m := newMachine(t)
	s := dialled(t, m.connection())
	done, err := s.Append(t.Context(), "stock-1", -1, drafts(t, "one", "stock-1", 900))
	if err != nil {
		t.Fatal(err)
	}
	for range s.Scan(t.Context(), 0, done.Position, 10, everything) {
		break // and nothing is left behind: the test of leaks is the store's closing
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	var failed error
	for _, err := range s.Scan(ctx, 0, done.Position, 10, everything) {
		m.stop()
		failed = err
	}
	if failed == nil {
		t.Error("the store is gone, and the scan ended well")
	}
}
