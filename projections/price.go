package projections

import (
	"slices"
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

// ListedPrice is one price of the list and when we came to know it, and its ends.
type ListedPrice struct {
	events.PriceWindow
	SetAt    time.Time  `json:"set_at"`              // record time
	SetUntil *time.Time `json:"set_until,omitempty"` // the end it was set with, once it was ended otherwise
	Ends     []PriceEnd `json:"ends,omitempty"`      // ends it was given since, in the order they were recorded
}

// PriceEnd is an end that a price was given after it was set.
type PriceEnd struct {
	Until      time.Time `json:"until"`
	RecordedAt time.Time `json:"recorded_at"`
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

// KnownAt is the price list as it stood at a record time: without the prices that were set later, and with the ends that
// prices had then.
func (p Price) KnownAt(recorded time.Time) Price {
	known := make([]ListedPrice, 0, len(p.Windows))
	for _, w := range p.Windows {
		if !w.SetAt.After(recorded) {
			known = append(known, w.knownAt(recorded))
		}
	}
	p.Windows = known
	return p
}

func (w ListedPrice) knownAt(recorded time.Time) ListedPrice {
	if len(w.Ends) == 0 {
		return w
	}
	was := ListedPrice{PriceWindow: w.PriceWindow, SetAt: w.SetAt}
	was.Until = w.SetUntil
	for _, end := range w.Ends {
		if !end.RecordedAt.After(recorded) {
			was = was.ended(end.Until, end.RecordedAt)
		}
	}
	return was
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
		if i < len(p.Windows) {
			windows[i] = p.Windows[i]
			windows[i].PriceWindow = w
		} else {
			windows[i] = ListedPrice{PriceWindow: w, SetAt: m.Rec}
		}
	}
	if end, ends := e.(events.PriceWithdrawn); ends {
		if i := list.Find(end.PriceID); i >= 0 {
			windows[i] = p.Windows[i].ended(end.Until, m.Rec)
		}
	}
	p.Windows, p.ChangedAt = windows, m.At
	return p
}

func (w ListedPrice) ended(until, recorded time.Time) ListedPrice {
	if len(w.Ends) == 0 {
		w.SetUntil = w.Until
	}
	w.Until = &until
	w.Ends = append(slices.Clip(w.Ends), PriceEnd{until, recorded})
	return w
}
