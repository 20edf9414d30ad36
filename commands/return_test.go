package commands_test

import (
	"testing"

	"tillstream/aggregates"
	"tillstream/commands"
	. "tillstream/commands/commandtest"
	"tillstream/events"
)

var (
	requestReturn = commands.RequestReturn{ReturnID: "r1", OrderID: "o1", CustomerID: "ada", Lines: []events.ReturnLine{
		{LineID: "lamps", SKU: "LAMP", Warehouse: "MAIN", Quantity: 3, Amount: gbp(900), Reason: "too bright"},
		{LineID: "carriage", SKU: "POST", Quantity: 1, Amount: gbp(500)}}}
	returnRequested = events.ReturnRequested(requestReturn)
	twoLampsBack    = events.ReturnReceived{ReturnID: "r1", OrderID: "o1", Lines: []events.ReceivedLine{
		{LineID: "lamps", Quantity: 1, Disposition: events.Restock}, {LineID: "lamps", Quantity: 1, Disposition: events.Damaged}}}
)

func returned(past ...events.ReturnEvent) Given[aggregates.Return, events.ReturnEvent] {
	return History[aggregates.Return](past...)
}

func TestRequestReturn(t *testing.T) {
	byGuest := requestReturn
	byGuest.CustomerID = ""

	returned().Then(t, requestReturn, returnRequested)
	returned().Then(t, byGuest, events.ReturnRequested(byGuest))
	returned(returnRequested).Rejects(t, requestReturn, "return_exists")

	for name, spoil := range map[string]func(*commands.RequestReturn){
		"no id":           func(c *commands.RequestReturn) { c.ReturnID = "" },
		"no order":        func(c *commands.RequestReturn) { c.OrderID = "" },
		"no lines":        func(c *commands.RequestReturn) { c.Lines = nil },
		"line twice":      func(c *commands.RequestReturn) { c.Lines[1].LineID = "lamps" },
		"no sku":          func(c *commands.RequestReturn) { c.Lines[0].SKU = "" },
		"bad warehouse":   func(c *commands.RequestReturn) { c.Lines[0].Warehouse = "main house" },
		"amount below 0":  func(c *commands.RequestReturn) { c.Lines[0].Amount = gbp(-1) },
		"two currencies":  func(c *commands.RequestReturn) { c.Lines[1].Amount.Currency = "EUR" },
		"no currency":     func(c *commands.RequestReturn) { c.Lines[0].Amount.Currency = "" },
		"nothing":         func(c *commands.RequestReturn) { c.Lines[0].Quantity = 0 },
		"reason in lines": func(c *commands.RequestReturn) { c.Lines[0].Reason = "a\nb" },
	} {
		t.Run(name, func(t *testing.T) {
			c := requestReturn
			c.Lines = append([]events.ReturnLine(nil), c.Lines...)
			spoil(&c)
			returned().Rejects(t, c, commands.InvalidReason)
		})
	}
}

func TestReceiveReturn(t *testing.T) {
	receive := func(l ...events.ReceivedLine) commands.ReceiveReturn {
		return commands.ReceiveReturn{ReturnID: "r1", Lines: l}
	}
	lamp := func(n int64, d events.Disposition) events.ReceivedLine {
		return events.ReceivedLine{LineID: "lamps", Quantity: n, Disposition: d}
	}

	returned(returnRequested).Then(t, receive(lamp(1, events.Restock), lamp(1, events.Damaged)), twoLampsBack)
	returned(returnRequested, twoLampsBack).Then(t, receive(lamp(1, events.Restock)),
		events.ReturnReceived{ReturnID: "r1", OrderID: "o1", Lines: []events.ReceivedLine{lamp(1, events.Restock)}})
	returned().Rejects(t, receive(lamp(1, events.Restock)), "return_unknown")
	returned(returnRequested).Rejects(t, receive(events.ReceivedLine{LineID: "mugs", Quantity: 1, Disposition: events.Restock}), "line_unknown")
	returned(returnRequested).Rejects(t, receive(lamp(4, events.Restock)), "return_exceeded")
	returned(returnRequested).Rejects(t, receive(lamp(2, events.Restock), lamp(2, events.Damaged)), "return_exceeded")
	returned(returnRequested, twoLampsBack).Rejects(t, receive(lamp(2, events.Restock)), "return_exceeded")
	returned(returnRequested).Rejects(t, receive(), commands.InvalidReason)
	returned(returnRequested).Rejects(t, receive(lamp(0, events.Restock)), commands.InvalidReason)
	returned(returnRequested).Rejects(t, receive(lamp(1, "eaten")), commands.InvalidReason)
	returned(returnRequested).Rejects(t, receive(lamp(1, events.Restock), lamp(1, events.Restock)), commands.InvalidReason)
}
