package projections_test

import (
	"maps"
	"testing"
	"time"

	"tillstream/events"
	. "tillstream/projections"
)

func TestProductPages(t *testing.T) {
	const sku = "85123A"
	place := func(word string, onHand, reserved int64, more ...Held) ProductPlace {
		return ProductPlace{Warehouse: "UK", Availability: word, OnHand: onHand, Reserved: reserved, Reservations: more}
	}
	priced := func(windows ...events.PriceWindow) ProductPlace {
		return ProductPlace{Warehouse: "UK", Availability: "out", Prices: windows}
	}
	shortened := window(sale)
	shortened.Until = &tuesday
	ten := []events.Event{lantern, goodsIn(10)}
	held := []events.Event{lantern, goodsIn(10), reserved("o1", 3), reserved("o2", 2)}
	specify(t, ProductPages, []spec[ProductPage]{
		{name: "opens the page", key: sku, when: lantern,
			then: columns{"sku": sku, "name": "LANTERN", "description": "white", "category": "light", "kind": "goods",
				"registered_at": dawn, "recorded_at": dawn.Add(time.Hour)}},
		{name: "shows what came before", key: sku, given: []events.Event{goodsIn(10)}, when: lantern,
			then: columns{"sku": sku, "name": "LANTERN", "description": "white", "category": "light", "kind": "goods",
				"registered_at": minute(1), "recorded_at": minute(1).Add(time.Hour), "places": []ProductPlace{place("in", 10, 0)}}},
		{name: "replaces name and description", key: sku, given: ten, when: events.ProductDescribed{SKU: sku, Name: "WHITE LANTERN"},
			then: columns{"name": "WHITE LANTERN", "description": ""}},
		{name: "moves it", key: sku, given: ten, when: events.ProductCategorised{SKU: sku, Category: "gifts"},
			then: columns{"category": "gifts"}},
		{name: "cannot be had any more", key: sku, given: ten, when: events.ProductDiscontinued{SKU: sku},
			then: columns{"discontinued": true, "places": []ProductPlace{place("out", 10, 0)}}},
		{name: "costs something", key: sku, given: []events.Event{lantern}, when: listed,
			then: columns{"places": []ProductPlace{priced(window(listed))}}},
		{name: "ends a price", key: sku, given: []events.Event{lantern, sale},
			when: events.PriceWithdrawn{PriceID: "p2", SKU: sku, Warehouse: "UK", Until: tuesday},
			then: columns{"places": []ProductPlace{priced(shortened)}}},
		{name: "comes in", key: sku, given: []events.Event{lantern}, when: goodsIn(6), then: columns{"places": []ProductPlace{place("in", 6, 0)}}},
		{name: "runs low", key: sku, given: ten, when: events.StockAdjusted{SKU: sku, Warehouse: "UK", Quantity: -5, Reason: "lost"},
			then: columns{"places": []ProductPlace{place("low", 5, 0)}}},
		{name: "is back", key: sku, given: ten, when: events.StockReturned{SKU: sku, Warehouse: "UK", OrderID: "o1", ReturnID: "r1", Quantity: 1},
			then: columns{"places": []ProductPlace{place("in", 11, 0)}}},
		{name: "runs out", key: sku, given: ten, when: events.StockCounted{SKU: sku, Warehouse: "UK", Counted: 0, Difference: -10},
			then: columns{"places": []ProductPlace{place("out", 0, 0)}}},
		{name: "leaves for another warehouse", key: sku, given: ten, when: sentOut, then: columns{"places": []ProductPlace{place("in", 6, 0)}}},
		{name: "arrives there, by the names of the warehouses", key: sku, given: ten, when: sentIn,
			then: columns{"places": []ProductPlace{{Warehouse: "DE", Availability: "low", OnHand: 3}, place("in", 10, 0)}}},
		{name: "is promised", key: sku, given: ten, when: reserved("o1", 6),
			then: columns{"places": []ProductPlace{place("low", 10, 6, Held{"o1", 6, &tomorrow})}}},
		{name: "is free again", key: sku, given: held,
			when: events.StockReleased{SKU: sku, Warehouse: "UK", OrderID: "o1", Lines: units("l1", 3)},
			then: columns{"places": []ProductPlace{place("in", 10, 2, Held{"o2", 2, &tomorrow})}}},
		{name: "was promised too long", key: sku, given: held,
			when: events.ReservationExpired{SKU: sku, Warehouse: "UK", OrderID: "o1", Lines: units("l1", 3), ExpiredAt: tomorrow},
			then: columns{"places": []ProductPlace{place("in", 10, 2, Held{"o2", 2, &tomorrow})}}},
		{name: "is gone for good", key: sku, given: held, when: committed("o1", 3),
			then: columns{"places": []ProductPlace{place("low", 7, 2, Held{"o2", 2, &tomorrow})}}},
	})
}

func TestAPageNeedsItsProductAndAServiceNeedsNoUnits(t *testing.T) {
	if pages := folded(ProductPages, history(goodsIn(10), listed)); len(pages) != 0 {
		t.Errorf("a product that is not registered has a page: %+v", pages)
	}
	postage := events.ProductRegistered{SKU: "POST", Name: "POSTAGE", Kind: events.Service}
	page := folded(ProductPages, history(postage))["POST"]
	if at := page.Place("UK"); at.Warehouse != "UK" || at.Availability != "in" {
		t.Errorf("a service can be had everywhere: %+v", at)
	}
}

func TestDailyStockMovements(t *testing.T) {
	key := StockDayKey("UK", "85123A", dawn)
	one := func(name string, when events.Event, then columns) spec[DailyStockMovement] {
		then["last_recorded_at"] = minute(1).Add(time.Hour)
		if _, still := then["reserved"]; !still || then["committed"] != nil {
			then["movements"] = 2
		}
		return spec[DailyStockMovement]{name: name, key: key, given: []events.Event{goodsIn(10)}, when: when, then: then}
	}
	specify(t, DailyStockMovements, []spec[DailyStockMovement]{
		{name: "opens the day", key: "UK/85123A/2010-12-01", when: goodsIn(10),
			then: columns{"warehouse": "UK", "sku": "85123A", "day": "2010-12-01", "units_in": 10, "received": 10, "movements": 1,
				"first_recorded_at": dawn.Add(time.Hour), "last_recorded_at": dawn.Add(time.Hour)}},
		{name: "belongs to its own day", key: "UK/85123A/2010-12-03", given: []events.Event{goodsIn(10)}, when: day(3, goodsIn(2)),
			then: columns{"warehouse": "UK", "sku": "85123A", "day": "2010-12-03", "units_in": 2, "received": 2, "movements": 1,
				"first_recorded_at": noonOf(3).Add(time.Hour), "last_recorded_at": noonOf(3).Add(time.Hour)}},
		one("comes back", events.StockReturned{SKU: "85123A", Warehouse: "UK", OrderID: "o1", ReturnID: "r1", Quantity: 1},
			columns{"units_in": 11, "returned": 1}),
		one("leaves for another warehouse", sentOut, columns{"units_out": 4, "transferred_out": 4}),
		{name: "arrives there", key: StockDayKey("DE", "85123A", dawn), when: sentIn,
			then: columns{"warehouse": "DE", "sku": "85123A", "day": "2010-12-01", "units_in": 3, "transferred_in": 3, "movements": 1,
				"first_recorded_at": dawn.Add(time.Hour), "last_recorded_at": dawn.Add(time.Hour)}},
		one("is shipped", committed("o1", 3), columns{"units_out": 3, "committed": 3, "reserved": -3}),
		one("is held", reserved("o1", 3), columns{"reserved": 3}),
		one("is let go", events.StockReleased{SKU: "85123A", Warehouse: "UK", OrderID: "o1", Lines: units("l1", 3)}, columns{"reserved": -3}),
		one("is let go in time", events.ReservationExpired{SKU: "85123A", Warehouse: "UK", OrderID: "o1", Lines: units("l1", 3)}, columns{"reserved": -3}),
		one("is lost", events.StockAdjusted{SKU: "85123A", Warehouse: "UK", Quantity: -2, Reason: "damaged"}, columns{"units_out": 2, "adjusted_out": 2}),
		one("is found", events.StockAdjusted{SKU: "85123A", Warehouse: "UK", Quantity: 2, Reason: "found"}, columns{"units_in": 12, "adjusted_in": 2}),
		one("is missed by counting", events.StockCounted{SKU: "85123A", Warehouse: "UK", Counted: 9, Difference: -1}, columns{"units_out": 1, "counted_out": 1}),
	})
}

func TestStockLedger(t *testing.T) {
	entry := func(name string, when events.Event, then columns) spec[StockEntry] {
		maps.Copy(then, columns{"warehouse": "UK", "sku": "85123A", "day_key": "UK/85123A/2010-12-01", "at": dawn, "recorded_at": dawn.Add(time.Hour),
			"event_id": "e1"})
		return spec[StockEntry]{name: name, key: "stock-UK/85123A@0", when: when, then: then}
	}
	specify(t, StockLedger, []spec[StockEntry]{
		entry("comes in", goodsIn(10), columns{"on_hand": 10}),
		entry("is corrected", events.StockAdjusted{SKU: "85123A", Warehouse: "UK", Quantity: -2, Reason: "damaged"}, columns{"on_hand": -2}),
		entry("is held", reserved("o1", 3), columns{"reserved": 3}),
		entry("is let go", events.StockReleased{SKU: "85123A", Warehouse: "UK", OrderID: "o1", Lines: units("l1", 3)}, columns{"reserved": -3}),
		entry("is let go in time", events.ReservationExpired{SKU: "85123A", Warehouse: "UK", OrderID: "o1", Lines: units("l1", 3)}, columns{"reserved": -3}),
		entry("leaves, and is held no more", committed("o1", 3), columns{"on_hand": -3, "reserved": -3}),
		entry("comes back", events.StockReturned{SKU: "85123A", Warehouse: "UK", OrderID: "o1", ReturnID: "r1", Quantity: 1}, columns{"on_hand": 1}),
		entry("leaves for another warehouse", sentOut, columns{"on_hand": -4}),
		entry("arrives from another warehouse", events.StockTransferredIn{SKU: "85123A", Warehouse: "UK", TransferID: "t1", From: "DE", Quantity: 4},
			columns{"on_hand": 4}),
		entry("is off by what the count found", events.StockCounted{SKU: "85123A", Warehouse: "UK", Counted: 9, Difference: -1}, columns{"on_hand": -1}),
	})
}

func noonOf(n int) time.Time { return time.Date(2010, 12, n, 12, 0, 0, 0, time.UTC) }

func TestLoyaltyStatement(t *testing.T) {
	lot := func(id string, points int64) events.PointsEarned {
		return events.PointsEarned{CustomerID: "ada", LotID: id, OrderID: "o-" + id, Points: points, Spent: pounds(100 * points),
			ActivatesAt: tomorrow, ExpiresAt: tomorrow.AddDate(1, 0, 0)}
	}
	two := []events.Event{lot("a", 10), lot("b", 5), events.PointsActivated{CustomerID: "ada", LotID: "a", Points: 10}}
	line := func(revision int, then columns) columns {
		then["customer_id"], then["at"], then["recorded_at"], then["event_id"] = "ada", minute(revision), minute(revision).Add(time.Hour), eventID(revision)
		return then
	}
	fourth := func(name string, when events.Event, then columns) spec[LoyaltyMovement] {
		return spec[LoyaltyMovement]{name: name, key: LoyaltyMovementKey("ada", 3), given: two, when: when, then: line(3, then)}
	}
	specify(t, LoyaltyStatement, []spec[LoyaltyMovement]{
		{name: "is pending", key: "ada/0000000000", when: lot("a", 10),
			then: line(0, columns{"kind": "earned", "points": 10, "pending_points": 10, "pending_after": 10, "lot_id": "a", "order_id": "o-a"})},
		{name: "can be burned", key: LoyaltyMovementKey("ada", 2), given: two[:2], when: two[2],
			then: line(2, columns{"kind": "activated", "points": 10, "active_points": 10, "pending_points": -10, "active_after": 10,
				"pending_after": 5, "lot_id": "a"})},
		fourth("takes points", events.PointsBurned{CustomerID: "ada", RedemptionID: "d1", OrderID: "o9", Points: 4, Lots: []events.LotPoints{{LotID: "a", Points: 4}}},
			columns{"kind": "burned", "points": 4, "active_points": -4, "active_after": 6, "pending_after": 5, "redemption_id": "d1", "order_id": "o9"}),
		fourth("takes what was left", events.PointsExpired{CustomerID: "ada", LotID: "a", Points: 10},
			columns{"kind": "expired", "points": 10, "active_points": -10, "pending_after": 5, "lot_id": "a"}),
		fourth("takes back, and says what it could not", events.PointsReversed{CustomerID: "ada", ReversalID: "v1", OrderID: "o-b", Points: 3, Short: 1,
			Lots: []events.LotPoints{{LotID: "b", Points: 3}}},
			columns{"kind": "reversed", "points": 3, "pending_points": -3, "active_after": 10, "pending_after": 2, "short": 1, "reversal_id": "v1", "order_id": "o-b"}),
	})
}

func TestPaymentMovements(t *testing.T) {
	asked := events.PaymentRequested{PaymentID: "p1", OrderID: "o1", Amount: pounds(930), Provider: "simulated"}
	row := func(n int, kind string, then columns) columns {
		then["payment_id"], then["order_id"], then["kind"], then["provider"], then["currency"] = "p1", "o1", kind, "simulated", "GBP"
		then["at"], then["recorded_at"], then["event_id"], then["origin"] = minute(n), minute(n).Add(time.Hour), eventID(n), "api"
		return then
	}
	next := func(kind string, when events.Event, then columns) spec[PaymentMovement] {
		return spec[PaymentMovement]{name: kind, key: "p1/e2", given: []events.Event{asked}, when: when, then: row(1, kind, then)}
	}
	specify(t, PaymentMovements, []spec[PaymentMovement]{
		{name: "asks for money", key: "p1", when: asked, then: row(0, "requested", columns{"amount_minor": 930})},
		next("authorized", events.PaymentAuthorized{PaymentID: "p1", OrderID: "o1", Amount: pounds(930)},
			columns{"amount_minor": 930, "authorized_minor": 930}),
		next("declined", events.PaymentDeclined{PaymentID: "p1", OrderID: "o1", Reason: "no_funds"}, columns{"reason": "no_funds"}),
		next("captured", events.PaymentCaptured{PaymentID: "p1", OrderID: "o1", CaptureID: "k", Amount: pounds(900)},
			columns{"amount_minor": 900, "captured_minor": 900, "net_minor": 900}),
		next("refunded", events.PaymentRefunded{PaymentID: "p1", OrderID: "o1", RefundID: "b", Amount: pounds(30), Reason: "returned"},
			columns{"amount_minor": 30, "refunded_minor": 30, "net_minor": -30, "reason": "returned"}),
		next("voided", events.PaymentVoided{PaymentID: "p1", OrderID: "o1", Amount: pounds(30), Reason: "cancelled"},
			columns{"amount_minor": 30, "released_minor": 30, "reason": "cancelled"}),
		next("expired", events.PaymentExpired{PaymentID: "p1", OrderID: "o1", Amount: pounds(30)}, columns{"amount_minor": 30, "released_minor": 30}),
		next("disputed", events.PaymentDisputed{PaymentID: "p1", OrderID: "o1", DisputeID: "d", Amount: pounds(30), Reason: "fraud"},
			columns{"amount_minor": 30, "disputed_minor": 30, "reason": "fraud"}),
	})
}
