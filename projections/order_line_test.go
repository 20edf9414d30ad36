package projections_test

import (
	"testing"

	"tillstream/events"
	. "tillstream/projections"
)

func TestOrderLines(t *testing.T) {
	given := []events.Event{twoLanterns}
	specify(t, OrderLines, []spec[OrderLine]{
		{name: "opens the lines", key: "o1/l2", when: imported(twoLanterns),
			then: columns{"order_id": "o1", "line_id": "l2", "ordinal": 2, "sku": "WRAP", "name": "WRAPPING", "kind": "service",
				"warehouse": "UK", "quantity": 1, "unit_amount": 100, "unit_scale": 2, "currency": "GBP", "net_minor": 100,
				"gross_minor": 120, "customer_id": "ada", "country": "France", "number": "536365",
				"taxes": twoLanterns.Lines[1].Taxes, "placed_at": dawn, "origin": "import", "correlation": "import-1"}},
		{name: "some units", key: "o1/l1", given: given, when: oneCancelled,
			then: columns{"cancelled": 1, "cancelled_minor": 255}},
		{name: "what was left of each line", key: "o1/l2", given: given, when: allCancelled,
			then: columns{"cancelled": 1, "cancelled_minor": 120}},
		{name: "some units", key: "o1/l1", given: given, when: oneShipped, then: columns{"shipped": 1}},
		{name: "the rest", key: "o1/l1", given: []events.Event{twoLanterns, oneShipped}, when: otherShipped, then: columns{"shipped": 2}},
		{name: "some units", key: "o1/l1", given: []events.Event{twoLanterns, oneShipped}, when: oneReturned,
			then: columns{"returned": 1, "returned_minor": 255}},
		{name: "names the credit note, and takes nothing off yet", key: "o1/l1", given: given, when: creditNote,
			then: columns{"credits": []LineCredit{{CreditNoteID: "c1", Number: "C536379", PartID: "1", Kind: events.CreditReturned,
				Quantity: 1, AmountMinor: 255, At: minute(1)}}}},
	})
}

func TestCustomerOrders(t *testing.T) {
	given := []events.Event{twoLanterns}
	specify(t, CustomerOrders, []spec[CustomerOrder]{
		{name: "opens it", key: "o1", when: twoLanterns,
			then: columns{"order_id": "o1", "customer_id": "ada", "number": "536365", "country": "France", "currency": "GBP",
				"state": "placed", "gross_minor": 930, "line_count": 2, "units": 3, "placed_at": dawn}},
		{key: "o1", given: given, when: events.OrderConfirmed{OrderID: "o1"}, then: columns{"state": "confirmed"}},
		{key: "o1", given: given, when: oneCancelled, then: columns{"cancelled_minor": 255}},
		{key: "o1", given: given, when: oneShipped, then: columns{"state": "partially_shipped"}},
		{key: "o1", given: given, when: otherShipped, then: columns{"state": "shipped"}},
		{key: "o1", given: given, when: events.OrderDelivered{OrderID: "o1"}, then: columns{"state": "delivered"}},
		{key: "o1", given: given, when: allCancelled, then: columns{"state": "cancelled", "cancelled_minor": 930}},
		{key: "o1", given: given, when: oneReturned, then: columns{"returned_minor": 255}},
		{key: "o1", given: given, when: events.OrderClosed{OrderID: "o1"}, then: columns{"state": "closed"}},
	})
}
