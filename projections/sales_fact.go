package projections

import (
	"time"

	"tillstream/events"
)

// SalesFact answers what was sold, and what of it was taken back, on which day, where and by whom. A row is one order
// (Kind order: it counts the order, carries its charges and no line), one order line (sale), one part of a credit
// (cancelled, returned, without_original), dated by itself: money taken back belongs to the day it was taken back, or one
// entry of an accounting note (accounting).
//
// A credit is counted once. A credit note counts when it is issued; what follows from it on the orders (units cancelled
// or returned) was counted then, so an order's own cancellations and returns count for the units that no credit note
// announced for that line before. Which those are is kept with the order's row, in Lines.
//
// Units and AmountMinor are never below 0, whatever the kind, but for an accounting loss. The measures can be summed over
// any rows: NetMinor = GrossMinor - CancelledMinor - ReturnedMinor - CreditedMinor + AccountingMinor. Orders is 1 on an
// order's row alone: by SKU or warehouse count the different OrderID of sales instead.
type SalesFact struct {
	Kind            string    // order, sale, cancelled, returned, without_original, accounting
	At              time.Time `col:",index"` // business time of the sale, of the credit, or of the note
	RecordedAt      time.Time
	SKU             string `col:",index"`
	Goods           string // goods or service
	Warehouse       string
	Country         string `col:",index"` // the document's own
	CustomerID      string `col:",index"` // empty: a guest
	Guest           bool
	OrderID         string `col:",index"` // empty without original
	LineID          string
	Number          string `col:",index"` // of the document: the order, the credit note, or the accounting note
	Reason          string // of a cancellation, or of an accounting entry
	Units           int64  // sold, or taken back
	AmountMinor     int64  // owed, or no longer owed
	Currency        string
	Orders          int64  // 1 on the row of an order
	SoldUnits       int64  // of a sale
	CancelledUnits  int64  // of a cancellation
	ReturnedUnits   int64  // of a return
	CreditedUnits   int64  // of a credit without original
	GrossMinor      int64  // of a sale, and of an order the charges
	CancelledMinor  int64  // of a cancellation
	ReturnedMinor   int64  // of a return
	CreditedMinor   int64  // of a credit without original
	AccountingMinor int64  // of an accounting note; below 0 for a loss
	NetMinor        int64  // gross less what was taken back, and accounting
	EventID         string // of the fact that is counted
	Origin          string
	Correlation     string     `col:",index"`
	Lines           []SoldLine // of an order's row: what later facts need to know of its lines
}

// SoldLine is what the facts about an order do not repeat of its lines.
type SoldLine struct {
	LineID    string      `json:"line_id"`
	SKU       string      `json:"sku"`
	Goods     events.Kind `json:"goods"`
	Warehouse string      `json:"warehouse"`
	// Units that a credit note announced as cancelled or returned, and that the order has not recorded as such yet.
	ToCancel int64 `json:"to_cancel,omitempty"`
	ToReturn int64 `json:"to_return,omitempty"`
}

// SalesFacts holds an order under its id, its lines under <order>/<line>, the parts of a credit note under
// <credit note>/<part>, what an order takes back by itself under <order>/<line>/<event>, and the entries of an accounting
// note under <note>/<entry from 1>.
var SalesFacts = Define("sales_facts", 1,
	On(func(e events.OrderPlaced) []string { return append(placedLines(e), e.OrderID) }, SalesFact.placed),
	On(creditParts, SalesFact.credited),
	On(noteEntries, SalesFact.noted),
	Opening(func(e events.OrderLineCancelled) []string { return []string{e.OrderID} },
		func(s SalesFact, _ string, f Fact[events.OrderLineCancelled]) SalesFact {
			return s.recorded(events.CreditCancelled, lineCancelled(f.Event))
		},
		func(s SalesFact, key string, f Fact[events.OrderLineCancelled]) map[string]SalesFact {
			return takenBack(s, key, f, events.CreditCancelled, lineCancelled(f.Event), f.Event.Reason)
		}),
	Opening(func(e events.OrderCancelled) []string { return []string{e.OrderID} },
		func(s SalesFact, _ string, f Fact[events.OrderCancelled]) SalesFact {
			return s.recorded(events.CreditCancelled, f.Event.Lines)
		},
		func(s SalesFact, key string, f Fact[events.OrderCancelled]) map[string]SalesFact {
			return takenBack(s, key, f, events.CreditCancelled, withCharges(f.Event), f.Event.Reason)
		}),
	Opening(func(e events.OrderReturned) []string { return []string{e.OrderID} },
		func(s SalesFact, _ string, f Fact[events.OrderReturned]) SalesFact {
			return s.recorded(events.CreditReturned, f.Event.Lines)
		},
		func(s SalesFact, key string, f Fact[events.OrderReturned]) map[string]SalesFact {
			return takenBack(s, key, f, events.CreditReturned, f.Event.Lines, "")
		}),
)
