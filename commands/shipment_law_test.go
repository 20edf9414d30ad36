package commands_test

import (
	"testing"

	"pgregory.net/rapid"

	"tillstream/aggregates"
	"tillstream/commands"
	"tillstream/events"
)

func drawStep(t *rapid.T) commands.Command[aggregates.Shipment, events.ShipmentEvent] {
	id := rapid.SampledFrom([]string{"main", "north"}).Draw(t, "fulfillment")
	var part []events.LineQuantity
	for _, line := range []string{"lamps", "mugs"}[:rapid.SampledFrom([]int{0, 1, 1, 2}).Draw(t, "lines")] {
		part = append(part, lines(line, rapid.IntRange(1, 3).Draw(t, "units"))...)
	}
	switch likely(t, "step", map[string]int{"reduce": 1, "pick": 4, "pack": 4, "dispatch": 4, "deliver": 3, "fail": 4, "return": 4}) {
	case "reduce":
		return commands.ReduceFulfillment{ShipmentID: "s1", FulfillmentID: id, Lines: part}
	case "pick":
		return commands.PickFulfillment{ShipmentID: "s1", FulfillmentID: id, Lines: part}
	case "pack":
		return commands.PackFulfillment{ShipmentID: "s1", FulfillmentID: id, Lines: part}
	case "dispatch":
		return commands.DispatchFulfillment{ShipmentID: "s1", FulfillmentID: id, Lines: part}
	case "deliver":
		return commands.DeliverFulfillment{ShipmentID: "s1", FulfillmentID: id, Lines: part}
	case "fail":
		return commands.FailFulfillment{ShipmentID: "s1", FulfillmentID: id, Lines: part, Reason: "r"}
	}
	return commands.ReturnFulfillment{ShipmentID: "s1", FulfillmentID: id, Lines: part}
}

// shipmentBook is the test's own account: units by fulfillment, line and event type, kept from the facts alone.
type shipmentBook map[[3]string]int64

func (b shipmentBook) note(f events.ShipmentEvent) {
	add := func(fulfillment string, moved []events.LineQuantity) {
		for _, part := range moved {
			b[[3]string{fulfillment, part.LineID, f.Type()}] += part.Quantity
		}
	}
	switch f := f.(type) {
	case events.ShipmentPlanned:
		for _, p := range f.Fulfillments {
			for _, l := range p.Lines {
				b[[3]string{p.FulfillmentID, l.LineID, f.Type()}] += l.Quantity
			}
		}
	case events.FulfillmentReduced:
		add(f.FulfillmentID, f.Lines)
	case events.FulfillmentPicked:
		add(f.FulfillmentID, f.Lines)
	case events.FulfillmentPacked:
		add(f.FulfillmentID, f.Lines)
	case events.FulfillmentDispatched:
		add(f.FulfillmentID, f.Lines)
	case events.FulfillmentDelivered:
		add(f.FulfillmentID, f.Lines)
	case events.FulfillmentFailed:
		add(f.FulfillmentID, f.Lines)
	case events.FulfillmentReturned:
		add(f.FulfillmentID, f.Lines)
	}
}

func (b shipmentBook) lawful(t *rapid.T) {
	t.Helper()
	for _, fulfillment := range []string{"main", "north"} {
		for _, line := range []string{"lamps", "mugs"} {
			n := func(event string) int64 { return b[[3]string{fulfillment, line, event}] }
			chain := []int64{n("shipment.planned") - n("fulfillment.reduced"), n("fulfillment.picked"), n("fulfillment.packed"),
				n("fulfillment.dispatched"), n("fulfillment.delivered") + n("fulfillment.failed")}
			for i := 1; i < len(chain); i++ {
				if chain[i] > chain[i-1] {
					t.Fatalf("planned - reduced ≥ picked ≥ packed ≥ dispatched ≥ delivered + failed does not hold: %v", chain)
				}
			}
			if n("fulfillment.failed") < n("fulfillment.returned") {
				t.Fatalf("failed ≥ returned does not hold: %v", b)
			}
		}
	}
}

func TestNoUnitGetsAheadOfTheStepBefore(t *testing.T) {
	checkReached(t, func(t *rapid.T, reached map[string]int) {
		s, b := newStory[aggregates.Shipment, events.ShipmentEvent](t, reached), shipmentBook{}
		facts, _ := s.ask(planShipment)
		b.note(facts[0])
		begins := []commands.Command[aggregates.Shipment, events.ShipmentEvent]{
			commands.PickFulfillment{ShipmentID: "s1", FulfillmentID: "main", Lines: lines("lamps", 2, "mugs", 2)},
			commands.PackFulfillment{ShipmentID: "s1", FulfillmentID: "main"},
			commands.DispatchFulfillment{ShipmentID: "s1", FulfillmentID: "main"},
			commands.FailFulfillment{ShipmentID: "s1", FulfillmentID: "main", Lines: lines("lamps", 2), Reason: "r"}}
		for _, cmd := range begins[:rapid.SampledFrom([]int{0, 1, 2, 3, 3, 4, 4}).Draw(t, "begun")] {
			facts, _ := s.ask(cmd)
			b.note(facts[0])
		}
		for range rapid.IntRange(15, 50).Draw(t, "steps") {
			cmd := drawStep(t)
			before := len(s.facts)
			facts, reason := s.ask(cmd)
			for _, f := range facts {
				b.note(f)
			}
			b.lawful(t)
			if reason != "" && len(s.facts) != before {
				t.Fatalf("%+v was refused and recorded", cmd)
			}
		}
	}, "shipment.planned", "fulfillment.reduced", "fulfillment.picked", "fulfillment.packed", "fulfillment.dispatched",
		"fulfillment.delivered", "fulfillment.failed", "fulfillment.returned", "not_planned", "not_picked", "not_packed",
		"not_dispatched", "not_failed", "not_reducible", "line_unknown")
}
