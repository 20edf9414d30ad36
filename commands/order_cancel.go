package commands

import (
	"maps"
	"slices"

	"tillstream/aggregates"
	"tillstream/events"
)

// CancelOrderLine takes units off a line before they are shipped.
type CancelOrderLine struct {
	OrderID  string `json:"order_id"`
	LineID   string `json:"line_id"`
	Quantity int64  `json:"quantity"`
	Reason   string `json:"reason"`
}

// Name implements Command.
func (CancelOrderLine) Name() string { return "order.cancel_line" }

// Stream implements Command.
func (c CancelOrderLine) Stream() events.Stream[events.OrderEvent] { return events.Order(c.OrderID) }

// Decide implements Command. Units of a service can be cancelled until the order is closed. With the last unit of the
// last line the order itself is cancelled, in the same decision, for what its charges come to.
func (c CancelOrderLine) Decide(o aggregates.Order) ([]events.OrderEvent, error) {
	err := check(checkID("order_id", c.OrderID), checkID("line_id", c.LineID), checkQuantity("quantity", c.Quantity),
		checkName("reason", c.Reason, noteMax), alive(c.OrderID, o))
	if err != nil {
		return nil, err
	}
	l, known := o.Lines[c.LineID]
	if !known {
		return nil, lineUnknown(c.OrderID, c.LineID)
	}
	left := l.Cancellable()
	if o.Status == aggregates.OrderClosed {
		left = 0
	}
	if c.Quantity > left {
		part := events.LineQuantity{LineID: c.LineID, Quantity: c.Quantity}
		return nil, tooMany("line_not_cancellable", "left to cancel", c.OrderID, part, left).
			with("shipped", l.Shipped).with("cancelled", l.Cancelled).with("returned", l.Returned)
	}
	amount := l.Share(c.Quantity)
	facts := []events.OrderEvent{events.OrderLineCancelled{OrderID: c.OrderID, LineID: c.LineID, Quantity: c.Quantity,
		Amount: amount, Reason: c.Reason}}
	if o.Cancelled+c.Quantity == o.Units {
		facts = append(facts, events.OrderCancelled{OrderID: c.OrderID, Amount: o.Gross.Minus(o.Gone).Minus(amount), Reason: c.Reason})
	}
	return facts, nil
}

// CancelOrder ends the order before anything is shipped.
type CancelOrder struct {
	OrderID string `json:"order_id"`
	Reason  string `json:"reason"`
}

// Name implements Command.
func (CancelOrder) Name() string { return "order.cancel" }

// Stream implements Command.
func (c CancelOrder) Stream() events.Stream[events.OrderEvent] { return events.Order(c.OrderID) }

// Decide implements Command. What was cancelled or returned before is not part of the Amount.
func (c CancelOrder) Decide(o aggregates.Order) ([]events.OrderEvent, error) {
	if err := check(checkID("order_id", c.OrderID), checkName("reason", c.Reason, noteMax)); err != nil {
		return nil, err
	}
	if o.Status == aggregates.OrderCancelled {
		return nil, nil
	}
	if err := check(alive(c.OrderID, o)); err != nil {
		return nil, err
	}
	if o.Shipped > 0 {
		return nil, reject("order_shipped", "%d units of order %s left already: cancel the lines that did not, or return them",
			o.Shipped, c.OrderID).with("shipped", o.Shipped).with("to_ship", o.ToShip)
	}
	if o.Status == aggregates.OrderClosed {
		return nil, reject("order_closed", "order %s is closed: its units can be returned", c.OrderID)
	}
	return []events.OrderEvent{events.OrderCancelled{OrderID: c.OrderID, Lines: leftToCancel(o), Amount: o.Gross.Minus(o.Gone),
		Reason: c.Reason}}, nil
}

// leftToCancel is what an order of which nothing was shipped still owes, by line.
func leftToCancel(o aggregates.Order) (left []events.LineAmount) {
	for _, id := range slices.Sorted(maps.Keys(o.Lines)) {
		l := o.Lines[id]
		if n := l.Cancellable(); n > 0 {
			left = append(left, events.LineAmount{LineID: id, Quantity: n, Amount: l.Share(n)})
		}
	}
	return left
}

// ReturnOrder says units came back by a return, which may come in several parts.
type ReturnOrder struct {
	OrderID  string                `json:"order_id"`
	ReturnID string                `json:"return_id"`
	Lines    []events.LineQuantity `json:"lines"`
}

// Name implements Command.
func (ReturnOrder) Name() string { return "order.return" }

// Stream implements Command.
func (c ReturnOrder) Stream() events.Stream[events.OrderEvent] { return events.Order(c.OrderID) }

// Decide implements Command. Goods can be returned once shipped, services once the order is confirmed.
func (c ReturnOrder) Decide(o aggregates.Order) ([]events.OrderEvent, error) {
	err := check(checkID("order_id", c.OrderID), checkID("return_id", c.ReturnID), checkLines(c.Lines), alive(c.OrderID, o))
	if err != nil {
		return nil, err
	}
	amount := events.Money{Currency: o.Gross.Currency}
	lines := make([]events.LineAmount, 0, len(c.Lines))
	for _, part := range c.Lines {
		l, known := o.Lines[part.LineID]
		if !known {
			return nil, lineUnknown(c.OrderID, part.LineID)
		}
		left := l.Returnable()
		if o.Status == aggregates.OrderPlaced {
			left = 0
		}
		if part.Quantity > left {
			return nil, tooMany("not_returnable", "to be returned", c.OrderID, part, left).
				with("shipped", l.Shipped).with("cancelled", l.Cancelled).with("returned", l.Returned)
		}
		share := l.Share(part.Quantity)
		lines = append(lines, events.LineAmount{LineID: part.LineID, Quantity: part.Quantity, Amount: share})
		amount = amount.Plus(share)
	}
	return []events.OrderEvent{events.OrderReturned{OrderID: c.OrderID, ReturnID: c.ReturnID, Lines: lines, Amount: amount}}, nil
}
