package feed_test

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tillstream/events"
	"tillstream/infra/feed"
	"tillstream/projections"
	"tillstream/projections/projectiontest"
)

const logID events.LogID = "log"

// source delivers the intervals that a test puts into it.
type source chan projections.Interval

func (s source) Follow(ctx context.Context, after events.Position, deliver func(projections.Interval) error) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case i := <-s:
			if i.To <= after {
				continue
			}
			if err := deliver(i); err != nil {
				return err
			}
		}
	}
}

// follower stands where it was told to, unless it is stuck or fails.
type follower struct {
	name  string
	mu    sync.Mutex
	at    projections.Checkpoint
	told  []projections.Interval
	stuck chan struct{} // until closed, Advance hangs
	fails int           // so many times
	kept  projections.Checkpoint
}

var errData = errors.New("a value cannot be kept")

func (f *follower) Name() string { return f.name }

func (f *follower) At() projections.Checkpoint {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.at
}

func (f *follower) Advance(ctx context.Context, told projections.Interval) error {
	if f.stuck != nil {
		select {
		case <-f.stuck:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fails > 0 {
		f.fails--
		return errData
	}
	if told.To <= f.at.At {
		return nil
	}
	f.told = append(f.told, told)
	f.at.At, f.at.Count = told.To, f.at.Count+told.Count()
	return nil
}

func (f *follower) Reload(context.Context, events.LogID) error { return nil }

func (f *follower) Flush(context.Context) error { f.kept = f.At(); return nil }

// interval is one event at position to.
func interval(from, to events.Position) projections.Interval {
	return projections.Interval{Log: logID, From: from, To: to, Facts: []events.Recorded{{Position: to}}}
}

// run starts a hub with followers in a bubble of fake time; the returned function ends it.
func run(t *testing.T, s source, followers ...*follower) (*feed.Hub, func()) {
	t.Helper()
	hub := feed.New(s, logID, slog.New(slog.DiscardHandler))
	for _, f := range followers {
		hub.Add(f)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- hub.Run(ctx) }()
	return hub, func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("the hub ended with %v", err)
		}
	}
}

func TestEveryFollowerHearsEveryInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, one, other := make(source), &follower{name: "one"}, &follower{name: "other"}
		hub, stop := run(t, s, one, other)
		for at := events.Position(1); at <= 100; at++ {
			s <- interval(at-1, at)
		}
		synctest.Wait()
		for _, f := range []*follower{one, other} {
			if f.at.At != 100 || f.at.Count != 100 {
				t.Errorf("%s stands at %+v, not at 100 after 100 events", f.name, f.at)
			}
		}
		if head := hub.Head(); head.At != 100 || head.Count != 100 {
			t.Errorf("the hub has its head at %+v", head)
		}
		stop()
		if one.kept.At != 100 {
			t.Errorf("the checkpoint kept at the end is %+v", one.kept)
		}
	})
}

func TestAStuckFollowerHoldsNobodyBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, well, stuck := make(source), &follower{name: "well"}, &follower{name: "stuck", stuck: make(chan struct{})}
		hub, stop := run(t, s, stuck, well)
		for at := events.Position(1); at <= 200; at++ {
			s <- interval(at-1, at)
		}
		time.Sleep(200 * time.Millisecond) // the hub's patience, once
		synctest.Wait()
		if well.At().At != 200 {
			t.Fatalf("a stuck follower held the other at %d of 200", well.At().At)
		}
		if lag := hub.States()[0].Lag; lag != 200 {
			t.Errorf("the stuck follower lags by %d events, not 200", lag)
		}

		close(stuck.stuck)
		time.Sleep(2 * time.Second) // some beats later
		synctest.Wait()
		if last := stuck.told[len(stuck.told)-1]; stuck.At().At != 200 || last.To != 200 {
			t.Errorf("freed, it was told up to %d of 200: what its queue lost must be made good by a beat", last.To)
		}
		stop()
	})
}

func TestAFailingFollowerSaysWhyAndGoesOnByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, f := make(source), &follower{name: "f", fails: 3}
		hub, stop := run(t, s, f)
		s <- interval(0, 1)
		synctest.Wait()
		if state := hub.States()[0]; !errors.Is(state.Err, errData) || state.Lag != 1 {
			t.Fatalf("a failing follower is reported as %+v", state)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if state := hub.States()[0]; state.Err != nil || state.Lag != 0 || f.At().At != 1 {
			t.Errorf("its reason gone, it is reported as %+v", state)
		}
		stop()
	})
}

func TestCountsGoOnFromTheEarliestCheckpoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ahead := &follower{name: "ahead", at: projections.Checkpoint{Log: logID, At: 50, Count: 5}}
		behind := &follower{name: "behind", at: projections.Checkpoint{Log: logID, At: 30, Count: 3}}
		s := make(source)
		hub, stop := run(t, s, ahead, behind)
		s <- projections.Interval{Log: logID, From: 30, To: 50, Facts: []events.Recorded{{Position: 40}, {Position: 50}}}
		s <- interval(50, 60)
		synctest.Wait()
		if head := hub.Head(); head.Count != 6 {
			t.Errorf("the log holds %d events up to 60, not 6", head.Count)
		}
		for _, state := range hub.States() {
			if state.Lag != 0 {
				t.Errorf("%s lags by %d", state.Name, state.Lag)
			}
		}
		stop()
	})
}

// forgetful is a host that can lose what it kept last, as one that crashed does.
type forgetful struct {
	projections.ParkedKeys // never any
	atomic.Pointer[projectiontest.Memory[counted]]
}

func (f *forgetful) Load(ctx context.Context, keys []string) (map[string]projections.Doc[counted], error) {
	return f.Pointer.Load().Load(ctx, keys)
}

func (f *forgetful) Indexed(ctx context.Context, entries []projections.Entry) (map[projections.Entry][]string, error) {
	return f.Pointer.Load().Indexed(ctx, entries)
}

func (f *forgetful) Keep(ctx context.Context, b projections.Batch[counted]) error {
	return f.Pointer.Load().Keep(ctx, b)
}

func (f *forgetful) Checkpoint(ctx context.Context) (projections.Checkpoint, error) {
	return f.Pointer.Load().Checkpoint(ctx)
}

type counted struct{ N int }

// stored is a log of two receipts, at 10 and 20.
type stored struct{}

func (stored) fact(at events.Position) events.Recorded {
	return events.Recorded{Event: events.StockReceived{SKU: "A", Quantity: 1}, Position: at}
}

func (s stored) Between(_ context.Context, after, upTo events.Position) iter.Seq2[projections.Interval, error] {
	return func(yield func(projections.Interval, error) bool) {
		for at := after + 10; at <= upTo; at += 10 {
			if !yield(projections.Interval{Log: logID, From: at - 10, To: at, Facts: []events.Recorded{s.fact(at)}}, nil) {
				return
			}
		}
	}
}

func (s stored) EventAt(_ context.Context, at events.Position) (projections.Interval, error) {
	return projections.Interval{Log: logID, From: at - 1, To: at, Facts: []events.Recorded{s.fact(at)}}, nil
}

func TestAViewWhoseHostLostABatchReadsItAgainThoughNothingHappens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		view := projections.Define("counted", 1, projections.On(func(e events.StockReceived) []string { return []string{e.SKU} },
			func(c counted, _ string, _ projections.Fact[events.StockReceived]) counted { c.N++; return c }))
		host := &forgetful{ParkedKeys: &projectiontest.Memory[counted]{}}
		host.Store(&projectiontest.Memory[counted]{})
		p, err := projections.NewProjector(t.Context(), view, host, stored{}, logID)
		if err != nil {
			t.Fatal(err)
		}
		s := make(source)
		hub := feed.New(s, logID, slog.New(slog.DiscardHandler))
		hub.Add(p)
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- hub.Run(ctx) }()
		s <- projections.Interval{Log: logID, To: 20, Facts: []events.Recorded{stored{}.fact(10), stored{}.fact(20)}}
		synctest.Wait()
		if p.At().At != 20 {
			t.Fatalf("it stands at %d", p.At().At)
		}

		empty := &projectiontest.Memory[counted]{}
		host.Store(empty)
		time.Sleep(3 * time.Second)
		synctest.Wait()

		if got, _, err := empty.Get(t.Context(), "A"); err != nil || got.N != 2 || p.At().At != 20 {
			t.Errorf("it counts %d at %d: %v", got.N, p.At().At, err)
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
