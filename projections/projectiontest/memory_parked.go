package projectiontest

import (
	"context"
	"maps"
	"slices"

	"tillstream/events"
	"tillstream/projections"
)

// parkedKey is a parked key with the positions it remembers.
type parkedKey struct {
	projections.ParkedKey
	facts []events.Position
}

func (m *Memory[V]) index(changes []projections.IndexChange) {
	if m.indexes == nil {
		m.indexes = map[projections.Entry]map[string]bool{}
	}
	for _, c := range changes {
		switch {
		case c.Removed:
			delete(m.indexes[c.Entry], c.Key)
		case m.indexes[c.Entry] == nil:
			m.indexes[c.Entry] = map[string]bool{c.Key: true}
		default:
			m.indexes[c.Entry][c.Key] = true
		}
	}
}

// Indexed answers the keys that stand under each of the entries.
func (m *Memory[V]) Indexed(ctx context.Context, entries []projections.Entry) (map[projections.Entry][]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	found := map[projections.Entry][]string{}
	for _, e := range entries {
		if keys := slices.Sorted(maps.Keys(m.indexes[e])); len(keys) > 0 {
			found[e] = keys
		}
	}
	return found, ctx.Err()
}

func (m *Memory[V]) park(change projections.Parked) {
	if m.parked == nil {
		m.parked = map[string]*parkedKey{}
	}
	for _, key := range change.Released {
		delete(m.parked, key)
	}
	for _, k := range change.Parked {
		if m.parked[k.Key] == nil {
			m.parked[k.Key] = &parkedKey{}
		}
		m.parked[k.Key].ParkedKey = k
	}
	for key, facts := range change.Remembered {
		m.parked[key].facts = append(m.parked[key].facts, facts...)
	}
	if change.Done != nil {
		m.operations = append(m.operations, *change.Done)
	}
}

// Parked lists parked keys from a key on.
func (m *Memory[V]) Parked(ctx context.Context, from string, limit int) (list []projections.ParkedKey, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, key := range slices.Sorted(maps.Keys(m.parked)) {
		if key >= from && len(list) < limit {
			k := m.parked[key].ParkedKey
			k.Facts = len(m.parked[key].facts)
			list = append(list, k)
		}
	}
	return list, ctx.Err()
}

// Remembered lists the positions that a parked key remembers after one.
func (m *Memory[V]) Remembered(ctx context.Context, key string, after events.Position, limit int) (list []events.Position, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if k := m.parked[key]; k != nil {
		for _, at := range k.facts {
			if at > after && len(list) < limit {
				list = append(list, at)
			}
		}
	}
	return list, ctx.Err()
}

// Operations lists what operators did last, the newest first.
func (m *Memory[V]) Operations(ctx context.Context, limit int) ([]projections.Operation, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := slices.Clone(m.operations)
	slices.Reverse(list)
	return list[:min(limit, len(list))], ctx.Err()
}
