// Package projectiontest proves views and the hosts that keep them: one contract for every host, and a host in memory.
package projectiontest

import (
	"context"
	"fmt"
	"reflect"
	"sync"

	"tillstream/projections"
)

// Memory holds one generation of a view in this process. It is projections.Documents and projections.Reader, and the
// zero value is a new generation.
type Memory[V any] struct {
	mu         sync.Mutex
	checkpoint projections.Checkpoint
	docs       map[string]projections.Doc[V]
	indexes    map[projections.Entry]map[string]bool
	parked     map[string]*parkedKey
	operations []projections.Operation
	plain      func(V, projections.Column) string
	refuses    func(key string, value V) error
}

var (
	_ projections.Documents[struct{}] = (*Memory[struct{}])(nil)
	_ projections.Reader[struct{}]    = (*Memory[struct{}])(nil)
)

// Opening answers a host whose opened columns are searched by what open makes of a sealed field.
func Opening[V any](open func(V, projections.Column) string) *Memory[V] {
	return &Memory[V]{plain: open}
}

// Load answers what is kept of the keys.
func (m *Memory[V]) Load(ctx context.Context, keys []string) (map[string]projections.Doc[V], error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	found := map[string]projections.Doc[V]{}
	for _, key := range keys {
		if doc, there := m.docs[key]; there {
			found[key] = doc
		}
	}
	return found, ctx.Err()
}

// Refuse has the host keep no value from now on of which refuse fails.
func (m *Memory[V]) Refuse(refuse func(key string, value V) error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.refuses = refuse
}

// Save keeps documents and checkpoint together, or neither.
func (m *Memory[V]) Save(ctx context.Context, changed map[string]projections.Doc[V], from, to projections.Checkpoint) error {
	return m.Keep(ctx, projections.Batch[V]{Changed: changed, From: from, To: to})
}

// Keep keeps all of a batch, or nothing.
func (m *Memory[V]) Keep(ctx context.Context, b projections.Batch[V]) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if m.checkpoint != b.From {
		return projections.ErrFenced
	}
	for key, doc := range b.Changed {
		if err := m.storable(key, doc.Value); err != nil {
			return err
		}
	}
	if m.docs == nil {
		m.docs = map[string]projections.Doc[V]{}
	}
	for key, doc := range b.Changed {
		m.docs[key] = doc
	}
	m.index(b.Indexed)
	m.park(b.Parked)
	m.checkpoint = b.To
	return nil
}

// Checkpoint answers what Save kept last.
func (m *Memory[V]) Checkpoint(ctx context.Context) (projections.Checkpoint, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.checkpoint, ctx.Err()
}

// Docs is a copy of all that is kept, tombstones included.
func (m *Memory[V]) Docs() map[string]projections.Doc[V] {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := make(map[string]projections.Doc[V], len(m.docs))
	for key, doc := range m.docs {
		all[key] = doc
	}
	return all
}

// storable refuses what the contract says no host has to keep, and what this one was made to refuse.
func (m *Memory[V]) storable(key string, value V) error {
	v := reflect.ValueOf(value)
	for _, c := range projections.Columns[V]() {
		if field := v.Field(c.Field); c.Kind == projections.IntColumn && field.CanUint() && field.Uint() > 1<<63-1 {
			return &projections.DataError{Key: key, Column: c.Name, Err: fmt.Errorf("a number beyond 63 bits")}
		}
	}
	if m.refuses != nil {
		if err := m.refuses(key, value); err != nil {
			return &projections.DataError{Key: key, Err: err}
		}
	}
	return nil
}
