package commands

import (
	"slices"
	"time"

	"tillstream/aggregates"
	"tillstream/events"
)

// windowsMax is how many prices the list of one SKU at one warehouse may hold: four changes a day for seven years.
const windowsMax = 10_000

// SetPrice sets what one unit of a SKU costs at a warehouse from ValidFrom (inclusive) until ValidUntil (exclusive;
// nil: until further notice). Setting again what was set last for that start, window and unit alike, records nothing.
type SetPrice struct {
	PriceID    string           `json:"price_id"`
	SKU        string           `json:"sku"`
	Warehouse  string           `json:"warehouse"`
	Unit       events.UnitPrice `json:"unit"`
	ValidFrom  time.Time        `json:"valid_from"`
	ValidUntil *time.Time       `json:"valid_until,omitempty"`
}

// WithdrawPrice ends a price at Until; at or before its start, it takes the price away whole.
type WithdrawPrice struct {
	PriceID   string    `json:"price_id"`
	SKU       string    `json:"sku"`
	Warehouse string    `json:"warehouse"`
	Until     time.Time `json:"until"`
	Reason    string    `json:"reason,omitempty"`
}

// Name implements Command.
func (SetPrice) Name() string      { return "price.set" }
func (WithdrawPrice) Name() string { return "price.withdraw" }

type priceStream = events.Stream[events.PriceEvent]

// Stream implements Command.
func (c SetPrice) Stream() priceStream {
	return events.Price(events.Warehouse(c.Warehouse), events.SKU(c.SKU))
}

// Stream implements Command.
func (c WithdrawPrice) Stream() priceStream {
	return events.Price(events.Warehouse(c.Warehouse), events.SKU(c.SKU))
}

// Decide implements Command.
func (c SetPrice) Decide(p aggregates.Price) ([]events.PriceEvent, error) {
	set := events.PriceSet{PriceID: c.PriceID, SKU: events.SKU(c.SKU), Warehouse: events.Warehouse(c.Warehouse),
		Unit: c.Unit, ValidFrom: events.Time(c.ValidFrom)}
	if c.ValidUntil != nil {
		until := events.Time(*c.ValidUntil)
		set.ValidUntil = &until
	}
	err := check(checkID("price_id", set.PriceID), checkSKU(set.SKU), checkWarehouse("warehouse", set.Warehouse),
		checkUnit("unit", set.Unit), checkWindow(set.ValidFrom, set.ValidUntil))
	if err != nil {
		return nil, err
	}
	switch {
	case isOnTop(p.List, set):
		return nil, nil
	case p.List.Find(set.PriceID) >= 0:
		return nil, reject("price_exists", "price %s of %s at %s was set before: a new price needs a new price_id",
			set.PriceID, set.SKU, set.Warehouse)
	case len(p.List) >= windowsMax:
		return nil, reject("price_list_full", "%s at %s has had %d prices, no more are kept: sell it under another SKU",
			set.SKU, set.Warehouse, windowsMax)
	}
	return []events.PriceEvent{set}, nil
}

// Decide implements Command.
func (c WithdrawPrice) Decide(p aggregates.Price) ([]events.PriceEvent, error) {
	gone := events.PriceWithdrawn{PriceID: c.PriceID, SKU: events.SKU(c.SKU), Warehouse: events.Warehouse(c.Warehouse),
		Until: events.Time(c.Until), Reason: c.Reason}
	err := check(checkID("price_id", gone.PriceID), checkSKU(gone.SKU), checkWarehouse("warehouse", gone.Warehouse),
		checkInstant("until", gone.Until), checkNote("reason", gone.Reason, noteMax))
	if err != nil {
		return nil, err
	}
	i := p.List.Find(gone.PriceID)
	if i < 0 {
		return nil, reject("price_unknown", "%s at %s has no price %s: look the price up first", gone.SKU, gone.Warehouse, gone.PriceID)
	}
	if until := p.List[i].Until; until != nil && !gone.Until.Before(*until) {
		return nil, nil
	}
	return []events.PriceEvent{gone}, nil
}

// isOnTop tells whether a price is on the list already, with no other over it that begins when it does. A price that
// merely costs the same as what holds then is another one: a third may come between them.
func isOnTop(list events.PriceList, set events.PriceSet) bool {
	for _, w := range slices.Backward(list) {
		if w.Unit.Currency == set.Unit.Currency && w.From.Equal(set.ValidFrom) {
			return w.Unit.Equals(set.Unit) && sameInstant(w.Until, set.ValidUntil)
		}
	}
	return false
}

func checkWindow(from time.Time, until *time.Time) *Rejection {
	if bad := checkInstant("valid_from", from); bad != nil || until == nil {
		return bad
	}
	if !until.After(from) {
		return invalid("valid_until", "is not after valid_from: the price would never hold")
	}
	return checkInstant("valid_until", *until)
}

func sameInstant(a, b *time.Time) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Equal(*b)
}

func offerPrice(c *Codec) {
	Offer[SetPrice](c)
	Offer[WithdrawPrice](c)
}
