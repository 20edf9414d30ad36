package replay_test

import (
	"context"
	"fmt"
	"iter"
	"sync"

	"tillstream/events"
	"tillstream/projections"
)

const logID events.LogID = "log"

// memory is a log in this process, which can be made to fail, and tells who follows it.
type memory struct {
	mu     sync.Mutex
	facts  []events.Recorded
	grown  chan struct{}         // closed and replaced
	fails  error                 // of scans, while it is set
	passed func(events.Position) // told of each page that is scanned, before it is handed out; may be nil
}

func newMemory() *memory { return &memory{grown: make(chan struct{})} }

func (m *memory) record(stream string, facts ...events.Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range facts {
		at := events.Position(10 * (len(m.facts) + 1))
		m.facts = append(m.facts, events.Recorded{Event: e, ID: fmt.Sprint("id-", at), Stream: stream, Position: at})
	}
	close(m.grown)
	m.grown = make(chan struct{})
}

func (m *memory) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fails = err
}

func (m *memory) between(after, upTo events.Position) (list []events.Recorded, grown chan struct{}, fails error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range m.facts {
		if r.Position > after && r.Position <= upTo {
			list = append(list, r)
		}
	}
	return list, m.grown, m.fails
}

// Head implements replay.Log.
func (m *memory) Head(context.Context) (events.Position, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return events.Position(10 * len(m.facts)), nil
}

// Between implements projections.Log.
func (m *memory) Between(ctx context.Context, after, upTo events.Position) iter.Seq2[projections.Interval, error] {
	return m.Scan(ctx, after, upTo, 7, func(string) bool { return true })
}

// Scan implements replay.Log.
func (m *memory) Scan(_ context.Context, after, upTo events.Position, page int, heard func(string) bool) iter.Seq2[projections.Interval, error] {
	return func(yield func(projections.Interval, error) bool) {
		for after < upTo {
			list, _, fails := m.between(after, upTo)
			if fails != nil {
				yield(projections.Interval{}, fails)
				return
			}
			if len(list) == 0 {
				return
			}
			list = list[:min(page, len(list))]
			i := projections.Interval{Log: logID, From: after, To: list[len(list)-1].Position}
			for _, r := range list {
				if !heard(r.Type()) {
					r.Event = projections.Unheard(r.Type())
				}
				i.Facts = append(i.Facts, r)
			}
			if m.passed != nil {
				m.passed(i.To)
			}
			if !yield(i, nil) {
				return
			}
			after = i.To
		}
	}
}

// EventAt implements projections.Log.
func (m *memory) EventAt(_ context.Context, at events.Position) (projections.Interval, error) {
	list, _, _ := m.between(at-1, at)
	if len(list) == 0 {
		return projections.Interval{}, fmt.Errorf("there is nothing at %d", at)
	}
	return projections.Interval{Log: logID, From: at - 1, To: at, Facts: list}, nil
}

// Follow implements feed.Source.
func (m *memory) Follow(ctx context.Context, after events.Position, deliver func(projections.Interval) error) error {
	for {
		list, grown, _ := m.between(after, events.Position(1<<62))
		if len(list) > 0 {
			to := list[len(list)-1].Position
			if err := deliver(projections.Interval{Log: logID, From: after, To: to, Facts: list}); err != nil {
				return err
			}
			after = to
			continue
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
