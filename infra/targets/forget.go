package targets

import (
	"context"
	"log/slog"
	"time"

	"tillstream/events"
	"tillstream/gateway"
	"tillstream/projections"
)

const (
	forgetPage  = 500
	forgetEvery = time.Minute
)

// forgetErased deletes the key of everyone who was erased, now and every minute: a crash between the fact and the
// deletion, or an erasure by another way than the gateway, leaves no key behind.
func forgetErased(ctx context.Context, customers projections.Served[projections.Customer], keys gateway.Keys, log *slog.Logger) {
	tick := time.NewTicker(forgetEvery)
	defer tick.Stop()
	var after []any
	for {
		rows, err := customers.List(ctx, projections.Query{Where: []projections.Cond{{Column: "erased", Op: projections.Eq, Value: true}},
			After: after, Limit: forgetPage})
		for _, row := range rows {
			if err = keys.Forget(ctx, events.CustomerSubject(row.Key)); err != nil {
				break
			}
			after = row.After
		}
		if err != nil && ctx.Err() == nil {
			log.Warn("a key of an erased customer could not be deleted yet", "err", err)
		}
		if err == nil && len(rows) == forgetPage {
			continue
		}
		after = nil
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
