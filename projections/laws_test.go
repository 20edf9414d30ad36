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

// pricesAreKnownAsTheyWere checks that a price list of an earlier record time is the one that was folded by then.
func pricesAreKnownAsTheyWere(t *rapid.T, log []events.Recorded) {
	now := folded(Prices, log)
	n := rapid.IntRange(1, len(log)).Draw(t, "facts known")
	recorded := log[n-1].Rec
	then := folded(Prices, log[:n])
	for key, p := range now {
		if got, want := p.KnownAt(recorded).Windows, then[key].Windows; len(got)+len(want) > 0 && !cmp.Equal(got, want) {
			t.Errorf("of %s was known %+v, then it was %+v", key, got, want)
		}
	}
}

// daysAddUp checks that the days of a stock item come to its units on hand, their columns to the day's sums, and the
// entries of a day to both, all of them recorded when the day says.
func daysAddUp(t *rapid.T, log []events.Recorded) {
	moved, days, of := map[string]int64{}, folded(DailyStockMovements, log), map[string]DailyStockMovement{}
	for _, e := range folded(StockLedger, log) {
		d := of[e.DayKey]
		d.UnitsIn += e.OnHand
		d.Reserved += e.Reserved
		of[e.DayKey] = d
		if day := days[e.DayKey]; e.RecordedAt.Before(day.FirstRecordedAt) || e.RecordedAt.After(day.LastRecordedAt) {
			t.Errorf("%+v was recorded otherwise than %+v", e, day)
		}
	}
	for key, d := range days {
		in := d.Received + d.Returned + d.TransferredIn + d.AdjustedIn + d.CountedIn
		out := d.TransferredOut + d.Committed + d.AdjustedOut + d.CountedOut
		if d.UnitsIn != in || d.UnitsOut != out || !strings.HasSuffix(key, "/"+d.Day) {
			t.Errorf("%s does not add up: %+v", key, d)
		}
		if entries := of[key]; entries.UnitsIn != in-out || entries.Reserved != d.Reserved {
			t.Errorf("%s is %+v, its entries come to %+v", key, d, entries)
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
