package aggregates

import (
	"maps"
	"slices"
	"time"

	"tillstream/events"
)

// Lot is the points of one earning, and what became of them: 0 ≤ Left ≤ Earned.
type Lot struct {
	LotID       string       `json:"lot_id"`
	OrderID     string       `json:"order_id"`
	Spent       events.Money `json:"spent"`
	Earned      int64        `json:"earned"`
	Left        int64        `json:"left"`     // neither burned nor expired nor reversed
	Reversed    int64        `json:"reversed"` // called back by reversals, short ones included; at most Earned
	Active      bool         `json:"active"`
	ActivatesAt time.Time    `json:"activates_at"`
	ExpiresAt   time.Time    `json:"expires_at"`
}

// Due is how many more points are to be taken back when returned of spent was returned. Every reversal takes the lot up
// to its share of all that was returned until then, so that any parts of a whole add up to exactly Earned.
func (l Lot) Due(returned, spent events.Money) int64 {
	share := events.Money{Minor: l.Earned}.Share(min(returned.Minor, spent.Minor), spent.Minor).Minor
	return max(0, share-l.Reversed)
}

// OrderReversals is what was returned of an order that earned points.
type OrderReversals struct {
	Returned events.Money            `json:"returned"`
	Parts    map[string]events.Money `json:"parts"` // by reversal id
}

// Redemption is a burning of points. Until is when the last of the lots it was taken from expires.
type Redemption struct {
	OrderID string    `json:"order_id"`
	Points  int64     `json:"points"`
	Until   time.Time `json:"until"`
}

// rememberFor is how long an account remembers what has expired: goods that earned points may be returned until then.
const rememberFor = 365 * 24 * time.Hour

// Loyalty is the points account of a customer. It is bounded: an order's lots and reversals are forgotten when the lots
// hold nothing and expired a year ago, and a redemption when the lots it was taken from expired a year ago. The time is
// Clock, the latest activation or expiry that was recorded.
type Loyalty struct {
	Lots        []Lot                     `json:"lots"`        // as earned, oldest first
	Reversals   map[string]OrderReversals `json:"reversals"`   // by order id
	Redemptions map[string]Redemption     `json:"redemptions"` // by redemption id
	Clock       time.Time                 `json:"clock"`
}

// Lot finds a lot.
func (a Loyalty) Lot(id string) (Lot, bool) {
	i := slices.IndexFunc(a.Lots, func(l Lot) bool { return l.LotID == id })
	if i < 0 {
		return Lot{}, false
	}
	return a.Lots[i], true
}

// LotsOf lists the lots that an order earned.
func (a Loyalty) LotsOf(orderID string) (found []Lot) {
	for _, l := range a.Lots {
		if l.OrderID == orderID {
			found = append(found, l)
		}
	}
	return found
}

// SpentOn is what all lots of an order were earned for.
func (a Loyalty) SpentOn(orderID string) (spent events.Money) {
	for _, l := range a.LotsOf(orderID) {
		spent = spent.Plus(l.Spent)
	}
	return spent
}

// Forgets tells whether a lot that expires at a time may be forgotten by now.
func (a Loyalty) Forgets(expires time.Time) bool { return !expires.Add(rememberFor).After(a.Clock) }

// Usable lists the lots that points can be burned of at a time, those that expire soonest first.
func (a Loyalty) Usable(now time.Time) (found []Lot) {
	for _, l := range a.Lots {
		if l.Active && l.Left > 0 && now.Before(l.ExpiresAt) {
			found = append(found, l)
		}
	}
	slices.SortStableFunc(found, func(a, b Lot) int { return a.ExpiresAt.Compare(b.ExpiresAt) })
	return found
}

// FoldVersion implements State.
func (Loyalty) FoldVersion() int { return 2 }

// Evolve implements State.
func (a Loyalty) Evolve(e events.LoyaltyEvent) Loyalty {
	switch e := e.(type) {
	case events.PointsEarned:
		a.Lots = append(a.Lots, Lot{LotID: e.LotID, OrderID: e.OrderID, Spent: e.Spent, Earned: e.Points, Left: e.Points,
			ActivatesAt: e.ActivatesAt, ExpiresAt: e.ExpiresAt})
	case events.PointsActivated:
		a.lot(e.LotID, func(l *Lot) { l.Active = true; a.passed(l.ActivatesAt) })
		a.forget()
	case events.PointsBurned:
		a.burned(e)
	case events.PointsExpired:
		a.lot(e.LotID, func(l *Lot) { l.Left -= e.Points; a.passed(l.ExpiresAt) })
		a.forget()
	case events.PointsReversed:
		a.reversed(e)
	}
	return a
}

func (a *Loyalty) lot(id string, change func(*Lot)) {
	for i := range a.Lots {
		if a.Lots[i].LotID == id {
			change(&a.Lots[i])
		}
	}
}

func (a *Loyalty) passed(t time.Time) {
	if t.After(a.Clock) {
		a.Clock = t
	}
}

func (a *Loyalty) burned(e events.PointsBurned) {
	r := Redemption{OrderID: e.OrderID, Points: e.Points}
	for _, part := range e.Lots {
		a.lot(part.LotID, func(l *Lot) {
			l.Left -= part.Points
			if l.ExpiresAt.After(r.Until) {
				r.Until = l.ExpiresAt
			}
		})
	}
	a.Redemptions = remember(a.Redemptions, e.RedemptionID, r)
}

func (a *Loyalty) reversed(e events.PointsReversed) {
	r := a.Reversals[e.OrderID]
	r.Returned, r.Parts = r.Returned.Plus(e.Returned), remember(r.Parts, e.ReversalID, e.Returned)
	a.Reversals = remember(a.Reversals, e.OrderID, r)
	spent := a.SpentOn(e.OrderID)
	for i := range a.Lots {
		if l := &a.Lots[i]; l.OrderID == e.OrderID {
			l.Reversed += l.Due(r.Returned, spent)
		}
	}
	for _, part := range e.Lots {
		a.lot(part.LotID, func(l *Lot) { l.Left -= part.Points })
	}
}

func (a *Loyalty) forget() {
	needed := map[string]bool{}
	for _, l := range a.Lots {
		if l.Left > 0 || !a.Forgets(l.ExpiresAt) {
			needed[l.OrderID] = true
		}
	}
	a.Lots = slices.DeleteFunc(a.Lots, func(l Lot) bool { return !needed[l.OrderID] })
	maps.DeleteFunc(a.Reversals, func(orderID string, _ OrderReversals) bool { return !needed[orderID] })
	maps.DeleteFunc(a.Redemptions, func(_ string, r Redemption) bool { return a.Forgets(r.Until) })
}
