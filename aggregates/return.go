package aggregates

import "tillstream/events"

// ReturnLine is how many units of an order line are to come back, and how many did.
type ReturnLine struct {
	Requested int64 `json:"requested"`
	Received  int64 `json:"received"`
}

// Return remembers of a return what its decisions need.
type Return struct {
	OrderID string                `json:"order_id"` // empty: nothing recorded yet
	Lines   map[string]ReturnLine `json:"lines"`    // by line id
}

// FoldVersion implements State.
func (Return) FoldVersion() int { return 2 }

// Evolve implements State.
func (r Return) Evolve(e events.ReturnEvent) Return {
	switch e := e.(type) {
	case events.ReturnRequested:
		r = Return{OrderID: e.OrderID, Lines: make(map[string]ReturnLine, len(e.Lines))}
		for _, l := range e.Lines {
			r.Lines[l.LineID] = ReturnLine{Requested: l.Quantity}
		}
	case events.ReturnReceived:
		for _, part := range e.Lines {
			l := r.Lines[part.LineID]
			l.Received += part.Quantity
			r.Lines[part.LineID] = l
		}
	}
	return r
}
