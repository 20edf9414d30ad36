package commands

import (
	"tillstream/aggregates"
	"tillstream/events"
)

// ConfirmOrder commits the shop: everything is reserved, and paid or promised.
type ConfirmOrder struct {
	OrderID string `json:"order_id"`
}

// Name implements Command.
func (ConfirmOrder) Name() string { return "order.confirm" }

// Stream implements Command.
func (c ConfirmOrder) Stream() events.Stream[events.OrderEvent] { return events.Order(c.OrderID) }

// Decide implements Command.
func (c ConfirmOrder) Decide(o aggregates.Order) ([]events.OrderEvent, error) {
	if err := check(checkID("order_id", c.OrderID), alive(c.OrderID, o)); err != nil {
		return nil, err
	}
	if o.Status != aggregates.OrderPlaced {
		return nil, nil
	}
	return []events.OrderEvent{events.OrderConfirmed(c)}, nil
}

// ShipOrder says goods of the order left a warehouse.
type ShipOrder struct {
	OrderID       string                `json:"order_id"`
	ShipmentID    string                `json:"shipment_id"`
	FulfillmentID string                `json:"fulfillment_id"`
	Lines         []events.LineQuantity `json:"lines"`
}

// Name implements Command.
func (ShipOrder) Name() string { return "order.ship" }

// Stream implements Command.
func (c ShipOrder) Stream() events.Stream[events.OrderEvent] { return events.Order(c.OrderID) }

// Decide implements Command. What leaves last makes the order shipped; services need no shipment.
func (c ShipOrder) Decide(o aggregates.Order) ([]events.OrderEvent, error) {
	err := check(checkID("order_id", c.OrderID), checkID("shipment_id", c.ShipmentID),
		checkID("fulfillment_id", c.FulfillmentID), checkLines(c.Lines), confirmed(c.OrderID, o))
	if err != nil {
		return nil, err
	}
	for _, part := range c.Lines {
		l, known := o.Lines[part.LineID]
		if !known {
			return nil, lineUnknown(c.OrderID, part.LineID)
		}
		if part.Quantity > l.Shippable() {
			return nil, tooMany("line_not_shippable", "to be shipped", c.OrderID, part, l.Shippable())
		}
	}
	if events.Units(c.Lines) == o.ToShip {
		return []events.OrderEvent{events.OrderShipped(c)}, nil
	}
	return []events.OrderEvent{events.OrderPartiallyShipped(c)}, nil
}

// DeliverOrder says everything that was shipped has arrived.
type DeliverOrder struct {
	OrderID string `json:"order_id"`
}

// Name implements Command.
func (DeliverOrder) Name() string { return "order.deliver" }

// Stream implements Command.
func (c DeliverOrder) Stream() events.Stream[events.OrderEvent] { return events.Order(c.OrderID) }

// Decide implements Command.
func (c DeliverOrder) Decide(o aggregates.Order) ([]events.OrderEvent, error) {
	if err := check(checkID("order_id", c.OrderID), confirmed(c.OrderID, o)); err != nil {
		return nil, err
	}
	if o.Delivered {
		return nil, nil
	}
	if o.Shipped == 0 || o.ToShip > 0 {
		return nil, reject("order_not_shipped", "order %s has %d units still to ship and %d shipped: ship or cancel the rest first",
			c.OrderID, o.ToShip, o.Shipped).with("to_ship", o.ToShip).with("shipped", o.Shipped)
	}
	return []events.OrderEvent{events.OrderDelivered(c)}, nil
}

// CloseOrder says nothing more will happen to the order unasked.
type CloseOrder struct {
	OrderID string `json:"order_id"`
}

// Name implements Command.
func (CloseOrder) Name() string { return "order.close" }

// Stream implements Command.
func (c CloseOrder) Stream() events.Stream[events.OrderEvent] { return events.Order(c.OrderID) }

// Decide implements Command. A cancelled order has ended already.
func (c CloseOrder) Decide(o aggregates.Order) ([]events.OrderEvent, error) {
	if err := check(checkID("order_id", c.OrderID)); err != nil {
		return nil, err
	}
	if o.Status == aggregates.OrderCancelled || o.Status == aggregates.OrderClosed {
		return nil, nil
	}
	if err := check(confirmed(c.OrderID, o)); err != nil {
		return nil, err
	}
	if o.ToShip > 0 {
		return nil, reject("order_not_settled", "order %s has %d units neither shipped nor cancelled", c.OrderID, o.ToShip).
			with("to_ship", o.ToShip)
	}
	return []events.OrderEvent{events.OrderClosed(c)}, nil
}

// ForgetGuest forgets who placed an order without an account, whatever the order's state: there may be parcels on their way
// whose address nobody can read any more.
type ForgetGuest struct {
	OrderID string `json:"order_id"`
}

// Name implements Command.
func (ForgetGuest) Name() string { return "order.forget_guest" }

// Stream implements Command.
func (c ForgetGuest) Stream() events.Stream[events.OrderEvent] { return events.Order(c.OrderID) }

// Decide implements Command.
func (c ForgetGuest) Decide(o aggregates.Order) ([]events.OrderEvent, error) {
	switch err := check(checkID("order_id", c.OrderID)); {
	case err != nil:
		return nil, err
	case o.Status == aggregates.OrderUnknown:
		return nil, reject("order_unknown", "there is no order %s", c.OrderID)
	case !o.Guest:
		return nil, reject("order_of_customer", "order %s belongs to an account: erase the customer instead", c.OrderID).with("order_id", c.OrderID)
	case o.Forgotten:
		return nil, nil
	}
	return []events.OrderEvent{events.OrderGuestForgotten(c)}, nil
}

// alive wants an order that was placed and not cancelled.
func alive(id string, o aggregates.Order) *Rejection {
	switch o.Status {
	case aggregates.OrderUnknown:
		return reject("order_unknown", "there is no order %s", id)
	case aggregates.OrderCancelled:
		return reject("order_cancelled", "order %s is cancelled", id)
	}
	return nil
}

// confirmed wants an order that the shop is committed to.
func confirmed(id string, o aggregates.Order) *Rejection {
	if bad := alive(id, o); bad != nil {
		return bad
	}
	if o.Status == aggregates.OrderPlaced {
		return reject("order_not_confirmed", "order %s is not confirmed yet", id)
	}
	return nil
}

func lineUnknown(id, lineID string) *Rejection {
	return reject("line_unknown", "%s has no line %s", id, lineID).with("line_id", lineID)
}

// tooMany says that part of what id names is more than the left units that may go that way.
func tooMany(reason, way, id string, part events.LineQuantity, left int64) *Rejection {
	return reject(reason, "line %s of %s has %d units %s, %d were asked for", part.LineID, id, left, way, part.Quantity).
		with("line_id", part.LineID).with("asked", part.Quantity).with("left", left)
}

func offerOrder(c *Codec) {
	Offer[PlaceOrder](c)
	Offer[ConfirmOrder](c)
	Offer[CancelOrderLine](c)
	Offer[CancelOrder](c)
	Offer[ShipOrder](c)
	Offer[DeliverOrder](c)
	Offer[ReturnOrder](c)
	Offer[CloseOrder](c)
	Offer[ForgetGuest](c)
}
