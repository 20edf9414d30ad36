package commandtest

import (
	"context"
	"fmt"
	"iter"
	"sync"

	"tillstream/commands"
	"tillstream/events"
)

// Memory is a commands.Store in memory: the adapter to use in tests of decisions. It is safe for concurrent use.
type Memory struct {
	mu    sync.Mutex
	codec *events.Codec
	all   []events.Recorded
	by    map[string][]events.Recorded // stream → its facts
	Fail  func(stream string) error    // asked before each append; an error leaves its outcome unknown to the caller
}

// NewMemory is an empty store that knows every event of the shop.
func NewMemory() *Memory { return &Memory{codec: events.Catalog(), by: map[string][]events.Recorded{}} }

// Record appends facts to a stream as they are, whatever it holds.
func (m *Memory) Record(stream string, meta events.Meta, facts ...events.Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range facts {
		m.add(events.Recorded{Event: e, Meta: meta, ID: fmt.Sprint("given-", len(m.all)+1), Stream: stream})
	}
}

// All lists every recorded fact in order.
func (m *Memory) All() []events.Recorded {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]events.Recorded(nil), m.all...)
}

// add gives a fact its place and keeps it.
func (m *Memory) add(r events.Recorded) {
	r.Revision, r.Position = uint64(len(m.by[r.Stream])), events.Position(len(m.all)+1)
	m.all = append(m.all, r)
	m.by[r.Stream] = append(m.by[r.Stream], r)
}

// Read implements commands.Store.
func (m *Memory) Read(_ context.Context, stream string, from uint64) iter.Seq2[events.Recorded, error] {
	m.mu.Lock()
	history := m.by[stream]
	m.mu.Unlock()
	return func(yield func(events.Recorded, error) bool) {
		for _, r := range history[min(from, uint64(len(history))):] {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// Append implements commands.Store.
func (m *Memory) Append(_ context.Context, stream string, after int64, facts []commands.Draft) (commands.Appended, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.Fail != nil {
		if err := m.Fail(stream); err != nil {
			return commands.Appended{}, err
		}
	}
	history := m.by[stream]
	if repeated(history, after, facts) {
		last := history[after+int64(len(facts))]
		return commands.Appended{Position: last.Position, Revision: last.Revision}, nil
	}
	if actual := int64(len(history)) - 1; actual != after {
		return commands.Appended{}, &commands.ConflictError{Stream: stream, Expected: after, Actual: actual}
	}
	stored := make([]events.Recorded, len(facts))
	for i, d := range facts {
		var err error
		if stored[i], err = m.stored(d); err != nil {
			return commands.Appended{}, fmt.Errorf("%w: %w", commands.ErrNotRecorded, err)
		}
		stored[i].Stream = stream
	}
	for _, r := range stored {
		m.add(r)
	}
	return commands.Appended{Position: events.Position(len(m.all)), Revision: uint64(after) + uint64(len(facts))}, nil
}

func (m *Memory) stored(d commands.Draft) (r events.Recorded, err error) {
	r.ID = d.ID
	if r.Event, err = m.codec.Decode(d.Type, d.Data); err != nil {
		return r, err
	}
	r.Meta, err = events.DecodeMeta(d.Metadata)
	return r, err
}

func repeated(history []events.Recorded, after int64, facts []commands.Draft) bool {
	if after+int64(len(facts)) >= int64(len(history)) {
		return false
	}
	for i, d := range facts {
		if history[after+1+int64(i)].ID != d.ID {
			return false
		}
	}
	return true
}
