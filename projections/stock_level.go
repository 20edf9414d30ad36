package projections

import (
	"slices"
	"time"

	"tillstream/events"
)

// StockLevel answers how many units of a SKU a warehouse has, and how many of them can still be promised.
type StockLevel struct {
	SKU             string    `col:",index"`
	Warehouse       string    `col:",index"`
	OnHand          int64     // units in the warehouse: the sum of its movements
	Reserved        int64     // units held for orders: the sum of Reservations
	Available       int64     // OnHand - Reserved; below 0 when units were promised on backorder
	BackorderLimit  int64     // units that may be promised beyond what is on hand
	Outgoing        int64     // units that left for other warehouses and have not arrived there
	Incoming        int64     // units that left other warehouses for this one and have not arrived
	Reservations    []Held    // in the order they were made
	FirstAt         time.Time // business time of the earliest fact
	FirstRecordedAt time.Time // record time of the first fact
	ChangedAt       time.Time
}

// Held is what an order still holds of a stock item.
type Held struct {
	OrderID   string     `json:"order_id"`
	Quantity  int64      `json:"quantity"`
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
}

// StockKey is the key of a SKU at a warehouse, in the views of stock and prices: <warehouse>/<sku>.
func StockKey(warehouse, sku string) string { return warehouse + "/" + sku }

// StockLevels holds one level per warehouse and SKU: see StockKey.
var StockLevels = Define("stock_levels", 1,
	On(func(e events.StockReceived) []string { return []string{StockKey(e.Warehouse, e.SKU)} },
		func(s StockLevel, _ string, f Fact[events.StockReceived]) StockLevel {
			return s.at(f.Event.Warehouse, f.Event.SKU, f.Meta).move(f.Event.Quantity)
		}),
	On(func(e events.StockAdjusted) []string { return []string{StockKey(e.Warehouse, e.SKU)} },
		func(s StockLevel, _ string, f Fact[events.StockAdjusted]) StockLevel {
			return s.at(f.Event.Warehouse, f.Event.SKU, f.Meta).move(f.Event.Quantity)
		}),
	On(func(e events.StockReturned) []string { return []string{StockKey(e.Warehouse, e.SKU)} },
		func(s StockLevel, _ string, f Fact[events.StockReturned]) StockLevel {
			return s.at(f.Event.Warehouse, f.Event.SKU, f.Meta).move(f.Event.Quantity)
		}),
	On(func(e events.StockCounted) []string { return []string{StockKey(e.Warehouse, e.SKU)} },
		func(s StockLevel, _ string, f Fact[events.StockCounted]) StockLevel {
			return s.at(f.Event.Warehouse, f.Event.SKU, f.Meta).move(f.Event.Difference)
		}),
	On(func(e events.StockReserved) []string { return []string{StockKey(e.Warehouse, e.SKU)} }, StockLevel.reserved),
	On(func(e events.StockReleased) []string { return []string{StockKey(e.Warehouse, e.SKU)} },
		func(s StockLevel, _ string, f Fact[events.StockReleased]) StockLevel {
			return s.at(f.Event.Warehouse, f.Event.SKU, f.Meta).release(f.Event.OrderID, f.Event.Lines)
		}),
	On(func(e events.ReservationExpired) []string { return []string{StockKey(e.Warehouse, e.SKU)} },
		func(s StockLevel, _ string, f Fact[events.ReservationExpired]) StockLevel {
			return s.at(f.Event.Warehouse, f.Event.SKU, f.Meta).release(f.Event.OrderID, f.Event.Lines)
		}),
	On(func(e events.StockCommitted) []string { return []string{StockKey(e.Warehouse, e.SKU)} },
		func(s StockLevel, _ string, f Fact[events.StockCommitted]) StockLevel {
			return s.at(f.Event.Warehouse, f.Event.SKU, f.Meta).release(f.Event.OrderID, f.Event.Lines).
				move(-events.Units(f.Event.Lines))
		}),
	On(func(e events.StockTransferredOut) []string {
		return []string{StockKey(e.Warehouse, e.SKU), StockKey(e.To, e.SKU)}
	}, StockLevel.transferredOut),
	On(func(e events.StockTransferredIn) []string {
		return []string{StockKey(e.Warehouse, e.SKU), StockKey(e.From, e.SKU)}
	}, StockLevel.transferredIn),
	On(func(e events.BackorderAllowed) []string { return []string{StockKey(e.Warehouse, e.SKU)} },
		func(s StockLevel, _ string, f Fact[events.BackorderAllowed]) StockLevel {
			s = s.at(f.Event.Warehouse, f.Event.SKU, f.Meta)
			s.BackorderLimit = f.Event.Limit
			return s
		}),
)

func (s StockLevel) at(warehouse, sku string, m events.Meta) StockLevel {
	if s.SKU == "" {
		s.FirstAt, s.FirstRecordedAt = m.At, m.Rec
	}
	s.FirstAt, s.FirstRecordedAt = earlier(s.FirstAt, m.At), earlier(s.FirstRecordedAt, m.Rec)
	s.Warehouse, s.SKU, s.ChangedAt = warehouse, sku, m.At
	return s
}

func (s StockLevel) move(quantity int64) StockLevel {
	s.OnHand += quantity
	s.Available = s.OnHand - s.Reserved
	return s
}

func (s StockLevel) reserved(_ string, f Fact[events.StockReserved]) StockLevel {
	e := f.Event
	return s.at(e.Warehouse, e.SKU, f.Meta).reserve(e)
}

func (s StockLevel) reserve(e events.StockReserved) StockLevel {
	n := events.Units(e.Lines)
	s.Reservations = append(slices.Clip(s.Reservations), Held{e.OrderID, n, e.ExpiresAt})
	s.Reserved += n
	return s.move(0)
}

// release ends what an order holds of some lines. What it never held cannot be taken from what others hold.
func (s StockLevel) release(orderID string, lines []events.LineQuantity) StockLevel {
	n := events.Units(lines)
	kept := make([]Held, 0, len(s.Reservations))
	for _, h := range s.Reservations {
		if h.OrderID == orderID {
			part := min(n, h.Quantity)
			h.Quantity, n, s.Reserved = h.Quantity-part, n-part, s.Reserved-part
		}
		if h.Quantity > 0 {
			kept = append(kept, h)
		}
	}
	if s.Reservations = kept; len(kept) == 0 {
		s.Reservations = nil
	}
	return s.move(0)
}

func (s StockLevel) transferredOut(key string, f Fact[events.StockTransferredOut]) StockLevel {
	e := f.Event
	if key == StockKey(e.To, e.SKU) {
		s.Incoming += e.Quantity
		return s.at(e.To, e.SKU, f.Meta)
	}
	s.Outgoing += e.Quantity
	return s.at(e.Warehouse, e.SKU, f.Meta).move(-e.Quantity)
}

func (s StockLevel) transferredIn(key string, f Fact[events.StockTransferredIn]) StockLevel {
	e := f.Event
	if key == StockKey(e.From, e.SKU) {
		s.Outgoing -= e.Quantity
		return s.at(e.From, e.SKU, f.Meta)
	}
	s.Incoming -= e.Quantity
	return s.at(e.Warehouse, e.SKU, f.Meta).move(e.Quantity)
}
