package onlineretail

import (
	"fmt"
	"time"

	"tillstream/aggregates"
	"tillstream/commands"
	"tillstream/events"
)

// provider names who took the money of imported orders: somebody outside, never the platform's own.
const provider = "external"

// withoutOriginal is the reason under which goods of a credit without original come back.
const withoutOriginal = "credit without original"

// dayWork is one business day on its way into the shop. Its phases are asked one after the other, each only when the one
// before is recorded; within a phase commands go out together, those of one stream in the order of the documents. A
// phase decides nothing: what a crash leaves half done is asked again under the same ids, and adds what is missing.
type dayWork struct {
	identity
	day    *Day
	orders []*openOrder
	byDoc  map[string]*openOrder
	moves  []returned
}

// openOrder is an order of the day, not yet dispatched.
type openOrder struct {
	doc       *Document
	gross     events.Money
	cancelled map[int]int64 // units by the line's ordinal
	owed      events.Money  // gross less what was cancelled, by the order's own arithmetic
}

// returned is what one credit document returns of one earlier order.
type returned struct {
	doc      *Document
	order    string // its document number
	returnID string
	lines    []events.LineQuantity
	parts    []Part
}

func (i identity) work(day *Day) (*dayWork, error) {
	w := &dayWork{identity: i, day: day, byDoc: map[string]*openOrder{}}
	for _, d := range day.Documents {
		if d.Class != Sale && d.Class != FreeOrder {
			continue
		}
		o := &openOrder{doc: d, cancelled: map[int]int64{}, gross: events.Money{Currency: Currency}}
		for _, r := range d.Rows {
			amount, err := r.Unit.Times(r.Quantity)
			if err != nil {
				return nil, fmt.Errorf("line %d: %w", r.Line, err)
			}
			o.gross = o.gross.Plus(amount)
		}
		o.owed = o.gross
		w.orders = append(w.orders, o)
		w.byDoc[d.Number] = o
	}
	return w, nil
}

// each calls f for the documents of a class, in order.
func (w *dayWork) each(class Class, f func(*Document)) {
	for _, d := range w.day.Documents {
		if d.Class == class {
			f(d)
		}
	}
}

// open records the documents that stand by themselves: orders and accounting notes.
func (w *dayWork) open() (asked []Asked, err error) {
	for _, o := range w.orders {
		a, err := w.place(o)
		if err != nil {
			return nil, err
		}
		asked = append(asked, a)
	}
	w.each(Note, func(d *Document) {
		a, failed := w.note(d)
		if failed != nil {
			err = failed
		}
		asked = append(asked, a)
	})
	return asked, err
}

func (w *dayWork) place(o *openOrder) (Asked, error) {
	d := o.doc
	cmd := commands.PlaceOrder{OrderID: orderID(d.Number), Number: d.Number, Country: d.Country, Currency: Currency, Rounding: events.HalfAwayPerLine,
		Totals: events.Totals{Net: o.gross, Tax: events.Money{Currency: Currency}, Gross: o.gross}}
	if cmd.Guest = (&events.Guest{}); d.Customer != "" {
		cmd.CustomerID, cmd.Guest = customerID(d.Customer), nil
	}
	for i, r := range d.Rows {
		amount, err := r.Unit.Times(r.Quantity)
		if err != nil {
			return Asked{}, fmt.Errorf("line %d: %w", r.Line, err)
		}
		name, kind := r.Description, events.Service
		if name == "" {
			name = r.SKU
		}
		if r.IsGoods() {
			kind = events.Goods
		}
		cmd.Lines = append(cmd.Lines, events.Line{LineID: lineID(d.Number, i), SKU: r.SKU, Name: name, Kind: kind, Warehouse: w.warehouse,
			Quantity: r.Quantity, Unit: r.Unit, Net: amount, Gross: amount})
	}
	a := ask(placeID(d.Number), d.At, "", cmd)
	a.Line = d.Rows[0].Line
	return a, nil
}

// credit records credit notes with their whole allocation, once the orders they name are there.
func (w *dayWork) credit() (asked []Asked) {
	w.each(Credit, func(d *Document) { asked = append(asked, w.issue(d)) })
	return asked
}

func (w *dayWork) issue(d *Document) Asked {
	id := commandID("credit_note.issue", d.Number)
	cmd := commands.IssueCreditNote{CreditNoteID: creditNoteID(d.Number), Number: d.Number, Country: d.Country, Currency: Currency,
		Total: events.Money{Currency: Currency}}
	if d.Customer != "" {
		cmd.CustomerID = customerID(d.Customer)
	}
	for n, p := range w.day.Credits[d.Number] {
		part := events.CreditPart{PartID: events.LineID(id, n), Row: p.Row, Kind: p.Kind, SKU: p.SKU, Goods: events.Service,
			Warehouse: w.warehouse, Quantity: p.Quantity, Unit: p.Unit, Amount: p.Amount}
		if isGoods(p.SKU) {
			part.Goods = events.Goods
		}
		if p.Kind != events.CreditWithoutOriginal {
			part.OrderID, part.LineID = orderID(p.Order), lineID(p.Order, p.Line)
		}
		cmd.Parts, cmd.Total = append(cmd.Parts, part), cmd.Total.Plus(p.Amount)
	}
	a := ask(id, d.At, "", cmd)
	a.Line = d.Rows[0].Line
	return a
}

func (w *dayWork) note(d *Document) (Asked, error) {
	cmd := commands.RecordAccountingNote{NoteID: noteID(d.Number), Number: d.Number, Country: d.Country, Currency: Currency, Total: events.Money{Currency: Currency}}
	for _, r := range d.Rows {
		amount, err := r.Unit.Times(r.Quantity)
		if err != nil {
			return Asked{}, fmt.Errorf("line %d: %w", r.Line, err)
		}
		cmd.Lines, cmd.Total = append(cmd.Lines, events.AccountingLine{SKU: r.SKU, Text: r.Description, Amount: amount}), cmd.Total.Plus(amount)
	}
	a := ask(commandID("accounting_note.record", d.Number), d.At, "", cmd)
	a.Line = d.Rows[0].Line
	return a, nil
}

// cause is the id of the fact that opened a document.
func cause(d *Document) string {
	switch d.Class {
	case Credit:
		return events.EventID(commandID("credit_note.issue", d.Number), string(events.CreditNote(creditNoteID(d.Number))), 0)
	case Sale, FreeOrder:
		return events.EventID(placeID(d.Number), string(events.Order(orderID(d.Number))), 0)
	}
	return ""
}

// askFor asks a command that follows from a document; key tells it from others of its kind.
func askFor[C commands.Command[S, E], S aggregates.State[S, E], E events.Event](d *Document, at time.Time, key string, cmd C) Asked {
	a := ask(commandID(cmd.Name(), d.Number+"/"+key), at, cause(d), cmd)
	a.Line = d.Rows[0].Line
	return a
}
