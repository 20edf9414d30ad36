package aggregates

import "tillstream/events"

// PersonalData is how often sealed data of one person was looked at.
type PersonalData struct {
	Opened int64 `json:"opened"`
}

// FoldVersion implements State.
func (PersonalData) FoldVersion() int { return 1 }

// Evolve implements State.
func (p PersonalData) Evolve(e events.PersonalDataEvent) PersonalData {
	switch e.(type) {
	case events.PersonalDataOpened:
		p.Opened++
	}
	return p
}
