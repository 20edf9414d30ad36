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
	Fail  func(stream string) error // asked before each append; an error leaves its outcome unknown to the caller
}

// NewMemory is an empty store that knows every event of the shop.
func NewMemory() *Memory { return &Memory{codec: events.Catalog()} }

// Record appends facts to a stream as they are, whatever it holds.
func (m *Memory) Record(stream string, meta events.Meta, facts ...events.Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range facts {
		at := events.Position(len(m.all) + 1)
		m.all = append(m.all, events.Recorded{Event: e, Meta: meta, ID: fmt.Sprint("given-", at), Stream: stream,
			Revision: uint64(len(m.of(stream))), Position: at})
	}
}

// All lists every recorded fact in order.
func (m *Memory) All() []events.Recorded {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]events.Recorded(nil), m.all...)
}

func (m *Memory) of(stream string) (found []events.Recorded) {
	for _, r := range m.all {
		if r.Stream == stream {
			found = append(found, r)
		}
	}
	return found
}

// Read implements commands.Store.
func (m *Memory) Read(_ context.Context, stream string, from uint64) iter.Seq2[events.Recorded, error] {
	m.mu.Lock()
	history := m.of(stream)
	m.mu.Unlock()
	return func(yield func(events.Recorded, error) bool) {
		for _, r := range history {
			if r.Revision >= from && !yield(r, nil) {
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
	history := m.of(stream)
	if repeated(history, after, facts) {
		last := history[after+int64(len(facts))]
		return commands.Appended{Position: last.Position, Revision: last.Revision}, nil
	}
	if actual := int64(len(history)) - 1; actual != after {
		return commands.Appended{}, &commands.ConflictError{Stream: stream, Expected: after, Actual: actual}
	}
	for i, d := range facts {
		r, err := m.stored(d)
		if err != nil {
			return commands.Appended{}, err
		}
		r.Stream, r.Revision, r.Position = stream, uint64(after+1)+uint64(i), events.Position(len(m.all)+1)
		m.all = append(m.all, r)
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
