package projectiontest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"testing"

	"tillstream/events"
	"tillstream/projections"
)

// schedulesInMemory is how many schedules of deliveries Converges tries of one history.
const schedulesInMemory = 350

// Converges proves that a view told of a history ends as one fold of it would, whatever the schedule of deliveries:
// lost, repeated, overlapping, out of order, in batches of any size, with crashes before and after a batch is kept.
func Converges[V any](t *testing.T, view projections.View[V], history []events.Recorded) {
	t.Helper()
	ConvergesOn(t, view, history, schedulesInMemory, func() projections.Documents[V] { return &Memory[V]{} })
}

// ConvergesOn proves the same of a host. Each call of open answers a new generation.
func ConvergesOn[V any](t *testing.T, view projections.View[V], history []events.Recorded, schedules int, open func() projections.Documents[V]) {
	t.Helper()
	want, crashes := Folded(view, history), &crashes{}
	for seed := range schedules {
		s := schedule[V]{
			view: view, log: history, docs: open(), crashes: crashes,
			rand: rand.New(rand.NewPCG(uint64(seed), 20101201)),
		}
		if err := s.run(t.Context()); err != nil {
			t.Fatalf("schedule %d of %s: %v", seed, view.Name, err)
		}
		if err := equals(t.Context(), s.docs, want); err != nil {
			t.Fatalf("schedule %d of %s ends unlike a fresh fold: %v", seed, view.Name, err)
		}
	}
	if len(history) > 0 && (crashes.before == 0 || crashes.after == 0) {
		t.Errorf("%d schedules of %s crashed %d times before a batch was kept and %d times after: too few to prove anything", schedules, view.Name,
			crashes.before, crashes.after)
	}
}

// crashes counts those before a batch is kept, and those after it is, of which the answer is lost.
type crashes struct{ before, after int }

// Folded folds a history fact by fact, without any host.
func Folded[V any](view projections.View[V], history []events.Recorded) map[string]projections.Doc[V] {
	docs := map[string]projections.Doc[V]{}
	for _, r := range history {
		for key, doc := range view.Fold(docs, []events.Recorded{r}) {
			docs[key] = doc
		}
	}
	return docs
}

// schedule tells a projector of intervals at random, and lets it crash.
type schedule[V any] struct {
	view projections.View[V]
	log  []events.Recorded
	docs projections.Documents[V]
	rand *rand.Rand

	crashes *crashes
}

const logID events.LogID = "log"

// crash stands for the end of a process in the middle of a batch.
var errCrash = errors.New("crashed")

func (s schedule[V]) run(ctx context.Context) error {
	projector, err := s.start(ctx)
	if err != nil {
		return err
	}
	for range s.rand.IntN(12) {
		step := func() error { return projector.Advance(ctx, s.anyInterval()) }
		if s.rand.IntN(4) == 0 {
			step = func() error { return projector.Flush(ctx) }
		}
		if err := step(); err == nil {
			continue
		} else if !errors.Is(err, errCrash) {
			return err
		}
		if s.rand.IntN(2) == 0 { // the process lives, and asks what became of the batch
			err = projector.Reload(ctx, logID)
		} else {
			projector, err = s.start(ctx)
		}
		if err != nil {
			return err
		}
	}
	// What was lost so far is told at last, to a process that lives.
	last, err := projections.NewProjector(ctx, s.view, s.docs, pagedLog[V]{s}, logID)
	if err != nil {
		return err
	}
	if err := last.Advance(ctx, s.interval(len(s.log), len(s.log))); err != nil {
		return err
	}
	if len(s.log) > 0 {
		if err := last.Advance(ctx, s.interval(len(s.log)-1, len(s.log))); err != nil {
			return err
		}
	}
	if at := last.At(); at.Count != uint64(len(s.log)) {
		return fmt.Errorf("it counts %d events of %d", at.Count, len(s.log))
	}
	return last.Flush(ctx)
}

func (s schedule[V]) start(ctx context.Context) (*projections.Projector[V], error) {
	return projections.NewProjector(ctx, s.view, crashing[V]{s.docs, s.rand, s.crashes}, pagedLog[V]{s}, logID)
}

func (s schedule[V]) anyInterval() projections.Interval {
	from := s.rand.IntN(len(s.log) + 1)
	return s.interval(from, from+s.rand.IntN(len(s.log)-from+1))
}

// interval is what the log holds from its from-th fact on, up to its to-th.
func (s schedule[V]) interval(from, to int) projections.Interval {
	return projections.Interval{Log: logID, From: s.position(from), To: s.position(to), Facts: slices.Clone(s.log[from:to])}
}

func (s schedule[V]) position(n int) events.Position {
	if n == 0 {
		return 0
	}
	return s.log[n-1].Position
}

// pagedLog is the log, read in pages of any size.
type pagedLog[V any] struct{ s schedule[V] }

func (p pagedLog[V]) Between(_ context.Context, after, upTo events.Position) iter.Seq2[projections.Interval, error] {
	return func(yield func(projections.Interval, error) bool) {
		from := slices.IndexFunc(p.s.log, func(r events.Recorded) bool { return r.Position > after })
		for from >= 0 && from < len(p.s.log) && p.s.log[from].Position <= upTo {
			to := from + 1
			for to < len(p.s.log) && p.s.log[to].Position <= upTo && p.s.rand.IntN(4) > 0 {
				to++
			}
			if !yield(p.s.interval(from, to), nil) {
				return
			}
			from = to
		}
	}
}

func (p pagedLog[V]) EventAt(_ context.Context, at events.Position) (projections.Interval, error) {
	for n, r := range p.s.log {
		if r.Position == at {
			return projections.Interval{Log: logID, From: at - 1, To: at, Facts: slices.Clone(p.s.log[n : n+1])}, nil
		}
	}
	return projections.Interval{}, fmt.Errorf("there is nothing at %d", at)
}

// crashing is a host that some batches never reach, and whose answer to some is lost.
type crashing[V any] struct {
	projections.Documents[V]
	rand    *rand.Rand
	crashes *crashes
}

func (c crashing[V]) Keep(ctx context.Context, b projections.Batch[V]) error {
	switch c.rand.IntN(5) {
	case 0:
		c.crashes.before++
		return errCrash
	case 1:
		if err := c.Documents.Keep(ctx, b); err != nil {
			return err
		}
		c.crashes.after++
		return errCrash
	}
	return c.Documents.Keep(ctx, b)
}

// Equal proves that a host keeps what it should and nothing else.
func Equal[V any](t *testing.T, docs projections.Documents[V], want map[string]projections.Doc[V]) {
	t.Helper()
	if err := equals(t.Context(), docs, want); err != nil {
		t.Error(err)
	}
}

// equals compares what a host keeps with what it should, tombstones and positions included.
func equals[V any](ctx context.Context, docs projections.Documents[V], want map[string]projections.Doc[V]) error {
	keys, found := []string{}, map[string]bool{}
	for key, doc := range want {
		keys = append(keys, key)
		found[key] = !projections.IsGone(doc.Value)
	}
	slices.Sort(keys)
	got, err := docs.Load(ctx, keys)
	if err != nil {
		return err
	}
	for _, key := range keys {
		is, err := json.Marshal(got[key])
		if err != nil {
			return err
		}
		should, err := json.Marshal(want[key])
		if err != nil {
			return err
		}
		if string(is) != string(should) {
			return fmt.Errorf("%q is\n%s, not\n%s", key, is, should)
		}
	}
	reader, is := docs.(projections.Reader[V])
	if !is {
		return nil
	}
	return onlyThese(ctx, reader, found)
}

// onlyThese looks for rows that are none of those wanted, and the other way round.
func onlyThese[V any](ctx context.Context, reader projections.Reader[V], want map[string]bool) error {
	listed := map[string]bool{}
	q := projections.Query{Limit: projections.LimitMost}
	for {
		rows, err := reader.List(ctx, q)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if !want[row.Key] {
				return fmt.Errorf("%q is there, and should not be", row.Key)
			}
			listed[row.Key] = true
		}
		if len(rows) < q.Limit {
			break
		}
		q.After = rows[len(rows)-1].After
	}
	for key, there := range want {
		if there && !listed[key] {
			return fmt.Errorf("%q is not listed", key)
		}
	}
	return nil
}
