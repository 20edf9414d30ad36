package commands

import (
	"tillstream/aggregates"
	"tillstream/events"
)

// Each step moves at most what the step before it released. Lines left empty mean all that may move; when all of it moved
// before, there is nothing to record.

// ReduceFulfillment takes units off the plan before they are picked: the customer cancelled them.
type ReduceFulfillment struct {
	ShipmentID    string                `json:"shipment_id"`
	FulfillmentID string                `json:"fulfillment_id"`
	Lines         []events.LineQuantity `json:"lines,omitempty"`
	Reason        string                `json:"reason,omitempty"`
}

// Name implements Command.
func (ReduceFulfillment) Name() string { return "fulfillment.reduce" }

// Stream implements Command.
func (c ReduceFulfillment) Stream() events.Stream[events.ShipmentEvent] {
	return events.Shipment(c.ShipmentID)
}

// Decide implements Command.
func (c ReduceFulfillment) Decide(s aggregates.Shipment) ([]events.ShipmentEvent, error) {
	if err := check(checkNote("reason", c.Reason, noteMax)); err != nil {
		return nil, err
	}
	lines, err := reducing.take(s, c.ShipmentID, c.FulfillmentID, c.Lines)
	if err != nil || len(lines) == 0 {
		return nil, err
	}
	return []events.ShipmentEvent{events.FulfillmentReduced{ShipmentID: c.ShipmentID, OrderID: s.OrderID, FulfillmentID: c.FulfillmentID,
		Lines: lines, Reason: c.Reason}}, nil
}

// PickFulfillment says units were taken from the shelf.
type PickFulfillment struct {
	ShipmentID    string                `json:"shipment_id"`
	FulfillmentID string                `json:"fulfillment_id"`
	Lines         []events.LineQuantity `json:"lines,omitempty"`
}

// Name implements Command.
func (PickFulfillment) Name() string { return "fulfillment.pick" }

// Stream implements Command.
func (c PickFulfillment) Stream() events.Stream[events.ShipmentEvent] {
	return events.Shipment(c.ShipmentID)
}

// Decide implements Command.
func (c PickFulfillment) Decide(s aggregates.Shipment) ([]events.ShipmentEvent, error) {
	lines, err := picking.take(s, c.ShipmentID, c.FulfillmentID, c.Lines)
	if err != nil || len(lines) == 0 {
		return nil, err
	}
	return []events.ShipmentEvent{events.FulfillmentPicked{ShipmentID: c.ShipmentID, OrderID: s.OrderID, FulfillmentID: c.FulfillmentID,
		Lines: lines}}, nil
}

// PackFulfillment says picked units are in parcels.
type PackFulfillment struct {
	ShipmentID    string                `json:"shipment_id"`
	FulfillmentID string                `json:"fulfillment_id"`
	Lines         []events.LineQuantity `json:"lines,omitempty"`
}

// Name implements Command.
func (PackFulfillment) Name() string { return "fulfillment.pack" }

// Stream implements Command.
func (c PackFulfillment) Stream() events.Stream[events.ShipmentEvent] {
	return events.Shipment(c.ShipmentID)
}

// Decide implements Command.
func (c PackFulfillment) Decide(s aggregates.Shipment) ([]events.ShipmentEvent, error) {
	lines, err := packing.take(s, c.ShipmentID, c.FulfillmentID, c.Lines)
	if err != nil || len(lines) == 0 {
		return nil, err
	}
	return []events.ShipmentEvent{events.FulfillmentPacked{ShipmentID: c.ShipmentID, OrderID: s.OrderID, FulfillmentID: c.FulfillmentID,
		Lines: lines}}, nil
}

// DispatchFulfillment says packed units left with a carrier.
type DispatchFulfillment struct {
	ShipmentID    string                `json:"shipment_id"`
	FulfillmentID string                `json:"fulfillment_id"`
	Tracking      string                `json:"tracking,omitempty"`
	Lines         []events.LineQuantity `json:"lines,omitempty"`
}

// Name implements Command.
func (DispatchFulfillment) Name() string { return "fulfillment.dispatch" }

// Stream implements Command.
func (c DispatchFulfillment) Stream() events.Stream[events.ShipmentEvent] {
	return events.Shipment(c.ShipmentID)
}

// Decide implements Command.
func (c DispatchFulfillment) Decide(s aggregates.Shipment) ([]events.ShipmentEvent, error) {
	if err := check(checkNote("tracking", c.Tracking, noteMax)); err != nil {
		return nil, err
	}
	lines, err := dispatching.take(s, c.ShipmentID, c.FulfillmentID, c.Lines)
	if err != nil || len(lines) == 0 {
		return nil, err
	}
	return []events.ShipmentEvent{events.FulfillmentDispatched{ShipmentID: c.ShipmentID, OrderID: s.OrderID, FulfillmentID: c.FulfillmentID,
		Warehouse: s.Fulfillments[c.FulfillmentID].Warehouse, Tracking: c.Tracking, Lines: lines}}, nil
}

// DeliverFulfillment says dispatched units reached the customer.
type DeliverFulfillment struct {
	ShipmentID    string                `json:"shipment_id"`
	FulfillmentID string                `json:"fulfillment_id"`
	Lines         []events.LineQuantity `json:"lines,omitempty"`
}

// Name implements Command.
func (DeliverFulfillment) Name() string { return "fulfillment.deliver" }

// Stream implements Command.
func (c DeliverFulfillment) Stream() events.Stream[events.ShipmentEvent] {
	return events.Shipment(c.ShipmentID)
}

// Decide implements Command.
func (c DeliverFulfillment) Decide(s aggregates.Shipment) ([]events.ShipmentEvent, error) {
	lines, err := delivering.take(s, c.ShipmentID, c.FulfillmentID, c.Lines)
	if err != nil || len(lines) == 0 {
		return nil, err
	}
	return []events.ShipmentEvent{events.FulfillmentDelivered{ShipmentID: c.ShipmentID, OrderID: s.OrderID, FulfillmentID: c.FulfillmentID,
		Lines: lines}}, nil
}

// FailFulfillment says the carrier could not deliver units.
type FailFulfillment struct {
	ShipmentID    string                `json:"shipment_id"`
	FulfillmentID string                `json:"fulfillment_id"`
	Lines         []events.LineQuantity `json:"lines,omitempty"`
	Reason        string                `json:"reason"`
}

// Name implements Command.
func (FailFulfillment) Name() string { return "fulfillment.fail" }

// Stream implements Command.
func (c FailFulfillment) Stream() events.Stream[events.ShipmentEvent] {
	return events.Shipment(c.ShipmentID)
}

// Decide implements Command.
func (c FailFulfillment) Decide(s aggregates.Shipment) ([]events.ShipmentEvent, error) {
	if err := check(checkName("reason", c.Reason, noteMax)); err != nil {
		return nil, err
	}
	lines, err := failing.take(s, c.ShipmentID, c.FulfillmentID, c.Lines)
	if err != nil || len(lines) == 0 {
		return nil, err
	}
	return []events.ShipmentEvent{events.FulfillmentFailed{ShipmentID: c.ShipmentID, OrderID: s.OrderID, FulfillmentID: c.FulfillmentID,
		Lines: lines, Reason: c.Reason}}, nil
}

// ReturnFulfillment says units that could not be delivered are back at the warehouse.
type ReturnFulfillment struct {
	ShipmentID    string                `json:"shipment_id"`
	FulfillmentID string                `json:"fulfillment_id"`
	Lines         []events.LineQuantity `json:"lines,omitempty"`
	Reason        string                `json:"reason,omitempty"`
}

// Name implements Command.
func (ReturnFulfillment) Name() string { return "fulfillment.return" }

// Stream implements Command.
func (c ReturnFulfillment) Stream() events.Stream[events.ShipmentEvent] {
	return events.Shipment(c.ShipmentID)
}

// Decide implements Command.
func (c ReturnFulfillment) Decide(s aggregates.Shipment) ([]events.ShipmentEvent, error) {
	if err := check(checkNote("reason", c.Reason, noteMax)); err != nil {
		return nil, err
	}
	lines, err := returning.take(s, c.ShipmentID, c.FulfillmentID, c.Lines)
	if err != nil || len(lines) == 0 {
		return nil, err
	}
	return []events.ShipmentEvent{events.FulfillmentReturned{ShipmentID: c.ShipmentID, OrderID: s.OrderID, FulfillmentID: c.FulfillmentID,
		Lines: lines, Reason: c.Reason}}, nil
}
