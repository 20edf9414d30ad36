package events

import "fmt"

// AccountingEvent is the closed set of facts in the stream of one accounting note.
//
//sumtype:decl
type AccountingEvent interface {
	Event
	accountingEvent()
}

// AccountingLine is one entry of an accounting note; Amount is negative for a loss.
type AccountingLine struct {
	SKU    string `json:"sku"` // the code of the entry in the books, no product
	Text   string `json:"text,omitempty"`
	Amount Money  `json:"amount"`
}

// AccountingNoteRecorded books money that belongs to no order: bad debt, a correction. It counts into net sales on its
// own date and in its own country.
type AccountingNoteRecorded struct {
	NoteID   string           `json:"note_id"`
	Number   string           `json:"number,omitempty"` // the document's number in the books it was imported from
	Country  string           `json:"country"`
	Currency string           `json:"currency"`
	Lines    []AccountingLine `json:"lines"`
	Total    Money            `json:"total"`
}

func (AccountingNoteRecorded) Type() string { return "accounting_note.recorded" }

func (AccountingNoteRecorded) accountingEvent() {}

// AccountingNote is the stream of one accounting note.
func AccountingNote(id string) Stream[AccountingEvent] {
	return Stream[AccountingEvent]("accounting_note-" + id)
}

// Sentence says the fact in plain words.
func (e AccountingNoteRecorded) Sentence() string {
	return fmt.Sprintf("Accounting note %s booked %s in %s, in %s", named(e.Number, e.NoteID), e.Total.String(), e.Country, count(len(e.Lines), "entry", "entries"))
}

func admitAccounting(c *Codec) { Current[AccountingNoteRecorded](c) }
