package bench

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"tillstream/infra/bench/shop"
	"tillstream/infra/esdb"
)

// branchesMost write at once: each waits for its own append.
const branchesMost = 64

// Filled is what was written of a made-up shop.
type Filled struct {
	Events  int64   `json:"events"`
	Appends int64   `json:"appends"`
	Bytes   int64   `json:"bytes"` // of data and metadata
	Seconds float64 `json:"seconds"`
}

// fill records so many events of a shop by batch append, as many branches at once as there is work for. Each branch's
// facts are the same in every run; how those of different branches follow on each other is not.
func fill(ctx context.Context, store *esdb.Store, n int64, tell func(done int64)) (Filled, error) {
	began := time.Now()
	branches := max(1, min(branchesMost, n/1000))
	var appends, bytes, done atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	for i := range branches {
		share := n / branches
		if i < n%branches {
			share++
		}
		group.Go(func() error {
			return record(ctx, store, shop.NewBranch(int(i)), share, func(events, size int64) {
				appends.Add(1)
				bytes.Add(size)
				tell(done.Add(events))
			})
		})
	}
	if err := group.Wait(); err != nil {
		return Filled{}, fmt.Errorf("write the log: %w", err)
	}
	return Filled{Events: n, Appends: appends.Load(), Bytes: bytes.Load(), Seconds: time.Since(began).Seconds()}, nil
}

// record appends the first n events of a branch.
func record(ctx context.Context, store *esdb.Store, b *shop.Branch, n int64, told func(events, size int64)) error {
	for n > 0 {
		a, err := b.Next()
		if err != nil {
			return err
		}
		a.Facts = a.Facts[:min(int64(len(a.Facts)), n)]
		if _, err := store.Append(ctx, a.Stream, a.After, a.Facts); err != nil {
			return err
		}
		var size int64
		for _, f := range a.Facts {
			size += int64(len(f.Data) + len(f.Metadata))
		}
		told(int64(len(a.Facts)), size)
		n -= int64(len(a.Facts))
	}
	return nil
}
