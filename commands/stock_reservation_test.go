package commands_test

import (
	"fmt"
	"testing"
	"time"

	"tillstream/aggregates"
	"tillstream/commands"
	"tillstream/events"
)

var (
	noon     = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	half     = noon.Add(30 * time.Minute)
	adaUntil = events.StockReserved{SKU: "LAMP", Warehouse: "MAIN", OrderID: "ada", Lines: units("1", 5, "2", 3), ExpiresAt: &half}
)

func reserveLines(order string, lines ...events.LineQuantity) commands.ReserveStock {
	return commands.ReserveStock{SKU: "lamp", Warehouse: "main", OrderID: order, Lines: lines, At: noon}
}

func TestReserveStock(t *testing.T) {
	ada := reserveLines("ada", units("1", 5, "2", 3)...)
	stock(twenty).Then(t, ada, adaHolds8)
	stock(events.StockReceived{Quantity: 8}).Then(t, ada, adaHolds8)
	stock(backorder).Then(t, ada, adaHolds8)

	withExpiry := ada
	berlin := half.In(time.FixedZone("CET", 3600)).Add(time.Nanosecond)
	withExpiry.ExpiresAt = &berlin
	stock(twenty).Then(t, withExpiry, adaUntil)

	stock(twenty, adaHolds8).ThenNothing(t, ada)
	stock(twenty, adaHolds8).ThenNothing(t, reserveLines("ada", units("2", 3, "1", 5)...))
	stock(twenty, adaHolds8).ThenNothing(t, withExpiry)

	stock(twenty, adaHolds8).Rejects(t, reserveLines("ada", units("1", 5)...), "already_reserved")
	stock(twenty, adaHolds8).Rejects(t, reserveLines("ada", units("1", 5, "2", 4)...), "already_reserved")
}

func TestReserveAllOrNothing(t *testing.T) {
	no := stock(twenty, adaHolds8).Rejects(t, reserveLines("bob", units("1", 12, "2", 1)...), "stock_insufficient")
	if no.Details["on_hand"] != int64(20) || no.Details["reserved"] != int64(8) || no.Details["available"] != int64(12) {
		t.Errorf("details are %v", no.Details)
	}
	stock(twenty, adaHolds8, backorder).Rejects(t, reserveLines("bob", units("1", 23)...), "stock_insufficient")
	stock(twenty, adaHolds8, backorder).Then(t, reserveLines("bob", units("1", 22)...),
		events.StockReserved{SKU: "LAMP", Warehouse: "MAIN", OrderID: "bob", Lines: units("1", 22)})
	stock().Rejects(t, reserveLines("bob", units("1", 1)...), "stock_insufficient")
}

func TestReserveStockIsWellFormed(t *testing.T) {
	many := make([]events.LineQuantity, 1501)
	for i := range many {
		many[i] = events.LineQuantity{LineID: fmt.Sprint(i), Quantity: 1}
	}
	for name, lines := range map[string][]events.LineQuantity{
		"none":                  nil,
		"too many":              many,
		"one twice":             units("1", 1, "1", 1),
		"more than fits in all": units("1", 600_000_000, "2", 600_000_000),
	} {
		t.Run(name, func(t *testing.T) { refusesField(t, stock(twenty), reserveLines("ada", lines...), "lines") })
	}
	refusesField(t, stock(twenty), reserveLines("ada", units("", 1)...), "lines[0].line_id")
	refusesField(t, stock(twenty), reserveLines("ada", units("1", 0)...), "lines[0].quantity")
	refusesField(t, stock(twenty), reserveLines("ada", units("1", -5)...), "lines[0].quantity")
	refusesField(t, stock(twenty), reserveLines("", units("1", 1)...), "order_id")
	refusesField(t, stock(twenty), commands.ReserveStock{Warehouse: "MAIN", OrderID: "ada", Lines: units("1", 1)}, "sku")

	late := reserveLines("ada", units("1", 1)...)
	late.ExpiresAt = &noon
	refusesField(t, stock(twenty), late, "expires_at")
	never := reserveLines("ada", units("1", 1)...)
	never.ExpiresAt = new(time.Time)
	refusesField(t, stock(twenty), never, "expires_at")
}

func TestReleaseStock(t *testing.T) {
	release := func(lines ...events.LineQuantity) commands.ReleaseStock {
		return commands.ReleaseStock{SKU: "lamp", Warehouse: "main", OrderID: "ada", Lines: lines, Reason: "cancelled"}
	}
	released := func(lines []events.LineQuantity) events.StockReleased {
		return events.StockReleased{SKU: "LAMP", Warehouse: "MAIN", OrderID: "ada", Lines: lines, Reason: "cancelled"}
	}
	stock(twenty, adaHolds8).Then(t, release(), released(units("1", 5, "2", 3)))
	stock(twenty, adaHolds8).Then(t, release(units("2", 1)...), released(units("2", 1)))
	stock(twenty, adaHolds8, released(units("2", 1))).Then(t, release(), released(units("1", 5, "2", 2)))
	stock(twenty).ThenNothing(t, release())
	stock(twenty, adaHolds8, released(units("1", 5, "2", 3))).ThenNothing(t, release())
	stock(twenty, adaHolds8, released(units("1", 5, "2", 3))).Then(t, reserveLines("ada", units("1", 20)...),
		events.StockReserved{SKU: "LAMP", Warehouse: "MAIN", OrderID: "ada", Lines: units("1", 20)})

	stock(twenty, adaHolds8).Rejects(t, release(units("2", 4)...), "not_reserved")
	stock(twenty, adaHolds8).Rejects(t, release(units("3", 1)...), "not_reserved")
	stock(twenty).Rejects(t, release(units("1", 1)...), "not_reserved")
	refusesField(t, stock(twenty, adaHolds8), release(units("1", -1)...), "lines[0].quantity")
	refusesField(t, stock(twenty), commands.ReleaseStock{SKU: "LAMP", Warehouse: "MAIN"}, "order_id")
	refusesField(t, stock(twenty), commands.ReleaseStock{Warehouse: "MAIN", OrderID: "ada"}, "sku")
	refusesField(t, stock(twenty), commands.ReleaseStock{SKU: "LAMP", Warehouse: "MAIN", OrderID: "ada", Reason: "\r"}, "reason")
}

func TestExpireReservation(t *testing.T) {
	expire := func(now time.Time) commands.ExpireReservation {
		return commands.ExpireReservation{SKU: "lamp", Warehouse: "main", OrderID: "ada", Now: now}
	}
	expired := func(lines []events.LineQuantity) events.ReservationExpired {
		return events.ReservationExpired{SKU: "LAMP", Warehouse: "MAIN", OrderID: "ada", Lines: lines, ExpiredAt: half}
	}
	all := units("1", 5, "2", 3)
	stock(twenty, adaUntil).Then(t, expire(half), expired(all))
	stock(twenty, adaUntil).Then(t, expire(half.Add(time.Hour)), expired(all))
	stock(twenty, adaUntil, events.StockCommitted{OrderID: "ada", Lines: units("1", 5)}).Then(t, expire(half), expired(units("2", 3)))
	stock(twenty, adaUntil, expired(all)).ThenNothing(t, expire(half))
	stock(twenty, adaUntil, events.StockCommitted{OrderID: "ada", Lines: all}).ThenNothing(t, expire(half))
	stock().ThenNothing(t, expire(half))

	stock(twenty, adaUntil).Rejects(t, expire(half.Add(-time.Microsecond)), "reservation_not_due")
	stock(twenty, adaHolds8).Rejects(t, expire(half), "reservation_not_due")
	refusesField(t, stock(), expire(time.Time{}), "now")
	refusesField(t, stock(), commands.ExpireReservation{SKU: "LAMP", Warehouse: "MAIN", Now: noon}, "order_id")
	refusesField(t, stock(), commands.ExpireReservation{Warehouse: "MAIN", OrderID: "ada", Now: noon}, "sku")
}

func TestCommitStock(t *testing.T) {
	commit := func(lines ...events.LineQuantity) commands.CommitStock {
		return commands.CommitStock{SKU: "lamp", Warehouse: "main", OrderID: "ada", Lines: lines}
	}
	committed := func(lines []events.LineQuantity) events.StockCommitted {
		return events.StockCommitted{SKU: "LAMP", Warehouse: "MAIN", OrderID: "ada", Lines: lines}
	}
	stock(twenty, adaHolds8).Then(t, commit(units("1", 5, "2", 3)...), committed(units("1", 5, "2", 3)))
	stock(twenty, adaHolds8).Then(t, commit(units("1", 2)...), committed(units("1", 2)))
	stock(twenty, adaHolds8, committed(units("1", 2))).Then(t, commit(units("1", 3)...), committed(units("1", 3)))
	stock(twenty, adaHolds8, committed(units("1", 2))).Rejects(t, commit(units("1", 4)...), "not_reserved")
	stock(twenty).Rejects(t, commit(units("1", 1)...), "not_reserved")

	few := events.StockReceived{SKU: "LAMP", Warehouse: "MAIN", Quantity: 4}
	stock(backorder, few, adaHolds8).Rejects(t, commit(units("1", 5)...), "stock_not_on_hand")
	stock(backorder, few, adaHolds8).Then(t, commit(units("1", 4)...), committed(units("1", 4)))

	refusesField(t, stock(twenty, adaHolds8), commit(), "lines")
	refusesField(t, stock(twenty), commands.CommitStock{SKU: "LAMP", Warehouse: "MAIN", Lines: units("1", 1)}, "order_id")
	refusesField(t, stock(twenty), commands.CommitStock{SKU: "LAMP", OrderID: "ada", Lines: units("1", 1)}, "warehouse")

	after := stock(twenty, adaHolds8, committed(units("1", 5))).State()
	if after.OnHand != 15 || after.Reserved != 3 || after.Available() != 12 {
		t.Errorf("after 5 of 20 left, 3 still promised: %+v", after)
	}
}

func TestWhatIsOverIsForgotten(t *testing.T) {
	var s aggregates.StockItem
	s = s.Evolve(twenty)
	for i := range 1000 {
		order, lines := fmt.Sprint("order-", i), units("1", 1)
		s = s.Evolve(events.StockReserved{OrderID: order, Lines: lines})
		switch i % 3 {
		case 0:
			s = s.Evolve(events.StockReleased{OrderID: order, Lines: lines})
		case 1:
			s = s.Evolve(events.ReservationExpired{OrderID: order, Lines: lines})
		case 2:
			s = s.Evolve(events.StockCommitted{OrderID: order, Lines: lines})
		}
	}
	if len(s.Open) > 0 || s.Reserved != 0 {
		t.Errorf("the state still holds %d reservations, %d units", len(s.Open), s.Reserved)
	}
}
