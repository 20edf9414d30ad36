package commands_test

import (
	"fmt"
	"testing"

	"tillstream/aggregates"
	"tillstream/commands"
	. "tillstream/commands/commandtest"
	"tillstream/events"
)

// The shipment of these tests: three lamps and two mugs from the main warehouse, one lamp from the north.
var (
	planShipment = commands.PlanShipment{ShipmentID: "s1", OrderID: "o1", Fulfillments: []events.PlannedFulfillment{
		{FulfillmentID: "main", Warehouse: "MAIN", Lines: []events.PlannedLine{{LineID: "lamps", SKU: "LAMP", Quantity: 3},
			{LineID: "mugs", SKU: "MUG", Quantity: 2}}},
		{FulfillmentID: "north", Warehouse: "NORTH", Lines: []events.PlannedLine{{LineID: "lamps", SKU: "LAMP", Quantity: 1}}}}}

	shipmentPlanned = events.ShipmentPlanned(planShipment)
	everything      = lines("lamps", 3, "mugs", 2)
)

func shipment(past ...events.ShipmentEvent) Given[aggregates.Shipment, events.ShipmentEvent] {
	return History[aggregates.Shipment](past...)
}

func reduced(l []events.LineQuantity) events.FulfillmentReduced {
	return events.FulfillmentReduced{ShipmentID: "s1", OrderID: "o1", FulfillmentID: "main", Lines: l, Reason: "cancelled"}
}

func picked(l []events.LineQuantity) events.FulfillmentPicked {
	return events.FulfillmentPicked{ShipmentID: "s1", OrderID: "o1", FulfillmentID: "main", Lines: l}
}

func packed(l []events.LineQuantity) events.FulfillmentPacked {
	return events.FulfillmentPacked{ShipmentID: "s1", OrderID: "o1", FulfillmentID: "main", Lines: l}
}

func dispatched(l []events.LineQuantity) events.FulfillmentDispatched {
	return events.FulfillmentDispatched{ShipmentID: "s1", OrderID: "o1", FulfillmentID: "main", Warehouse: "MAIN", Tracking: "DHL-1", Lines: l}
}

func delivered(l []events.LineQuantity) events.FulfillmentDelivered {
	return events.FulfillmentDelivered{ShipmentID: "s1", OrderID: "o1", FulfillmentID: "main", Lines: l}
}

func failed(l []events.LineQuantity) events.FulfillmentFailed {
	return events.FulfillmentFailed{ShipmentID: "s1", OrderID: "o1", FulfillmentID: "main", Lines: l, Reason: "nobody at home"}
}

func cameBack(l []events.LineQuantity) events.FulfillmentReturned {
	return events.FulfillmentReturned{ShipmentID: "s1", OrderID: "o1", FulfillmentID: "main", Lines: l, Reason: "unclaimed"}
}

func TestPlanShipment(t *testing.T) {
	shipment().Then(t, planShipment, shipmentPlanned)
	shipment(shipmentPlanned).Rejects(t, planShipment, "shipment_exists")

	for name, spoil := range map[string]func(*commands.PlanShipment){
		"no id":                  func(c *commands.PlanShipment) { c.ShipmentID = "" },
		"no order":               func(c *commands.PlanShipment) { c.OrderID = "" },
		"no fulfillments":        func(c *commands.PlanShipment) { c.Fulfillments = nil },
		"too many fulfillments":  func(c *commands.PlanShipment) { c.Fulfillments = make([]events.PlannedFulfillment, 101) },
		"fulfillment without id": func(c *commands.PlanShipment) { c.Fulfillments[0].FulfillmentID = "" },
		"fulfillment id twice":   func(c *commands.PlanShipment) { c.Fulfillments[1].FulfillmentID = "main" },
		"no warehouse":           func(c *commands.PlanShipment) { c.Fulfillments[0].Warehouse = "" },
		"warehouse twice":        func(c *commands.PlanShipment) { c.Fulfillments[1].Warehouse = "MAIN" },
		"no lines":               func(c *commands.PlanShipment) { c.Fulfillments[0].Lines = nil },
		"line twice": func(c *commands.PlanShipment) {
			c.Fulfillments[0].Lines = append(c.Fulfillments[0].Lines, c.Fulfillments[0].Lines[0])
		},
		"nothing of a line": func(c *commands.PlanShipment) {
			c.Fulfillments[1].Lines = []events.PlannedLine{{LineID: "l", SKU: "S"}}
		},
		"line without sku": func(c *commands.PlanShipment) {
			c.Fulfillments[1].Lines = []events.PlannedLine{{LineID: "l", Quantity: 1}}
		},
		"too many lines": func(c *commands.PlanShipment) {
			for n := range 1500 {
				c.Fulfillments[1].Lines = append(c.Fulfillments[1].Lines, events.PlannedLine{LineID: fmt.Sprint(n), SKU: "S", Quantity: 1})
			}
			c.Fulfillments[1].Lines = c.Fulfillments[1].Lines[1:]
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := planShipment
			c.Fulfillments = append([]events.PlannedFulfillment(nil), c.Fulfillments...)
			spoil(&c)
			shipment().Rejects(t, c, commands.InvalidReason)
		})
	}
}

// Each step may move what the step before released, in parts or, with no lines named, whole.
func TestStepsOfAFulfillment(t *testing.T) {
	type units = []events.LineQuantity
	type command = commands.Command[aggregates.Shipment, events.ShipmentEvent]
	upTo := map[string][]events.ShipmentEvent{"plan": {shipmentPlanned}}
	upTo["pick"] = append(upTo["plan"][:1:1], picked(everything))
	upTo["pack"] = append(upTo["pick"][:2:2], packed(everything))
	upTo["dispatch"] = append(upTo["pack"][:3:3], dispatched(everything))
	upTo["fail"] = append(upTo["dispatch"][:4:4], failed(everything))

	for _, step := range []struct {
		name, after string
		ask         func(id string, l units) command
		fact        func(units) events.ShipmentEvent
		reason      string // when nothing, or too little, was released
		unreleased  string
	}{
		{"reduce", "plan", func(id string, l units) command {
			return commands.ReduceFulfillment{ShipmentID: "s1", FulfillmentID: id, Lines: l, Reason: "cancelled"}
		}, func(l units) events.ShipmentEvent { return reduced(l) }, "not_reducible", "pick"},
		{"pick", "plan", func(id string, l units) command {
			return commands.PickFulfillment{ShipmentID: "s1", FulfillmentID: id, Lines: l}
		}, func(l units) events.ShipmentEvent { return picked(l) }, "not_planned", ""},
		{"pack", "pick", func(id string, l units) command {
			return commands.PackFulfillment{ShipmentID: "s1", FulfillmentID: id, Lines: l}
		}, func(l units) events.ShipmentEvent { return packed(l) }, "not_picked", "plan"},
		{"dispatch", "pack", func(id string, l units) command {
			return commands.DispatchFulfillment{ShipmentID: "s1", FulfillmentID: id, Tracking: "DHL-1", Lines: l}
		}, func(l units) events.ShipmentEvent { return dispatched(l) }, "not_packed", "pick"},
		{"deliver", "dispatch", func(id string, l units) command {
			return commands.DeliverFulfillment{ShipmentID: "s1", FulfillmentID: id, Lines: l}
		}, func(l units) events.ShipmentEvent { return delivered(l) }, "not_dispatched", "pack"},
		{"fail", "dispatch", func(id string, l units) command {
			return commands.FailFulfillment{ShipmentID: "s1", FulfillmentID: id, Lines: l, Reason: "nobody at home"}
		}, func(l units) events.ShipmentEvent { return failed(l) }, "not_dispatched", "pack"},
		{"return", "fail", func(id string, l units) command {
			return commands.ReturnFulfillment{ShipmentID: "s1", FulfillmentID: id, Lines: l, Reason: "unclaimed"}
		}, func(l units) events.ShipmentEvent { return cameBack(l) }, "not_failed", "dispatch"},
	} {
		t.Run(step.name, func(t *testing.T) {
			past := upTo[step.after]
			part, rest := lines("lamps", 1), lines("lamps", 2, "mugs", 2)

			shipment(past...).Then(t, step.ask("main", part), step.fact(part))
			shipment(past...).Then(t, step.ask("main", nil), step.fact(everything))
			shipment(append(past[:len(past):len(past)], step.fact(part))...).Then(t, step.ask("main", nil), step.fact(rest))
			shipment(append(past[:len(past):len(past)], step.fact(everything))...).ThenNothing(t, step.ask("main", nil))

			shipment(append(past[:len(past):len(past)], step.fact(part))...).Rejects(t, step.ask("main", lines("lamps", 3)), step.reason)
			shipment().Rejects(t, step.ask("main", nil), "shipment_unknown")
			shipment(past...).Rejects(t, step.ask("south", nil), "fulfillment_unknown")
			shipment(past...).Rejects(t, step.ask("main", lines("hats", 1)), "line_unknown")
			shipment(past...).Rejects(t, step.ask("main", lines("lamps", 0)), commands.InvalidReason)
			shipment(past...).Rejects(t, step.ask("", nil), commands.InvalidReason)
			if step.unreleased != "" {
				shipment(upTo[step.unreleased]...).Rejects(t, step.ask("main", nil), step.reason)
				shipment(upTo[step.unreleased]...).Rejects(t, step.ask("main", part), step.reason)
			}
		})
	}
}

func TestWhatACarrierSaysIsWellFormed(t *testing.T) {
	shipment(shipmentPlanned).Rejects(t, commands.FailFulfillment{ShipmentID: "s1", FulfillmentID: "main"}, commands.InvalidReason)
	shipment(shipmentPlanned).Rejects(t, commands.DispatchFulfillment{ShipmentID: "s1", FulfillmentID: "main", Tracking: "a\nb"},
		commands.InvalidReason)
	shipment(shipmentPlanned).Rejects(t, commands.ReduceFulfillment{ShipmentID: "s1", FulfillmentID: "main", Reason: "\x00"},
		commands.InvalidReason)
	shipment(shipmentPlanned).Rejects(t, commands.ReturnFulfillment{ShipmentID: "s1", FulfillmentID: "main", Reason: "\x00"},
		commands.InvalidReason)
}

func TestAPlanReducedToNothingHasNothingToPick(t *testing.T) {
	shipment(shipmentPlanned, reduced(everything)).ThenNothing(t, commands.PickFulfillment{ShipmentID: "s1", FulfillmentID: "main"})
	shipment(shipmentPlanned, reduced(everything)).ThenNothing(t, commands.PackFulfillment{ShipmentID: "s1", FulfillmentID: "main"})
	shipment(shipmentPlanned, reduced(lines("lamps", 1))).
		Rejects(t, commands.PickFulfillment{ShipmentID: "s1", FulfillmentID: "main", Lines: lines("lamps", 3)}, "not_planned")
}
