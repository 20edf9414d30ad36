package aggregates

import "tillstream/events"

// Log is the identity of the log: the newest, if it was restored.
type Log struct {
	ID events.LogID `json:"id,omitempty"` // empty: nothing was ever recorded
}

// FoldVersion implements State.
func (Log) FoldVersion() int { return 1 }

// Evolve implements State.
func (l Log) Evolve(e events.LogEvent) Log {
	switch e := e.(type) {
	case events.LogOpened:
		l.ID = e.LogID
	}
	return l
}
