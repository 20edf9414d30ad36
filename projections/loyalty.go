package projections

import (
	"slices"
	"time"

	"tillstream/events"
)

// LoyaltyAccount answers how many points a customer has, of which lots, and until when.
type LoyaltyAccount struct {
	CustomerID string
	Active     int64        // points that can be burned
	Pending    int64        // points earned and not yet active
	Earned     int64        // points, over the life of the account
	Burned     int64        // points, over the life of the account
	Expired    int64        // points, over the life of the account
	Reversed   int64        // points taken back, over the life of the account
	Short      int64        // reversed points that their lots no longer held
	Lots       []LoyaltyLot // those that hold points, in the order they were earned
	ChangedAt  time.Time
}

// LoyaltyLot is the points of one earning: Left of Earned are neither burned nor expired nor reversed.
type LoyaltyLot struct {
	LotID       string    `json:"lot_id"`
	OrderID     string    `json:"order_id"`
	Earned      int64     `json:"earned"`
	Left        int64     `json:"left"`
	Active      bool      `json:"active"`
	EarnedAt    time.Time `json:"earned_at"`
	ActivatesAt time.Time `json:"activates_at"`
	ExpiresAt   time.Time `json:"expires_at"`
}

// LoyaltyAccounts holds one account per customer.
var LoyaltyAccounts = Define("loyalty_accounts", 1,
	On(func(e events.PointsEarned) []string { return []string{e.CustomerID} }, LoyaltyAccount.earned),
	On(func(e events.PointsActivated) []string { return []string{e.CustomerID} }, LoyaltyAccount.activated),
	On(func(e events.PointsBurned) []string { return []string{e.CustomerID} }, LoyaltyAccount.burned),
	On(func(e events.PointsExpired) []string { return []string{e.CustomerID} }, LoyaltyAccount.expired),
	On(func(e events.PointsReversed) []string { return []string{e.CustomerID} }, LoyaltyAccount.reversed),
)

func (a LoyaltyAccount) earned(_ string, f Fact[events.PointsEarned]) LoyaltyAccount {
	e := f.Event
	a.CustomerID = e.CustomerID
	a.Earned += e.Points
	a.Lots = append(slices.Clip(a.Lots), LoyaltyLot{LotID: e.LotID, OrderID: e.OrderID, Earned: e.Points, Left: e.Points,
		EarnedAt: f.At, ActivatesAt: e.ActivatesAt, ExpiresAt: e.ExpiresAt})
	return a.take(nil, f.Meta)
}

func (a LoyaltyAccount) activated(_ string, f Fact[events.PointsActivated]) LoyaltyAccount {
	a.Lots = slices.Clone(a.Lots)
	for i := range a.Lots {
		if a.Lots[i].LotID == f.Event.LotID {
			a.Lots[i].Active = true
		}
	}
	return a.take(nil, f.Meta)
}

func (a LoyaltyAccount) burned(_ string, f Fact[events.PointsBurned]) LoyaltyAccount {
	a.Burned += f.Event.Points
	return a.take(f.Event.Lots, f.Meta)
}

func (a LoyaltyAccount) expired(_ string, f Fact[events.PointsExpired]) LoyaltyAccount {
	a.Expired += f.Event.Points
	return a.take([]events.LotPoints{{LotID: f.Event.LotID, Points: f.Event.Points}}, f.Meta)
}

func (a LoyaltyAccount) reversed(_ string, f Fact[events.PointsReversed]) LoyaltyAccount {
	a.Reversed += f.Event.Points
	a.Short += f.Event.Short
	return a.take(f.Event.Lots, f.Meta)
}

// take draws points from lots, drops the empty ones, and counts what the others hold.
func (a LoyaltyAccount) take(parts []events.LotPoints, m events.Meta) LoyaltyAccount {
	var lots []LoyaltyLot
	a.Active, a.Pending, a.ChangedAt = 0, 0, m.At
	for _, l := range a.Lots {
		for _, part := range parts {
			if part.LotID == l.LotID {
				l.Left -= part.Points
			}
		}
		switch {
		case l.Left == 0:
			continue
		case l.Active:
			a.Active += l.Left
		default:
			a.Pending += l.Left
		}
		lots = append(lots, l)
	}
	a.Lots = lots
	return a
}
