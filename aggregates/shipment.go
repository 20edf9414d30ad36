package aggregates

import "tillstream/events"

// FulfillmentLine is how many units of an order line got how far:
// Planned - Reduced ≥ Picked ≥ Packed ≥ Dispatched ≥ Delivered + Failed, and Failed ≥ Returned.
type FulfillmentLine struct {
	LineID     string `json:"line_id"`
	Planned    int64  `json:"planned"`
	Reduced    int64  `json:"reduced"`
	Picked     int64  `json:"picked"`
	Packed     int64  `json:"packed"`
	Dispatched int64  `json:"dispatched"`
	Delivered  int64  `json:"delivered"`
	Failed     int64  `json:"failed"`
	Returned   int64  `json:"returned"`
}

// Fulfillment is the part of a shipment that one warehouse sends. Lines stand in the order of the plan.
type Fulfillment struct {
	Warehouse string            `json:"warehouse"`
	Lines     []FulfillmentLine `json:"lines"`
}

// Shipment remembers of a shipment what its decisions need.
type Shipment struct {
	OrderID      string                 `json:"order_id"`     // empty: nothing recorded yet
	Fulfillments map[string]Fulfillment `json:"fulfillments"` // by fulfillment id
}

// FoldVersion implements State.
func (Shipment) FoldVersion() int { return 2 }

// Evolve implements State.
func (s Shipment) Evolve(e events.ShipmentEvent) Shipment {
	switch e := e.(type) {
	case events.ShipmentPlanned:
		return planned(e)
	case events.FulfillmentReduced:
		s.move(e.FulfillmentID, e.Lines, func(l *FulfillmentLine, n int64) { l.Reduced += n })
	case events.FulfillmentPicked:
		s.move(e.FulfillmentID, e.Lines, func(l *FulfillmentLine, n int64) { l.Picked += n })
	case events.FulfillmentPacked:
		s.move(e.FulfillmentID, e.Lines, func(l *FulfillmentLine, n int64) { l.Packed += n })
	case events.FulfillmentDispatched:
		s.move(e.FulfillmentID, e.Lines, func(l *FulfillmentLine, n int64) { l.Dispatched += n })
	case events.FulfillmentDelivered:
		s.move(e.FulfillmentID, e.Lines, func(l *FulfillmentLine, n int64) { l.Delivered += n })
	case events.FulfillmentFailed:
		s.move(e.FulfillmentID, e.Lines, func(l *FulfillmentLine, n int64) { l.Failed += n })
	case events.FulfillmentReturned:
		s.move(e.FulfillmentID, e.Lines, func(l *FulfillmentLine, n int64) { l.Returned += n })
	}
	return s
}

func planned(e events.ShipmentPlanned) Shipment {
	s := Shipment{OrderID: e.OrderID, Fulfillments: make(map[string]Fulfillment, len(e.Fulfillments))}
	for _, f := range e.Fulfillments {
		lines := make([]FulfillmentLine, len(f.Lines))
		for i, l := range f.Lines {
			lines[i] = FulfillmentLine{LineID: l.LineID, Planned: l.Quantity}
		}
		s.Fulfillments[f.FulfillmentID] = Fulfillment{f.Warehouse, lines}
	}
	return s
}

func (s Shipment) move(fulfillmentID string, parts []events.LineQuantity, count func(*FulfillmentLine, int64)) {
	f := s.Fulfillments[fulfillmentID]
	moved := make(map[string]int64, len(parts))
	for _, p := range parts {
		moved[p.LineID] += p.Quantity
	}
	for i := range f.Lines {
		if n := moved[f.Lines[i].LineID]; n > 0 {
			count(&f.Lines[i], n)
		}
	}
}
