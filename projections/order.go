package projections

import (
	"slices"
	"time"

	"tillstream/events"
)

// OrderState is how far an order is: placed → confirmed → partially_shipped → shipped → delivered → closed, or cancelled
// before anything was shipped. Steps may be left out (an order of services is never shipped). Each is set by the order's
// own fact of that name; money and parcels have states of their own.
type OrderState string

// The closed set of states.
const (
	OrderIsPlaced           OrderState = "placed"            // the customer is committed
	OrderIsConfirmed        OrderState = "confirmed"         // the shop is committed too
	OrderIsPartiallyShipped OrderState = "partially_shipped" // some goods left, some are still to leave
	OrderIsShipped          OrderState = "shipped"           // the last goods left
	OrderIsDelivered        OrderState = "delivered"         // everything that was shipped has arrived
	OrderIsCancelled        OrderState = "cancelled"         // ended before anything was shipped
	OrderIsClosed           OrderState = "closed"            // nothing more will happen unasked
)

// Order answers what an order is, what it costs, and where its money and its parcels are. Its lines are a view of their
// own: see OrderLine. GrossMinor = NetMinor + TaxMinor = the lines' gross + ChargesMinor.
type Order struct {
	OrderID         string
	Number          string `col:",index"` // in the books the order was imported from
	CustomerID      string `col:",index"` // empty: a guest
	Guest           bool
	GuestForgotten  bool // at their own wish: nothing personal is known any more
	Country         string
	Currency        string
	State           OrderState `col:",index"` // placed, confirmed, partially_shipped, shipped, delivered, cancelled, closed
	PaymentState    string     // of the latest payment; none without a payment
	ShipmentState   string     // of all fulfillments together; none without a shipment
	NetMinor        int64      // without taxes
	TaxMinor        int64
	GrossMinor      int64 // what the customer owed when the order was placed
	ChargesMinor    int64 // taxes that come on top included
	CancelledMinor  int64 // no longer owed, of what was never shipped
	ReturnedMinor   int64 // no longer owed, of what came back
	LineCount       int64
	Units           int64 // ordered
	CancelledUnits  int64
	ShippedUnits    int64
	ReturnedUnits   int64
	PaymentID       string `col:",index"` // of the latest payment
	AuthorizedMinor int64  // over all payments
	CapturedMinor   int64  // over all payments
	RefundedMinor   int64  // over all payments
	DisputedMinor   int64  // over all payments
	ShipmentID      string `col:",index"` // of the latest shipment
	CancelReason    string
	Rounding        string          // name of the rounding rule
	FX              *events.FX      // at which the order is booked in another currency
	Charges         []events.Charge // carriage, wrapping: what belongs to no line
	GuestName       *events.Sealed  // of a guest, nil once forgotten
	GuestEmail      *events.Sealed  // of a guest, nil once forgotten
	ShipTo          *events.Sealed  // where the parcels go; of a guest nil once forgotten
	Payments        []Payment       // in the order they were requested
	Fulfillments    []Fulfillment   // one per warehouse, in the order they were planned
	Returns         []Return        // in the order they were requested
	Credits         []OrderCredit   // in the order they were issued
	PlacedAt        time.Time
	ChangedAt       time.Time
	RecordedAt      time.Time // when we came to know of the order
	Origin          string    // api, policy or import
	Correlation     string    `col:",index"`
}

// OrderCredit is what a credit note gave back of an order.
type OrderCredit struct {
	CreditNoteID string `json:"credit_note_id"`
	Number       string `json:"number,omitempty"`
	Quantity     int64  `json:"quantity"`
	AmountMinor  int64  `json:"amount_minor"`
}

// Orders holds one order per id.
var Orders = Define("orders", 1, slices.Concat([]Rule[Order]{
	On(func(e events.OrderPlaced) []string { return []string{e.OrderID} }, Order.placed),
	On(func(e events.OrderConfirmed) []string { return []string{e.OrderID} },
		func(o Order, _ string, f Fact[events.OrderConfirmed]) Order { return o.in(OrderIsConfirmed, f.Meta) }),
	On(func(e events.OrderLineCancelled) []string { return []string{e.OrderID} }, Order.lineCancelled),
	On(func(e events.OrderPartiallyShipped) []string { return []string{e.OrderID} },
		func(o Order, _ string, f Fact[events.OrderPartiallyShipped]) Order {
			o.ShippedUnits += events.Units(f.Event.Lines)
			return o.in(OrderIsPartiallyShipped, f.Meta)
		}),
	On(func(e events.OrderShipped) []string { return []string{e.OrderID} },
		func(o Order, _ string, f Fact[events.OrderShipped]) Order {
			o.ShippedUnits += events.Units(f.Event.Lines)
			return o.in(OrderIsShipped, f.Meta)
		}),
	On(func(e events.OrderDelivered) []string { return []string{e.OrderID} },
		func(o Order, _ string, f Fact[events.OrderDelivered]) Order { return o.in(OrderIsDelivered, f.Meta) }),
	On(func(e events.OrderCancelled) []string { return []string{e.OrderID} }, Order.cancelled),
	On(func(e events.OrderReturned) []string { return []string{e.OrderID} }, Order.returned),
	On(func(e events.OrderClosed) []string { return []string{e.OrderID} },
		func(o Order, _ string, f Fact[events.OrderClosed]) Order { return o.in(OrderIsClosed, f.Meta) }),
	On(func(e events.OrderGuestForgotten) []string { return []string{e.OrderID} }, Order.forgotten),
	On(creditedOrders, Order.credited),
}, paymentsOfOrder, shipmentOfOrder, returnsOfOrder)...)

func (Order) placed(_ string, f Fact[events.OrderPlaced]) Order {
	e := f.Event
	o := Order{OrderID: e.OrderID, Number: e.Number, CustomerID: e.CustomerID, Guest: e.CustomerID == "",
		Country: e.Country, Currency: e.Currency, State: OrderIsPlaced, PaymentState: "none", ShipmentState: "none",
		NetMinor: e.Totals.Net.Minor, TaxMinor: e.Totals.Tax.Minor, GrossMinor: e.Totals.Gross.Minor,
		ChargesMinor: e.Totals.Gross.Minor, LineCount: int64(len(e.Lines)), Rounding: e.Rounding, FX: e.FX,
		Charges: e.Charges, ShipTo: e.ShipTo, PlacedAt: f.At, ChangedAt: f.At, RecordedAt: f.Rec,
		Origin: string(f.Origin), Correlation: f.Correlation}
	if e.Guest != nil {
		o.GuestName, o.GuestEmail = e.Guest.Name, e.Guest.Email
	}
	for _, l := range e.Lines {
		o.Units += l.Quantity
		o.ChargesMinor -= l.Gross.Minor
	}
	return o
}

func (o Order) in(state OrderState, m events.Meta) Order {
	o.State, o.ChangedAt = state, m.At
	return o
}

func (o Order) lineCancelled(_ string, f Fact[events.OrderLineCancelled]) Order {
	o.CancelledUnits += f.Event.Quantity
	o.CancelledMinor += f.Event.Amount.Minor
	o.ChangedAt = f.At
	return o
}

func (o Order) cancelled(_ string, f Fact[events.OrderCancelled]) Order {
	o.CancelledUnits += unitsOf(f.Event.Lines)
	o.CancelledMinor += f.Event.Amount.Minor
	o.CancelReason = f.Event.Reason
	return o.in(OrderIsCancelled, f.Meta)
}

func (o Order) returned(_ string, f Fact[events.OrderReturned]) Order {
	o.ReturnedUnits += unitsOf(f.Event.Lines)
	o.ReturnedMinor += f.Event.Amount.Minor
	o.ChangedAt = f.At
	return o
}

func (o Order) forgotten(_ string, f Fact[events.OrderGuestForgotten]) Order {
	o.GuestName, o.GuestEmail, o.ShipTo = nil, nil, nil
	o.GuestForgotten, o.ChangedAt = true, f.At
	return o
}

func creditedOrders(e events.CreditNoteIssued) (keys []string) {
	for _, p := range e.Parts {
		if p.OrderID != "" {
			keys = append(keys, p.OrderID)
		}
	}
	return keys
}

func (o Order) credited(key string, f Fact[events.CreditNoteIssued]) Order {
	c := OrderCredit{CreditNoteID: f.Event.CreditNoteID, Number: f.Event.Number}
	for _, p := range f.Event.Parts {
		if p.OrderID == key {
			c.Quantity += p.Quantity
			c.AmountMinor += p.Amount.Minor
		}
	}
	o.Credits = append(slices.Clip(o.Credits), c)
	o.ChangedAt = f.At
	return o
}

func unitsOf(lines []events.LineAmount) (n int64) {
	for _, l := range lines {
		n += l.Quantity
	}
	return n
}
