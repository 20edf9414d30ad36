package projections

import (
	"slices"

	"tillstream/events"
)

// Fulfillment is what one warehouse sends of an order, in units: Planned - Reduced ≥ Picked ≥ Packed ≥ Dispatched ≥
// Delivered + Failed, and Failed ≥ Returned. State is one of planned, picking, picked, packed, partially_dispatched,
// dispatched, partially_delivered, delivered, failed, returned, cancelled.
type Fulfillment struct {
	ShipmentID    string   `json:"shipment_id"`
	FulfillmentID string   `json:"fulfillment_id"`
	Warehouse     string   `json:"warehouse"`
	State         string   `json:"state"`
	Tracking      []string `json:"tracking,omitempty"` // of each dispatch that has one
	Planned       int64    `json:"planned"`
	Reduced       int64    `json:"reduced"`
	Picked        int64    `json:"picked"`
	Packed        int64    `json:"packed"`
	Dispatched    int64    `json:"dispatched"`
	Delivered     int64    `json:"delivered"`
	Failed        int64    `json:"failed"`
	Returned      int64    `json:"returned"`
}

var shipmentOfOrder = []Rule[Order]{
	On(func(e events.ShipmentPlanned) []string { return []string{e.OrderID} }, Order.shipmentPlanned),
	On(func(e events.FulfillmentReduced) []string { return []string{e.OrderID} },
		func(o Order, _ string, f Fact[events.FulfillmentReduced]) Order {
			return o.fulfillment(f.Event.FulfillmentID, f.Meta, func(l *Fulfillment) { l.Reduced += events.Units(f.Event.Lines) })
		}),
	On(func(e events.FulfillmentPicked) []string { return []string{e.OrderID} },
		func(o Order, _ string, f Fact[events.FulfillmentPicked]) Order {
			return o.fulfillment(f.Event.FulfillmentID, f.Meta, func(l *Fulfillment) { l.Picked += events.Units(f.Event.Lines) })
		}),
	On(func(e events.FulfillmentPacked) []string { return []string{e.OrderID} },
		func(o Order, _ string, f Fact[events.FulfillmentPacked]) Order {
			return o.fulfillment(f.Event.FulfillmentID, f.Meta, func(l *Fulfillment) { l.Packed += events.Units(f.Event.Lines) })
		}),
	On(func(e events.FulfillmentDispatched) []string { return []string{e.OrderID} },
		func(o Order, _ string, f Fact[events.FulfillmentDispatched]) Order {
			return o.fulfillment(f.Event.FulfillmentID, f.Meta, func(l *Fulfillment) {
				l.Dispatched += events.Units(f.Event.Lines)
				if f.Event.Tracking != "" {
					l.Tracking = append(slices.Clip(l.Tracking), f.Event.Tracking)
				}
			})
		}),
	On(func(e events.FulfillmentDelivered) []string { return []string{e.OrderID} },
		func(o Order, _ string, f Fact[events.FulfillmentDelivered]) Order {
			return o.fulfillment(f.Event.FulfillmentID, f.Meta, func(l *Fulfillment) { l.Delivered += events.Units(f.Event.Lines) })
		}),
	On(func(e events.FulfillmentFailed) []string { return []string{e.OrderID} },
		func(o Order, _ string, f Fact[events.FulfillmentFailed]) Order {
			return o.fulfillment(f.Event.FulfillmentID, f.Meta, func(l *Fulfillment) { l.Failed += events.Units(f.Event.Lines) })
		}),
	On(func(e events.FulfillmentReturned) []string { return []string{e.OrderID} },
		func(o Order, _ string, f Fact[events.FulfillmentReturned]) Order {
			return o.fulfillment(f.Event.FulfillmentID, f.Meta, func(l *Fulfillment) { l.Returned += events.Units(f.Event.Lines) })
		}),
}

func (o Order) shipmentPlanned(_ string, f Fact[events.ShipmentPlanned]) Order {
	o.ShipmentID = f.Event.ShipmentID
	o.Fulfillments = slices.Clip(o.Fulfillments)
	for _, planned := range f.Event.Fulfillments {
		l := Fulfillment{ShipmentID: f.Event.ShipmentID, FulfillmentID: planned.FulfillmentID, Warehouse: planned.Warehouse}
		for _, line := range planned.Lines {
			l.Planned += line.Quantity
		}
		l.State = l.state()
		o.Fulfillments = append(o.Fulfillments, l)
	}
	return o.fulfillment("", f.Meta, nil)
}

// fulfillment changes one fulfillment of the order, and what the order says of all of them.
func (o Order) fulfillment(id string, m events.Meta, change func(*Fulfillment)) Order {
	o.Fulfillments = slices.Clone(o.Fulfillments)
	var all Fulfillment
	for i := range o.Fulfillments {
		l := &o.Fulfillments[i]
		if l.FulfillmentID == id {
			change(l)
			l.State = l.state()
		}
		all = all.plus(*l)
	}
	o.ShipmentState, o.ChangedAt = all.state(), m.At
	return o
}

func (l Fulfillment) plus(o Fulfillment) Fulfillment {
	return Fulfillment{Planned: l.Planned + o.Planned, Reduced: l.Reduced + o.Reduced, Picked: l.Picked + o.Picked,
		Packed: l.Packed + o.Packed, Dispatched: l.Dispatched + o.Dispatched, Delivered: l.Delivered + o.Delivered,
		Failed: l.Failed + o.Failed, Returned: l.Returned + o.Returned}
}

// state names the furthest that some units are; "partially" while others are still behind.
func (l Fulfillment) state() string {
	left := l.Planned - l.Reduced
	switch {
	case left == 0:
		return "cancelled"
	case l.Delivered == left:
		return "delivered"
	case l.Failed > 0 && l.Delivered+l.Failed == left && l.Returned == l.Failed:
		return "returned"
	case l.Failed > 0 && l.Delivered+l.Failed == left:
		return "failed"
	case l.Delivered > 0:
		return "partially_delivered"
	case l.Dispatched == left:
		return "dispatched"
	case l.Dispatched > 0:
		return "partially_dispatched"
	case l.Packed == left:
		return "packed"
	case l.Picked == left:
		return "picked"
	case l.Picked > 0:
		return "picking"
	}
	return "planned"
}
