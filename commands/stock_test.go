package commands_test

import (
	"math"
	"strings"
	"testing"

	"tillstream/aggregates"
	"tillstream/commands"
	. "tillstream/commands/commandtest"
	"tillstream/events"
)

var (
	twenty    = events.StockReceived{SKU: "LAMP", Warehouse: "MAIN", Quantity: 20}
	adaHolds8 = events.StockReserved{SKU: "LAMP", Warehouse: "MAIN", OrderID: "ada", Lines: units("1", 5, "2", 3)}
	backorder = events.BackorderAllowed{SKU: "LAMP", Warehouse: "MAIN", Limit: 10}
)

// units is a list of line quantities: units("1", 5, "2", 3).
func units(pairs ...any) (lines []events.LineQuantity) {
	for i := 0; i < len(pairs); i += 2 {
		lines = append(lines, events.LineQuantity{LineID: pairs[i].(string), Quantity: int64(pairs[i+1].(int))})
	}
	return lines
}

func stock(past ...events.StockEvent) Given[aggregates.StockItem, events.StockEvent] {
	return History[aggregates.StockItem](past...)
}

func TestReceiveStock(t *testing.T) {
	c := commands.ReceiveStock{SKU: "lamp ", Warehouse: " main", Quantity: 20, Reference: "DN-7"}
	stock().Then(t, c, events.StockReceived{SKU: "LAMP", Warehouse: "MAIN", Quantity: 20, Reference: "DN-7"})
	stock(twenty).Then(t, receive(20), received(20)) // another delivery of as many is another delivery

	full := events.StockReceived{SKU: "LAMP", Warehouse: "MAIN", Quantity: 1_000_000_000_000}
	stock(full).Rejects(t, receive(1), "stock_beyond_limit")
	for _, n := range []int64{0, -1, 1_000_000_001, math.MaxInt64, math.MinInt64} {
		refusesField(t, stock(), receive(n), "quantity")
	}
	refusesField(t, stock(), commands.ReceiveStock{Warehouse: "MAIN", Quantity: 1}, "sku")
	for _, w := range []string{"", "A B", "Ä", strings.Repeat("W", 33), "A/B"} {
		refusesField(t, stock(), commands.ReceiveStock{SKU: "LAMP", Warehouse: w, Quantity: 1}, "warehouse")
	}
	refusesField(t, stock(), commands.ReceiveStock{SKU: "LAMP", Warehouse: "MAIN", Quantity: 1, Reference: "a\tb"}, "reference")
}

func TestASKUMayHoldAnythingPrintable(t *testing.T) {
	slash := commands.ReceiveStock{SKU: "bank charges/2", Warehouse: "MAIN", Quantity: 1}
	if slash.Stream() != "stock-MAIN/BANK CHARGES/2" {
		t.Errorf("goes to %s", slash.Stream())
	}
	stock().Then(t, slash, events.StockReceived{SKU: "BANK CHARGES/2", Warehouse: "MAIN", Quantity: 1})
}

func TestAdjustStock(t *testing.T) {
	adjust := func(n int64) commands.AdjustStock {
		return commands.AdjustStock{SKU: "LAMP", Warehouse: "MAIN", Quantity: n, Reason: "broken", Reference: "shift 2"}
	}
	adjusted := func(n int64) events.StockAdjusted {
		return events.StockAdjusted{SKU: "LAMP", Warehouse: "MAIN", Quantity: n, Reason: "broken", Reference: "shift 2"}
	}
	stock(twenty).Then(t, adjust(-20), adjusted(-20))
	stock().Then(t, adjust(3), adjusted(3))
	stock(twenty, adaHolds8).Then(t, adjust(-12), adjusted(-12))
	stock(twenty, adaHolds8, backorder).Then(t, adjust(-20), adjusted(-20)) // 8 promised, 10 may be on backorder

	no := stock(twenty, adaHolds8).Rejects(t, adjust(-13), "stock_insufficient")
	if no.Details["on_hand"] != int64(20) || no.Details["reserved"] != int64(8) || no.Details["available"] != int64(12) {
		t.Errorf("details are %v", no.Details)
	}
	stock(twenty, adaHolds8, backorder).Rejects(t, adjust(-21), "stock_insufficient")
	stock().Rejects(t, adjust(-1), "stock_insufficient")
	stock(events.StockReceived{Quantity: 1_000_000_000_000}).Rejects(t, adjust(1), "stock_beyond_limit")
	for _, n := range []int64{0, math.MinInt64, -1_000_000_001} {
		refusesField(t, stock(twenty), adjust(n), "quantity")
	}
	refusesField(t, stock(twenty), commands.AdjustStock{SKU: "LAMP", Warehouse: "MAIN", Quantity: -1}, "reason")
	refusesField(t, stock(twenty), commands.AdjustStock{SKU: "LAMP", Warehouse: "MAIN", Quantity: -1, Reason: "r", Reference: "\n"}, "reference")
	refusesField(t, stock(twenty), commands.AdjustStock{SKU: "LAMP", Warehouse: "A/B", Quantity: -1, Reason: "r"}, "warehouse")
}

func TestReturnStock(t *testing.T) {
	c := commands.ReturnStock{SKU: "lamp", Warehouse: "main", OrderID: "ada", ReturnID: "r1", Quantity: 2}
	stock().Then(t, c, events.StockReturned{SKU: "LAMP", Warehouse: "MAIN", OrderID: "ada", ReturnID: "r1", Quantity: 2})

	stock(events.StockReceived{Quantity: 1_000_000_000_000}).Rejects(t, c, "stock_beyond_limit")
	refusesField(t, stock(), commands.ReturnStock{SKU: "LAMP", Warehouse: "MAIN", ReturnID: "r1", Quantity: 2}, "order_id")
	refusesField(t, stock(), commands.ReturnStock{SKU: "LAMP", Warehouse: "MAIN", OrderID: "ada", Quantity: 2}, "return_id")
	refusesField(t, stock(), commands.ReturnStock{SKU: "LAMP", Warehouse: "MAIN", OrderID: "ada", ReturnID: "r1"}, "quantity")
	refusesField(t, stock(), commands.ReturnStock{Warehouse: "MAIN", OrderID: "ada", ReturnID: "r1", Quantity: 2}, "sku")
}

func TestTransferStock(t *testing.T) {
	out := commands.TransferStockOut{SKU: "lamp", Warehouse: "main", TransferID: "t1", To: "north", Quantity: 12, Reference: "lorry 3"}
	left := events.StockTransferredOut{SKU: "LAMP", Warehouse: "MAIN", TransferID: "t1", To: "NORTH", Quantity: 12, Reference: "lorry 3"}
	in := commands.TransferStockIn{SKU: "lamp", Warehouse: "north", TransferID: "t1", From: "main", Quantity: 12, Reference: "lorry 3"}
	came := events.StockTransferredIn{SKU: "LAMP", Warehouse: "NORTH", TransferID: "t1", From: "MAIN", Quantity: 12, Reference: "lorry 3"}

	stock(twenty, adaHolds8).Then(t, out, left)
	stock().Then(t, in, came)

	stock(twenty, adaHolds8, received(-1)).Rejects(t, out, "stock_insufficient")
	stock().Rejects(t, out, "stock_insufficient")
	stock(events.StockReceived{Quantity: 1_000_000_000_000}).Rejects(t, in, "stock_beyond_limit")

	for field, broken := range map[string]commands.TransferStockOut{
		"transfer_id": {SKU: "LAMP", Warehouse: "MAIN", To: "NORTH", Quantity: 1},
		"to":          {SKU: "LAMP", Warehouse: "MAIN", TransferID: "t1", To: "main", Quantity: 1},
		"quantity":    {SKU: "LAMP", Warehouse: "MAIN", TransferID: "t1", To: "NORTH", Quantity: -1},
		"sku":         {Warehouse: "MAIN", TransferID: "t1", To: "NORTH", Quantity: 1},
		"reference":   {SKU: "LAMP", Warehouse: "MAIN", TransferID: "t1", To: "NORTH", Quantity: 1, Reference: "\x7f"},
	} {
		refusesField(t, stock(twenty), broken, field)
	}
	for field, broken := range map[string]commands.TransferStockIn{
		"transfer_id": {SKU: "LAMP", Warehouse: "NORTH", From: "MAIN", Quantity: 1},
		"from":        {SKU: "LAMP", Warehouse: "NORTH", TransferID: "t1", Quantity: 1},
		"quantity":    {SKU: "LAMP", Warehouse: "NORTH", TransferID: "t1", From: "MAIN"},
		"warehouse":   {SKU: "LAMP", TransferID: "t1", From: "MAIN", Quantity: 1},
		"reference":   {SKU: "LAMP", Warehouse: "NORTH", TransferID: "t1", From: "MAIN", Quantity: 1, Reference: "\x7f"},
	} {
		refusesField(t, stock(), broken, field)
	}
}

func TestCountStock(t *testing.T) {
	count := func(n int64) commands.CountStock {
		return commands.CountStock{SKU: "lamp", Warehouse: "main", Counted: n, Reference: "inventory"}
	}
	counted := func(n, off int64) events.StockCounted {
		return events.StockCounted{SKU: "LAMP", Warehouse: "MAIN", Counted: n, Difference: off, Reference: "inventory"}
	}
	stock(twenty).Then(t, count(18), counted(18, -2))
	stock(twenty).Then(t, count(25), counted(25, 5))
	stock(twenty).Then(t, count(20), counted(20, 0)) // that somebody looked is a fact
	stock().Then(t, count(0), counted(0, 0))
	stock(twenty, adaHolds8).Then(t, count(8), counted(8, -12))
	stock(twenty, adaHolds8, backorder).Then(t, count(0), counted(0, -20))
	stock(backorder, adaHolds8).Then(t, count(0), counted(0, 0)) // 8 on backorder, as before

	stock(twenty, adaHolds8).Rejects(t, count(7), "count_below_reserved")
	for _, n := range []int64{-1, 1_000_000_001} {
		refusesField(t, stock(twenty), count(n), "counted")
	}
	refusesField(t, stock(twenty), commands.CountStock{SKU: "LAMP", Counted: 1}, "warehouse")
	refusesField(t, stock(twenty), commands.CountStock{SKU: "LAMP", Warehouse: "MAIN", Counted: 1, Reference: "\n"}, "reference")
}

func TestAllowBackorder(t *testing.T) {
	allow := func(n int64) commands.AllowBackorder {
		return commands.AllowBackorder{SKU: "lamp", Warehouse: "main", Limit: n}
	}
	allowed := func(n int64) events.BackorderAllowed {
		return events.BackorderAllowed{SKU: "LAMP", Warehouse: "MAIN", Limit: n}
	}
	stock().Then(t, allow(10), allowed(10))
	stock(backorder).Then(t, allow(0), allowed(0))
	stock(backorder).ThenNothing(t, allow(10))
	stock().ThenNothing(t, allow(0))
	stock(backorder, adaHolds8).Then(t, allow(8), allowed(8))

	stock(backorder, adaHolds8).Rejects(t, allow(7), "backorder_in_use")
	for _, n := range []int64{-1, 1_000_000_001} {
		refusesField(t, stock(), allow(n), "limit")
	}
	refusesField(t, stock(), commands.AllowBackorder{Warehouse: "MAIN", Limit: 1}, "sku")
}
