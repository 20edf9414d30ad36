package aggregates

import (
	"maps"
	"slices"
	"time"

	"tillstream/events"
)

// StockItem is the units of one SKU at one warehouse. Of reservations it holds the open ones only: what was released,
// expired or committed is forgotten, so the state does not grow with history.
type StockItem struct {
	OnHand    int64                  `json:"on_hand"`
	Reserved  int64                  `json:"reserved"`            // Σ of Open
	Backorder int64                  `json:"backorder,omitempty"` // units that may be promised beyond what is on hand
	Open      map[string]Reservation `json:"open,omitempty"`      // by order
}

// Reservation is what an order still holds.
type Reservation struct {
	Lines     []events.LineQuantity `json:"lines"`
	ExpiresAt *time.Time            `json:"expires_at,omitempty"` // nil: until released or committed
}

// Available is what is on hand and not promised; below 0 by the units on backorder.
func (s StockItem) Available() int64 { return s.OnHand - s.Reserved }

// Promisable is how many more units orders may reserve.
func (s StockItem) Promisable() int64 { return s.Available() + s.Backorder }

// Removable is how many units may leave without an order: those on hand that no order was promised, but for what the
// backorder limit allows.
func (s StockItem) Removable() int64 { return max(0, min(s.OnHand, s.Promisable())) }

// FoldVersion implements State.
func (StockItem) FoldVersion() int { return 1 }

// Evolve implements State.
func (s StockItem) Evolve(e events.StockEvent) StockItem {
	switch e := e.(type) {
	case events.StockReceived:
		s.OnHand += e.Quantity
	case events.StockAdjusted:
		s.OnHand += e.Quantity
	case events.StockReserved:
		return s.reserve(e)
	case events.StockReleased:
		return s.drop(e.OrderID, e.Lines)
	case events.ReservationExpired:
		return s.drop(e.OrderID, e.Lines)
	case events.StockCommitted:
		s.OnHand -= events.Units(e.Lines)
		return s.drop(e.OrderID, e.Lines)
	case events.StockReturned:
		s.OnHand += e.Quantity
	case events.StockTransferredOut:
		s.OnHand -= e.Quantity
	case events.StockTransferredIn:
		s.OnHand += e.Quantity
	case events.StockCounted:
		s.OnHand = e.Counted
	case events.BackorderAllowed:
		s.Backorder = e.Limit
	}
	return s
}

func (s StockItem) reserve(e events.StockReserved) StockItem {
	if s.Open == nil {
		s.Open = map[string]Reservation{}
	}
	s.Reserved += events.Units(e.Lines) - events.Units(s.Open[e.OrderID].Lines)
	s.Open[e.OrderID] = Reservation{slices.Clone(e.Lines), e.ExpiresAt} // the fact keeps its own lines
	return s
}

// drop takes lines off what an order holds, and forgets the order that holds nothing more.
func (s StockItem) drop(order string, lines []events.LineQuantity) StockItem {
	r, held := s.Open[order]
	if !held {
		return s
	}
	before := events.Units(r.Lines)
	off := quantities(lines)
	left := r.Lines[:0]
	for _, l := range r.Lines {
		if l.Quantity -= off[l.LineID]; l.Quantity > 0 {
			left = append(left, l)
		}
	}
	s.Reserved -= before - events.Units(left)
	if len(left) == 0 {
		delete(s.Open, order)
	} else {
		s.Open[order] = Reservation{left, r.ExpiresAt}
	}
	return s
}

// Holds tells whether the reservation covers every one of lines.
func (r Reservation) Holds(lines []events.LineQuantity) bool {
	held := quantities(r.Lines)
	for line, n := range quantities(lines) {
		if held[line] < n {
			return false
		}
	}
	return true
}

// Is tells whether the reservation is of exactly these lines, in any order.
func (r Reservation) Is(lines []events.LineQuantity) bool {
	return maps.Equal(quantities(r.Lines), quantities(lines))
}

func quantities(lines []events.LineQuantity) map[string]int64 {
	byLine := make(map[string]int64, len(lines))
	for _, l := range lines {
		byLine[l.LineID] += l.Quantity
	}
	return byLine
}
