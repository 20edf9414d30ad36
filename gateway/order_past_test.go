package gateway_test

import (
	"testing"
	"time"

	"tillstream/commands"
	"tillstream/events"
)

// An order's page of a record time is, to the letter, the page that was answered then.
func TestAnOrdersPageOfThenIsTheOneThatWasAnsweredThen(t *testing.T) {
	s := stocked(t)
	customerID := customer(s)
	placed := s.post("/v1/orders", `{"customer_id":"`+customerID+`","currency":"GBP","lines":[{"sku":"LAMP-1","quantity":3}],"payment":{"token":"tok_ok"}}`).is(201)
	id, line := placed["order_id"].(string), placed["lines"].([]any)[0].(map[string]any)["line_id"].(string)
	one := []events.LineQuantity{{LineID: line, Quantity: 1}}
	pounds := func(minor int64) events.Money { return events.Money{Minor: minor, Currency: "GBP"} }
	type read struct{ at, body string }
	var pages []read
	look := func(err error) {
		t.Helper()
		must(t, err)
		pages = append(pages, read{s.now.Now().Format(time.RFC3339Nano), s.get("/v1/orders/" + id).body})
		s.now.pass(time.Hour)
	}
	look(nil)
	look(tell(s, "", commands.ConfirmOrder{OrderID: id}))
	look(tell(s, "", commands.RequestPayment{PaymentID: "p1", OrderID: id, Amount: pounds(629), Provider: "simulated"}))
	look(tell(s, "", commands.AuthorizePayment{PaymentID: "p1", Amount: pounds(629), Reference: "r"}))
	look(tell(s, "", commands.CancelOrderLine{OrderID: id, LineID: line, Quantity: 1, Reason: "changed mind"}))
	look(tell(s, "", commands.PlanShipment{ShipmentID: "s1", OrderID: id, Fulfillments: []events.PlannedFulfillment{
		{FulfillmentID: "f1", Warehouse: "MAIN", Lines: []events.PlannedLine{{LineID: line, SKU: "LAMP-1", Quantity: 2}}}}}))
	look(tell(s, "", commands.ShipOrder{OrderID: id, ShipmentID: "s1", FulfillmentID: "f1", Lines: one}))
	look(tell(s, "", commands.CapturePayment{PaymentID: "p1", CaptureID: "k1", Amount: pounds(210)}))
	look(tell(s, "2026-03-01T12:30:00Z", commands.CancelOrderLine{OrderID: id, LineID: line, Quantity: 1, Reason: "told on the phone"}))

	for _, p := range pages {
		if then := s.get("/v1/orders/" + id + "?known_at=" + p.at); then.code != 200 || then.body != p.body {
			t.Errorf("known at %s it was\n%snow said to have been %d\n%s", p.at, p.body, then.code, then.body)
		}
	}
	s.get("/v1/orders/"+id+"?known_at=2026-03-01T11:59:59Z").fails(404, "order_unknown")
	s.get("/v1/orders/"+id+"?as_of=2026-03-01T11:59:59Z").fails(404, "order_unknown")
	lines := s.get("/v1/orders/" + id + "?as_of=2026-03-01T12:45:00Z").is(200)["lines"].([]any)
	if lines[0].(map[string]any)["cancelled"] != 1.0 {
		t.Errorf("what was told on the phone at half past was so at a quarter to: %v", lines)
	}
	lines = s.get("/v1/orders/" + id + "?as_of=2026-03-01T12:45:00Z&known_at=2026-03-01T13:00:00Z").is(200)["lines"].([]any)
	if lines[0].(map[string]any)["cancelled"] != 0.0 {
		t.Errorf("and nobody knew: %v", lines)
	}

	// What was erased stays erased, in the past as well.
	s.post("/v1/customers/"+customerID+"/erase", "").is(200)
	then := s.get("/v1/orders/" + id + "?known_at=" + pages[0].at)
	if then.is(200)["ship_to"] != nil || then.header.Get("Known-At") != pages[0].at {
		t.Errorf("the past remembers who was forgotten: %s", then.body)
	}
}
