package commands

import (
	"slices"
	"time"

	"tillstream/aggregates"
	"tillstream/events"
)

// ReserveStock holds all of Lines for an order, or none. The same lines again record nothing.
type ReserveStock struct {
	SKU       string                `json:"sku"`
	Warehouse string                `json:"warehouse"`
	OrderID   string                `json:"order_id"`
	Lines     []events.LineQuantity `json:"lines"`
	ExpiresAt *time.Time            `json:"expires_at,omitempty"` // nil: until released or committed
	At        time.Time             `json:"at"`                   // when it is asked: ExpiresAt must be later
}

// ReleaseStock gives Lines of an order's reservation back to all; no lines: whatever it holds.
type ReleaseStock struct {
	SKU       string                `json:"sku"`
	Warehouse string                `json:"warehouse"`
	OrderID   string                `json:"order_id"`
	Lines     []events.LineQuantity `json:"lines,omitempty"`
	Reason    string                `json:"reason,omitempty"`
}

// ExpireReservation gives back what an order holds, if its time is over at Now.
type ExpireReservation struct {
	SKU       string    `json:"sku"`
	Warehouse string    `json:"warehouse"`
	OrderID   string    `json:"order_id"`
	Now       time.Time `json:"now"`
}

// CommitStock says reserved units left the warehouse for good.
type CommitStock struct {
	SKU       string                `json:"sku"`
	Warehouse string                `json:"warehouse"`
	OrderID   string                `json:"order_id"`
	Lines     []events.LineQuantity `json:"lines"`
}

// Name implements Command.
func (ReserveStock) Name() string      { return "stock.reserve" }
func (ReleaseStock) Name() string      { return "stock.release" }
func (ExpireReservation) Name() string { return "stock.expire" }
func (CommitStock) Name() string       { return "stock.commit" }

// Stream implements Command.
func (c ReserveStock) Stream() stockStream      { return stockOf(c.Warehouse, c.SKU) }
func (c ReleaseStock) Stream() stockStream      { return stockOf(c.Warehouse, c.SKU) }
func (c ExpireReservation) Stream() stockStream { return stockOf(c.Warehouse, c.SKU) }
func (c CommitStock) Stream() stockStream       { return stockOf(c.Warehouse, c.SKU) }

// Decide implements Command.
func (c ReserveStock) Decide(s aggregates.StockItem) ([]events.StockEvent, error) {
	c.SKU, c.Warehouse = events.SKU(c.SKU), events.Warehouse(c.Warehouse)
	err := check(CheckItem(c.Warehouse, c.SKU), checkID("order_id", c.OrderID), checkLines(c.Lines), checkExpiry(c.ExpiresAt, c.At))
	if err != nil {
		return nil, err
	}
	wanted := events.Units(c.Lines)
	held, holds := s.Open[c.OrderID]
	switch {
	case holds && held.Is(c.Lines):
		return nil, nil
	case holds:
		return nil, reject("already_reserved", "order %s holds other units of %s at %s: release those first", c.OrderID, c.SKU, c.Warehouse).
			with("held", slices.Clone(held.Lines))
	case wanted > s.Promisable():
		return nil, short(s, "stock_insufficient", "%d units of %s at %s are wanted, %d can be promised: take fewer, or wait",
			wanted, c.SKU, c.Warehouse, max(0, s.Promisable()))
	}
	reserved := events.StockReserved{SKU: c.SKU, Warehouse: c.Warehouse, OrderID: c.OrderID, Lines: c.Lines}
	if c.ExpiresAt != nil {
		expires := events.Time(*c.ExpiresAt)
		reserved.ExpiresAt = &expires
	}
	return []events.StockEvent{reserved}, nil
}

// Decide implements Command.
func (c ReleaseStock) Decide(s aggregates.StockItem) ([]events.StockEvent, error) {
	c.SKU, c.Warehouse = events.SKU(c.SKU), events.Warehouse(c.Warehouse)
	err := check(CheckItem(c.Warehouse, c.SKU), checkID("order_id", c.OrderID), checkNote("reason", c.Reason, noteMax))
	held := s.Open[c.OrderID]
	lines := c.Lines
	if len(lines) == 0 {
		lines = slices.Clone(held.Lines)
	} else if err == nil {
		err = check(checkLines(lines), holding(held, c.OrderID, c.Warehouse, c.SKU, lines))
	}
	if err != nil || len(lines) == 0 {
		return nil, err
	}
	return []events.StockEvent{events.StockReleased{SKU: c.SKU, Warehouse: c.Warehouse, OrderID: c.OrderID, Lines: lines,
		Reason: c.Reason}}, nil
}

// Decide implements Command.
func (c ExpireReservation) Decide(s aggregates.StockItem) ([]events.StockEvent, error) {
	c.SKU, c.Warehouse = events.SKU(c.SKU), events.Warehouse(c.Warehouse)
	err := check(CheckItem(c.Warehouse, c.SKU), checkID("order_id", c.OrderID), checkInstant("now", c.Now))
	held, holds := s.Open[c.OrderID]
	switch {
	case err != nil:
		return nil, err
	case !holds:
		return nil, nil
	case held.ExpiresAt == nil:
		return nil, reject("reservation_not_due", "what order %s holds of %s at %s does not expire: release it", c.OrderID, c.SKU, c.Warehouse)
	case c.Now.Before(*held.ExpiresAt):
		return nil, reject("reservation_not_due", "what order %s holds of %s at %s is held longer: ask again when its time is over",
			c.OrderID, c.SKU, c.Warehouse).with("expires_at", *held.ExpiresAt)
	}
	return []events.StockEvent{events.ReservationExpired{SKU: c.SKU, Warehouse: c.Warehouse, OrderID: c.OrderID,
		Lines: slices.Clone(held.Lines), ExpiredAt: *held.ExpiresAt}}, nil
}

// Decide implements Command.
func (c CommitStock) Decide(s aggregates.StockItem) ([]events.StockEvent, error) {
	c.SKU, c.Warehouse = events.SKU(c.SKU), events.Warehouse(c.Warehouse)
	err := check(CheckItem(c.Warehouse, c.SKU), checkID("order_id", c.OrderID), checkLines(c.Lines),
		holding(s.Open[c.OrderID], c.OrderID, c.Warehouse, c.SKU, c.Lines))
	switch {
	case err != nil:
		return nil, err
	case events.Units(c.Lines) > s.OnHand:
		return nil, short(s, "stock_not_on_hand", "%d units of %s are to leave %s, %d are there: wait for goods",
			events.Units(c.Lines), c.SKU, c.Warehouse, s.OnHand)
	}
	return []events.StockEvent{events.StockCommitted(c)}, nil
}

// holding refuses lines that the order does not hold, or not so many of.
func holding(held aggregates.Reservation, order, warehouse, sku string, lines []events.LineQuantity) *Rejection {
	if !held.Holds(lines) {
		return reject("not_reserved", "order %s does not hold these units of %s at %s: reserve them first", order, sku, warehouse).
			with("held", slices.Clone(held.Lines))
	}
	return nil
}

func checkExpiry(expires *time.Time, at time.Time) *Rejection {
	if expires == nil {
		return nil
	}
	if bad := checkInstant("expires_at", *expires); bad != nil {
		return bad
	}
	if !expires.After(at) {
		return invalid("expires_at", "is not later than the request itself")
	}
	return nil
}
