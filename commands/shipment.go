package commands

import (
	"cmp"

	"tillstream/aggregates"
	"tillstream/events"
)

const fulfillmentsMax = 100 // in one shipment

// PlanShipment opens the shipment of an order: what each warehouse is to send, one fulfillment per warehouse.
type PlanShipment struct {
	ShipmentID   string                      `json:"shipment_id"`
	OrderID      string                      `json:"order_id"`
	Fulfillments []events.PlannedFulfillment `json:"fulfillments"`
}

// Name implements Command.
func (PlanShipment) Name() string { return "shipment.plan" }

// Stream implements Command.
func (c PlanShipment) Stream() events.Stream[events.ShipmentEvent] {
	return events.Shipment(c.ShipmentID)
}

// Decide implements Command.
func (c PlanShipment) Decide(s aggregates.Shipment) ([]events.ShipmentEvent, error) {
	if err := check(checkID("shipment_id", c.ShipmentID), checkID("order_id", c.OrderID), c.checkFulfillments()); err != nil {
		return nil, err
	}
	if s.OrderID != "" {
		return nil, reject("shipment_exists", "shipment %s is already planned, for order %s", c.ShipmentID, s.OrderID).
			with("order_id", s.OrderID)
	}
	return []events.ShipmentEvent{events.ShipmentPlanned(c)}, nil
}

func (c PlanShipment) checkFulfillments() *Rejection {
	if n := len(c.Fulfillments); n == 0 || n > fulfillmentsMax {
		return invalid("fulfillments", "has %d entries, a shipment has from 1 to %d", n, fulfillmentsMax)
	}
	ids, warehouses, planned := map[string]bool{}, map[string]bool{}, 0
	for _, f := range c.Fulfillments {
		if bad := cmp.Or(checkID("fulfillments.fulfillment_id", f.FulfillmentID), checkWarehouse("fulfillments.warehouse", f.Warehouse),
			checkPlan(f.Lines)); bad != nil {
			return bad
		}
		if ids[f.FulfillmentID] {
			return invalid("fulfillments.fulfillment_id", "%s is given to two fulfillments", f.FulfillmentID)
		}
		if warehouses[f.Warehouse] {
			return invalid("fulfillments.warehouse", "%s has two fulfillments: a warehouse has one", f.Warehouse)
		}
		ids[f.FulfillmentID], warehouses[f.Warehouse] = true, true
		planned += len(f.Lines)
	}
	if planned > linesMax {
		return invalid("fulfillments.lines", "has %d entries in all, at most %d are allowed", planned, linesMax)
	}
	return nil
}

func checkPlan(lines []events.PlannedLine) *Rejection {
	quantities := make([]events.LineQuantity, len(lines))
	for i, l := range lines {
		if bad := checkSKU(l.SKU); bad != nil {
			return bad.with("line_id", l.LineID)
		}
		quantities[i] = events.LineQuantity{LineID: l.LineID, Quantity: l.Quantity}
	}
	return checkLines(quantities)
}

// step is one way for units of a fulfillment to move.
type step struct {
	reason string // to refuse more than may move
	way    string // for people: how the units that may move are called
	may    func(aggregates.FulfillmentLine) int64
	done   func(aggregates.FulfillmentLine) int64
}

var (
	reducing = step{"not_reducible", "planned and not picked",
		func(l aggregates.FulfillmentLine) int64 { return l.Planned - l.Reduced - l.Picked },
		func(l aggregates.FulfillmentLine) int64 { return l.Reduced }}
	picking = step{"not_planned", "planned and not picked",
		func(l aggregates.FulfillmentLine) int64 { return l.Planned - l.Reduced - l.Picked },
		func(l aggregates.FulfillmentLine) int64 { return l.Picked }}
	packing = step{"not_picked", "picked and not packed",
		func(l aggregates.FulfillmentLine) int64 { return l.Picked - l.Packed },
		func(l aggregates.FulfillmentLine) int64 { return l.Packed }}
	dispatching = step{"not_packed", "packed and not dispatched",
		func(l aggregates.FulfillmentLine) int64 { return l.Packed - l.Dispatched },
		func(l aggregates.FulfillmentLine) int64 { return l.Dispatched }}
	delivering = step{"not_dispatched", "on their way",
		func(l aggregates.FulfillmentLine) int64 { return l.Dispatched - l.Delivered - l.Failed },
		func(l aggregates.FulfillmentLine) int64 { return l.Delivered }}
	failing = step{"not_dispatched", "on their way",
		func(l aggregates.FulfillmentLine) int64 { return l.Dispatched - l.Delivered - l.Failed },
		func(l aggregates.FulfillmentLine) int64 { return l.Failed }}
	returning = step{"not_failed", "failed and not returned",
		func(l aggregates.FulfillmentLine) int64 { return l.Failed - l.Returned },
		func(l aggregates.FulfillmentLine) int64 { return l.Returned }}
)

// take answers with the units that move: those asked for, or, where none are named, all that may. None may because all
// moved before: no units, and no refusal.
func (st step) take(s aggregates.Shipment, shipmentID, fulfillmentID string, asked []events.LineQuantity) ([]events.LineQuantity, error) {
	if err := check(checkID("shipment_id", shipmentID), checkID("fulfillment_id", fulfillmentID)); err != nil {
		return nil, err
	}
	if s.OrderID == "" {
		return nil, reject("shipment_unknown", "there is no shipment %s", shipmentID)
	}
	f, known := s.Fulfillments[fulfillmentID]
	if !known {
		return nil, reject("fulfillment_unknown", "shipment %s has no fulfillment %s", shipmentID, fulfillmentID)
	}
	if len(asked) == 0 {
		return st.takeAll(f, fulfillmentID)
	}
	if bad := checkLines(asked); bad != nil {
		return nil, bad
	}
	may := make(map[string]int64, len(f.Lines))
	for _, l := range f.Lines {
		may[l.LineID] = st.may(l)
	}
	for _, part := range asked {
		left, planned := may[part.LineID]
		if !planned {
			return nil, lineUnknown(fulfillmentID, part.LineID)
		}
		if part.Quantity > left {
			return nil, tooMany(st.reason, st.way, fulfillmentID, part, left)
		}
	}
	return asked, nil
}

func (st step) takeAll(f aggregates.Fulfillment, fulfillmentID string) (all []events.LineQuantity, _ error) {
	left, moved := int64(0), int64(0)
	for _, l := range f.Lines {
		if n := st.may(l); n > 0 {
			all = append(all, events.LineQuantity{LineID: l.LineID, Quantity: n})
		}
		left += l.Planned - l.Reduced
		moved += st.done(l)
	}
	if len(all) == 0 && left > 0 && moved == 0 {
		return nil, reject(st.reason, "fulfillment %s has no units %s", fulfillmentID, st.way)
	}
	return all, nil
}

func offerShipment(c *Codec) {
	Offer[PlanShipment](c)
	Offer[ReduceFulfillment](c)
	Offer[PickFulfillment](c)
	Offer[PackFulfillment](c)
	Offer[DispatchFulfillment](c)
	Offer[DeliverFulfillment](c)
	Offer[FailFulfillment](c)
	Offer[ReturnFulfillment](c)
}
