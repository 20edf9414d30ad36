package projections

import (
	"slices"
	"strings"
	"time"

	"tillstream/events"
)

// OrderLine answers what was ordered at which price, and what became of it.
type OrderLine struct {
	OrderID        string `col:",index"`
	LineID         string
	Ordinal        int64  // place in the order, from 1
	SKU            string `col:",index"`
	Name           string // of the product when it was ordered
	Kind           string // goods or service
	Warehouse      string
	Quantity       int64 // units ordered
	UnitAmount     int64 // the price of one unit, times 10^UnitScale
	UnitScale      int64
	Currency       string
	NetMinor       int64  // without taxes
	GrossMinor     int64  // what the customer owed for the line when it was placed
	Cancelled      int64  // units
	Shipped        int64  // units
	Returned       int64  // units
	CancelledMinor int64  // no longer owed of the cancelled units
	ReturnedMinor  int64  // no longer owed of the returned units
	CustomerID     string `col:",index"` // empty: a guest
	Guest          bool
	Country        string
	Number         string            `col:",index"` // of the order
	Discounts      []events.Discount // what promotions took off
	Taxes          []events.Tax
	Credits        []LineCredit // in the order they were issued
	PlacedAt       time.Time
	ChangedAt      time.Time
	Origin         string
	Correlation    string `col:",index"`
}

// LineCredit is a part of a credit note that names the line. What was cancelled or returned because of it is in the
// line's own columns too, as soon as it is recorded.
type LineCredit struct {
	CreditNoteID string            `json:"credit_note_id"`
	Number       string            `json:"number,omitempty"`
	PartID       string            `json:"part_id"`
	Kind         events.CreditKind `json:"kind"`
	Quantity     int64             `json:"quantity"`
	AmountMinor  int64             `json:"amount_minor"`
	At           time.Time         `json:"at"`
}

// LineKey is the key of a line of an order: <order>/<line>.
func LineKey(orderID, lineID string) string { return orderID + "/" + lineID }

func lineOf(orderID, key string) string { return strings.TrimPrefix(key, orderID+"/") }

// OrderLines holds one line per order and line: see LineKey.
var OrderLines = Define("order_lines", 1,
	On(placedLines, OrderLine.placed),
	On(func(e events.OrderLineCancelled) []string { return []string{LineKey(e.OrderID, e.LineID)} }, OrderLine.cancelledUnits),
	On(func(e events.OrderCancelled) []string { return amountKeys(e.OrderID, e.Lines) }, OrderLine.orderCancelled),
	On(func(e events.OrderPartiallyShipped) []string { return quantityKeys(e.OrderID, e.Lines) },
		func(l OrderLine, _ string, f Fact[events.OrderPartiallyShipped]) OrderLine {
			return l.shipped(f.Event.Lines, f.Meta)
		}),
	On(func(e events.OrderShipped) []string { return quantityKeys(e.OrderID, e.Lines) },
		func(l OrderLine, _ string, f Fact[events.OrderShipped]) OrderLine {
			return l.shipped(f.Event.Lines, f.Meta)
		}),
	On(func(e events.OrderReturned) []string { return amountKeys(e.OrderID, e.Lines) }, OrderLine.orderReturned),
	On(creditedLines, OrderLine.credited),
)

func placedLines(e events.OrderPlaced) []string {
	keys := make([]string, len(e.Lines))
	for i, l := range e.Lines {
		keys[i] = LineKey(e.OrderID, l.LineID)
	}
	return keys
}

func quantityKeys(orderID string, lines []events.LineQuantity) []string {
	keys := make([]string, len(lines))
	for i, l := range lines {
		keys[i] = LineKey(orderID, l.LineID)
	}
	return keys
}

func amountKeys(orderID string, lines []events.LineAmount) []string {
	keys := make([]string, len(lines))
	for i, l := range lines {
		keys[i] = LineKey(orderID, l.LineID)
	}
	return keys
}

func creditedLines(e events.CreditNoteIssued) (keys []string) {
	for _, p := range e.Parts {
		if p.OrderID != "" {
			keys = append(keys, LineKey(p.OrderID, p.LineID))
		}
	}
	return keys
}

func (OrderLine) placed(key string, f Fact[events.OrderPlaced]) OrderLine {
	e := f.Event
	id := lineOf(e.OrderID, key)
	i := slices.IndexFunc(e.Lines, func(l events.Line) bool { return l.LineID == id })
	l := e.Lines[i]
	return OrderLine{OrderID: e.OrderID, LineID: l.LineID, Ordinal: int64(i) + 1, SKU: l.SKU, Name: l.Name,
		Kind: string(l.Kind), Warehouse: l.Warehouse, Quantity: l.Quantity, UnitAmount: l.Unit.Amount,
		UnitScale: int64(l.Unit.Scale), Currency: e.Currency, NetMinor: l.Net.Minor, GrossMinor: l.Gross.Minor,
		CustomerID: e.CustomerID, Guest: e.CustomerID == "", Country: e.Country, Number: e.Number, Discounts: l.Discounts,
		Taxes: l.Taxes, PlacedAt: f.At, ChangedAt: f.At, Origin: string(f.Origin), Correlation: f.Correlation}
}

func (l OrderLine) cancelledUnits(_ string, f Fact[events.OrderLineCancelled]) OrderLine {
	l.Cancelled += f.Event.Quantity
	l.CancelledMinor += f.Event.Amount.Minor
	l.ChangedAt = f.At
	return l
}

func (l OrderLine) orderCancelled(_ string, f Fact[events.OrderCancelled]) OrderLine {
	for _, part := range f.Event.Lines {
		if part.LineID == l.LineID {
			l.Cancelled += part.Quantity
			l.CancelledMinor += part.Amount.Minor
		}
	}
	l.ChangedAt = f.At
	return l
}

func (l OrderLine) orderReturned(_ string, f Fact[events.OrderReturned]) OrderLine {
	for _, part := range f.Event.Lines {
		if part.LineID == l.LineID {
			l.Returned += part.Quantity
			l.ReturnedMinor += part.Amount.Minor
		}
	}
	l.ChangedAt = f.At
	return l
}

func (l OrderLine) shipped(lines []events.LineQuantity, m events.Meta) OrderLine {
	for _, part := range lines {
		if part.LineID == l.LineID {
			l.Shipped += part.Quantity
		}
	}
	l.ChangedAt = m.At
	return l
}

func (l OrderLine) credited(_ string, f Fact[events.CreditNoteIssued]) OrderLine {
	credits := slices.Clip(l.Credits)
	for _, p := range f.Event.Parts {
		if p.OrderID == l.OrderID && p.LineID == l.LineID {
			credits = append(credits, LineCredit{CreditNoteID: f.Event.CreditNoteID, Number: f.Event.Number, PartID: p.PartID,
				Kind: p.Kind, Quantity: p.Quantity, AmountMinor: p.Amount.Minor, At: f.At})
		}
	}
	l.Credits, l.ChangedAt = credits, f.At
	return l
}
