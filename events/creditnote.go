package events

import "fmt"

// CreditNoteEvent is the closed set of facts in a credit note's stream.
//
//sumtype:decl
type CreditNoteEvent interface {
	Event
	creditNoteEvent()
}

// CreditKind says why money is owed back.
type CreditKind string

// The closed set of kinds.
const (
	CreditCancelled       CreditKind = "cancelled"        // taken off an order before it was shipped
	CreditReturned        CreditKind = "returned"         // sent back after it was shipped
	CreditWithoutOriginal CreditKind = "without_original" // no order line is known for it
)

// CreditPart is the part of a credit note that one order line, or none, accounts for.
type CreditPart struct {
	PartID    string     `json:"part_id"`
	Row       int        `json:"row"` // the row of the document it comes from, from 1
	Kind      CreditKind `json:"kind"`
	OrderID   string     `json:"order_id,omitempty"` // empty without original
	LineID    string     `json:"line_id,omitempty"`  // empty without original
	SKU       string     `json:"sku"`
	Goods     Kind       `json:"goods"`
	Warehouse string     `json:"warehouse"`
	Quantity  int64      `json:"quantity"` // units credited, above 0
	Unit      UnitPrice  `json:"unit"`
	Amount    Money      `json:"amount"` // money credited, at least 0
}

// CreditNoteIssued opens the stream with the whole allocation, so that what follows from it (cancellations, returns,
// refunds, adjustments) is never planned twice.
type CreditNoteIssued struct {
	CreditNoteID string       `json:"credit_note_id"`
	Number       string       `json:"number,omitempty"` // the document's number in the books it was imported from
	CustomerID   string       `json:"customer_id,omitempty"`
	Country      string       `json:"country"`
	Currency     string       `json:"currency"`
	Parts        []CreditPart `json:"parts"`
	Total        Money        `json:"total"`
}

// CreditNoteSettled says everything that follows from the credit note was recorded.
type CreditNoteSettled struct {
	CreditNoteID string `json:"credit_note_id"`
}

func (CreditNoteIssued) Type() string  { return "credit_note.issued" }
func (CreditNoteSettled) Type() string { return "credit_note.settled" }

func (CreditNoteIssued) creditNoteEvent()  {}
func (CreditNoteSettled) creditNoteEvent() {}

// CreditNote is the stream of one credit note.
func CreditNote(id string) Stream[CreditNoteEvent] {
	return Stream[CreditNoteEvent]("credit_note-" + id)
}

// Sentence says the fact in plain words.
func (e CreditNoteIssued) Sentence() string {
	return fmt.Sprintf("Credit note %s over %s was issued to %s, in %s", named(e.Number, e.CreditNoteID), e.Total.String(), buyer(e.CustomerID),
		count(len(e.Parts), "part", "parts"))
}

// Sentence says the fact in plain words.
func (e CreditNoteSettled) Sentence() string {
	return fmt.Sprintf("Everything that follows from credit note %s is recorded", short(e.CreditNoteID))
}

func admitCreditNote(c *Codec) {
	Current[CreditNoteIssued](c)
	Current[CreditNoteSettled](c)
}
