package projections

import (
	"time"

	"tillstream/events"
)

// CreditNote answers what a credit document gave back, and on which lines.
type CreditNote struct {
	CreditNoteID string
	Number       string `col:",index"` // in the books it was imported from
	CustomerID   string `col:",index"` // empty: a guest's
	Country      string // the document's own
	Currency     string
	TotalMinor   int64 // the sum of the parts
	PartCount    int64
	Parts        []events.CreditPart // by the order line, or none, that each accounts for
	Settled      bool                // everything that follows from it is recorded
	Origin       string
	Correlation  string `col:",index"`
	At           time.Time
	RecordedAt   time.Time
}

// CreditNotes holds one credit note per id.
var CreditNotes = Define("credit_notes", 1,
	On(func(e events.CreditNoteIssued) []string { return []string{e.CreditNoteID} }, CreditNote.issued),
	On(func(e events.CreditNoteSettled) []string { return []string{e.CreditNoteID} }, CreditNote.settled),
)

func (CreditNote) issued(_ string, f Fact[events.CreditNoteIssued]) CreditNote {
	e := f.Event
	return CreditNote{CreditNoteID: e.CreditNoteID, Number: e.Number, CustomerID: e.CustomerID, Country: e.Country,
		Currency: e.Currency, TotalMinor: e.Total.Minor, PartCount: int64(len(e.Parts)), Parts: e.Parts,
		Origin: string(f.Origin), Correlation: f.Correlation, At: f.At, RecordedAt: f.Rec}
}

func (n CreditNote) settled(string, Fact[events.CreditNoteSettled]) CreditNote {
	n.Settled = true
	return n
}
