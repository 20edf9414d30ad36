package projections_test

import (
	"testing"
	"time"

	"tillstream/events"
	. "tillstream/projections"
)

var (
	monday  = time.Date(2010, 12, 6, 0, 0, 0, 0, time.UTC)
	tuesday = monday.AddDate(0, 0, 1)
	friday  = monday.AddDate(0, 0, 4)

	listed = events.PriceSet{PriceID: "p1", SKU: "85123A", Warehouse: "UK", Unit: price(255), ValidFrom: monday}
	sale   = events.PriceSet{PriceID: "p2", SKU: "85123A", Warehouse: "UK", Unit: price(200), ValidFrom: tuesday, ValidUntil: &friday}
)

func window(e events.PriceSet) events.PriceWindow {
	return events.PriceWindow{PriceID: e.PriceID, Unit: e.Unit, From: e.ValidFrom, Until: e.ValidUntil}
}

func TestPrices(t *testing.T) {
	shortened := window(sale)
	shortened.Until = &tuesday
	known := dawn.Add(time.Hour)
	specify(t, Prices, []spec[Price]{
		{name: "opens the list", key: "UK/85123A", when: listed,
			then: columns{"sku": "85123A", "warehouse": "UK", "windows": []ListedPrice{{PriceWindow: window(listed), SetAt: known}}}},
		{name: "adds to the list, in the order they were set", key: "UK/85123A", given: []events.Event{sale}, when: listed,
			then: columns{"windows": []ListedPrice{{PriceWindow: window(sale), SetAt: known},
				{PriceWindow: window(listed), SetAt: known.Add(time.Minute)}}}},
		{name: "ends one window and says when it was set, not ended", key: "UK/85123A", given: []events.Event{sale},
			when: events.PriceWithdrawn{PriceID: "p2", SKU: "85123A", Warehouse: "UK", Until: tuesday},
			then: columns{"windows": []ListedPrice{{PriceWindow: shortened, SetAt: known, SetUntil: &friday, Ends: []PriceEnd{{tuesday, known.Add(time.Minute)}}}}}},
	})
}

func TestThePriceThatHoldsIsTheLatestToBegin(t *testing.T) {
	list := folded(Prices, history(sale, listed))["UK/85123A"]
	for _, c := range []struct {
		at    time.Time
		price string
	}{
		{monday.Add(-time.Second), ""},
		{monday, "p1"},
		{tuesday, "p2"},
		{friday.Add(-time.Microsecond), "p2"},
		{friday, "p1"},
	} {
		w, ok := list.At(c.at, "GBP")
		if w.PriceID != c.price || ok != (c.price != "") {
			t.Errorf("at %v: %q holds, want %q", c.at, w.PriceID, c.price)
		}
	}
	if w, ok := list.At(tuesday, "EUR"); ok {
		t.Errorf("a price in pounds holds for euros: %v", w)
	}
}
