package projections

import (
	"context"

	"tillstream/events"
)

// Documents is what a host offers to hold one generation of a view. A batch is loaded at once and kept at once.
type Documents[V any] interface {
	// Load answers what is known of the keys, tombstones included; a key never seen is absent.
	Load(ctx context.Context, keys []string) (map[string]Doc[V], error)
	// Indexed answers the keys that stand under each of the entries.
	Indexed(ctx context.Context, entries []Entry) (map[Entry][]string, error)
	// Keep keeps all of a batch, or nothing. It fails with ErrFenced when the checkpoint kept is not b.From: another
	// projector feeds the generation; with a *DataError when a value cannot be kept, whatever one tries. After any other
	// error it is unknown whether the batch is kept: the checkpoint tells. What operators did is durable when it returns.
	Keep(ctx context.Context, b Batch[V]) error
	// Checkpoint answers what Keep kept last; the zero Checkpoint for a new generation.
	Checkpoint(ctx context.Context) (Checkpoint, error)
	ParkedKeys
}

// Batch is what a host keeps together.
type Batch[V any] struct {
	Changed  map[string]Doc[V]
	Known    map[string]Doc[V] // what Load answered before; a changed key that is not among them was never kept. nil: nobody asked
	Indexed  []IndexChange
	Parked   Parked
	From, To Checkpoint
}

// ParkedKeys reads what is parked in one generation.
type ParkedKeys interface {
	// Parked lists parked keys in the order of their bytes, from a key on.
	Parked(ctx context.Context, from string, limit int) ([]ParkedKey, error)
	// Remembered lists the positions that a parked key remembers after one, in order.
	Remembered(ctx context.Context, key string, after events.Position, limit int) ([]events.Position, error)
	// Operations lists what operators did last, the newest first.
	Operations(ctx context.Context, limit int) ([]Operation, error)
}

// OperationsMost is how many operations a host keeps of a generation, the newest.
const OperationsMost = 1000
