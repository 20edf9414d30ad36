package projections

import (
	"slices"

	"tillstream/events"
)

// Return is one return of an order. State is one of requested, partially_received, received.
type Return struct {
	ReturnID    string `json:"return_id"`
	State       string `json:"state"`
	Requested   int64  `json:"requested"`    // units
	Received    int64  `json:"received"`     // units, damaged ones included
	Damaged     int64  `json:"damaged"`      // units received that cannot be sold again
	AmountMinor int64  `json:"amount_minor"` // to be refunded when all of it arrives
}

var returnsOfOrder = []Rule[Order]{
	On(func(e events.ReturnRequested) []string { return []string{e.OrderID} }, Order.returnRequested),
	On(func(e events.ReturnReceived) []string { return []string{e.OrderID} }, Order.returnReceived),
}

func (o Order) returnRequested(_ string, f Fact[events.ReturnRequested]) Order {
	r := Return{ReturnID: f.Event.ReturnID, State: "requested"}
	for _, l := range f.Event.Lines {
		r.Requested += l.Quantity
		r.AmountMinor += l.Amount.Minor
	}
	o.Returns = append(slices.Clip(o.Returns), r)
	o.ChangedAt = f.At
	return o
}

func (o Order) returnReceived(_ string, f Fact[events.ReturnReceived]) Order {
	o.Returns = slices.Clone(o.Returns)
	for i := range o.Returns {
		r := &o.Returns[i]
		if r.ReturnID != f.Event.ReturnID {
			continue
		}
		for _, l := range f.Event.Lines {
			r.Received += l.Quantity
			if l.Disposition == events.Damaged {
				r.Damaged += l.Quantity
			}
		}
		if r.State = "partially_received"; r.Received >= r.Requested {
			r.State = "received"
		}
	}
	o.ChangedAt = f.At
	return o
}
