package projections

import (
	"slices"
	"strconv"

	"tillstream/events"
)

func (SalesFact) placed(key string, f Fact[events.OrderPlaced]) SalesFact {
	e := f.Event
	s := salesFact(f)
	s.Country, s.Currency, s.Number = e.Country, e.Currency, e.Number
	s.OrderID, s.CustomerID, s.Guest = e.OrderID, e.CustomerID, e.CustomerID == ""
	if key == e.OrderID {
		return s.asOrder(e)
	}
	id := lineOf(e.OrderID, key)
	l := e.Lines[slices.IndexFunc(e.Lines, func(l events.Line) bool { return l.LineID == id })]
	s.Kind, s.LineID, s.SKU, s.Goods, s.Warehouse = "sale", l.LineID, l.SKU, string(l.Kind), l.Warehouse
	s.Units, s.AmountMinor = l.Quantity, l.Gross.Minor
	s.SoldUnits, s.GrossMinor, s.NetMinor = l.Quantity, l.Gross.Minor, l.Gross.Minor
	return s
}

func (s SalesFact) asOrder(e events.OrderPlaced) SalesFact {
	charges := e.Totals.Gross.Minor
	s.Lines = make([]SoldLine, len(e.Lines))
	for i, l := range e.Lines {
		charges -= l.Gross.Minor
		s.Lines[i] = SoldLine{LineID: l.LineID, SKU: l.SKU, Goods: l.Kind, Warehouse: l.Warehouse}
	}
	s.Kind, s.Orders = "order", 1
	s.AmountMinor, s.GrossMinor, s.NetMinor = charges, charges, charges
	return s
}

func salesFact[E events.Event](f Fact[E]) SalesFact {
	return SalesFact{At: f.At, RecordedAt: f.Rec, EventID: f.ID, Origin: string(f.Origin), Correlation: f.Correlation}
}

// take makes the row a credit of units and money.
func (s SalesFact) take(kind events.CreditKind, units, minor int64) SalesFact {
	s.Kind, s.Units, s.AmountMinor, s.NetMinor = string(kind), units, minor, -minor
	switch kind {
	case events.CreditCancelled:
		s.CancelledUnits, s.CancelledMinor = units, minor
	case events.CreditReturned:
		s.ReturnedUnits, s.ReturnedMinor = units, minor
	case events.CreditWithoutOriginal:
		s.CreditedUnits, s.CreditedMinor = units, minor
	}
	return s
}

// creditParts names a row for every part, and the orders whose own facts will follow.
func creditParts(e events.CreditNoteIssued) []string {
	keys := creditedOrders(e)
	for _, p := range e.Parts {
		keys = append(keys, partKey(e, p))
	}
	return keys
}

func partKey(e events.CreditNoteIssued, p events.CreditPart) string {
	return e.CreditNoteID + "/" + p.PartID
}

func (s SalesFact) credited(key string, f Fact[events.CreditNoteIssued]) SalesFact {
	e := f.Event
	i := slices.IndexFunc(e.Parts, func(p events.CreditPart) bool { return partKey(e, p) == key })
	if i < 0 {
		return s.announced(e.Parts, key)
	}
	p := e.Parts[i]
	s = salesFact(f).take(p.Kind, p.Quantity, p.Amount.Minor)
	s.Country, s.Currency, s.Number = e.Country, e.Currency, e.Number
	s.CustomerID, s.Guest, s.OrderID, s.LineID = e.CustomerID, e.CustomerID == "", p.OrderID, p.LineID
	s.SKU, s.Goods, s.Warehouse = p.SKU, string(p.Goods), p.Warehouse
	return s
}

// announced keeps with an order's row what a credit note counted of it.
func (s SalesFact) announced(parts []events.CreditPart, orderID string) SalesFact {
	s.Lines = slices.Clone(s.Lines)
	for _, p := range parts {
		if l := s.line(p.LineID); p.OrderID == orderID && l != nil {
			*l.announcedUnits(p.Kind) += p.Quantity
		}
	}
	return s
}

// recorded takes what an order recorded off what was announced of it.
func (s SalesFact) recorded(kind events.CreditKind, parts []events.LineAmount) SalesFact {
	s.Lines = slices.Clone(s.Lines)
	for _, p := range parts {
		if l := s.line(p.LineID); l != nil {
			left := l.announcedUnits(kind)
			*left -= min(*left, p.Quantity)
		}
	}
	return s
}

func (s SalesFact) line(id string) *SoldLine {
	i := slices.IndexFunc(s.Lines, func(l SoldLine) bool { return l.LineID == id })
	if i < 0 {
		return nil
	}
	return &s.Lines[i]
}

func (l *SoldLine) announcedUnits(kind events.CreditKind) *int64 {
	if kind == events.CreditReturned {
		return &l.ToReturn
	}
	return &l.ToCancel
}

// takenBack is a row per line of an order of which units were cancelled or returned that no credit note announced. Money
// of a line that was partly announced is shared by units.
func takenBack[E events.Event](order SalesFact, key string, f Fact[E], kind events.CreditKind, parts []events.LineAmount, reason string) map[string]SalesFact {
	rows := map[string]SalesFact{}
	for _, p := range parts {
		s := salesFact(f)
		s.Country, s.Currency, s.Number = order.Country, order.Currency, order.Number
		s.OrderID, s.CustomerID, s.Guest = key, order.CustomerID, order.Guest
		s.LineID, s.Reason = p.LineID, reason
		units, money := p.Quantity, p.Amount
		if l := order.line(p.LineID); l != nil {
			s.SKU, s.Goods, s.Warehouse = l.SKU, string(l.Goods), l.Warehouse
			units -= min(*l.announcedUnits(kind), units)
			money = p.Amount.Share(units, p.Quantity)
		}
		if units > 0 || p.LineID == "" {
			rows[LineKey(key, p.LineID)+"/"+f.ID] = s.take(kind, units, money.Minor)
		}
	}
	return rows
}

func lineCancelled(e events.OrderLineCancelled) []events.LineAmount {
	return []events.LineAmount{{LineID: e.LineID, Quantity: e.Quantity, Amount: e.Amount}}
}

// withCharges adds what is no longer owed of the order's charges, as of a line without a name.
func withCharges(e events.OrderCancelled) []events.LineAmount {
	rest := e.Amount
	for _, l := range e.Lines {
		rest = rest.Minus(l.Amount)
	}
	if rest.Minor == 0 {
		return e.Lines
	}
	return append(slices.Clip(e.Lines), events.LineAmount{Amount: rest})
}

func noteEntries(e events.AccountingNoteRecorded) []string {
	keys := make([]string, len(e.Lines))
	for i := range e.Lines {
		keys[i] = e.NoteID + "/" + strconv.Itoa(i+1)
	}
	return keys
}

func (SalesFact) noted(key string, f Fact[events.AccountingNoteRecorded]) SalesFact {
	e := f.Event
	l := e.Lines[slices.Index(noteEntries(e), key)]
	s := salesFact(f)
	s.Kind, s.Country, s.Currency, s.Number = "accounting", e.Country, e.Currency, e.Number
	s.SKU, s.Reason = l.SKU, l.Text
	s.AmountMinor, s.AccountingMinor, s.NetMinor = l.Amount.Minor, l.Amount.Minor, l.Amount.Minor
	return s
}
