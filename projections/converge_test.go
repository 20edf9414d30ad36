package projections_test

import (
	"testing"

	"pgregory.net/rapid"

	"tillstream/events"
	. "tillstream/projections"
	"tillstream/projections/projectiontest"
)

// A thousand schedules of each view.
func TestEveryViewConvergesUnderAnyDelivery(t *testing.T) {
	var logs [][]events.Recorded
	for seed := range 3 {
		logs = append(logs, history(rapid.Custom(invent).Example(seed)...))
	}
	converged := map[string]bool{}
	for _, name := range []string{
		converges(t, Products, logs), converges(t, ProductPages, logs), converges(t, Prices, logs), converges(t, StockLevels, logs),
		converges(t, StockMovements, logs), converges(t, StockLedger, logs), converges(t, DailyStockMovements, logs), converges(t, Customers, logs), converges(t, CustomerProfiles, logs),
		converges(t, Orders, logs), converges(t, OrderLines, logs), converges(t, CustomerOrders, logs), converges(t, SalesFacts, logs),
		converges(t, PaymentMovements, logs), converges(t, CreditNotes, logs), converges(t, LoyaltyAccounts, logs), converges(t, LoyaltyStatement, logs),
		converges(t, ProcessStatuses, logs), converges(t, Imports, logs), converges(t, KeyedCommands, logs), converges(t, AuditLog, logs),
	} {
		converged[name] = true
	}
	for _, v := range Views() {
		if !converged[v.Name] {
			t.Errorf("%s was told of nothing", v.Name)
		}
	}
}

func converges[V any](t *testing.T, view View[V], logs [][]events.Recorded) (name string) {
	t.Run(view.Name, func(t *testing.T) {
		for _, log := range logs {
			projectiontest.Converges(t, view, log)
		}
	})
	return view.Name
}
