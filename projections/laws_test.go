package projections_test

import (
	"strings"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tillstream/events"
	. "tillstream/projections"
)

// pagesAgree checks that a product's page says of every warehouse what the views of stock and prices say.
func pagesAgree(t *rapid.T, log []events.Recorded) {
	products, prices, levels := folded(Products, log), folded(Prices, log), folded(StockLevels, log)
	pages := folded(ProductPages, log)
	for sku, page := range pages {
		p := products[sku]
		if page.Name != p.Name || page.Category != p.Category || page.Discontinued != p.Discontinued || page.Rating != nil {
			t.Errorf("%s is %+v on its page, %+v in the catalog", sku, page, p)
		}
		for _, at := range page.Places {
			key := StockKey(at.Warehouse, sku)
			if l := levels[key]; at.OnHand != l.OnHand || at.Reserved != l.Reserved || !cmp.Equal(at.Reservations, l.Reservations) {
				t.Errorf("%s is %+v on its page, %+v in stock", key, at, l)
			}
			if list := events.PriceList(at.Prices); len(list) != len(prices[key].Windows) || len(list) > 0 && !cmp.Equal(list, prices[key].List()) {
				t.Errorf("%s costs %+v on its page, %+v by the list", key, at.Prices, prices[key].Windows)
			}
		}
	}
	for sku, p := range products {
		if _, shown := pages[sku]; !shown && p.SKU != "" && !p.RegisteredAt.IsZero() {
			t.Errorf("%s has no page", sku)
		}
	}
}

// daysAddUp checks that the days of a stock item come to its units on hand, and its columns to the day's sums.
func daysAddUp(t *rapid.T, log []events.Recorded) {
	moved := map[string]int64{}
	for key, d := range folded(DailyStockMovements, log) {
		in := d.Received + d.Returned + d.TransferredIn + d.AdjustedIn + d.CountedIn
		out := d.TransferredOut + d.Committed + d.AdjustedOut + d.CountedOut
		if d.UnitsIn != in || d.UnitsOut != out || !strings.HasSuffix(key, "/"+d.Day) {
			t.Errorf("%s does not add up: %+v", key, d)
		}
		moved[StockKey(d.Warehouse, d.SKU)] += d.UnitsIn - d.UnitsOut
	}
	for key, level := range folded(StockLevels, log) {
		if level.OnHand != moved[key] {
			t.Errorf("%s has %d units, its days come to %d", key, level.OnHand, moved[key])
		}
	}
}

// pointsAddUp checks that movements come to the account, and that each says what was there after it.
func pointsAddUp(t *rapid.T, log []events.Recorded) {
	active, pending := map[string]int64{}, map[string]int64{}
	rows := folded(LoyaltyStatement, log)
	for _, m := range rows {
		active[m.CustomerID] += m.ActivePoints
		pending[m.CustomerID] += m.PendingPoints
	}
	for id, a := range folded(LoyaltyAccounts, log) {
		if rows[id].ActiveAfter != a.Active || rows[id].PendingAfter != a.Pending || active[id] != a.Active || pending[id] != a.Pending {
			t.Errorf("%s has %d points and %d pending, its movements come to %d and %d, its last says %d and %d", id, a.Active, a.Pending,
				active[id], pending[id], rows[id].ActiveAfter, rows[id].PendingAfter)
		}
	}
}

// paymentsAddUp checks that movements of money come to what the orders say of theirs. What is held is left out: histories
// here authorize a payment twice, and a page keeps the last.
func paymentsAddUp(t *rapid.T, log []events.Recorded) {
	sums := map[string]PaymentMovement{}
	for _, m := range folded(PaymentMovements, log) {
		s := sums[m.OrderID]
		s.CapturedMinor += m.CapturedMinor
		s.RefundedMinor += m.RefundedMinor
		s.DisputedMinor += m.DisputedMinor
		sums[m.OrderID] = s
		if m.NetMinor != m.CapturedMinor-m.RefundedMinor {
			t.Errorf("a movement does not add up: %+v", m)
		}
	}
	for id, o := range folded(Orders, log) {
		s := sums[id]
		if s.CapturedMinor != o.CapturedMinor || s.RefundedMinor != o.RefundedMinor || s.DisputedMinor != o.DisputedMinor {
			t.Errorf("order %s has %+v on its page, its movements come to %+v", id, o.Payments, s)
		}
	}
}
