package aggregates

import "tillstream/events"

// Import is how far the import of one file has come.
type Import struct {
	Started   *events.ImportStarted   `json:"started,omitempty"`
	Completed *events.ImportCompleted `json:"completed,omitempty"`
	Days      map[string]int64        `json:"days,omitempty"` // closed days → their documents; no more than the file has
}

// FoldVersion implements State.
func (Import) FoldVersion() int { return 1 }

// Evolve implements State.
func (i Import) Evolve(e events.ImportEvent) Import {
	switch e := e.(type) {
	case events.ImportStarted:
		i.Started = &e
	case events.ImportDayClosed:
		if i.Days == nil {
			i.Days = map[string]int64{}
		}
		i.Days[e.Day] = e.Documents
	case events.ImportCompleted:
		i.Completed = &e
	}
	return i
}
