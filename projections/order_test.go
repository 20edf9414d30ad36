package projections_test

import (
	"testing"
	"time"

	"tillstream/events"
	. "tillstream/projections"
)

// twoLanterns is an order of two lanterns at 2.55 and wrapping at 1.00, with carriage of 3.00.
var twoLanterns = events.OrderPlaced{
	OrderID: "o1", Number: "536365", CustomerID: "ada", Country: "France", Currency: "GBP", ShipTo: sealed("customer-ada"),
	Lines: []events.Line{
		{LineID: "l1", SKU: "85123A", Name: "LANTERN", Kind: events.Goods, Warehouse: "UK", Quantity: 2, Unit: price(255),
			Net: pounds(510), Gross: pounds(510)},
		{LineID: "l2", SKU: "WRAP", Name: "WRAPPING", Kind: events.Service, Warehouse: "UK", Quantity: 1, Unit: price(100),
			Net: pounds(100), Gross: pounds(120), Taxes: []events.Tax{{Name: "VAT", RatePPM: 200_000, Amount: pounds(20)}}},
	},
	Charges:  []events.Charge{{Name: "carriage", Amount: pounds(300)}},
	Totals:   events.Totals{Net: pounds(910), Tax: pounds(20), Gross: pounds(930)},
	Rounding: events.HalfAwayPerLine,
}

var (
	oneCancelled = events.OrderLineCancelled{OrderID: "o1", LineID: "l1", Quantity: 1, Amount: pounds(255), Reason: "changed mind"}
	allCancelled = events.OrderCancelled{OrderID: "o1", Reason: "lost interest", Amount: pounds(930),
		Lines: []events.LineAmount{{LineID: "l1", Quantity: 2, Amount: pounds(510)}, {LineID: "l2", Quantity: 1, Amount: pounds(120)}}}
	oneReturned = events.OrderReturned{OrderID: "o1", ReturnID: "r1", Amount: pounds(255),
		Lines: []events.LineAmount{{LineID: "l1", Quantity: 1, Amount: pounds(255)}}}
	oneShipped   = events.OrderPartiallyShipped{OrderID: "o1", ShipmentID: "s1", FulfillmentID: "f1", Lines: units("l1", 1)}
	otherShipped = events.OrderShipped{OrderID: "o1", ShipmentID: "s1", FulfillmentID: "f1", Lines: units("l1", 1)}
)

// creditNote credits one lantern of twoLanterns as returned, and a mug nobody remembers.
var creditNote = events.CreditNoteIssued{CreditNoteID: "c1", Number: "C536379", CustomerID: "ada", Country: "Spain", Currency: "GBP",
	Total: pounds(655), Parts: []events.CreditPart{
		{PartID: "1", Row: 1, Kind: events.CreditReturned, OrderID: "o1", LineID: "l1", SKU: "85123A", Goods: events.Goods,
			Warehouse: "UK", Quantity: 1, Unit: price(255), Amount: pounds(255)},
		{PartID: "2", Row: 2, Kind: events.CreditWithoutOriginal, SKU: "MUG", Goods: events.Goods, Warehouse: "UK", Quantity: 1,
			Unit: price(400), Amount: pounds(400)},
	}}

var (
	asked      = events.PaymentRequested{PaymentID: "p1", OrderID: "o1", Amount: pounds(930), Provider: "simulated"}
	authorized = events.PaymentAuthorized{PaymentID: "p1", OrderID: "o1", Amount: pounds(930), Reference: "psp-1", ExpiresAt: &tomorrow}
	captured   = events.PaymentCaptured{PaymentID: "p1", OrderID: "o1", CaptureID: "k1", Amount: pounds(930)}

	planned = events.ShipmentPlanned{ShipmentID: "s1", OrderID: "o1", Fulfillments: []events.PlannedFulfillment{
		{FulfillmentID: "f1", Warehouse: "UK", Lines: []events.PlannedLine{{LineID: "l1", SKU: "85123A", Quantity: 2}}}}}
	picked     = events.FulfillmentPicked{ShipmentID: "s1", OrderID: "o1", FulfillmentID: "f1", Lines: units("l1", 2)}
	packed     = events.FulfillmentPacked{ShipmentID: "s1", OrderID: "o1", FulfillmentID: "f1", Lines: units("l1", 2)}
	dispatched = events.FulfillmentDispatched{ShipmentID: "s1", OrderID: "o1", FulfillmentID: "f1", Warehouse: "UK", Tracking: "DHL-1", Lines: units("l1", 2)}
	failed     = events.FulfillmentFailed{ShipmentID: "s1", OrderID: "o1", FulfillmentID: "f1", Lines: units("l1", 2), Reason: "nobody home"}

	wanted = events.ReturnRequested{ReturnID: "r1", OrderID: "o1", CustomerID: "ada", Lines: []events.ReturnLine{
		{LineID: "l1", SKU: "85123A", Warehouse: "UK", Quantity: 2, Amount: pounds(510)}}}
)

// unsealed is what a blanked column holds.
var unsealed *events.Sealed

func TestOrders(t *testing.T) {
	specify(t, Orders, []spec[Order]{
		{name: "opens the page", key: "o1", when: imported(twoLanterns),
			then: columns{"order_id": "o1", "number": "536365", "customer_id": "ada", "country": "France", "currency": "GBP",
				"state": "placed", "payment_state": "none", "shipment_state": "none", "net_minor": 910, "tax_minor": 20,
				"gross_minor": 930, "charges_minor": 300, "line_count": 2, "units": 3, "rounding": events.HalfAwayPerLine,
				"charges": twoLanterns.Charges, "ship_to": sealed("customer-ada"), "placed_at": dawn,
				"recorded_at": dawn.Add(time.Hour), "origin": "import", "correlation": "import-1"}},
		{name: "keeps a guest sealed", key: "o2",
			when: events.OrderPlaced{OrderID: "o2", Country: "France", Currency: "GBP",
				Guest: &events.Guest{Name: sealed("guest-o2"), Email: sealed("guest-o2")}},
			then: columns{"order_id": "o2", "guest": true, "country": "France", "currency": "GBP", "state": "placed",
				"payment_state": "none", "shipment_state": "none", "guest_name": sealed("guest-o2"),
				"guest_email": sealed("guest-o2"), "placed_at": dawn, "recorded_at": dawn.Add(time.Hour), "origin": "api"}},
		{name: "forgets its guest", key: "o2",
			given: []events.Event{events.OrderPlaced{OrderID: "o2", Country: "France", Currency: "GBP", ShipTo: sealed("guest-o2"),
				Guest: &events.Guest{Name: sealed("guest-o2"), Email: sealed("guest-o2")}}},
			when: events.OrderGuestForgotten{OrderID: "o2"},
			then: columns{"guest_forgotten": true, "guest_name": unsealed, "guest_email": unsealed, "ship_to": unsealed}},
		orderSpec("is a promise of the shop", events.OrderConfirmed{OrderID: "o1"}, columns{"state": "confirmed"}),
		orderSpec("leaves the order standing", oneCancelled, columns{"cancelled_units": 1, "cancelled_minor": 255}),
		orderSpec("ends it, charges included", allCancelled,
			columns{"state": "cancelled", "cancelled_units": 3, "cancelled_minor": 930, "cancel_reason": "lost interest"}),
		orderSpec("some", oneShipped, columns{"state": "partially_shipped", "shipped_units": 1}),
		orderSpec("the rest", otherShipped, columns{"state": "shipped", "shipped_units": 2}, oneShipped),
		orderSpec("has arrived", events.OrderDelivered{OrderID: "o1"}, columns{"state": "delivered"}, otherShipped),
		orderSpec("stays closed", oneReturned, columns{"returned_units": 1, "returned_minor": 255}, events.OrderClosed{OrderID: "o1"}),
		orderSpec("ends it well", events.OrderClosed{OrderID: "o1"}, columns{"state": "closed"}),
		orderSpec("names the credit note", creditNote,
			columns{"credits": []OrderCredit{{CreditNoteID: "c1", Number: "C536379", Quantity: 1, AmountMinor: 255}}}),

		orderSpec("opens a payment", asked, columns{"payment_id": "p1", "payment_state": "requested",
			"payments": []Payment{{PaymentID: "p1", Provider: "simulated", State: "requested", AmountMinor: 930}}}),
		orderSpec("holds money", authorized, columns{"payment_state": "authorized", "authorized_minor": 930,
			"payments": []Payment{{PaymentID: "p1", Provider: "simulated", State: "authorized", AmountMinor: 930, Reference: "psp-1",
				AuthorizedMinor: 930, ExpiresAt: &tomorrow}}}, asked),
		orderSpec("says why", events.PaymentDeclined{PaymentID: "p1", OrderID: "o1", Reason: "no_funds"},
			columns{"payment_state": "declined", "payments": []Payment{{PaymentID: "p1", Provider: "simulated", State: "declined",
				Reason: "no_funds", AmountMinor: 930}}}, asked),
		paymentSpec("in part", events.PaymentCaptured{PaymentID: "p1", OrderID: "o1", CaptureID: "k1", Amount: pounds(900)},
			Payment{State: "partially_captured", CapturedMinor: 900}, columns{"captured_minor": 900}),
		paymentSpec("whole", captured, Payment{State: "captured", CapturedMinor: 930}, columns{"captured_minor": 930}),
		paymentSpec("in part", events.PaymentRefunded{PaymentID: "p1", OrderID: "o1", RefundID: "b1", Amount: pounds(255)},
			Payment{State: "partially_refunded", CapturedMinor: 930, RefundedMinor: 255}, columns{"refunded_minor": 255}, captured),
		paymentSpec("whole", events.PaymentRefunded{PaymentID: "p1", OrderID: "o1", RefundID: "b1", Amount: pounds(930)},
			Payment{State: "refunded", CapturedMinor: 930, RefundedMinor: 930}, columns{"refunded_minor": 930}, captured),
		paymentSpec("gives up what was held", events.PaymentVoided{PaymentID: "p1", OrderID: "o1", Amount: pounds(930), Reason: "cancelled"},
			Payment{State: "voided", ReleasedMinor: 930, Reason: "cancelled"}, columns{}),
		paymentSpec("keeps what was captured", events.PaymentVoided{PaymentID: "p1", OrderID: "o1", Amount: pounds(30)},
			Payment{State: "captured", CapturedMinor: 900, ReleasedMinor: 30}, columns{},
			events.PaymentCaptured{PaymentID: "p1", OrderID: "o1", CaptureID: "k1", Amount: pounds(900)}),
		paymentSpec("lets go", events.PaymentExpired{PaymentID: "p1", OrderID: "o1", Amount: pounds(930)},
			Payment{State: "expired", ReleasedMinor: 930}, columns{}),
		paymentSpec("is contested", events.PaymentDisputed{PaymentID: "p1", OrderID: "o1", DisputeID: "d1", Amount: pounds(930), Reason: "fraud"},
			Payment{State: "disputed", CapturedMinor: 930, DisputedMinor: 930, Reason: "fraud"}, columns{"disputed_minor": 930}, captured),

		orderSpec("plans parcels", planned, columns{"shipment_id": "s1", "shipment_state": "planned",
			"fulfillments": []Fulfillment{{ShipmentID: "s1", FulfillmentID: "f1", Warehouse: "UK", State: "planned", Planned: 2}}}),
		shipmentSpec("one unit fewer", events.FulfillmentReduced{ShipmentID: "s1", OrderID: "o1", FulfillmentID: "f1", Lines: units("l1", 1)},
			"", Fulfillment{State: "planned", Reduced: 1}),
		shipmentSpec("nothing left to send", events.FulfillmentReduced{ShipmentID: "s1", OrderID: "o1", FulfillmentID: "f1", Lines: units("l1", 2)},
			"cancelled", Fulfillment{State: "cancelled", Reduced: 2}),
		shipmentSpec("in part", events.FulfillmentPicked{ShipmentID: "s1", OrderID: "o1", FulfillmentID: "f1", Lines: units("l1", 1)},
			"picking", Fulfillment{State: "picking", Picked: 1}),
		shipmentSpec("whole", picked, "picked", Fulfillment{State: "picked", Picked: 2}),
		shipmentSpec("whole", packed, "packed", Fulfillment{State: "packed", Picked: 2, Packed: 2}, picked),
		shipmentSpec("whole", dispatched, "dispatched",
			Fulfillment{State: "dispatched", Picked: 2, Packed: 2, Dispatched: 2, Tracking: []string{"DHL-1"}}, picked, packed),
		shipmentSpec("in part", events.FulfillmentDelivered{ShipmentID: "s1", OrderID: "o1", FulfillmentID: "f1", Lines: units("l1", 1)},
			"partially_delivered", Fulfillment{State: "partially_delivered", Picked: 2, Packed: 2, Dispatched: 2, Delivered: 1,
				Tracking: []string{"DHL-1"}}, picked, packed, dispatched),
		shipmentSpec("whole", failed, "failed", Fulfillment{State: "failed", Picked: 2, Packed: 2, Dispatched: 2, Failed: 2,
			Tracking: []string{"DHL-1"}}, picked, packed, dispatched),
		shipmentSpec("comes back", events.FulfillmentReturned{ShipmentID: "s1", OrderID: "o1", FulfillmentID: "f1", Lines: units("l1", 2)},
			"returned", Fulfillment{State: "returned", Picked: 2, Packed: 2, Dispatched: 2, Failed: 2, Returned: 2,
				Tracking: []string{"DHL-1"}}, picked, packed, dispatched, failed),

		orderSpec("opens a return", wanted,
			columns{"returns": []Return{{ReturnID: "r1", State: "requested", Requested: 2, AmountMinor: 510}}}),
		orderSpec("in part, damaged", arrived(events.Damaged, 1),
			columns{"returns": []Return{{ReturnID: "r1", State: "partially_received", Requested: 2, Received: 1, Damaged: 1, AmountMinor: 510}}}, wanted),
		orderSpec("the rest", arrived(events.Restock, 1),
			columns{"returns": []Return{{ReturnID: "r1", State: "received", Requested: 2, Received: 2, Damaged: 1, AmountMinor: 510}}},
			wanted, arrived(events.Damaged, 1)),
	})
}

func arrived(what events.Disposition, n int64) events.ReturnReceived {
	return events.ReturnReceived{ReturnID: "r1", OrderID: "o1",
		Lines: []events.ReceivedLine{{LineID: "l1", Quantity: n, Disposition: what}}}
}

func orderSpec(name string, when events.Event, then columns, since ...events.Event) spec[Order] {
	return spec[Order]{name: name, key: "o1", given: append([]events.Event{twoLanterns}, since...), when: when, then: then}
}

// paymentSpec is what becomes of an authorized payment of 9.30.
func paymentSpec(name string, when events.Event, then Payment, sums columns, since ...events.Event) spec[Order] {
	then.PaymentID, then.Provider, then.Reference, then.ExpiresAt = "p1", "simulated", "psp-1", &tomorrow
	then.AmountMinor, then.AuthorizedMinor = 930, 930
	sums["payments"] = []Payment{then}
	sums["payment_state"] = then.State
	return orderSpec(name, when, sums, append([]events.Event{asked, authorized}, since...)...)
}

// shipmentSpec is what becomes of a planned fulfillment of two units; an empty state stays what it was.
func shipmentSpec(name string, when events.Event, state string, then Fulfillment, since ...events.Event) spec[Order] {
	then.ShipmentID, then.FulfillmentID, then.Warehouse, then.Planned = "s1", "f1", "UK", 2
	changes := columns{"fulfillments": []Fulfillment{then}}
	if state != "" {
		changes["shipment_state"] = state
	}
	return orderSpec(name, when, changes, append([]events.Event{planned}, since...)...)
}

func TestTheSecondPaymentIsTheOneThatCounts(t *testing.T) {
	declined := events.PaymentDeclined{PaymentID: "p1", OrderID: "o1", Reason: "no_funds"}
	again := events.PaymentRequested{PaymentID: "p2", OrderID: "o1", Amount: pounds(930), Provider: "simulated"}
	held := events.PaymentAuthorized{PaymentID: "p2", OrderID: "o1", Amount: pounds(930)}
	o := folded(Orders, history(twoLanterns, asked, declined, again, held))["o1"]
	if o.PaymentID != "p2" || o.PaymentState != "authorized" || o.AuthorizedMinor != 930 || len(o.Payments) != 2 {
		t.Errorf("payment %s is %s with %d held, of %d payments", o.PaymentID, o.PaymentState, o.AuthorizedMinor, len(o.Payments))
	}
}

func TestAnOrderIsAsFarAsItsParcelsTogether(t *testing.T) {
	two := planned
	two.Fulfillments = append(two.Fulfillments, events.PlannedFulfillment{FulfillmentID: "f2", Warehouse: "DE",
		Lines: []events.PlannedLine{{LineID: "l2", SKU: "MUG", Quantity: 1}}})
	o := folded(Orders, history(twoLanterns, two, picked, packed, dispatched))["o1"]
	if o.ShipmentState != "partially_dispatched" || o.Fulfillments[0].State != "dispatched" || o.Fulfillments[1].State != "planned" {
		t.Errorf("the shipment is %s, its fulfillments are %+v", o.ShipmentState, o.Fulfillments)
	}
}
