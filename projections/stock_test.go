package projections_test

import (
	"maps"
	"testing"
	"time"

	"tillstream/events"
	. "tillstream/projections"
)

const (
	lanternUK = "UK/85123A"
	lanternDE = "DE/85123A"
)

var tomorrow = dawn.AddDate(0, 0, 1)

func units(line string, n int64) []events.LineQuantity {
	return []events.LineQuantity{{LineID: line, Quantity: n}}
}

func goodsIn(n int64) events.StockReceived {
	return events.StockReceived{SKU: "85123A", Warehouse: "UK", Quantity: n, Reference: "DN-7"}
}

func reserved(order string, n int64) events.StockReserved {
	return events.StockReserved{SKU: "85123A", Warehouse: "UK", OrderID: order, Lines: units("l1", n), ExpiresAt: &tomorrow}
}

func committed(order string, n int64) events.StockCommitted {
	return events.StockCommitted{SKU: "85123A", Warehouse: "UK", OrderID: order, Lines: units("l1", n)}
}

var (
	sentOut = events.StockTransferredOut{SKU: "85123A", Warehouse: "UK", TransferID: "t1", To: "DE", Quantity: 4, Reference: "T-1"}
	sentIn  = events.StockTransferredIn{SKU: "85123A", Warehouse: "DE", TransferID: "t1", From: "UK", Quantity: 3, Reference: "T-1"}
)

func TestStockLevels(t *testing.T) {
	ten := []events.Event{goodsIn(10)}
	held := []events.Event{goodsIn(10), reserved("o1", 3), reserved("o2", 2)}
	specify(t, StockLevels, []spec[StockLevel]{
		{name: "comes in", key: lanternUK, when: goodsIn(10),
			then: columns{"sku": "85123A", "warehouse": "UK", "on_hand": 10, "available": 10, "first_at": dawn,
				"first_recorded_at": dawn.Add(time.Hour)}},
		{name: "corrects", key: lanternUK, given: ten,
			when: events.StockAdjusted{SKU: "85123A", Warehouse: "UK", Quantity: -2, Reason: "damaged"},
			then: columns{"on_hand": 8, "available": 8}},
		{name: "holds units for an order", key: lanternUK, given: ten, when: reserved("o1", 3),
			then: columns{"reserved": 3, "available": 7, "reservations": []Held{{"o1", 3, &tomorrow}}}},
		{name: "goes below nothing on backorder", key: lanternUK, when: reserved("o1", 3),
			then: columns{"sku": "85123A", "warehouse": "UK", "reserved": 3, "available": -3,
				"reservations": []Held{{"o1", 3, &tomorrow}}, "first_at": dawn, "first_recorded_at": dawn.Add(time.Hour)}},
		{name: "gives back part of what one order holds", key: lanternUK, given: held,
			when: events.StockReleased{SKU: "85123A", Warehouse: "UK", OrderID: "o1", Lines: units("l1", 1)},
			then: columns{"reserved": 4, "available": 6, "reservations": []Held{{"o1", 2, &tomorrow}, {"o2", 2, &tomorrow}}}},
		{name: "gives back no more than the order holds", key: lanternUK, given: held,
			when: events.StockReleased{SKU: "85123A", Warehouse: "UK", OrderID: "o3", Lines: units("l1", 1)}, then: columns{}},
		{name: "gives back all of it", key: lanternUK, given: held,
			when: events.ReservationExpired{SKU: "85123A", Warehouse: "UK", OrderID: "o1", Lines: units("l1", 3), ExpiredAt: tomorrow},
			then: columns{"reserved": 2, "available": 8, "reservations": []Held{{"o2", 2, &tomorrow}}}},
		{name: "takes held units away and leaves what is available", key: lanternUK, given: held, when: committed("o1", 3),
			then: columns{"on_hand": 7, "reserved": 2, "reservations": []Held{{"o2", 2, &tomorrow}}}},
		{name: "puts units back", key: lanternUK, given: ten,
			when: events.StockReturned{SKU: "85123A", Warehouse: "UK", OrderID: "o1", ReturnID: "r1", Quantity: 1},
			then: columns{"on_hand": 11, "available": 11}},
		{name: "leaves the source", key: lanternUK, given: ten, when: sentOut,
			then: columns{"on_hand": 6, "available": 6, "outgoing": 4}},
		{name: "is on its way to the destination", key: lanternDE, given: ten, when: sentOut,
			then: columns{"sku": "85123A", "warehouse": "DE", "incoming": 4, "first_at": minute(1), "first_recorded_at": minute(1).Add(time.Hour)}},
		{name: "arrives at the destination", key: lanternDE, given: []events.Event{goodsIn(10), sentOut}, when: sentIn,
			then: columns{"on_hand": 3, "available": 3, "incoming": 1}},
		{name: "is off the books of the source", key: lanternUK, given: []events.Event{goodsIn(10), sentOut}, when: sentIn,
			then: columns{"outgoing": 1}},
		{name: "corrects by the difference found", key: lanternUK, given: ten,
			when: events.StockCounted{SKU: "85123A", Warehouse: "UK", Counted: 9, Difference: -1},
			then: columns{"on_hand": 9, "available": 9}},
		{name: "says how far orders may go beyond", key: lanternUK, given: ten,
			when: events.BackorderAllowed{SKU: "85123A", Warehouse: "UK", Limit: 5}, then: columns{"backorder_limit": 5}},
	})
}

func TestStockMovements(t *testing.T) {
	specify(t, StockMovements, []spec[StockMovement]{
		{name: "in", key: "stock-UK/85123A@0", when: imported(goodsIn(10)),
			then: columns{"sku": "85123A", "warehouse": "UK", "kind": "received", "quantity": 10, "reference": "DN-7",
				"origin": "import", "correlation": "import-1", "at": dawn, "recorded_at": dawn.Add(time.Hour), "event_id": "e1"}},
		movementSpec(events.StockAdjusted{SKU: "85123A", Warehouse: "UK", Quantity: -2, Reason: "damaged", Reference: "A-1"},
			columns{"kind": "adjusted", "quantity": -2, "reason": "damaged", "reference": "A-1"}),
		movementSpec(committed("o1", 3), columns{"kind": "committed", "quantity": -3, "order_id": "o1"}),
		movementSpec(events.StockReturned{SKU: "85123A", Warehouse: "UK", OrderID: "o1", ReturnID: "r1", Quantity: 1},
			columns{"kind": "returned", "quantity": 1, "order_id": "o1", "return_id": "r1"}),
		movementSpec(sentOut, columns{"kind": "transferred_out", "quantity": -4, "transfer_id": "t1", "other_end": "DE", "reference": "T-1"}),
		{name: "in", key: "stock-DE/85123A@0", when: sentIn,
			then: columns{"sku": "85123A", "warehouse": "DE", "kind": "transferred_in", "quantity": 3, "transfer_id": "t1",
				"other_end": "UK", "reference": "T-1", "origin": "api", "at": dawn, "recorded_at": dawn.Add(time.Hour), "event_id": "e1"}},
		movementSpec(events.StockCounted{SKU: "85123A", Warehouse: "UK", Counted: 9, Difference: -1, Reference: "C-1"},
			columns{"kind": "counted", "quantity": -1, "counted": 9, "reference": "C-1"}),
	})
}

// movementSpec is a movement after the goods came in: the second fact of its stock item.
func movementSpec(when events.Event, then columns) spec[StockMovement] {
	at := dawn.Add(time.Minute)
	maps.Copy(then, columns{"sku": "85123A", "warehouse": "UK", "origin": "api", "at": at,
		"recorded_at": at.Add(time.Hour), "event_id": "e2", "stock_revision": 1})
	return spec[StockMovement]{name: "after a receipt", key: "stock-UK/85123A@1", given: []events.Event{goodsIn(10)}, when: when, then: then}
}
