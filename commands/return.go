package commands

import (
	"cmp"

	"tillstream/aggregates"
	"tillstream/events"
)

// RequestReturn opens a return of an order. Amount of a line is its share as the order knows it now; what is refunded is
// the amount that ReturnOrder decides when the units are back.
type RequestReturn struct {
	ReturnID   string              `json:"return_id"`
	OrderID    string              `json:"order_id"`
	CustomerID string              `json:"customer_id,omitempty"`
	Lines      []events.ReturnLine `json:"lines"`
}

// Name implements Command.
func (RequestReturn) Name() string { return "return.request" }

// Stream implements Command.
func (c RequestReturn) Stream() events.Stream[events.ReturnEvent] { return events.Return(c.ReturnID) }

// Decide implements Command.
func (c RequestReturn) Decide(r aggregates.Return) ([]events.ReturnEvent, error) {
	err := check(checkID("return_id", c.ReturnID), checkID("order_id", c.OrderID), checkOptionalID("customer_id", c.CustomerID),
		checkReturnLines(c.Lines))
	if err != nil {
		return nil, err
	}
	if r.OrderID != "" {
		return nil, reject("return_exists", "return %s is already requested, of order %s", c.ReturnID, r.OrderID).
			with("order_id", r.OrderID)
	}
	return []events.ReturnEvent{events.ReturnRequested(c)}, nil
}

func checkReturnLines(lines []events.ReturnLine) *Rejection {
	quantities := make([]events.LineQuantity, len(lines))
	for i, l := range lines {
		quantities[i] = events.LineQuantity{LineID: l.LineID, Quantity: l.Quantity}
	}
	if bad := checkLines(quantities); bad != nil {
		return bad
	}
	for i, l := range lines {
		bad := cmp.Or(checkSKU(l.SKU), checkNote("reason", l.Reason, noteMax), checkCurrency("amount.currency", l.Amount.Currency),
			checkMoney("amount", l.Amount, lines[0].Amount.Currency))
		if l.Warehouse != "" {
			bad = cmp.Or(bad, checkWarehouse("warehouse", l.Warehouse))
		}
		if bad != nil {
			return bad.Within(entry("lines", i)).with("line_id", l.LineID)
		}
	}
	return nil
}

// ReceiveReturn says returned units arrived, and what becomes of them: units of one line may be restocked in part.
type ReceiveReturn struct {
	ReturnID string                `json:"return_id"`
	Lines    []events.ReceivedLine `json:"lines"`
}

// Name implements Command.
func (ReceiveReturn) Name() string { return "return.receive" }

// Stream implements Command.
func (c ReceiveReturn) Stream() events.Stream[events.ReturnEvent] { return events.Return(c.ReturnID) }

// Decide implements Command.
func (c ReceiveReturn) Decide(r aggregates.Return) ([]events.ReturnEvent, error) {
	if err := check(checkID("return_id", c.ReturnID), c.checkLines()); err != nil {
		return nil, err
	}
	if r.OrderID == "" {
		return nil, reject("return_unknown", "there is no return %s", c.ReturnID)
	}
	arrived := map[string]int64{}
	for _, part := range c.Lines {
		l, known := r.Lines[part.LineID]
		if !known {
			return nil, lineUnknown(c.ReturnID, part.LineID)
		}
		arrived[part.LineID] += part.Quantity
		if left := l.Requested - l.Received; arrived[part.LineID] > left {
			whole := events.LineQuantity{LineID: part.LineID, Quantity: arrived[part.LineID]}
			return nil, tooMany("return_exceeded", "left to receive", c.ReturnID, whole, left)
		}
	}
	return []events.ReturnEvent{events.ReturnReceived{ReturnID: c.ReturnID, OrderID: r.OrderID, Lines: c.Lines}}, nil
}

func (c ReceiveReturn) checkLines() *Rejection {
	if n := len(c.Lines); n == 0 || n > 2*linesMax {
		return invalid("lines", "has %d entries, it must have from 1 to %d", n, 2*linesMax)
	}
	type part struct {
		lineID      string
		disposition events.Disposition
	}
	named := make(map[part]bool, len(c.Lines))
	for i, l := range c.Lines {
		at := entry("lines", i)
		if bad := cmp.Or(checkID("line_id", l.LineID), checkQuantity("quantity", l.Quantity)).Within(at); bad != nil {
			return bad
		}
		if l.Disposition != events.Restock && l.Disposition != events.Damaged {
			return invalid(at+".disposition", "is %q, it must be %q or %q", l.Disposition, events.Restock, events.Damaged)
		}
		if p := (part{l.LineID, l.Disposition}); named[p] {
			return invalid("lines", "names line %s twice as %s", l.LineID, l.Disposition)
		}
		named[part{l.LineID, l.Disposition}] = true
	}
	return nil
}

func offerReturn(c *Codec) {
	Offer[RequestReturn](c)
	Offer[ReceiveReturn](c)
}
