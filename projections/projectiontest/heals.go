package projectiontest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"tillstream/events"
	"tillstream/projections"
)

// Heals proves parking on a host: under any schedule of deliveries and crashes, keys that no poison touched equal a fresh
// fold, the others are parked with exactly what came for them and the value they had before; and once the folds are
// mended and the events readable, retries, crashes among them, end in what a fresh fold of everything makes. Each call of
// open answers a new generation.
func Heals(t *testing.T, schedules int, open func() projections.Documents[Sample]) {
	for name, c := range map[string]struct {
		poisoned, mended projections.View[Sample]
		unreadable       uint64 // one heard fact in so many; 0: none
	}{
		"poisoned folds":                       {Poisoned, Shelf, 0},
		"poisoned folds and unreadable events": {Poisoned, Shelf, 17},
		"indexed rules":                        {PoisonedTagged, Tagged, 0},
	} {
		t.Run(name, func(t *testing.T) {
			for seed := range schedules {
				h := healing{log: ShelfHistory(uint64(seed), 80), poisoned: c.poisoned, mended: c.mended, unreadable: c.unreadable,
					docs: open(), rand: rand.New(rand.NewPCG(uint64(seed), 1215))}
				if err := h.run(t.Context()); err != nil {
					t.Fatalf("schedule %d: %v", seed, err)
				}
			}
		})
	}
}

// healing is one history of a poisoned view and its mending.
type healing struct {
	log              []events.Recorded
	poisoned, mended projections.View[Sample]
	unreadable       uint64
	readable         bool // the binary that can decode everything runs
	docs             projections.Documents[Sample]
	rand             *rand.Rand
}

var errBytes = errors.New("bytes that mean nothing")

func (h *healing) run(ctx context.Context) error {
	told := len(h.log)/2 + h.rand.IntN(len(h.log)/2)
	if err := h.feed(ctx, h.poisoned, told); err != nil {
		return err
	}
	model := h.model(told)
	if err := model.equals(ctx, h.docs); err != nil {
		return fmt.Errorf("after %d facts: %w", told, err)
	}
	h.readable = true
	for {
		again, err := h.mend(ctx)
		if err != nil {
			return err
		}
		if !again {
			break
		}
	}
	if err := h.feed(ctx, h.mended, len(h.log)); err != nil {
		return err
	}
	if err := equals(ctx, h.docs, Folded(h.mended, h.log)); err != nil {
		return fmt.Errorf("after mending it is unlike a fresh fold: %w", err)
	}
	parked, err := h.docs.Parked(ctx, "", 1)
	if err == nil && len(parked) > 0 {
		err = fmt.Errorf("%+v is parked still", parked[0])
	}
	return err
}

// feed tells a view of the first facts of the log in intervals of any size, and crashes now and then.
func (h *healing) feed(ctx context.Context, view projections.View[Sample], facts int) error {
	for {
		p, err := projections.NewProjector(ctx, view, crashing[Sample]{h.docs, h.rand, &crashes{}}, poisonedLog{h}, logID)
		if err != nil {
			return err
		}
		for err == nil && p.At().Count < uint64(facts) {
			from := int(p.At().Count)
			err = p.Advance(ctx, h.interval(from, from+1+h.rand.IntN(facts-from)))
		}
		if err == nil {
			err = p.Flush(ctx)
		}
		if !errors.Is(err, errCrash) {
			return err
		}
	}
}

// mend retries what is parked, some of it while the rest of the log comes, and crashes now and then.
func (h *healing) mend(ctx context.Context) (again bool, err error) {
	p, err := projections.NewProjector(ctx, h.mended, crashing[Sample]{h.docs, h.rand, &crashes{}}, poisonedLog{h}, logID)
	if err != nil {
		return false, err
	}
	for {
		parked, err := p.ListParked(ctx, "", 1000)
		if err != nil || len(parked) == 0 {
			return false, err
		}
		k := parked[h.rand.IntN(len(parked))]
		_, err = p.RetryParked(ctx, k.Key, projections.Operator{Actor: events.Actor{Kind: "staff", ID: "anna"}})
		var follows *projections.FollowsError
		if n := int(p.At().Count); err == nil && n < len(h.log) && h.rand.IntN(2) == 0 {
			err = p.Advance(ctx, h.interval(n, n+1))
		}
		switch {
		case errors.Is(err, errCrash) && h.rand.IntN(2) == 0:
			return true, nil // the process ends
		case err != nil && !errors.Is(err, errCrash) && !errors.As(err, &follows):
			return false, fmt.Errorf("retry %q: %w", k.Key, err)
		}
	}
}

// broken tells whether the event cannot be decoded yet.
func (h *healing) broken(r events.Recorded) bool {
	return h.unreadable > 0 && !h.readable && uint64(r.Position)%h.unreadable == 0
}

func (h *healing) interval(from, to int) projections.Interval {
	i := projections.Interval{Log: logID}
	if from > 0 {
		i.From = h.log[from-1].Position
	}
	i.To = h.log[to-1].Position
	for _, r := range h.log[from:to] {
		if h.broken(r) {
			i.Broken = append(i.Broken, projections.Broken{Wire: r.Type(), Stream: r.Stream, Position: r.Position, Err: errBytes})
		} else {
			i.Facts = append(i.Facts, r)
		}
	}
	return i
}

// poisonedLog is the log as it can be read at the time.
type poisonedLog struct{ h *healing }

func (p poisonedLog) Between(_ context.Context, after, upTo events.Position) iter.Seq2[projections.Interval, error] {
	return func(yield func(projections.Interval, error) bool) {
		for n, r := range p.h.log {
			if r.Position > after && r.Position <= upTo && !yield(p.h.interval(n, n+1), nil) {
				return
			}
		}
	}
}

func (p poisonedLog) EventAt(_ context.Context, at events.Position) (projections.Interval, error) {
	n := slices.IndexFunc(p.h.log, func(r events.Recorded) bool { return r.Position == at })
	if n < 0 {
		return projections.Interval{}, fmt.Errorf("there is nothing at %d", at)
	}
	return p.h.interval(n, n+1), nil
}

// model is what parking means, fact by fact, without any host or batch.
type model struct {
	view   projections.View[Sample]
	docs   map[string]projections.Doc[Sample]
	parked map[string][]events.Position
}

func (h *healing) model(facts int) model {
	m := model{h.poisoned, map[string]projections.Doc[Sample]{}, map[string][]events.Position{}}
	for _, r := range h.log[:facts] {
		stream := projections.StreamKey(r.Stream)
		keys, known := m.keys(r)
		if !m.view.Hears(r.Type()) {
			continue
		}
		if h.broken(r) || !known {
			m.parked[stream] = append(m.parked[stream], r.Position)
			continue
		}
		for _, key := range keys {
			if m.parked[key] != nil || m.parked[stream] != nil || !m.fold(key, r) {
				m.parked[key] = append(m.parked[key], r.Position)
			}
		}
	}
	return m
}

// keys are what a fact touches, those it reaches by an index and every parked key that it may reach included.
func (m model) keys(r events.Recorded) (keys []string, known bool) {
	defer func() {
		if recover() != nil {
			keys, known = nil, false
		}
	}()
	named := map[string]bool{}
	for _, key := range m.view.Keys(r) {
		named[key] = true
	}
	if m.view.Name == Tagged.Name && (r.Type() == "product.categorised" || r.Type() == "stock.received") {
		for key := range m.docs {
			if m.reaches(key, r) {
				named[key] = true
			}
		}
		for key := range m.parked {
			named[key] = true
		}
	}
	return slices.Collect(maps.Keys(named)), true
}

// reaches tells whether an index leads from a fact to a value: whether it alone would change.
func (m model) reaches(key string, r events.Recorded) bool {
	doc := m.docs[key]
	var value string
	switch e := r.Event.(type) {
	case events.ProductCategorised:
		value = e.Category
	case events.StockReceived:
		value = e.Warehouse
	}
	return !projections.IsGone(doc.Value) && slices.Contains(doc.Value.Tags, value)
}

// fold folds a fact into one key; it is false when that fails, or makes what no host keeps.
func (m model) fold(key string, r events.Recorded) (done bool) {
	before := m.docs[key]
	now, err := m.view.FoldInto(key, before, r)
	if err != nil || now.Value.Units >= 1<<63 {
		return false
	}
	if now.Position != before.Position {
		m.docs[key] = now
	}
	return true
}

// equals compares a host with the model.
func (m model) equals(ctx context.Context, docs projections.Documents[Sample]) error {
	parked, err := docs.Parked(ctx, "", len(m.parked)+1)
	if err != nil {
		return err
	}
	remembered := map[string][]events.Position{}
	for _, k := range parked {
		if remembered[k.Key], err = docs.Remembered(ctx, k.Key, 0, k.Facts+1); err != nil {
			return err
		}
		if len(remembered[k.Key]) != k.Facts {
			return fmt.Errorf("%q counts %d facts and remembers %v", k.Key, k.Facts, remembered[k.Key])
		}
	}
	if !reflect.DeepEqual(remembered, m.parked) {
		return fmt.Errorf("parked are %v, not %v", remembered, m.parked)
	}
	return equals(ctx, docs, m.docs)
}
