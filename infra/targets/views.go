package targets

import (
	"context"

	"tillstream/events"
	"tillstream/gateway"
	"tillstream/infra/replay"
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

// Views brings every view up where its checkpoint stands, and has it follow the log.
func Views(ctx context.Context, all *replay.Views) (v gateway.Views, err error) {
	for _, bring := range []func() error{
		func() error { return serve(ctx, all, projections.Products, &v.Products) },
		func() error { return serve(ctx, all, projections.ProductPages, &v.ProductPages) },
		func() error { return serve(ctx, all, projections.Prices, &v.Prices) },
		func() error { return serve(ctx, all, projections.StockLevels, &v.StockLevels) },
		func() error { return serve(ctx, all, projections.StockMovements, &v.StockMovements) },
		func() error { return serve(ctx, all, projections.DailyStockMovements, &v.DailyStockMovements) },
		func() error { return serve(ctx, all, projections.StockLedger, &v.StockLedger) },
		func() error { return serve(ctx, all, projections.Customers, &v.Customers) },
		func() error { return serve(ctx, all, projections.CustomerProfiles, &v.CustomerProfiles) },
		func() error { return serve(ctx, all, projections.CustomerOrders, &v.CustomerOrders) },
		func() error { return serve(ctx, all, projections.Orders, &v.Orders) },
		func() error { return serve(ctx, all, projections.OrderLines, &v.OrderLines) },
		func() error { return serve(ctx, all, projections.PaymentMovements, &v.PaymentMovements) },
		func() error { return serve(ctx, all, projections.CreditNotes, &v.CreditNotes) },
		func() error { return serve(ctx, all, projections.SalesFacts, &v.SalesFacts) },
		func() error { return serve(ctx, all, projections.LoyaltyAccounts, &v.LoyaltyAccounts) },
		func() error { return serve(ctx, all, projections.LoyaltyStatement, &v.LoyaltyStatement) },
		func() error { return serve(ctx, all, projections.ProcessStatuses, &v.ProcessStatuses) },
		func() error { return serve(ctx, all, projections.Imports, &v.Imports) },
		func() error { return serve(ctx, all, projections.KeyedCommands, &v.KeyedCommands) },
		func() error { return serve(ctx, all, projections.AuditLog, &v.AuditLog) },
	} {
		if err := bring(); err != nil {
			return v, err
		}
	}
	return v, nil
}

func serve[V any](ctx context.Context, all *replay.Views, view projections.View[V], into *projections.Served[V]) error {
	switchboard, err := replay.Serve(ctx, all, view)
	if err != nil {
		return err
	}
	*into = switchboard
	return nil
}
