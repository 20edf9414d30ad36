package commands_test

import (
	"testing"

	"tillstream/commands"
	"tillstream/events"
)

func TestCancelOrderLine(t *testing.T) {
	cancel := func(line string, quantity int64) commands.CancelOrderLine {
		return commands.CancelOrderLine{OrderID: "o1", LineID: line, Quantity: quantity, Reason: "asked by the buyer"}
	}

	order(orderPlaced).Then(t, cancel("lamps", 1), lineCancelled("lamps", 1, 300))
	order(orderPlaced).Then(t, cancel("mugs", 1), lineCancelled("mugs", 1, 252))
	order(orderPlaced, lineCancelled("mugs", 1, 252)).Then(t, cancel("mugs", 1), lineCancelled("mugs", 1, 251))
	order(orderPlaced, orderConfirmed, oneLampShipped).Then(t, cancel("lamps", 2), lineCancelled("lamps", 2, 600))
	order(orderPlaced, orderConfirmed, goodsShipped).Then(t, cancel("carriage", 1), lineCancelled("carriage", 1, 500))

	order().Rejects(t, cancel("lamps", 1), "order_unknown")
	order(orderPlaced, orderCancelled).Rejects(t, cancel("lamps", 1), "order_cancelled")
	order(orderPlaced).Rejects(t, cancel("hats", 1), "line_unknown")
	order(orderPlaced).Rejects(t, cancel("lamps", 4), "line_not_cancellable")
	order(orderPlaced, orderConfirmed, goodsShipped).Rejects(t, cancel("lamps", 1), "line_not_cancellable")
	order(orderPlaced, orderConfirmed, goodsShipped, orderClosed).Rejects(t, cancel("carriage", 1), "line_not_cancellable")
	order(orderPlaced).Rejects(t, cancel("lamps", 0), commands.InvalidReason)
	order(orderPlaced).Rejects(t, commands.CancelOrderLine{OrderID: "o1", LineID: "lamps", Quantity: 1}, commands.InvalidReason)
}

func TestARefusedCancellationSaysHowManyUnitsAreLeft(t *testing.T) {
	no := order(orderPlaced, orderConfirmed, oneLampShipped).Rejects(t,
		commands.CancelOrderLine{OrderID: "o1", LineID: "lamps", Quantity: 3, Reason: "r"}, "line_not_cancellable")
	for detail, want := range map[string]any{"line_id": "lamps", "asked": int64(3), "left": int64(2), "shipped": int64(1)} {
		if no.Details[detail] != want {
			t.Errorf("detail %s is %v, not %v", detail, no.Details[detail], want)
		}
	}
}

func TestTheLastUnitOfTheLastLineEndsTheOrder(t *testing.T) {
	last := commands.CancelOrderLine{OrderID: "o1", LineID: "carriage", Quantity: 1, Reason: "asked by the buyer"}
	ended := events.OrderCancelled{OrderID: "o1", Amount: gbp(180), Reason: "asked by the buyer"} // the wrapping, taxed

	order(orderPlaced, lineCancelled("lamps", 3, 900), lineCancelled("mugs", 2, 503)).
		Then(t, last, lineCancelled("carriage", 1, 500), ended)
}

func TestCancelOrder(t *testing.T) {
	cancel := commands.CancelOrder{OrderID: "o1", Reason: "asked by the buyer"}

	order(orderPlaced).Then(t, cancel, orderCancelled)
	order(orderPlaced, orderConfirmed).Then(t, cancel, orderCancelled)
	order(orderPlaced, lineCancelled("lamps", 1, 300)).Then(t, cancel,
		events.OrderCancelled{OrderID: "o1", Lines: amounts("carriage", 1, 500, "lamps", 2, 600, "mugs", 2, 503), Amount: gbp(1783), Reason: "asked by the buyer"})
	order(orderPlaced, orderCancelled).ThenNothing(t, cancel)
	order().Rejects(t, cancel, "order_unknown")
	order(orderPlaced, orderConfirmed, oneLampShipped).Rejects(t, cancel, "order_shipped")
	order(orderPlaced, orderConfirmed, lineCancelled("lamps", 3, 900), lineCancelled("mugs", 2, 503), orderClosed).
		Rejects(t, cancel, "order_closed")
	order(orderPlaced).Rejects(t, commands.CancelOrder{OrderID: "o1"}, commands.InvalidReason)
}

func TestReturnOrder(t *testing.T) {
	sendBack := func(pairs ...any) commands.ReturnOrder {
		return commands.ReturnOrder{OrderID: "o1", ReturnID: "r1", Lines: lines(pairs...)}
	}
	returned := func(amount int64, triples ...any) events.OrderReturned {
		return events.OrderReturned{OrderID: "o1", ReturnID: "r1", Lines: amounts(triples...), Amount: gbp(amount)}
	}
	shipped := []events.OrderEvent{orderPlaced, orderConfirmed, goodsShipped}

	order(shipped...).Then(t, sendBack("lamps", 1, "mugs", 1), returned(552, "lamps", 1, 300, "mugs", 1, 252))
	order(append(shipped, returned(552, "lamps", 1, 300, "mugs", 1, 252))...).Then(t, sendBack("mugs", 1), returned(251, "mugs", 1, 251))
	order(append(shipped, orderClosed)...).Then(t, sendBack("lamps", 3), returned(900, "lamps", 3, 900))
	order(orderPlaced, orderConfirmed).Then(t, sendBack("carriage", 1), returned(500, "carriage", 1, 500))

	order().Rejects(t, sendBack("lamps", 1), "order_unknown")
	order(orderPlaced, orderCancelled).Rejects(t, sendBack("lamps", 1), "order_cancelled")
	order(orderPlaced).Rejects(t, sendBack("carriage", 1), "not_returnable")
	order(orderPlaced, orderConfirmed).Rejects(t, sendBack("lamps", 1), "not_returnable")
	order(orderPlaced, orderConfirmed, oneLampShipped).Rejects(t, sendBack("lamps", 2), "not_returnable")
	order(append(shipped, returned(900, "lamps", 3, 900))...).Rejects(t, sendBack("lamps", 1), "not_returnable")
	order(append(shipped, lineCancelled("carriage", 1, 500))...).Rejects(t, sendBack("carriage", 1), "not_returnable")
	order(shipped...).Rejects(t, sendBack("hats", 1), "line_unknown")
	order(shipped...).Rejects(t, sendBack(), commands.InvalidReason)
	order(shipped...).Rejects(t, commands.ReturnOrder{OrderID: "o1", Lines: lines("lamps", 1)}, commands.InvalidReason)
}
