package projections_test

import (
	"context"
	"errors"
	"iter"
	"testing"

	"tillstream/events"
	. "tillstream/projections"
	"tillstream/projections/projectiontest"
)

var tallies = Define("tallies", 1, On(func(e events.StockReceived) []string { return []string{e.SKU} }, count))

// shelfLog is five facts, at 10 to 50, of which the view does not hear the third.
var shelfLog = history(receipt("A", 1), receipt("A", 2), events.ProductDiscontinued{SKU: "A"}, receipt("A", 4), receipt("B", 8))

func interval(from, to int) Interval {
	return Interval{Log: "log", From: events.Position(10 * from), To: events.Position(10 * to), Facts: shelfLog[from:to]}
}

// storedLog reads shelfLog fact by fact and remembers from where it was asked.
type storedLog struct{ asked []events.Position }

func (l *storedLog) Between(_ context.Context, after, upTo events.Position) iter.Seq2[Interval, error] {
	l.asked = append(l.asked, after)
	return func(yield func(Interval, error) bool) {
		for n := int(after / 10); n < min(int(upTo/10), len(shelfLog)); n++ {
			if !yield(interval(n, n+1), nil) {
				return
			}
		}
	}
}

func (l *storedLog) EventAt(_ context.Context, at events.Position) (Interval, error) {
	n := int(at / 10)
	return interval(n-1, n), nil
}

func projector(t *testing.T, docs Documents[tally]) (*Projector[tally], *storedLog) {
	t.Helper()
	log := &storedLog{}
	p, err := NewProjector(t.Context(), tallies, docs, log, "log")
	if err != nil {
		t.Fatal(err)
	}
	return p, log
}

func advance(t *testing.T, p *Projector[tally], intervals ...Interval) {
	t.Helper()
	for _, i := range intervals {
		if err := p.Advance(t.Context(), i); err != nil {
			t.Fatal(err)
		}
	}
}

func wantCount(t *testing.T, docs *projectiontest.Memory[tally], key string, want int) {
	t.Helper()
	if got, _, err := docs.Get(t.Context(), key); err != nil || got.Count != want {
		t.Errorf("%s counts %d, %v, not %d", key, got.Count, err, want)
	}
}

func TestWhatWasToldBeforeIsDropped(t *testing.T) {
	docs := &projectiontest.Memory[tally]{}
	p, log := projector(t, docs)
	advance(t, p, interval(0, 2), interval(0, 2), interval(1, 2), interval(0, 1))
	wantCount(t, docs, "A", 3)
	if at := p.At(); at != (Checkpoint{Log: "log", At: 20, Count: 2}) || len(log.asked) != 0 {
		t.Errorf("it stands at %+v and asked the log after %v", at, log.asked)
	}
}

func TestAnOverlapIsAppliedFromWhereTheViewStands(t *testing.T) {
	docs := &projectiontest.Memory[tally]{}
	p, log := projector(t, docs)
	advance(t, p, interval(0, 2), interval(1, 5))
	wantCount(t, docs, "A", 7)
	wantCount(t, docs, "B", 8)
	if p.At().Count != 5 || len(log.asked) != 0 {
		t.Errorf("it counts %d events and asked the log after %v", p.At().Count, log.asked)
	}
}

func TestWhatWasNotToldIsReadFromTheLog(t *testing.T) {
	docs := &projectiontest.Memory[tally]{}
	p, log := projector(t, docs)
	advance(t, p, interval(4, 5))
	wantCount(t, docs, "A", 7)
	wantCount(t, docs, "B", 8)
	if len(log.asked) != 1 || log.asked[0] != 0 || p.At().At != 50 {
		t.Errorf("it asked after %v and stands at %d", log.asked, p.At().At)
	}
}

func TestAPositionThatTheLogDoesNotReachIsAnError(t *testing.T) {
	p, _ := projector(t, &projectiontest.Memory[tally]{})
	if err := p.Advance(t.Context(), Interval{Log: "log", From: 60, To: 70}); err == nil {
		t.Errorf("it stands at %d, was told of 70, and says nothing", p.At().At)
	}
}

func TestAnIntervalThatHoldsWhatLiesOutsideIsNotApplied(t *testing.T) {
	for name, facts := range map[string][]events.Recorded{
		"beyond its end": {shelfLog[0], shelfLog[4]},
		"out of order":   {shelfLog[1], shelfLog[0]},
		"twice":          {shelfLog[0], shelfLog[0]},
	} {
		docs := &projectiontest.Memory[tally]{}
		p, _ := projector(t, docs)
		if err := p.Advance(t.Context(), Interval{Log: "log", To: 20, Facts: facts}); err == nil || len(docs.Docs()) > 0 {
			t.Errorf("facts %s: %v, %v", name, err, docs.Docs())
		}
	}
}

func TestAnotherLogStopsTheView(t *testing.T) {
	docs := &projectiontest.Memory[tally]{}
	p, _ := projector(t, docs)
	advance(t, p, interval(0, 2))
	other := interval(2, 3)
	other.Log = "other"
	if err := p.Advance(t.Context(), other); !errors.Is(err, ErrForeignLog) {
		t.Error(err)
	}
	if _, err := NewProjector(t.Context(), tallies, docs, &storedLog{}, "other"); !errors.Is(err, ErrForeignLog) {
		t.Error(err)
	}
}

func TestATypeThatNoBinaryKnowsStopsEveryView(t *testing.T) {
	i := interval(0, 1)
	i.To, i.Broken = 20, []Broken{{Wire: "new.fact", Stream: "s", Position: 20, Err: events.ErrUnknownType}}
	p, _ := projector(t, &projectiontest.Memory[tally]{})
	if err := p.Advance(t.Context(), i); !errors.Is(err, events.ErrUnknownType) || p.At().At != 0 {
		t.Errorf("it stands at %d: %v", p.At().At, err)
	}
}

func TestEventsThatChangeNothingMoveTheViewAndAreKeptAtTheEnd(t *testing.T) {
	docs := &projectiontest.Memory[tally]{}
	p, _ := projector(t, docs)
	advance(t, p, interval(0, 2), interval(2, 3))
	if kept, _ := docs.Checkpoint(t.Context()); kept.At != 20 || p.At().At != 30 {
		t.Errorf("kept at %d, standing at %d", kept.At, p.At().At)
	}
	if err := p.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if kept, _ := docs.Checkpoint(t.Context()); kept != p.At() {
		t.Errorf("kept %+v, standing at %+v", kept, p.At())
	}
	advance(t, p, interval(3, 5))
	wantCount(t, docs, "A", 7)
}

func TestASecondProjectorIsFencedAndGoesOnAfterLookingAgain(t *testing.T) {
	docs := &projectiontest.Memory[tally]{}
	first, _ := projector(t, docs)
	second, _ := projector(t, docs)
	advance(t, first, interval(0, 1))
	if err := second.Advance(t.Context(), interval(0, 1)); !errors.Is(err, ErrFenced) {
		t.Fatal(err)
	}
	if err := second.Reload(t.Context(), "log"); err != nil {
		t.Fatal(err)
	}
	advance(t, second, interval(0, 2))
	wantCount(t, docs, "A", 3)
}

func TestAViewGoesBackToWhatItsHostStillHasAfterACrash(t *testing.T) {
	docs := &forgetful{Memory: &projectiontest.Memory[tally]{}}
	p, log := projector(t, docs)
	advance(t, p, interval(0, 1))
	docs.older = docs.Memory
	docs.Memory = &projectiontest.Memory[tally]{}
	if err := docs.Memory.Save(t.Context(), docs.older.Docs(), Checkpoint{}, p.At()); err != nil {
		t.Fatal(err)
	}
	advance(t, p, interval(1, 2), interval(2, 3)) // the third changes nothing
	if err := p.Reload(t.Context(), "log"); err != nil || p.At().At != 30 {
		t.Fatalf("nothing was lost, and it stands at %d: %v", p.At().At, err)
	}

	docs.Memory = docs.older
	if err := p.Reload(t.Context(), "log"); err != nil || p.At() != (Checkpoint{Log: "log", At: 10, Count: 1}) {
		t.Fatalf("it says it stands at %+v: %v", p.At(), err)
	}
	advance(t, p, Interval{Log: "log", From: 30, To: 30})
	wantCount(t, docs.Memory, "A", 3)
	if len(log.asked) != 1 || log.asked[0] != 10 {
		t.Errorf("it asked the log after %v", log.asked)
	}
}

// forgetful is a host that can lose what it kept last.
type forgetful struct {
	*projectiontest.Memory[tally]
	older *projectiontest.Memory[tally]
}

// lossy keeps a batch and loses the answer.
type lossy struct {
	*projectiontest.Memory[tally]
	lose bool
}

func (l *lossy) Keep(ctx context.Context, b Batch[tally]) error {
	err := l.Memory.Keep(ctx, b)
	if l.lose && err == nil {
		return errors.New("the answer was lost")
	}
	return err
}

func TestABatchWhoseAnswerWasLostIsAppliedOnce(t *testing.T) {
	docs := &lossy{Memory: &projectiontest.Memory[tally]{}, lose: true}
	p, _ := projector(t, docs)
	if err := p.Advance(t.Context(), interval(0, 2)); err == nil || p.At().At != 0 {
		t.Fatalf("it stands at %d: %v", p.At().At, err)
	}
	docs.lose = false
	if err := p.Advance(t.Context(), interval(0, 2)); !errors.Is(err, ErrFenced) {
		t.Fatal(err)
	}
	if err := p.Reload(t.Context(), "log"); err != nil {
		t.Fatal(err)
	}
	advance(t, p, interval(0, 2), interval(2, 4))
	wantCount(t, docs.Memory, "A", 7)
}

func TestWaitIsWokenByWhatQueriesCanSee(t *testing.T) {
	docs := &projectiontest.Memory[tally]{}
	p, _ := projector(t, docs)
	const waiters = 8
	seen := make(chan int, waiters)
	for range waiters {
		go func() {
			if err := p.Wait(t.Context(), 20); err != nil {
				t.Error(err)
			}
			got, _, _ := docs.Get(context.WithoutCancel(t.Context()), "A")
			seen <- got.Count
		}()
	}
	advance(t, p, interval(0, 1), interval(1, 2))
	for range waiters {
		if n := <-seen; n != 3 {
			t.Errorf("a waiter saw %d", n)
		}
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if err := p.Wait(ended, 30); !errors.Is(err, context.Canceled) {
		t.Errorf("waiting for what never comes: %v", err)
	}
}
