package projections

import (
	"strconv"
	"time"

	"tillstream/events"
)

// StockMovement answers why the units on hand changed. On hand is the sum of Quantity over a SKU at a warehouse.
type StockMovement struct {
	SKU           string `col:",index"`
	Warehouse     string
	Kind          string // received, adjusted, committed, returned, transferred_out, transferred_in, counted
	Quantity      int64  // signed: above 0 came in, below 0 went out; 0 only of a count that found the books right
	Reason        string // of an adjustment
	Reference     string `col:",index"` // the document it was done for
	OrderID       string `col:",index"` // of committed and returned units
	TransferID    string // of a transfer
	ReturnID      string // of returned units
	OtherEnd      string // the other warehouse of a transfer
	Counted       int64  // of a count: what was found
	Origin        string // api, policy or import
	Correlation   string `col:",index"`
	At            time.Time
	RecordedAt    time.Time
	EventID       string // of the fact
	StockRevision int64  // of the fact in the stream of the stock item
}

// StockMovements holds one movement per fact, under <stream>@<revision>.
var StockMovements = Define("stock_movements", 1,
	OnFact(moved[events.StockReceived], func(_ StockMovement, _ string, f Fact[events.StockReceived]) StockMovement {
		m := movement(f, "received", f.Event.Warehouse, f.Event.SKU, f.Event.Quantity)
		m.Reference = f.Event.Reference
		return m
	}),
	OnFact(moved[events.StockAdjusted], func(_ StockMovement, _ string, f Fact[events.StockAdjusted]) StockMovement {
		m := movement(f, "adjusted", f.Event.Warehouse, f.Event.SKU, f.Event.Quantity)
		m.Reason, m.Reference = f.Event.Reason, f.Event.Reference
		return m
	}),
	OnFact(moved[events.StockCommitted], func(_ StockMovement, _ string, f Fact[events.StockCommitted]) StockMovement {
		m := movement(f, "committed", f.Event.Warehouse, f.Event.SKU, -events.Units(f.Event.Lines))
		m.OrderID = f.Event.OrderID
		return m
	}),
	OnFact(moved[events.StockReturned], func(_ StockMovement, _ string, f Fact[events.StockReturned]) StockMovement {
		m := movement(f, "returned", f.Event.Warehouse, f.Event.SKU, f.Event.Quantity)
		m.OrderID, m.ReturnID = f.Event.OrderID, f.Event.ReturnID
		return m
	}),
	OnFact(moved[events.StockTransferredOut], func(_ StockMovement, _ string, f Fact[events.StockTransferredOut]) StockMovement {
		m := movement(f, "transferred_out", f.Event.Warehouse, f.Event.SKU, -f.Event.Quantity)
		m.TransferID, m.OtherEnd, m.Reference = f.Event.TransferID, f.Event.To, f.Event.Reference
		return m
	}),
	OnFact(moved[events.StockTransferredIn], func(_ StockMovement, _ string, f Fact[events.StockTransferredIn]) StockMovement {
		m := movement(f, "transferred_in", f.Event.Warehouse, f.Event.SKU, f.Event.Quantity)
		m.TransferID, m.OtherEnd, m.Reference = f.Event.TransferID, f.Event.From, f.Event.Reference
		return m
	}),
	OnFact(moved[events.StockCounted], func(_ StockMovement, _ string, f Fact[events.StockCounted]) StockMovement {
		m := movement(f, "counted", f.Event.Warehouse, f.Event.SKU, f.Event.Difference)
		m.Counted, m.Reference = f.Event.Counted, f.Event.Reference
		return m
	}),
)

func moved[E events.Event](f Fact[E]) []string {
	return []string{f.Stream + "@" + strconv.FormatUint(f.Revision, 10)}
}

func movement[E events.Event](f Fact[E], kind, warehouse, sku string, quantity int64) StockMovement {
	return StockMovement{SKU: sku, Warehouse: warehouse, Kind: kind, Quantity: quantity, Origin: string(f.Origin),
		Correlation: f.Correlation, At: f.At, RecordedAt: f.Rec, EventID: f.ID, StockRevision: int64(f.Revision)}
}
