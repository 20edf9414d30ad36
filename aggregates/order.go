package aggregates

import "tillstream/events"

// OrderStatus is how far an order is in its life.
type OrderStatus int

// The closed set of statuses.
const (
	OrderUnknown   OrderStatus = iota // nothing recorded yet
	OrderPlaced                       // the customer is committed
	OrderConfirmed                    // the shop is committed too
	OrderCancelled                    // ended before anything was shipped
	OrderClosed                       // nothing more will happen unasked; returns may come
)

var orderStatuses = []string{"", "placed", "confirmed", "cancelled", "closed"}

// MarshalText says the status in a word; the unknown one in none.
func (s OrderStatus) MarshalText() ([]byte, error) { return wordOf(orderStatuses, s) }

// UnmarshalText reads what MarshalText made.
func (s *OrderStatus) UnmarshalText(b []byte) (err error) {
	*s, err = statusOf[OrderStatus](orderStatuses, b)
	return err
}

// OrderLine is how many units of a line went which way. Services are never shipped: they are returned from what was
// confirmed.
type OrderLine struct {
	Kind      events.Kind  `json:"kind"`
	Quantity  int64        `json:"quantity"`
	Gross     events.Money `json:"gross"` // of all Quantity units
	Cancelled int64        `json:"cancelled"`
	Shipped   int64        `json:"shipped"`
	Returned  int64        `json:"returned"`
}

// Cancellable is how many units are neither cancelled nor shipped; of a service, neither cancelled nor returned.
func (l OrderLine) Cancellable() int64 {
	if l.Kind == events.Service {
		return l.Quantity - l.Cancelled - l.Returned
	}
	return l.Quantity - l.Cancelled - l.Shipped
}

// Shippable is how many units are still to leave a warehouse; of a service, none.
func (l OrderLine) Shippable() int64 {
	if l.Kind == events.Service {
		return 0
	}
	return l.Quantity - l.Cancelled - l.Shipped
}

// Returnable is how many units were shipped and not returned; of a service, neither cancelled nor returned.
func (l OrderLine) Returnable() int64 {
	if l.Kind == events.Service {
		return l.Quantity - l.Cancelled - l.Returned
	}
	return l.Shipped - l.Returned
}

// Share is what the next quantity units to be cancelled or returned carry of Gross. Shares depend on what went before
// them, so that the parts of a whole line add up to its Gross, whatever the parts.
func (l OrderLine) Share(quantity int64) events.Money {
	gone := l.Cancelled + l.Returned
	return l.Gross.Share(gone+quantity, l.Quantity).Minus(l.Gross.Share(gone, l.Quantity))
}

// Order remembers of an order what its decisions need; the sums are over all lines.
type Order struct {
	Status    OrderStatus          `json:"status"`
	Delivered bool                 `json:"delivered"`
	Lines     map[string]OrderLine `json:"lines"` // by line id
	Gross     events.Money         `json:"gross"` // what was owed at placing, charges included
	Gone      events.Money         `json:"gone"`  // what is no longer owed: cancelled or returned
	Units     int64                `json:"units"`
	Cancelled int64                `json:"cancelled"`
	Shipped   int64                `json:"shipped"`
	ToShip    int64                `json:"to_ship"`   // units of goods neither shipped nor cancelled
	Guest     bool                 `json:"guest"`     // who ordered has no account
	Forgotten bool                 `json:"forgotten"` // the guest asked for it
}

// FoldVersion implements State.
func (Order) FoldVersion() int { return 3 }

// Evolve implements State.
func (o Order) Evolve(e events.OrderEvent) Order {
	switch e := e.(type) {
	case events.OrderPlaced:
		return o.placed(e)
	case events.OrderConfirmed:
		o.Status = OrderConfirmed
	case events.OrderLineCancelled:
		l := o.Lines[e.LineID]
		if l.Kind != events.Service {
			o.ToShip -= e.Quantity
		}
		l.Cancelled += e.Quantity
		o.Lines[e.LineID] = l
		o.Cancelled, o.Gone = o.Cancelled+e.Quantity, o.Gone.Plus(e.Amount)
	case events.OrderPartiallyShipped:
		return o.shipped(e.Lines)
	case events.OrderShipped:
		return o.shipped(e.Lines)
	case events.OrderDelivered:
		o.Delivered = true
	case events.OrderCancelled:
		o.Status, o.ToShip, o.Gone = OrderCancelled, 0, o.Gone.Plus(e.Amount)
	case events.OrderReturned:
		for _, part := range e.Lines {
			l := o.Lines[part.LineID]
			l.Returned += part.Quantity
			o.Lines[part.LineID] = l
		}
		o.Gone = o.Gone.Plus(e.Amount)
	case events.OrderClosed:
		o.Status = OrderClosed
	case events.OrderGuestForgotten:
		o.Forgotten = true
	}
	return o
}

func (o Order) placed(e events.OrderPlaced) Order {
	o = Order{Status: OrderPlaced, Guest: e.CustomerID == "", Gross: e.Totals.Gross, Lines: make(map[string]OrderLine, len(e.Lines))}
	for _, l := range e.Lines {
		o.Lines[l.LineID] = OrderLine{Kind: l.Kind, Quantity: l.Quantity, Gross: l.Gross}
		o.Units += l.Quantity
		if l.Kind != events.Service {
			o.ToShip += l.Quantity
		}
	}
	return o
}

func (o Order) shipped(lines []events.LineQuantity) Order {
	for _, part := range lines {
		l := o.Lines[part.LineID]
		l.Shipped += part.Quantity
		o.Lines[part.LineID] = l
	}
	units := events.Units(lines)
	o.Shipped, o.ToShip = o.Shipped+units, o.ToShip-units
	return o
}
