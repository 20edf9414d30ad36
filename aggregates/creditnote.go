package aggregates

import "tillstream/events"

// CreditNote remembers the allocation whole, since the first one is the truth and whoever plans another is told it.
type CreditNote struct {
	Issued  *events.CreditNoteIssued `json:"issued"` // nil: nothing recorded yet
	Settled bool                     `json:"settled"`
}

// FoldVersion implements State.
func (CreditNote) FoldVersion() int { return 2 }

// Evolve implements State.
func (n CreditNote) Evolve(e events.CreditNoteEvent) CreditNote {
	switch e := e.(type) {
	case events.CreditNoteIssued:
		n.Issued = &e
	case events.CreditNoteSettled:
		n.Settled = true
	}
	return n
}
