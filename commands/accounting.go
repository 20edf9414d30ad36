package commands

import (
	"tillstream/aggregates"
	"tillstream/events"
)

// RecordAccountingNote books money that belongs to no order. Total is the sum of the lines.
type RecordAccountingNote struct {
	NoteID   string                  `json:"note_id"`
	Number   string                  `json:"number,omitempty"`
	Country  string                  `json:"country"`
	Currency string                  `json:"currency"`
	Lines    []events.AccountingLine `json:"lines"`
	Total    events.Money            `json:"total"`
}

// Name implements Command.
func (RecordAccountingNote) Name() string { return "accounting_note.record" }

// Stream implements Command.
func (c RecordAccountingNote) Stream() events.Stream[events.AccountingEvent] {
	return events.AccountingNote(c.NoteID)
}

// Decide implements Command.
func (c RecordAccountingNote) Decide(n aggregates.AccountingNote) ([]events.AccountingEvent, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	if n.Recorded {
		return nil, reject("accounting_note_exists", "the accounting note %s is already recorded: give another one another id", c.NoteID)
	}
	return []events.AccountingEvent{events.AccountingNoteRecorded{NoteID: c.NoteID, Number: c.Number, Country: c.Country,
		Currency: c.Currency, Lines: c.Lines, Total: c.Total}}, nil
}

func (c RecordAccountingNote) check() error {
	err := check(checkID("note_id", c.NoteID), checkOptionalID("number", c.Number), checkCountry(c.Country))
	if err != nil {
		return err
	}
	if _, err := events.Digits(c.Currency); err != nil {
		return invalid("currency", "is not usable: %v", err)
	}
	if n := len(c.Lines); n == 0 || n > linesMax {
		return invalid("lines", "has %d entries, it must have from 1 to %d", n, linesMax)
	}
	total := events.Money{Currency: c.Currency}
	for i, l := range c.Lines {
		at := entry("lines", i)
		if err := check(checkName(at+".sku", l.SKU, skuMax), checkNote(at+".text", l.Text, noteMax)); err != nil {
			return err
		}
		if l.Amount.Currency != c.Currency || l.Amount.Minor > accountingMax || l.Amount.Minor < -accountingMax {
			return invalid(at+".amount", "is %d %s, it must be in %s and at most %d", l.Amount.Minor, l.Amount.Currency, c.Currency, int64(accountingMax))
		}
		total.Minor += l.Amount.Minor
	}
	if total != c.Total {
		return reject("totals_differ", "the total is %d, its lines add up to %d", c.Total.Minor, total.Minor).with("lines", total.Minor)
	}
	return nil
}

// accountingMax keeps the sum of linesMax lines within 64 bits.
const accountingMax = 1_000_000_000_000_000

func offerAccounting(c *Codec) { Offer[RecordAccountingNote](c) }
