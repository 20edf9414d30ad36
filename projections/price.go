package projections

import (
	"time"

	"tillstream/events"
)

// Price answers what a SKU costs at a warehouse, and when.
type Price struct {
	SKU       string `col:",index"`
	Warehouse string
	Windows   []ListedPrice // the prices, in the order they were set, ended ones included
	ChangedAt time.Time
}

// ListedPrice is one price of the list and when we came to know it.
type ListedPrice struct {
	events.PriceWindow
	SetAt time.Time `json:"set_at"`
}

// Prices holds one price list per warehouse and SKU: see StockKey.
var Prices = Define("prices", 1,
	On(func(e events.PriceSet) []string { return []string{StockKey(e.Warehouse, e.SKU)} }, Price.set),
	On(func(e events.PriceWithdrawn) []string { return []string{StockKey(e.Warehouse, e.SKU)} }, Price.withdrawn),
)

// At is the price that holds at an instant for a currency; false when none does.
func (p Price) At(instant time.Time, currency string) (events.PriceWindow, bool) {
	return p.List().At(instant, currency)
}

// List is the windows alone.
func (p Price) List() events.PriceList {
	list := make(events.PriceList, len(p.Windows))
	for i, w := range p.Windows {
		list[i] = w.PriceWindow
	}
	return list
}

func (p Price) set(_ string, f Fact[events.PriceSet]) Price {
	p.SKU, p.Warehouse = f.Event.SKU, f.Event.Warehouse
	return p.evolve(f.Event, f.Meta)
}

func (p Price) withdrawn(_ string, f Fact[events.PriceWithdrawn]) Price {
	p.SKU, p.Warehouse = f.Event.SKU, f.Event.Warehouse
	return p.evolve(f.Event, f.Meta)
}

func (p Price) evolve(e events.PriceEvent, m events.Meta) Price {
	list := p.List().Evolve(e)
	windows := make([]ListedPrice, len(list))
	for i, w := range list {
		windows[i] = ListedPrice{w, m.Rec}
		if i < len(p.Windows) {
			windows[i].SetAt = p.Windows[i].SetAt
		}
	}
	p.Windows, p.ChangedAt = windows, m.At
	return p
}
