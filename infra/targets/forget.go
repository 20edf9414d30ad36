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

// forgetErased deletes the key of everyone who asked to be forgotten, now and every minute: a crash between the fact and the
// deletion, or an erasure by another way than the gateway, leaves no key behind.
func forgetErased(ctx context.Context, v gateway.Views, keys gateway.Keys, log *slog.Logger) {
	customers := projections.Cond{Column: "erased", Op: projections.Eq, Value: true}
	guests := projections.Cond{Column: "type", Op: projections.Eq, Value: events.OrderGuestForgotten{}.Type()}
	tick := time.NewTicker(forgetEvery)
	defer tick.Stop()
	for {
		err := forgetAll(ctx, keys, v.Customers, customers, func(c projections.Customer) string { return events.CustomerSubject(c.CustomerID) })
		if err == nil {
			err = forgetAll(ctx, keys, v.AuditLog, guests, func(e projections.AuditEntry) string { return events.GuestSubject(e.OrderID) })
		}
		if err != nil && ctx.Err() == nil {
			log.Warn("a key of who asked to be forgotten could not be deleted yet", "err", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// forgetAll deletes the key of every subject that a view names.
func forgetAll[V any](ctx context.Context, keys gateway.Keys, view projections.Served[V], who projections.Cond, subject func(V) string) error {
	for q := (projections.Query{Where: []projections.Cond{who}, Limit: forgetPage}); ; {
		rows, err := view.List(ctx, q)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if err := keys.Forget(ctx, subject(row.Value)); err != nil {
				return err
			}
		}
		if len(rows) < forgetPage {
			return nil
		}
		q.After = rows[len(rows)-1].After
	}
}
