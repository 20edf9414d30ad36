package projections_test

import (
	"testing"

	"pgregory.net/rapid"

	"tillstream/events"
	. "tillstream/projections"
	"tillstream/projections/projectiontest"
)

func TestEveryViewConvergesUnderAnyDelivery(t *testing.T) {
	for seed := range 3 {
		log := history(rapid.Custom(invent).Example(seed)...)
		converges(t, Products, log)
		converges(t, ProductPages, log)
		converges(t, Prices, log)
		converges(t, StockLevels, log)
		converges(t, StockMovements, log)
		converges(t, DailyStockMovements, log)
		converges(t, StockLedger, log)
		converges(t, Customers, log)
		converges(t, CustomerProfiles, log)
		converges(t, Orders, log)
		converges(t, OrderLines, log)
		converges(t, CustomerOrders, log)
		converges(t, SalesFacts, log)
		converges(t, PaymentMovements, log)
		converges(t, CreditNotes, log)
		converges(t, LoyaltyAccounts, log)
		converges(t, LoyaltyStatement, log)
		converges(t, Imports, log)
	}
}

func converges[V any](t *testing.T, view View[V], log []events.Recorded) {
	t.Run(view.Name, func(t *testing.T) { projectiontest.Converges(t, view, log) })
}
