package projections

import (
	"time"

	"tillstream/events"
)

// DailyStockMovement answers how many units of a SKU came into a warehouse and left it on a day, and why. The day is one
// of UTC by business time: the rules of other zones change with the tables of a machine, and a fold must not. UnitsIn is
// the sum of what came in, UnitsOut of what left, both above 0; a correction counts on the side it went.
type DailyStockMovement struct {
	Warehouse       string
	SKU             string    `col:",index"`
	Day             string    `col:",index"` // 2010-12-01
	UnitsIn         int64     // that came in
	UnitsOut        int64     // that left
	Received        int64     // in, of goods received
	Returned        int64     // in, put back on the shelf for an order
	TransferredIn   int64     // in, from other warehouses
	TransferredOut  int64     // out, to other warehouses
	Committed       int64     // out, shipped for orders
	AdjustedIn      int64     // in, by corrections
	AdjustedOut     int64     // out, by corrections
	CountedIn       int64     // in, found by counting
	CountedOut      int64     // out, missed by counting
	Movements       int64     // how many facts that was, reservations not counted
	Reserved        int64     // by how many units more, or below 0 fewer, are held for orders
	FirstRecordedAt time.Time // record time of the first fact of the day, reservations included
	LastRecordedAt  time.Time // record time of the last fact of the day, reservations included
	ChangedAt       time.Time
}

// DailyStockMovements holds one row per warehouse, SKU and day: see StockDayKey.
var DailyStockMovements = Define("daily_stock_movements", 1,
	onDay(func(d *DailyStockMovement, e events.StockReceived) { d.in(&d.Received, e.Quantity) }),
	onDay(func(d *DailyStockMovement, e events.StockReturned) { d.in(&d.Returned, e.Quantity) }),
	onDay(func(d *DailyStockMovement, e events.StockTransferredIn) { d.in(&d.TransferredIn, e.Quantity) }),
	onDay(func(d *DailyStockMovement, e events.StockTransferredOut) { d.out(&d.TransferredOut, e.Quantity) }),
	onDay(func(d *DailyStockMovement, e events.StockCommitted) { d.out(&d.Committed, events.Units(e.Lines)) }),
	onDay(func(d *DailyStockMovement, e events.StockAdjusted) {
		d.either(&d.AdjustedIn, &d.AdjustedOut, e.Quantity)
	}),
	onDay(func(d *DailyStockMovement, e events.StockCounted) {
		d.either(&d.CountedIn, &d.CountedOut, e.Difference)
	}),
	onDay[events.StockReserved](nil),
	onDay[events.StockReleased](nil),
	onDay[events.ReservationExpired](nil),
)

// StockDayKey is the key of a SKU at a warehouse on a day: <warehouse>/<sku>/<day>.
func StockDayKey(warehouse, sku string, at time.Time) string {
	return StockKey(warehouse, sku) + "/" + at.UTC().Format(time.DateOnly)
}

// onDay counts a fact as one of its day. A nil move is of one that moves no units.
func onDay[E events.StockEvent](move func(*DailyStockMovement, E)) Rule[DailyStockMovement] {
	keys := func(f Fact[E]) []string {
		c := stockChangeOf(f.Event)
		return []string{StockDayKey(c.warehouse, c.sku, f.At)}
	}
	return OnFact(keys, func(d DailyStockMovement, _ string, f Fact[E]) DailyStockMovement {
		c := stockChangeOf(f.Event)
		if d.Day == "" {
			d.FirstRecordedAt, d.LastRecordedAt = f.Rec, f.Rec
		}
		d.FirstRecordedAt, d.LastRecordedAt = earlier(d.FirstRecordedAt, f.Rec), later(d.LastRecordedAt, f.Rec)
		d.Warehouse, d.SKU, d.Day, d.ChangedAt = c.warehouse, c.sku, f.At.UTC().Format(time.DateOnly), f.At
		d.Reserved += c.reserved
		if move != nil {
			d.Movements++
			move(&d, f.Event)
		}
		return d
	})
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func (d *DailyStockMovement) in(of *int64, units int64) {
	*of += units
	d.UnitsIn += units
}

func (d *DailyStockMovement) out(of *int64, units int64) {
	*of += units
	d.UnitsOut += units
}

func (d *DailyStockMovement) either(in, out *int64, units int64) {
	if units < 0 {
		d.out(out, -units)
		return
	}
	d.in(in, units)
}
