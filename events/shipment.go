package events

import (
	"fmt"
	"strings"
)

// ShipmentEvent is the closed set of facts in a shipment's stream: the shipment of one order, with its fulfillments.
//
//sumtype:decl
type ShipmentEvent interface {
	Event
	shipmentEvent()
}

// PlannedFulfillment is what one warehouse is to send.
type PlannedFulfillment struct {
	FulfillmentID string        `json:"fulfillment_id"`
	Warehouse     string        `json:"warehouse"`
	Lines         []PlannedLine `json:"lines"`
}

// PlannedLine is a number of units of one order line that a warehouse is to send.
type PlannedLine struct {
	LineID   string `json:"line_id"`
	SKU      string `json:"sku"`
	Quantity int64  `json:"quantity"`
}

// ShipmentPlanned opens the stream: one fulfillment per warehouse.
type ShipmentPlanned struct {
	ShipmentID   string               `json:"shipment_id"`
	OrderID      string               `json:"order_id"`
	Fulfillments []PlannedFulfillment `json:"fulfillments"`
}

// FulfillmentReduced takes units off the plan, before they were packed: the customer cancelled them.
type FulfillmentReduced struct {
	ShipmentID    string         `json:"shipment_id"`
	OrderID       string         `json:"order_id"`
	FulfillmentID string         `json:"fulfillment_id"`
	Lines         []LineQuantity `json:"lines"`
	Reason        string         `json:"reason,omitempty"`
}

// FulfillmentPicked says these units were taken from the shelf. Several picks may make up the plan.
type FulfillmentPicked struct {
	ShipmentID    string         `json:"shipment_id"`
	OrderID       string         `json:"order_id"`
	FulfillmentID string         `json:"fulfillment_id"`
	Lines         []LineQuantity `json:"lines"`
}

// FulfillmentPacked says the picked units are in parcels.
type FulfillmentPacked struct {
	ShipmentID    string         `json:"shipment_id"`
	OrderID       string         `json:"order_id"`
	FulfillmentID string         `json:"fulfillment_id"`
	Lines         []LineQuantity `json:"lines"`
}

// FulfillmentDispatched says the packed units left the warehouse with a carrier. Several dispatches may make up the plan.
type FulfillmentDispatched struct {
	ShipmentID    string         `json:"shipment_id"`
	OrderID       string         `json:"order_id"`
	FulfillmentID string         `json:"fulfillment_id"`
	Warehouse     string         `json:"warehouse"`
	Tracking      string         `json:"tracking,omitempty"`
	Lines         []LineQuantity `json:"lines"`
}

// FulfillmentDelivered says these dispatched units reached the customer.
type FulfillmentDelivered struct {
	ShipmentID    string         `json:"shipment_id"`
	OrderID       string         `json:"order_id"`
	FulfillmentID string         `json:"fulfillment_id"`
	Lines         []LineQuantity `json:"lines"`
}

// FulfillmentFailed says the carrier could not deliver these units; they are on their way back or lost.
type FulfillmentFailed struct {
	ShipmentID    string         `json:"shipment_id"`
	OrderID       string         `json:"order_id"`
	FulfillmentID string         `json:"fulfillment_id"`
	Lines         []LineQuantity `json:"lines"`
	Reason        string         `json:"reason"`
}

// FulfillmentReturned says these units came back to the warehouse without having been delivered.
type FulfillmentReturned struct {
	ShipmentID    string         `json:"shipment_id"`
	OrderID       string         `json:"order_id"`
	FulfillmentID string         `json:"fulfillment_id"`
	Lines         []LineQuantity `json:"lines"`
	Reason        string         `json:"reason,omitempty"`
}

func (ShipmentPlanned) Type() string       { return "shipment.planned" }
func (FulfillmentReduced) Type() string    { return "fulfillment.reduced" }
func (FulfillmentPicked) Type() string     { return "fulfillment.picked" }
func (FulfillmentPacked) Type() string     { return "fulfillment.packed" }
func (FulfillmentDispatched) Type() string { return "fulfillment.dispatched" }
func (FulfillmentDelivered) Type() string  { return "fulfillment.delivered" }
func (FulfillmentFailed) Type() string     { return "fulfillment.failed" }
func (FulfillmentReturned) Type() string   { return "fulfillment.returned" }

func (ShipmentPlanned) shipmentEvent()       {}
func (FulfillmentReduced) shipmentEvent()    {}
func (FulfillmentPicked) shipmentEvent()     {}
func (FulfillmentPacked) shipmentEvent()     {}
func (FulfillmentDispatched) shipmentEvent() {}
func (FulfillmentDelivered) shipmentEvent()  {}
func (FulfillmentFailed) shipmentEvent()     {}
func (FulfillmentReturned) shipmentEvent()   {}

// Shipment is the stream of the shipment of one order.
func Shipment(id string) Stream[ShipmentEvent] { return Stream[ShipmentEvent]("shipment-" + id) }

// Sentence says the fact in plain words.
func (e ShipmentPlanned) Sentence() string {
	var from []string
	var n int64
	for _, f := range e.Fulfillments {
		from = append(from, f.Warehouse)
		for _, l := range f.Lines {
			n += l.Quantity
		}
	}
	return fmt.Sprintf("%s of order %s are to be sent from %s", units(n), short(e.OrderID), strings.Join(from, ", "))
}

// Sentence says the fact in plain words.
func (e FulfillmentReduced) Sentence() string {
	return fmt.Sprintf("%s of order %s need not be sent%s", units(Units(e.Lines)), short(e.OrderID), because(e.Reason))
}

// Sentence says the fact in plain words.
func (e FulfillmentPicked) Sentence() string {
	return parcel(e.Lines, e.OrderID, "taken from the shelf")
}

// Sentence says the fact in plain words.
func (e FulfillmentPacked) Sentence() string { return parcel(e.Lines, e.OrderID, "packed") }

// Sentence says the fact in plain words.
func (e FulfillmentDispatched) Sentence() string {
	said := parcel(e.Lines, e.OrderID, "handed to a carrier at "+e.Warehouse)
	if e.Tracking != "" {
		said += ", parcel " + e.Tracking
	}
	return said
}

// Sentence says the fact in plain words.
func (e FulfillmentDelivered) Sentence() string {
	return parcel(e.Lines, e.OrderID, "delivered to the customer")
}

// Sentence says the fact in plain words.
func (e FulfillmentFailed) Sentence() string {
	return fmt.Sprintf("The carrier could not deliver %s of order %s%s", units(Units(e.Lines)), short(e.OrderID), because(e.Reason))
}

// Sentence says the fact in plain words.
func (e FulfillmentReturned) Sentence() string {
	return fmt.Sprintf("%s of order %s came back undelivered%s", units(Units(e.Lines)), short(e.OrderID), because(e.Reason))
}

func admitShipment(c *Codec) {
	Current[ShipmentPlanned](c)
	Current[FulfillmentReduced](c)
	Current[FulfillmentPicked](c)
	Current[FulfillmentPacked](c)
	Current[FulfillmentDispatched](c)
	Current[FulfillmentDelivered](c)
	Current[FulfillmentFailed](c)
	Current[FulfillmentReturned](c)
}
