package projections_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"strings"
	"testing"

	"tillstream/events"
	. "tillstream/projections"
	"tillstream/projections/projectiontest"
)

// guilty is a fact of quantity 13 whose fold panics, unless it was mended.
func guilty(mended bool) View[tally] {
	return Define("tallies", 1, On(func(e events.StockReceived) []string { return []string{e.SKU} },
		func(v tally, key string, f Fact[events.StockReceived]) tally {
			if f.Event.Quantity == 13 && !mended {
				panic("thirteen")
			}
			return count(v, key, f)
		}))
}

// bench is a log and a host, and a view that follows.
type bench struct {
	*Projector[tally]
	docs   *projectiontest.Memory[tally]
	facts  []events.Recorded
	broken map[events.Position]bool
}

// follow has a view take up what is kept, as after a restart.
func (b *bench) follow(t *testing.T, view View[tally]) {
	t.Helper()
	var err error
	if b.Projector, err = NewProjector(t.Context(), view, b.docs, b, "log"); err != nil {
		t.Fatal(err)
	}
}

func benchOf(t *testing.T, view View[tally], facts ...events.Event) *bench {
	t.Helper()
	b := &bench{docs: &projectiontest.Memory[tally]{}, facts: history(facts...), broken: map[events.Position]bool{}}
	b.follow(t, view)
	return b
}

func (b *bench) interval(from, to int) Interval {
	i := Interval{Log: "log", From: events.Position(10 * from), To: events.Position(10 * to)}
	for _, r := range b.facts[from:to] {
		if b.broken[r.Position] {
			i.Broken = append(i.Broken, Broken{Wire: r.Type(), Stream: r.Stream, Position: r.Position, Data: []byte("{"), Err: errors.New("bad bytes")})
		} else {
			i.Facts = append(i.Facts, r)
		}
	}
	return i
}

func (b *bench) Between(_ context.Context, after, upTo events.Position) iter.Seq2[Interval, error] {
	return func(yield func(Interval, error) bool) { yield(b.interval(int(after/10), int(upTo/10)), nil) }
}

func (b *bench) EventAt(_ context.Context, at events.Position) (Interval, error) {
	return b.interval(int(at/10)-1, int(at/10)), nil
}

// tell delivers facts in one batch.
func (b *bench) tell(t *testing.T, from, to int) {
	t.Helper()
	if err := b.Advance(t.Context(), b.interval(from, to)); err != nil {
		t.Fatal(err)
	}
}

// parked lists what is parked, each with its cause and the facts it remembers.
func (b *bench) parked(t *testing.T) (list []string) {
	t.Helper()
	keys, err := b.ListParked(t.Context(), "", 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range keys {
		at, err := b.docs.Remembered(t.Context(), k.Key, 0, 100)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, fmt.Sprintf("%s %s %v", k.Key, k.Cause, at))
	}
	return list
}

func (b *bench) wantParked(t *testing.T, want ...string) {
	t.Helper()
	if got := b.parked(t); !slices.Equal(got, want) {
		t.Errorf("parked are %q, not %q", got, want)
	}
}

var anna = Operator{Actor: events.Actor{Kind: "staff", ID: "anna"}, Why: "the fold is mended"}

func (b *bench) retry(t *testing.T, key string, want Mended) {
	t.Helper()
	if got, err := b.RetryParked(t.Context(), key, anna); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("retrying %s came to %+v, %v, not %+v", key, got, err, want)
	}
}

func TestAFoldThatPanicsParksItsKeyAndTheOthersOfTheBatchGoOn(t *testing.T) {
	b := benchOf(t, guilty(false), receipt("A", 1), receipt("A", 13), receipt("B", 2), receipt("A", 4), receipt("B", 8))
	b.tell(t, 0, 5)
	b.wantParked(t, "A fold [20 40]")
	wantCount(t, b.docs, "A", 1)
	wantCount(t, b.docs, "B", 10)
	if !b.IsParked("A") || b.IsParked("B") || b.At().At != 50 {
		t.Errorf("A is parked: %v, B: %v; it stands at %d", b.IsParked("A"), b.IsParked("B"), b.At().At)
	}
}

func TestAFoldThatFailsSaysWhy(t *testing.T) {
	view := Define("tallies", 1, On(func(e events.StockReceived) []string { return []string{e.SKU} },
		func(v tally, key string, f Fact[events.StockReceived]) tally {
			if f.Event.Quantity > 9 {
				Fail("%d units are more than fit", f.Event.Quantity)
			}
			return count(v, key, f)
		}))
	b := benchOf(t, view, receipt("A", 10))
	b.tell(t, 0, 1)
	keys, err := b.ListParked(t.Context(), "", 1)
	if err != nil || len(keys) != 1 || keys[0].Error != "10 units are more than fit" || keys[0].Stack != "" || keys[0].Wire != "stock.received" {
		t.Errorf("%+v, %v", keys, err)
	}
}

func TestWhatNoHostKeepsParksItsKeyAtTheFactThatMadeItSo(t *testing.T) {
	facts := make([]events.Event, 0, 100)
	for n := range 50 {
		facts = append(facts, receipt("A", 1), receipt(fmt.Sprint("B", n), 1))
	}
	b := benchOf(t, tallies, facts...)
	b.docs.Refuse(func(key string, v tally) error {
		if key == "A" && v.Count > 20 {
			return errors.New("more than twenty")
		}
		return nil
	})
	b.tell(t, 0, 100)
	wantCount(t, b.docs, "A", 20)
	wantCount(t, b.docs, "B49", 1)
	if got := b.parked(t); len(got) != 1 || !strings.HasPrefix(got[0], "A save [410 430 ") || b.At().Count != 100 {
		t.Errorf("parked are %v at %+v", got, b.At())
	}
}

func TestWhatIsParkedSurvivesARestart(t *testing.T) {
	b := benchOf(t, guilty(false), receipt("A", 13), receipt("A", 1), receipt("B", 1))
	b.tell(t, 0, 1)
	b.follow(t, guilty(true)) // a binary whose fold is mended does not heal by itself
	b.tell(t, 1, 3)
	b.wantParked(t, "A fold [10 20]")
	wantCount(t, b.docs, "B", 1)
}

func TestTroubleWithTheHostParksNothing(t *testing.T) {
	b := benchOf(t, tallies, receipt("A", 1))
	lost := &lossy{Memory: b.docs, lose: true}
	p, err := NewProjector(t.Context(), tallies, lost, b, "log")
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Advance(t.Context(), b.interval(0, 1)); err == nil {
		t.Error("a lost answer is no error")
	}
	b.wantParked(t)
}

func TestARetryFoldsWhatIsRememberedInOrder(t *testing.T) {
	b := benchOf(t, guilty(false), receipt("A", 1), receipt("A", 13), receipt("A", 4))
	b.tell(t, 0, 3)
	b.follow(t, guilty(true))
	b.retry(t, "A", Mended{Healed: 1, Facts: 2})
	b.wantParked(t)
	if got, _, _ := b.docs.Get(t.Context(), "A"); !slices.Equal(got.Seen, []string{"e1", "e2", "e3"}) || b.IsParked("A") {
		t.Errorf("it was folded from %v", got.Seen)
	}
	did, err := b.ParkedOperations(t.Context(), 10)
	if err != nil || len(did) != 1 || did[0].Actor != anna.Actor || did[0].Why != anna.Why || did[0].What != Retry || did[0].Facts != 2 || did[0].Outcome != "" {
		t.Errorf("what was done is told as %+v, %v", did, err)
	}
}

func TestARetryThatFailsLeavesEverythingAndSaysOnWhat(t *testing.T) {
	b := benchOf(t, guilty(false), receipt("A", 1), receipt("A", 13), receipt("A", 4))
	b.tell(t, 0, 3)
	_, err := b.RetryParked(t.Context(), "A", anna)
	var still *StillParkedError
	if !errors.As(err, &still) || still.Failed != 20 || still.Tries != 1 || !strings.Contains(still.ParkedKey.Error, "thirteen") {
		t.Errorf("%+v", err)
	}
	b.wantParked(t, "A fold [20 30]")
	wantCount(t, b.docs, "A", 1)
	if did, err := b.ParkedOperations(t.Context(), 10); err != nil || len(did) != 1 || !strings.Contains(did[0].Outcome, "thirteen") {
		t.Errorf("what was done is told as %+v, %v", did, err)
	}
}

func TestShowTellsTheFactsAndTheValueBeforeThem(t *testing.T) {
	b := benchOf(t, guilty(false), receipt("A", 1), receipt("A", 13), receipt("A", 4))
	b.broken[30] = false
	b.tell(t, 0, 3)
	s, err := b.ShowParked(t.Context(), "A")
	if err != nil || len(s.Facts) != 2 || s.Facts[0].Fact == nil || s.Facts[0].Fact.ID != "e2" || !strings.Contains(s.Stack, "parked_test.go") {
		t.Fatalf("%+v, %v", s, err)
	}
	var before tally
	if err := json.Unmarshal(s.Document, &before); err != nil || before.Count != 1 {
		t.Errorf("before it was %s, %v", s.Document, err)
	}
	if _, err := b.ShowParked(t.Context(), "B"); !errors.Is(err, ErrNotParked) {
		t.Error(err)
	}
}

func TestADropForgetsExactlyAsManyFactsAsWereConfirmed(t *testing.T) {
	b := benchOf(t, guilty(false), receipt("A", 1), receipt("A", 13), receipt("A", 4), receipt("A", 16))
	b.tell(t, 0, 3)
	_, err := b.DropParked(t.Context(), "A", 1, anna)
	var count *CountError
	if !errors.As(err, &count) || count.Facts != 2 {
		t.Fatal(err)
	}
	if got, err := b.DropParked(t.Context(), "A", 2, anna); err != nil || got.Facts != 2 {
		t.Fatalf("%+v, %v", got, err)
	}
	b.tell(t, 3, 4)
	b.wantParked(t)
	wantCount(t, b.docs, "A", 17)
	if _, err := b.DropParked(t.Context(), "A", 2, anna); !errors.Is(err, ErrNotParked) {
		t.Error(err)
	}
}

// The stream of a receipt is that of its SKU, so that A's later facts wait as well.
func TestAnEventThatCannotBeReadParksItsStreamAndWhatFollowsIt(t *testing.T) {
	b := benchOf(t, tallies, receipt("A", 1), receipt("A", 2), receipt("B", 4), receipt("A", 8), events.ProductDiscontinued{SKU: "A"})
	b.broken[20], b.broken[50] = true, true // the last is of a type that the view does not hear
	b.tell(t, 0, 5)
	b.wantParked(t, "<stock-UK/A> unreadable [20]", "A behind [40]")
	wantCount(t, b.docs, "A", 1)
	wantCount(t, b.docs, "B", 4)
	if keys, streams := b.ParkedCount(); keys != 1 || streams != 1 {
		t.Errorf("%d keys and %d streams are parked", keys, streams)
	}

	var follows *FollowsError
	if _, err := b.RetryParked(t.Context(), "A", anna); !errors.As(err, &follows) || follows.Stream != "<stock-UK/A>" {
		t.Error(err)
	}
	var still *StillParkedError
	if _, err := b.RetryParked(t.Context(), "<stock-UK/A>", anna); !errors.As(err, &still) || still.Failed != 20 {
		t.Error(err)
	}
	delete(b.broken, 20)
	b.retry(t, "<stock-UK/A>", Mended{Healed: 1, Facts: 3})
	if got, _, _ := b.docs.Get(t.Context(), "A"); !slices.Equal(got.Seen, []string{"e1", "e2", "e4"}) {
		t.Errorf("it was folded from %v", got.Seen)
	}
	b.wantParked(t)
}

func TestWhatWaitedForADroppedStreamGoesOn(t *testing.T) {
	b := benchOf(t, tallies, receipt("A", 1), receipt("A", 2), receipt("A", 8))
	b.broken[20] = true
	b.tell(t, 0, 3)
	if got, err := b.DropParked(t.Context(), "<stock-UK/A>", 1, anna); err != nil || got.Healed != 1 || got.Facts != 2 {
		t.Errorf("%+v, %v", got, err)
	}
	b.wantParked(t)
	wantCount(t, b.docs, "A", 9)
}

func TestAViewThatParksTooMuchStopsAndSaysSo(t *testing.T) {
	facts := make([]events.Event, ParkedMost+1)
	for n := range facts {
		facts[n] = receipt(fmt.Sprint(n), 13)
	}
	b := benchOf(t, guilty(false), facts...)
	b.tell(t, 0, ParkedMost)
	err := b.Advance(t.Context(), b.interval(ParkedMost, ParkedMost+1))
	if err == nil || !strings.Contains(err.Error(), "till parked list tallies") || b.At().Count != ParkedMost {
		t.Errorf("it stands at %d: %v", b.At().Count, err)
	}
	b.retryAfterMending(t)
	b.tell(t, ParkedMost, ParkedMost+1)
}

// retryAfterMending heals one key, which makes room for another.
func (b *bench) retryAfterMending(t *testing.T) {
	t.Helper()
	b.follow(t, guilty(true))
	b.retry(t, "0", Mended{Healed: 1, Facts: 1})
	b.follow(t, guilty(false))
}

func TestARetryWhileFactsComeLosesNone(t *testing.T) {
	const n = 2000
	facts := make([]events.Event, n)
	for i := range facts {
		facts[i] = receipt("A", 1)
	}
	facts[0] = receipt("A", 13)
	b := benchOf(t, guilty(false), facts...)
	b.tell(t, 0, n/2)
	b.follow(t, guilty(true))
	told := make(chan error, 1)
	go func() {
		for i := n / 2; i < n; i++ {
			if err := b.Advance(context.WithoutCancel(t.Context()), b.interval(i, i+1)); err != nil {
				told <- err
				return
			}
		}
		told <- nil
	}()
	if _, err := b.RetryParked(t.Context(), "A", anna); err != nil {
		t.Error(err)
	}
	if err := <-told; err != nil {
		t.Error(err)
	}
	b.wantParked(t)
	got, _, _ := b.docs.Get(t.Context(), "A")
	for i, seen := range got.Seen {
		if seen != eventID(i) {
			t.Fatalf("the fact %s was folded as the %d-th", seen, i)
		}
	}
	if got.Count != n+12 {
		t.Errorf("it counts %d", got.Count)
	}
}
