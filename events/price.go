package events

import (
	"fmt"
	"slices"
	"time"
)

// PriceEvent is the closed set of facts in the price list of one SKU at one warehouse.
//
//sumtype:decl
type PriceEvent interface {
	Event
	priceEvent()
}

// PriceSet sets what one unit costs from ValidFrom (inclusive) until ValidUntil (exclusive, nil: until further notice).
// Where windows overlap, the latest ValidFrom holds; of equal ones, the one set last.
type PriceSet struct {
	PriceID    string     `json:"price_id"`
	SKU        string     `json:"sku"`
	Warehouse  string     `json:"warehouse"`
	Unit       UnitPrice  `json:"unit"`
	ValidFrom  time.Time  `json:"valid_from"`
	ValidUntil *time.Time `json:"valid_until,omitempty"`
}

// PriceWithdrawn ends the window of one price at Until, as if it had been set so; Until at or before its start takes it
// away whole.
type PriceWithdrawn struct {
	PriceID   string    `json:"price_id"`
	SKU       string    `json:"sku"`
	Warehouse string    `json:"warehouse"`
	Until     time.Time `json:"until"`
	Reason    string    `json:"reason,omitempty"`
}

func (PriceSet) Type() string       { return "price.set" }
func (PriceWithdrawn) Type() string { return "price.withdrawn" }

func (PriceSet) priceEvent()       {}
func (PriceWithdrawn) priceEvent() {}

// Price is the price list of one SKU at one warehouse.
func Price(warehouse, sku string) Stream[PriceEvent] {
	return Stream[PriceEvent]("price-" + warehouse + "/" + sku)
}

// PriceWindow is one price and when it is on the list: from From (inclusive) until Until (exclusive, nil: no end).
type PriceWindow struct {
	PriceID string     `json:"price_id"`
	Unit    UnitPrice  `json:"unit"`
	From    time.Time  `json:"from"`
	Until   *time.Time `json:"until,omitempty"`
}

// Covers tells whether t is in the window.
func (w PriceWindow) Covers(t time.Time) bool {
	return !t.Before(w.From) && (w.Until == nil || t.Before(*w.Until))
}

// PriceList is every window of one SKU at one warehouse, in the order they were set. It is the one place of the rule
// that says which price holds; decisions and views both fold it. A list is never changed in place.
type PriceList []PriceWindow

// Evolve is the list with one price more, or with one ended.
func (l PriceList) Evolve(e PriceEvent) PriceList {
	switch e := e.(type) {
	case PriceSet:
		return append(l, PriceWindow{e.PriceID, e.Unit, e.ValidFrom, e.ValidUntil})
	case PriceWithdrawn:
		if i := l.Find(e.PriceID); i >= 0 {
			l = slices.Clone(l)
			l[i].Until = &e.Until
		}
	}
	return l
}

// Find is the place of the price named id in the list, or -1.
func (l PriceList) Find(id string) int {
	return slices.IndexFunc(l, func(w PriceWindow) bool { return w.PriceID == id })
}

// At is the window that holds at t for a currency: of those that cover t, the one with the latest From; of equal ones,
// the one set last.
func (l PriceList) At(t time.Time, currency string) (held PriceWindow, ok bool) {
	for _, w := range l {
		if w.Unit.Currency == currency && w.Covers(t) && (!ok || !w.From.Before(held.From)) {
			held, ok = w, true
		}
	}
	return held, ok
}

// Sentence says the fact in plain words.
func (e PriceSet) Sentence() string {
	said := fmt.Sprintf("%s costs %s at %s from %s", e.SKU, e.Unit.String(), e.Warehouse, day(e.ValidFrom))
	if e.ValidUntil != nil {
		said += " until " + day(*e.ValidUntil)
	}
	return said
}

// Sentence says the fact in plain words.
func (e PriceWithdrawn) Sentence() string {
	return fmt.Sprintf("A price of %s at %s ends on %s%s", e.SKU, e.Warehouse, day(e.Until), because(e.Reason))
}

func admitPrice(c *Codec) {
	Current[PriceSet](c)
	Current[PriceWithdrawn](c)
}
