package commands

import (
	"cmp"

	"tillstream/aggregates"
	"tillstream/events"
)

// PlaceOrder commits a customer, or a guest, to lines whose prices the caller looked up and froze: PriceLine and TotalsOf
// work out the money that it must state. Personal data is sealed for events.CustomerSubject of the customer, or for
// events.GuestSubject of the order.
type PlaceOrder struct {
	OrderID      string          `json:"order_id"`
	Number       string          `json:"number,omitempty"`
	CustomerID   string          `json:"customer_id,omitempty"` // either this
	Guest        *events.Guest   `json:"guest,omitempty"`       // or this
	Country      string          `json:"country"`
	ShipTo       *events.Sealed  `json:"ship_to,omitempty"`
	Currency     string          `json:"currency"`
	Lines        []events.Line   `json:"lines"`
	Charges      []events.Charge `json:"charges,omitempty"`
	Totals       events.Totals   `json:"totals"`
	Rounding     string          `json:"rounding"` // events.HalfAwayPerLine
	FX           *events.FX      `json:"fx,omitempty"`
	PaymentToken *events.Sealed  `json:"payment_token,omitempty"`
}

// Name implements Command.
func (PlaceOrder) Name() string { return "order.place" }

// Stream implements Command.
func (c PlaceOrder) Stream() events.Stream[events.OrderEvent] { return events.Order(c.OrderID) }

// Decide implements Command.
func (c PlaceOrder) Decide(o aggregates.Order) ([]events.OrderEvent, error) {
	if err := check(c.checkBuyer(), c.checkLines(), checkCharges(c.Charges, c.Currency), checkFX(c.FX, c.Currency)); err != nil {
		return nil, err
	}
	if sum := TotalsOf(c.Currency, c.Lines, c.Charges); sum != c.Totals {
		return nil, reject("totals_differ", "order %s states other totals than its lines and charges add up to", c.OrderID).
			with("stated", c.Totals).with("sum", sum)
	}
	if bad := checkMoney("totals.gross", c.Totals.Gross, c.Currency); bad != nil {
		return nil, bad
	}
	if o.Status != aggregates.OrderUnknown {
		return nil, reject("order_exists", "order %s is already placed", c.OrderID)
	}
	return []events.OrderEvent{events.OrderPlaced(c)}, nil
}

func (c PlaceOrder) checkBuyer() *Rejection {
	subject := events.CustomerSubject(c.CustomerID)
	switch {
	case c.CustomerID == "" && c.Guest == nil:
		return invalid("customer_id", "is required, or else a guest")
	case c.CustomerID != "" && c.Guest != nil:
		return invalid("guest", "is given as well as a customer_id: an order has one buyer")
	case c.Guest != nil:
		subject = events.GuestSubject(c.OrderID)
		if bad := cmp.Or(checkSealed("guest.name", c.Guest.Name, subject), checkSealed("guest.email", c.Guest.Email, subject)); bad != nil {
			return bad
		}
	}
	return cmp.Or(checkID("order_id", c.OrderID), checkOptionalID("number", c.Number), checkOptionalID("customer_id", c.CustomerID),
		checkCountry(c.Country), checkSealed("ship_to", c.ShipTo, subject), checkSealed("payment_token", c.PaymentToken, subject))
}

func (c PlaceOrder) checkLines() *Rejection {
	if bad := checkCurrency("currency", c.Currency); bad != nil {
		return bad
	}
	if c.Rounding != events.HalfAwayPerLine {
		return invalid("rounding", "is %q, the shop rounds by %q", c.Rounding, events.HalfAwayPerLine)
	}
	if len(c.Lines) == 0 || len(c.Lines) > linesMax {
		return invalid("lines", "has %d entries, an order has from 1 to %d", len(c.Lines), linesMax)
	}
	named := make(map[string]bool, len(c.Lines))
	for i, l := range c.Lines {
		if bad := checkLine(l, c.Currency).Within(entry("lines", i)); bad != nil {
			return bad.with("line", i).with("line_id", l.LineID)
		}
		if named[l.LineID] {
			return invalid(entry("lines", i)+".line_id", "%s is given to two lines", l.LineID)
		}
		named[l.LineID] = true
	}
	return nil
}

// checkLine wants a line whose money adds up. Goods come from a warehouse; a service need not.
func checkLine(l events.Line, currency string) *Rejection {
	if bad := cmp.Or(checkID("line_id", l.LineID), checkSKU(l.SKU), checkNote("name", l.Name, nameMax)); bad != nil {
		return bad
	}
	if l.Kind != events.Goods && l.Kind != events.Service {
		return invalid("kind", "is %q, it must be %q or %q", l.Kind, events.Goods, events.Service)
	}
	if l.Kind == events.Goods || l.Warehouse != "" {
		if bad := checkWarehouse("warehouse", l.Warehouse); bad != nil {
			return bad
		}
	}
	if l.Unit.Currency != currency {
		return invalid("unit", "is in %q, the order is in %q", l.Unit.Currency, currency)
	}
	priced, err := PriceLine(l)
	if err != nil {
		return err.(*Rejection)
	}
	if priced.Net != l.Net || priced.Gross != l.Gross {
		return reject("totals_differ", "line %s states other money than its quantity, price, discounts and taxes come to", l.LineID).
			with("net", priced.Net).with("gross", priced.Gross)
	}
	return nil
}
