package aggregates

import "tillstream/events"

// AccountingNote is one note, once recorded never changed.
type AccountingNote struct {
	Recorded bool `json:"recorded"`
}

// Evolve implements State.
func (n AccountingNote) Evolve(e events.AccountingEvent) AccountingNote {
	switch e.(type) {
	case events.AccountingNoteRecorded:
		n.Recorded = true
	}
	return n
}

// FoldVersion implements State.
func (AccountingNote) FoldVersion() int { return 1 }
