package commands_test

import (
	"testing"

	"tillstream/aggregates"
	"tillstream/commands"
	. "tillstream/commands/commandtest"
	"tillstream/events"
)

// The order of these tests: three lamps at 3.33 less 0.99, two mugs at 2.095, carriage as a service, wrapping as a charge.
var (
	lamps = events.Line{LineID: "lamps", SKU: "LAMP", Name: "Lamp", Kind: events.Goods, Warehouse: "MAIN", Quantity: 3,
		Unit: gbpUnit(333, 2), Discounts: []events.Discount{{Name: "spring", Amount: gbp(99)}}, Net: gbp(900), Gross: gbp(900)}
	mugs = events.Line{LineID: "mugs", SKU: "MUG", Name: "Mug", Kind: events.Goods, Warehouse: "MAIN", Quantity: 2,
		Unit: gbpUnit(2095, 3), Taxes: []events.Tax{{Name: "VAT", RatePPM: 200_000, Amount: gbp(84)}}, Net: gbp(419), Gross: gbp(503)}
	carriage = events.Line{LineID: "carriage", SKU: "POST", Kind: events.Service, Quantity: 1, Unit: gbpUnit(5, 0),
		Taxes: []events.Tax{{Name: "VAT", RatePPM: 200_000, Amount: gbp(83), Included: true}}, Net: gbp(500), Gross: gbp(500)}
	wrapping = events.Charge{Name: "wrapping", Amount: gbp(150), Taxes: []events.Tax{{Name: "VAT", RatePPM: 200_000, Amount: gbp(30)}}}

	placeOrder = commands.PlaceOrder{OrderID: "o1", CustomerID: "ada", Country: "United Kingdom", Currency: "GBP",
		Lines: []events.Line{lamps, mugs, carriage}, Charges: []events.Charge{wrapping}, Rounding: events.HalfAwayPerLine,
		Totals: events.Totals{Net: gbp(1886), Tax: gbp(197), Gross: gbp(2083)}}

	orderPlaced    = events.OrderPlaced(placeOrder)
	orderConfirmed = events.OrderConfirmed{OrderID: "o1"}
	orderDelivered = events.OrderDelivered{OrderID: "o1"}
	orderClosed    = events.OrderClosed{OrderID: "o1"}
	orderCancelled = events.OrderCancelled{OrderID: "o1", Lines: amounts("carriage", 1, 500, "lamps", 3, 900, "mugs", 2, 503),
		Amount: gbp(2083), Reason: "asked by the buyer"}
	oneLampShipped = events.OrderPartiallyShipped{OrderID: "o1", ShipmentID: "s1", FulfillmentID: "f1", Lines: lines("lamps", 1)}
	goodsShipped   = events.OrderShipped{OrderID: "o1", ShipmentID: "s1", FulfillmentID: "f1", Lines: lines("lamps", 3, "mugs", 2)}
)

func TestForgetGuest(t *testing.T) {
	forget, forgotten := commands.ForgetGuest{OrderID: "o1"}, events.OrderGuestForgotten{OrderID: "o1"}
	byGuest := orderPlaced
	byGuest.CustomerID = ""
	for _, past := range [][]events.OrderEvent{{byGuest}, {byGuest, orderConfirmed}, {byGuest, orderCancelled}, {byGuest, orderConfirmed, orderClosed}} {
		order(past...).Then(t, forget, forgotten)
		order(append(past, forgotten)...).ThenNothing(t, forget)
	}
	order(byGuest, forgotten).Then(t, commands.ConfirmOrder{OrderID: "o1"}, orderConfirmed)

	order().Rejects(t, forget, "order_unknown")
	order(orderPlaced).Rejects(t, forget, "order_of_customer")
	refusesField(t, order(), commands.ForgetGuest{}, "order_id")
}

func gbp(minor int64) events.Money { return events.Money{Minor: minor, Currency: "GBP"} }

func gbpUnit(amount int64, scale uint8) events.UnitPrice {
	return events.UnitPrice{Amount: amount, Scale: scale, Currency: "GBP"}
}

// lines makes line quantities of pairs of line id and quantity.
func lines(pairs ...any) (made []events.LineQuantity) {
	for i := 0; i < len(pairs); i += 2 {
		made = append(made, events.LineQuantity{LineID: pairs[i].(string), Quantity: int64(pairs[i+1].(int))})
	}
	return made
}

// amounts makes line amounts of triples of line id, quantity and pence.
func amounts(triples ...any) (made []events.LineAmount) {
	for i := 0; i < len(triples); i += 3 {
		made = append(made, events.LineAmount{LineID: triples[i].(string), Quantity: int64(triples[i+1].(int)),
			Amount: gbp(int64(triples[i+2].(int)))})
	}
	return made
}

func order(past ...events.OrderEvent) Given[aggregates.Order, events.OrderEvent] {
	return History[aggregates.Order](past...)
}

func lineCancelled(line string, quantity, amount int64) events.OrderLineCancelled {
	return events.OrderLineCancelled{OrderID: "o1", LineID: line, Quantity: quantity, Amount: gbp(amount), Reason: "asked by the buyer"}
}

func TestConfirmOrder(t *testing.T) {
	confirm := commands.ConfirmOrder{OrderID: "o1"}

	order(orderPlaced).Then(t, confirm, orderConfirmed)
	order(orderPlaced, orderConfirmed).ThenNothing(t, confirm)
	order(orderPlaced, orderConfirmed, goodsShipped, orderClosed).ThenNothing(t, confirm)
	order().Rejects(t, confirm, "order_unknown")
	order(orderPlaced, orderCancelled).Rejects(t, confirm, "order_cancelled")
	order().Rejects(t, commands.ConfirmOrder{}, commands.InvalidReason)
}

func TestShipOrder(t *testing.T) {
	ship := func(pairs ...any) commands.ShipOrder {
		return commands.ShipOrder{OrderID: "o1", ShipmentID: "s1", FulfillmentID: "f1", Lines: lines(pairs...)}
	}
	ready := []events.OrderEvent{orderPlaced, orderConfirmed}

	order(ready...).Then(t, ship("lamps", 1), oneLampShipped)
	order(ready...).Then(t, ship("lamps", 3, "mugs", 2), goodsShipped)
	order(append(ready, oneLampShipped)...).Then(t, ship("lamps", 2, "mugs", 2), events.OrderShipped{OrderID: "o1", ShipmentID: "s1",
		FulfillmentID: "f1", Lines: lines("lamps", 2, "mugs", 2)})
	order(append(ready, lineCancelled("mugs", 2, 503))...).Then(t, ship("lamps", 3), events.OrderShipped{OrderID: "o1", ShipmentID: "s1",
		FulfillmentID: "f1", Lines: lines("lamps", 3)})

	order().Rejects(t, ship("lamps", 1), "order_unknown")
	order(orderPlaced).Rejects(t, ship("lamps", 1), "order_not_confirmed")
	order(orderPlaced, orderCancelled).Rejects(t, ship("lamps", 1), "order_cancelled")
	order(ready...).Rejects(t, ship("hats", 1), "line_unknown")
	order(ready...).Rejects(t, ship("lamps", 4), "line_not_shippable")
	order(ready...).Rejects(t, ship("carriage", 1), "line_not_shippable")
	order(append(ready, goodsShipped)...).Rejects(t, ship("lamps", 1), "line_not_shippable")
	order(ready...).Rejects(t, ship(), commands.InvalidReason)
	order(ready...).Rejects(t, ship("lamps", 1, "lamps", 1), commands.InvalidReason)
	order(ready...).Rejects(t, ship("lamps", 0), commands.InvalidReason)
}

func TestDeliverOrder(t *testing.T) {
	deliver := commands.DeliverOrder{OrderID: "o1"}

	order(orderPlaced, orderConfirmed, goodsShipped).Then(t, deliver, orderDelivered)
	order(orderPlaced, orderConfirmed, goodsShipped, orderClosed).Then(t, deliver, orderDelivered)
	order(orderPlaced, orderConfirmed, goodsShipped, orderDelivered).ThenNothing(t, deliver)
	order(orderPlaced, orderConfirmed, oneLampShipped, lineCancelled("lamps", 2, 600), lineCancelled("mugs", 2, 503)).
		Then(t, deliver, orderDelivered)
	order().Rejects(t, deliver, "order_unknown")
	order(orderPlaced).Rejects(t, deliver, "order_not_confirmed")
	order(orderPlaced, orderCancelled).Rejects(t, deliver, "order_cancelled")
	order(orderPlaced, orderConfirmed).Rejects(t, deliver, "order_not_shipped")
	order(orderPlaced, orderConfirmed, oneLampShipped).Rejects(t, deliver, "order_not_shipped")
}

func TestCloseOrder(t *testing.T) {
	closed := commands.CloseOrder{OrderID: "o1"}

	order(orderPlaced, orderConfirmed, goodsShipped).Then(t, closed, orderClosed)
	order(orderPlaced, orderConfirmed, goodsShipped, orderDelivered).Then(t, closed, orderClosed)
	order(orderPlaced, orderConfirmed, lineCancelled("lamps", 3, 900), lineCancelled("mugs", 2, 503)).Then(t, closed, orderClosed)
	order(orderPlaced, orderConfirmed, goodsShipped, orderClosed).ThenNothing(t, closed)
	order(orderPlaced, orderCancelled).ThenNothing(t, closed)
	order().Rejects(t, closed, "order_unknown")
	order(orderPlaced).Rejects(t, closed, "order_not_confirmed")
	order(orderPlaced, orderConfirmed).Rejects(t, closed, "order_not_settled")
	order(orderPlaced, orderConfirmed, oneLampShipped).Rejects(t, closed, "order_not_settled")
	order().Rejects(t, commands.CloseOrder{}, commands.InvalidReason)
}
