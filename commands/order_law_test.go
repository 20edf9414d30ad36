package commands_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"tillstream/aggregates"
	"tillstream/commands"
	"tillstream/events"
)

// lineBook is the test's own account of a line, kept from the facts alone.
type lineBook struct {
	events.Line
	cancelled, shipped, returned int64
	gone                         events.Money
}

func (l lineBook) left() int64 {
	if l.Kind == events.Service {
		return l.Quantity - l.cancelled - l.returned
	}
	return l.Quantity - l.cancelled - l.shipped
}

func (l lineBook) returnable() int64 {
	if l.Kind == events.Service {
		return l.left()
	}
	return l.shipped - l.returned
}

// orderBook is the test's own account of an order.
type orderBook struct {
	lines                        []*lineBook
	gross, gone                  events.Money
	confirmed, cancelled, closed bool
	guest                        bool
}

func (b *orderBook) note(f events.OrderEvent) {
	switch f := f.(type) {
	case events.OrderPlaced:
		b.gross, b.guest = f.Totals.Gross, f.CustomerID == ""
		for _, l := range f.Lines {
			b.lines = append(b.lines, &lineBook{Line: l})
		}
	case events.OrderConfirmed:
		b.confirmed = true
	case events.OrderLineCancelled:
		b.lose(events.LineAmount{LineID: f.LineID, Quantity: f.Quantity, Amount: f.Amount}).cancelled += f.Quantity
		b.gone = b.gone.Plus(f.Amount)
	case events.OrderCancelled:
		b.cancelled, b.gone = true, b.gone.Plus(f.Amount)
		for _, part := range f.Lines {
			b.lose(part).cancelled += part.Quantity
		}
	case events.OrderPartiallyShipped:
		b.ship(f.Lines)
	case events.OrderShipped:
		b.ship(f.Lines)
	case events.OrderReturned:
		b.gone = b.gone.Plus(f.Amount)
		for _, part := range f.Lines {
			b.lose(part).returned += part.Quantity
		}
	case events.OrderDelivered, events.OrderGuestForgotten: // moves no unit
	case events.OrderClosed:
		b.closed = true
	}
}

func (b *orderBook) line(id string) *lineBook {
	for _, l := range b.lines {
		if l.LineID == id {
			return l
		}
	}
	return nil
}

func (b *orderBook) lose(part events.LineAmount) *lineBook {
	l := b.line(part.LineID)
	l.gone = l.gone.Plus(part.Amount)
	return l
}

func (b *orderBook) ship(lines []events.LineQuantity) {
	for _, part := range lines {
		b.line(part.LineID).shipped += part.Quantity
	}
}

func (b *orderBook) toShip() (n int64) {
	for _, l := range b.lines {
		if l.Kind == events.Goods {
			n += l.left()
		}
	}
	return n
}

// lawful checks what must hold after every fact.
func (b *orderBook) lawful(t *rapid.T) {
	t.Helper()
	for _, l := range b.lines {
		if l.left() < 0 || l.returnable() < 0 {
			t.Fatalf("line %s of %d: %d cancelled, %d shipped, %d returned", l.LineID, l.Quantity, l.cancelled, l.shipped, l.returned)
		}
		if all := l.cancelled + l.returned; l.gone.Minor > l.Gross.Minor || all == l.Quantity && l.gone.Minor != l.Gross.Minor {
			t.Fatalf("line %s of %d: %d units took %d away of %d", l.LineID, l.Quantity, all, l.gone.Minor, l.Gross.Minor)
		}
	}
	if b.gone.Minor > b.gross.Minor || b.cancelled && b.gone.Minor != b.gross.Minor {
		t.Fatalf("%d of %d is no longer owed; cancelled: %t", b.gone.Minor, b.gross.Minor, b.cancelled)
	}
}

func drawOrder(t *rapid.T) commands.PlaceOrder {
	c := placeOrder
	c.Lines, c.Charges = nil, nil
	if rapid.Bool().Draw(t, "guest") {
		c.CustomerID, c.Guest = "", &events.Guest{}
	}
	for n := range rapid.IntRange(1, 4).Draw(t, "lines") {
		l := events.Line{LineID: fmt.Sprint("line-", n), SKU: "X", Kind: events.Goods, Warehouse: "MAIN",
			Quantity: rapid.Int64Range(1, 12).Draw(t, "quantity"), Unit: gbpUnit(rapid.Int64Range(0, 99_999).Draw(t, "unit"), 3)}
		if rapid.IntRange(0, 3).Draw(t, "kind") == 0 {
			l.Kind, l.Warehouse = events.Service, ""
		}
		if full, _ := l.Unit.Times(l.Quantity); full.Minor > 0 {
			l.Discounts = []events.Discount{{Name: "d", Amount: gbp(rapid.Int64Range(0, full.Minor).Draw(t, "discount"))}}
		}
		l.Taxes = []events.Tax{{Name: "VAT", Amount: gbp(rapid.Int64Range(0, 500).Draw(t, "tax"))}}
		priced, err := commands.PriceLine(l)
		if err != nil {
			t.Fatal(err)
		}
		c.Lines = append(c.Lines, priced)
	}
	if rapid.Bool().Draw(t, "charged") {
		c.Charges = []events.Charge{wrapping}
	}
	c.Totals = commands.TotalsOf("GBP", c.Lines, c.Charges)
	return c
}

// drawOrderCommand answers with a command and the reason, or none, that the book expects of it.
func drawOrderCommand(t *rapid.T, b *orderBook) (commands.Command[aggregates.Order, events.OrderEvent], string) {
	l := rapid.SampledFrom(b.lines).Draw(t, "line")
	quantity := rapid.Int64Range(1, max(1, l.Quantity)).Draw(t, "units")
	part := []events.LineQuantity{{LineID: l.LineID, Quantity: quantity}}
	refuse := func(reason string, when bool) string {
		switch {
		case b.cancelled:
			return "order_cancelled"
		case when:
			return reason
		}
		return ""
	}
	unconfirmed := func(reason string, when bool) string {
		if !b.cancelled && !b.confirmed {
			return "order_not_confirmed"
		}
		return refuse(reason, when)
	}
	shipped := int64(0)
	for _, l := range b.lines {
		shipped += l.shipped
	}
	switch likely(t, "command", map[string]int{"confirm": 1, "cancel_line": 4, "cancel": 1, "ship": 12, "deliver": 3, "return": 5, "close": 2, "forget": 1}) {
	case "forget":
		if !b.guest {
			return commands.ForgetGuest{OrderID: "o1"}, "order_of_customer"
		}
		return commands.ForgetGuest{OrderID: "o1"}, ""
	case "confirm":
		return commands.ConfirmOrder{OrderID: "o1"}, refuse("", false)
	case "cancel_line":
		return commands.CancelOrderLine{OrderID: "o1", LineID: l.LineID, Quantity: quantity, Reason: "r"},
			refuse("line_not_cancellable", b.closed || quantity > l.left())
	case "cancel":
		switch {
		case b.cancelled:
			return commands.CancelOrder{OrderID: "o1", Reason: "r"}, ""
		case shipped > 0:
			return commands.CancelOrder{OrderID: "o1", Reason: "r"}, "order_shipped"
		}
		return commands.CancelOrder{OrderID: "o1", Reason: "r"}, refuse("order_closed", b.closed)
	case "ship":
		return commands.ShipOrder{OrderID: "o1", ShipmentID: "s", FulfillmentID: "f", Lines: part},
			unconfirmed("line_not_shippable", l.Kind == events.Service || quantity > l.left())
	case "deliver":
		return commands.DeliverOrder{OrderID: "o1"}, unconfirmed("order_not_shipped", shipped == 0 || b.toShip() > 0)
	case "return":
		return commands.ReturnOrder{OrderID: "o1", ReturnID: "r", Lines: part},
			refuse("not_returnable", !b.confirmed || quantity > l.returnable())
	}
	if b.cancelled {
		return commands.CloseOrder{OrderID: "o1"}, ""
	}
	return commands.CloseOrder{OrderID: "o1"}, unconfirmed("order_not_settled", b.toShip() > 0)
}

func TestAnOrderNeverLosesAPennyOrAUnit(t *testing.T) {
	checkReached(t, func(t *rapid.T, reached map[string]int) {
		s, b := newStory[aggregates.Order, events.OrderEvent](t, reached), &orderBook{}
		facts, _ := s.ask(drawOrder(t))
		b.note(facts[0])
		if likely(t, "confirmed at once", map[string]int{"yes": 4, "no": 1}) == "yes" {
			facts, _ := s.ask(commands.ConfirmOrder{OrderID: "o1"})
			b.note(facts[0])
		}
		for range rapid.IntRange(20, 60).Draw(t, "commands") {
			cmd, expected := drawOrderCommand(t, b)
			facts, reason := s.ask(cmd)
			if reason != expected {
				t.Fatalf("%+v: refused for %q, expected %q", cmd, reason, expected)
			}
			for _, f := range facts {
				b.note(f)
			}
			b.lawful(t)
		}
	}, "order.placed", "order.confirmed", "order.line_cancelled", "order.cancelled", "order.partially_shipped", "order.shipped",
		"order.delivered", "order.returned", "order.closed", "order.guest_forgotten", "order_of_customer", "order_cancelled", "order_shipped", "order_not_confirmed",
		"order_not_shipped", "order_not_settled", "line_not_cancellable", "line_not_shippable", "not_returnable")
}
