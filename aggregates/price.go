package aggregates

import (
	"time"

	"tillstream/events"
)

// Price is the price list of one SKU at one warehouse.
type Price struct {
	List events.PriceList `json:"list,omitempty"`
}

// FoldVersion implements State.
func (Price) FoldVersion() int { return 1 }

// Evolve implements State.
func (p Price) Evolve(e events.PriceEvent) Price {
	p.List = p.List.Evolve(e)
	return p
}

// At is what one unit costs at an instant, in a currency; false when no price holds then.
func (p Price) At(t time.Time, currency string) (events.UnitPrice, bool) {
	w, ok := p.List.At(t, currency)
	return w.Unit, ok
}
