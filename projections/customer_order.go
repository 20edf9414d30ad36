package projections

import (
	"time"

	"tillstream/events"
)

// CustomerOrder answers which orders a customer has, in short: list those of a CustomerID by PlacedAt, latest first.
// Orders of guests have none.
type CustomerOrder struct {
	OrderID        string
	CustomerID     string `col:",index"`
	Number         string // in the books the order was imported from
	Country        string
	Currency       string
	State          OrderState // as in orders
	GrossMinor     int64      // what the customer owed when the order was placed
	CancelledMinor int64      // no longer owed, of what was never shipped
	ReturnedMinor  int64      // no longer owed, of what came back
	LineCount      int64
	Units          int64 // ordered
	PlacedAt       time.Time
	ChangedAt      time.Time
}

// CustomerOrders holds one order per id, since the facts of an order name no customer but its first.
var CustomerOrders = Define("customer_orders", 1,
	On(func(e events.OrderPlaced) []string { return []string{e.OrderID} }, CustomerOrder.placed),
	On(func(e events.OrderConfirmed) []string { return []string{e.OrderID} },
		func(o CustomerOrder, _ string, f Fact[events.OrderConfirmed]) CustomerOrder {
			return o.in(OrderIsConfirmed, f.Meta)
		}),
	On(func(e events.OrderLineCancelled) []string { return []string{e.OrderID} },
		func(o CustomerOrder, _ string, f Fact[events.OrderLineCancelled]) CustomerOrder {
			o.CancelledMinor += f.Event.Amount.Minor
			return o.in(o.State, f.Meta)
		}),
	On(func(e events.OrderPartiallyShipped) []string { return []string{e.OrderID} },
		func(o CustomerOrder, _ string, f Fact[events.OrderPartiallyShipped]) CustomerOrder {
			return o.in(OrderIsPartiallyShipped, f.Meta)
		}),
	On(func(e events.OrderShipped) []string { return []string{e.OrderID} },
		func(o CustomerOrder, _ string, f Fact[events.OrderShipped]) CustomerOrder {
			return o.in(OrderIsShipped, f.Meta)
		}),
	On(func(e events.OrderDelivered) []string { return []string{e.OrderID} },
		func(o CustomerOrder, _ string, f Fact[events.OrderDelivered]) CustomerOrder {
			return o.in(OrderIsDelivered, f.Meta)
		}),
	On(func(e events.OrderCancelled) []string { return []string{e.OrderID} },
		func(o CustomerOrder, _ string, f Fact[events.OrderCancelled]) CustomerOrder {
			o.CancelledMinor += f.Event.Amount.Minor
			return o.in(OrderIsCancelled, f.Meta)
		}),
	On(func(e events.OrderReturned) []string { return []string{e.OrderID} },
		func(o CustomerOrder, _ string, f Fact[events.OrderReturned]) CustomerOrder {
			o.ReturnedMinor += f.Event.Amount.Minor
			return o.in(o.State, f.Meta)
		}),
	On(func(e events.OrderClosed) []string { return []string{e.OrderID} },
		func(o CustomerOrder, _ string, f Fact[events.OrderClosed]) CustomerOrder {
			return o.in(OrderIsClosed, f.Meta)
		}),
)

func (CustomerOrder) placed(_ string, f Fact[events.OrderPlaced]) CustomerOrder {
	e := f.Event
	o := CustomerOrder{OrderID: e.OrderID, CustomerID: e.CustomerID, Number: e.Number, Country: e.Country,
		Currency: e.Currency, State: OrderIsPlaced, GrossMinor: e.Totals.Gross.Minor, LineCount: int64(len(e.Lines)),
		PlacedAt: f.At, ChangedAt: f.At}
	for _, l := range e.Lines {
		o.Units += l.Quantity
	}
	return o
}

func (o CustomerOrder) in(state OrderState, m events.Meta) CustomerOrder {
	o.State, o.ChangedAt = state, m.At
	return o
}
