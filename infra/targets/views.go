package targets

import (
	"context"
	"fmt"

	"tillstream/events"
	"tillstream/gateway"
	"tillstream/infra/postgres"
	"tillstream/projections"
)

// opener opens sealed data for the columns that staff search.
type opener struct{ keys gateway.Keys }

// Open implements postgres.Opener.
func (o opener) Open(ctx context.Context, sealed events.Sealed, field string) (string, error) {
	key, err := o.keys.Open(ctx, sealed.Subject, sealed.Key)
	if err != nil {
		return "", err
	}
	plain, err := sealed.Open(key, field)
	return string(plain), err
}

// served is a view with its rows and its projector.
type served[V any] struct {
	*postgres.Rows[V]
	*projections.Projector[V]
}

// views brings every view up where its checkpoint stands, and has it follow the hub.
func views(ctx context.Context, db *postgres.DB, l *log, keys gateway.Keys, b *board) (v gateway.Views, err error) {
	open := opener{keys}
	var forAnalysts projections.Served[projections.CustomerProfile] // who read it under its stable name, not through the gateway
	for _, bring := range []func() error{
		func() error { return serve(ctx, db, l, open, b, projections.Products, &v.Products) },
		func() error { return serve(ctx, db, l, open, b, projections.ProductPages, &v.ProductPages) },
		func() error { return serve(ctx, db, l, open, b, projections.Prices, &v.Prices) },
		func() error { return serve(ctx, db, l, open, b, projections.StockLevels, &v.StockLevels) },
		func() error { return serve(ctx, db, l, open, b, projections.StockMovements, &v.StockMovements) },
		func() error {
			return serve(ctx, db, l, open, b, projections.DailyStockMovements, &v.DailyStockMovements)
		},
		func() error { return serve(ctx, db, l, open, b, projections.Customers, &v.Customers) },
		func() error { return serve(ctx, db, l, open, b, projections.CustomerProfiles, &forAnalysts) },
		func() error { return serve(ctx, db, l, open, b, projections.CustomerOrders, &v.CustomerOrders) },
		func() error { return serve(ctx, db, l, open, b, projections.Orders, &v.Orders) },
		func() error { return serve(ctx, db, l, open, b, projections.OrderLines, &v.OrderLines) },
		func() error { return serve(ctx, db, l, open, b, projections.PaymentMovements, &v.PaymentMovements) },
		func() error { return serve(ctx, db, l, open, b, projections.CreditNotes, &v.CreditNotes) },
		func() error { return serve(ctx, db, l, open, b, projections.SalesFacts, &v.SalesFacts) },
		func() error { return serve(ctx, db, l, open, b, projections.LoyaltyAccounts, &v.LoyaltyAccounts) },
		func() error { return serve(ctx, db, l, open, b, projections.LoyaltyStatement, &v.LoyaltyStatement) },
		func() error { return serve(ctx, db, l, open, b, projections.ProcessStatuses, &v.ProcessStatuses) },
		func() error { return serve(ctx, db, l, open, b, projections.Imports, &v.Imports) },
		func() error { return serve(ctx, db, l, open, b, projections.AuditLog, &v.AuditLog) },
	} {
		if err := bring(); err != nil {
			return v, err
		}
	}
	return v, nil
}

func serve[V any](ctx context.Context, db *postgres.DB, l *log, open opener, b *board, view projections.View[V], into *projections.Served[V]) error {
	rows, err := postgres.Serve(ctx, db, view, open)
	if err != nil {
		return fmt.Errorf("view %s: %w", view.Name, err)
	}
	projector, err := projections.NewProjector(ctx, view, rows, l, l.id)
	if err != nil {
		return fmt.Errorf("view %s: %w", view.Name, err)
	}
	b.generations[view.Name] = rows.Generation()
	b.parkings.add(rows.Generation().Table, projector)
	b.hub.Add(projector)
	*into = served[V]{rows, projector}
	return nil
}
