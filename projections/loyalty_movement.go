package projections

import (
	"fmt"
	"time"

	"tillstream/events"
)

// LoyaltyMovement answers what happened to the points of a customer, line by line, and what was there afterwards. A row is
// one movement, or the account itself (Kind account), whose row carries what the next movement needs to know: its lots.
// ActivePoints and PendingPoints are signed changes; a row's points after are those of the row before, changed by them.
type LoyaltyMovement struct {
	CustomerID    string
	Kind          string // account, earned, activated, burned, expired, reversed
	Points        int64  // that were earned, activated, burned, expired or reversed
	ActivePoints  int64  // by how many the points that can be burned changed
	PendingPoints int64  // by how many the points that were earned and cannot be burned yet changed
	ActiveAfter   int64  // points that can be burned, afterwards
	PendingAfter  int64  // points that are pending, afterwards
	LotID         string // of earned, activated and expired points
	OrderID       string `col:",index"` // that earned them, was paid with them, or was given back
	RedemptionID  string // of burned points
	ReversalID    string // of reversed points
	Short         int64  // reversed points that their lots no longer held
	At            time.Time
	RecordedAt    time.Time
	EventID       string
	Lots          []LoyaltyLot // of the account's row: those that hold points
}

// LoyaltyStatement holds an account under its customer, and its movements, in their order, under LoyaltyMovementKey.
var LoyaltyStatement = Define("loyalty_statement", 1,
	onPoints(func(e events.PointsEarned) string { return e.CustomerID }, LoyaltyAccount.earned,
		func(m *LoyaltyMovement, e events.PointsEarned) {
			m.Kind, m.Points, m.LotID, m.OrderID = "earned", e.Points, e.LotID, e.OrderID
		}),
	onPoints(func(e events.PointsActivated) string { return e.CustomerID }, LoyaltyAccount.activated,
		func(m *LoyaltyMovement, e events.PointsActivated) {
			m.Kind, m.Points, m.LotID = "activated", e.Points, e.LotID
		}),
	onPoints(func(e events.PointsBurned) string { return e.CustomerID }, LoyaltyAccount.burned,
		func(m *LoyaltyMovement, e events.PointsBurned) {
			m.Kind, m.Points, m.RedemptionID, m.OrderID = "burned", e.Points, e.RedemptionID, e.OrderID
		}),
	onPoints(func(e events.PointsExpired) string { return e.CustomerID }, LoyaltyAccount.expired,
		func(m *LoyaltyMovement, e events.PointsExpired) {
			m.Kind, m.Points, m.LotID = "expired", e.Points, e.LotID
		}),
	onPoints(func(e events.PointsReversed) string { return e.CustomerID }, LoyaltyAccount.reversed,
		func(m *LoyaltyMovement, e events.PointsReversed) {
			m.Kind, m.Points, m.ReversalID, m.OrderID, m.Short = "reversed", e.Points, e.ReversalID, e.OrderID, e.Short
		}),
)

// LoyaltyMovementKey is the key of a movement, <customer>/<revision>: the keys of a customer are ordered as its movements.
func LoyaltyMovementKey(customerID string, revision uint64) string {
	return fmt.Sprintf("%s/%010d", customerID, revision)
}

// onPoints keeps the account, and writes a row of what a fact did to it.
func onPoints[E events.LoyaltyEvent](customer func(E) string, change func(LoyaltyAccount, string, Fact[E]) LoyaltyAccount, tell func(*LoyaltyMovement, E)) Rule[LoyaltyMovement] {
	after := func(m LoyaltyMovement, key string, f Fact[E]) LoyaltyAccount {
		return change(LoyaltyAccount{Active: m.ActiveAfter, Pending: m.PendingAfter, Lots: m.Lots}, key, f)
	}
	return Opening(func(e E) []string { return []string{customer(e)} },
		func(m LoyaltyMovement, key string, f Fact[E]) LoyaltyMovement {
			a := after(m, key, f)
			return LoyaltyMovement{CustomerID: key, Kind: "account", ActiveAfter: a.Active, PendingAfter: a.Pending, Lots: a.Lots,
				At: f.At, RecordedAt: f.Rec, EventID: f.ID}
		},
		func(m LoyaltyMovement, key string, f Fact[E]) map[string]LoyaltyMovement {
			a := after(m, key, f)
			row := LoyaltyMovement{CustomerID: key, ActiveAfter: a.Active, PendingAfter: a.Pending, ActivePoints: a.Active - m.ActiveAfter,
				PendingPoints: a.Pending - m.PendingAfter, At: f.At, RecordedAt: f.Rec, EventID: f.ID}
			tell(&row, f.Event)
			return map[string]LoyaltyMovement{LoyaltyMovementKey(key, f.Revision): row}
		})
}
