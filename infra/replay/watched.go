package replay

import (
	"context"
	"fmt"
	"sync/atomic"

	"tillstream/projections"
)

// watched is a host whose delays are told.
type watched[V any] struct {
	projections.Documents[V]
	progress atomic.Pointer[progress]
}

// Load implements projections.Documents.
func (w *watched[V]) Load(ctx context.Context, keys []string) (map[string]projections.Doc[V], error) {
	defer w.progress.Load().waits(fmt.Sprintf("Postgres, which loads %d keys", len(keys)))()
	return w.Documents.Load(ctx, keys)
}

// Keep implements projections.Documents.
func (w *watched[V]) Keep(ctx context.Context, b projections.Batch[V]) error {
	defer w.progress.Load().waits(fmt.Sprintf("Postgres, which keeps %d values", len(b.Changed)))()
	return w.Documents.Keep(ctx, b)
}

// Checkpoint implements projections.Documents.
func (w *watched[V]) Checkpoint(ctx context.Context) (projections.Checkpoint, error) {
	defer w.progress.Load().waits("Postgres, for the checkpoint")()
	return w.Documents.Checkpoint(ctx)
}
