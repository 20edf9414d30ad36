package onlineretail

import (
	"fmt"

	"tillstream/events"
)

// Part is what one row of a credit document takes off one earlier line, or off none.
type Part struct {
	Row      int // of the document, from 1
	Kind     events.CreditKind
	Order    string // the document number of the line's order; empty without original
	Line     int    // the line's ordinal in that order, from 0
	SKU      string
	Quantity int64
	Unit     events.UnitPrice
	Amount   events.Money
}

// EarlierLine is an order line of another import, with what that import's credits left of it.
type EarlierLine struct {
	Document string
	Ordinal  int
	Day      string // YYYY-MM-DD
	SKU      string
	Unit     events.UnitPrice
	Quantity int64 // ordered
	Gross    int64 // pence, of Quantity units
	Left     int64
}

// ledger knows what is left of every customer's lines, oldest first.
type ledger struct {
	batch int // the day at work
	lines map[lineKey][]*openLine
}

// lineKey is what a credit row has in common with the lines it may be matched to. Prices of the file are normalised, so
// equal ones are equal here.
type lineKey struct {
	customer, sku string
	unit          events.UnitPrice
}

type openLine struct {
	order, day string
	ordinal    int
	left       int64
	batch      int // the day at work when the order was placed; -1: of another import
}

// newLedger keeps the lines that the credits of docs may name, and no others: a file of half a million rows fits in
// little memory.
func newLedger(docs []*Document, earlier map[string][]EarlierLine) *ledger {
	l := &ledger{lines: map[lineKey][]*openLine{}}
	for _, d := range docs {
		if d.Class == Credit && d.Customer != "" { // a guest's lines can never be matched
			for _, r := range d.Rows {
				l.lines[lineKey{d.Customer, r.SKU, r.Unit}] = nil
			}
		}
	}
	for customer, lines := range earlier {
		for _, e := range lines {
			l.keep(lineKey{customer, e.SKU, e.Unit}, &openLine{e.Document, e.Day, e.Ordinal, e.Left, -1})
		}
	}
	return l
}

func (l *ledger) keep(key lineKey, line *openLine) {
	if lines, named := l.lines[key]; named {
		l.lines[key] = append(lines, line)
	}
}

// sell adds the lines of an order.
func (l *ledger) sell(d *Document) {
	for i, r := range d.Rows {
		l.keep(lineKey{d.Customer, r.SKU, r.Unit}, &openLine{d.Number, d.Day, i, r.Quantity, l.batch})
	}
}

// credit matches each row of a credit document to earlier lines of the same customer, SKU and unit price, newest first,
// splitting, while they have anything left. The parts of a row add up to its total.
func (l *ledger) credit(d *Document) (parts []Part, err error) {
	for i, r := range d.Rows {
		wanted, taken := -r.Quantity, int64(0)
		add := func(kind events.CreditKind, from *openLine, units int64) error {
			before, err := r.Unit.Times(taken)
			if err != nil {
				return fmt.Errorf("line %d: %w", r.Line, err)
			}
			taken += units
			after, err := r.Unit.Times(taken)
			if err != nil {
				return fmt.Errorf("line %d: %w", r.Line, err)
			}
			p := Part{Row: i + 1, Kind: kind, SKU: r.SKU, Quantity: units, Unit: r.Unit, Amount: after.Minus(before)}
			if from != nil {
				p.Order, p.Line = from.order, from.ordinal
			}
			parts = append(parts, p)
			return nil
		}
		lines := l.lines[lineKey{d.Customer, r.SKU, r.Unit}]
		for n := len(lines) - 1; n >= 0 && taken < wanted; n-- {
			line := lines[n]
			units := min(line.left, wanted-taken)
			if units == 0 || line.day > d.Day {
				continue // nobody gives back what they have yet to order: that line came with a later file
			}
			line.left -= units
			kind := events.CreditReturned
			if line.batch == l.batch { // else it was dispatched before this document came up
				kind = events.CreditCancelled
			}
			if err := add(kind, line, units); err != nil {
				return nil, err
			}
		}
		if taken < wanted {
			if err := add(events.CreditWithoutOriginal, nil, wanted-taken); err != nil {
				return nil, err
			}
		}
	}
	return parts, nil
}
