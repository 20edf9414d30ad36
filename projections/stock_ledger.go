package projections

import (
	"time"

	"tillstream/events"
)

// StockEntry answers by how much a fact changed the units of a SKU at a warehouse. On hand is the sum of OnHand and
// reserved the sum of Reserved, over any entries: all of them, those that were so by some business time, those that were
// known by some record time. A count changes what is on hand by the difference it found when it was recorded.
type StockEntry struct {
	Warehouse  string
	SKU        string
	DayKey     string `col:",index"` // key of the day's row in daily_stock_movements
	OnHand     int64  // units more, or below 0 fewer
	Reserved   int64  // units more, or below 0 fewer
	At         time.Time
	RecordedAt time.Time
	EventID    string
}

// StockLedger holds one entry per fact that changed units, under <stream>@<revision>.
var StockLedger = Define("stock_ledger", 1,
	entered[events.StockReceived](),
	entered[events.StockAdjusted](),
	entered[events.StockReserved](),
	entered[events.StockReleased](),
	entered[events.ReservationExpired](),
	entered[events.StockCommitted](),
	entered[events.StockReturned](),
	entered[events.StockTransferredOut](),
	entered[events.StockTransferredIn](),
	entered[events.StockCounted](),
)

func entered[E events.StockEvent]() Rule[StockEntry] {
	return OnFact(moved[E], func(_ StockEntry, _ string, f Fact[E]) StockEntry {
		c := stockChangeOf(f.Event)
		return StockEntry{Warehouse: c.warehouse, SKU: c.sku, DayKey: StockDayKey(c.warehouse, c.sku, f.At), OnHand: c.onHand,
			Reserved: c.reserved, At: f.At, RecordedAt: f.Rec, EventID: f.ID}
	})
}

// stockChange is what a fact changes of the stock item it belongs to.
type stockChange struct {
	warehouse, sku   string
	onHand, reserved int64
}

func stockChangeOf(e events.StockEvent) stockChange {
	switch e := e.(type) {
	case events.StockReceived:
		return stockChange{e.Warehouse, e.SKU, e.Quantity, 0}
	case events.StockAdjusted:
		return stockChange{e.Warehouse, e.SKU, e.Quantity, 0}
	case events.StockReserved:
		return stockChange{e.Warehouse, e.SKU, 0, events.Units(e.Lines)}
	case events.StockReleased:
		return stockChange{e.Warehouse, e.SKU, 0, -events.Units(e.Lines)}
	case events.ReservationExpired:
		return stockChange{e.Warehouse, e.SKU, 0, -events.Units(e.Lines)}
	case events.StockCommitted:
		return stockChange{e.Warehouse, e.SKU, -events.Units(e.Lines), -events.Units(e.Lines)}
	case events.StockReturned:
		return stockChange{e.Warehouse, e.SKU, e.Quantity, 0}
	case events.StockTransferredOut:
		return stockChange{e.Warehouse, e.SKU, -e.Quantity, 0}
	case events.StockTransferredIn:
		return stockChange{e.Warehouse, e.SKU, e.Quantity, 0}
	case events.StockCounted:
		return stockChange{e.Warehouse, e.SKU, e.Difference, 0}
	case events.BackorderAllowed:
		return stockChange{e.Warehouse, e.SKU, 0, 0}
	}
	return stockChange{}
}
