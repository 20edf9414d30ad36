package events

import "time"

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

func admitPrice(c *Codec) {
	Current[PriceSet](c)
	Current[PriceWithdrawn](c)
}
