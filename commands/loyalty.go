package commands

import (
	"time"

	"tillstream/aggregates"
	"tillstream/events"
)

// The life of points, from earning on.
const (
	pointsPendingFor = 14 * 24 * time.Hour
	pointsLiveFor    = 365 * 24 * time.Hour
)

// PointsFor is what spending earns: one point per whole unit of the currency, which is one per 100 pence of GBP. It fails
// on an unknown currency; nothing, or less, earns nothing.
func PointsFor(spent events.Money) (int64, error) {
	digits, err := events.Digits(spent.Currency)
	if err != nil {
		return 0, err
	}
	points := max(0, spent.Minor)
	for range digits {
		points /= 10
	}
	return points, nil
}

// EarnPoints opens a lot for what was spent on an order. The points are usable 14 days after EarnedAt, once
// ActivatePoints says so, and live 365 days from then.
type EarnPoints struct {
	CustomerID string       `json:"customer_id"`
	LotID      string       `json:"lot_id"`
	OrderID    string       `json:"order_id"`
	Spent      events.Money `json:"spent"`
	EarnedAt   time.Time    `json:"earned_at"`
}

// Name implements Command.
func (EarnPoints) Name() string { return "points.earn" }

// Stream implements Command.
func (c EarnPoints) Stream() events.Stream[events.LoyaltyEvent] { return events.Loyalty(c.CustomerID) }

// Decide implements Command. A lot is earned once; one so old that the account may have forgotten it is not earned at all.
func (c EarnPoints) Decide(a aggregates.Loyalty) ([]events.LoyaltyEvent, error) {
	err := check(checkID("customer_id", c.CustomerID), checkID("lot_id", c.LotID), checkID("order_id", c.OrderID),
		checkCurrency("spent.currency", c.Spent.Currency), checkMoney("spent", c.Spent, c.Spent.Currency), checkInstant("earned_at", c.EarnedAt))
	if err != nil {
		return nil, err
	}
	points, err := PointsFor(c.Spent)
	if err != nil {
		return nil, err
	}
	expires := events.Time(c.EarnedAt.Add(pointsLiveFor))
	if _, known := a.Lot(c.LotID); known || points == 0 || a.Forgets(expires) {
		return nil, nil
	}
	if before := a.SpentOn(c.OrderID); before.Currency != "" && before.Currency != c.Spent.Currency {
		return nil, currencyOfOrder(c.OrderID, before, c.Spent)
	}
	return []events.LoyaltyEvent{events.PointsEarned{CustomerID: c.CustomerID, LotID: c.LotID, OrderID: c.OrderID, Points: points,
		Spent: c.Spent, ActivatesAt: events.Time(c.EarnedAt.Add(pointsPendingFor)), ExpiresAt: expires}}, nil
}

// ActivatePoints makes what is left of a pending lot usable.
type ActivatePoints struct {
	CustomerID string    `json:"customer_id"`
	LotID      string    `json:"lot_id"`
	Now        time.Time `json:"now"`
}

// Name implements Command.
func (ActivatePoints) Name() string { return "points.activate" }

// Stream implements Command.
func (c ActivatePoints) Stream() events.Stream[events.LoyaltyEvent] {
	return events.Loyalty(c.CustomerID)
}

// Decide implements Command.
func (c ActivatePoints) Decide(a aggregates.Loyalty) ([]events.LoyaltyEvent, error) {
	l, err := lotOf(a, c.CustomerID, c.LotID, c.Now)
	if err != nil || l.Active || l.Left == 0 {
		return nil, err
	}
	if c.Now.Before(l.ActivatesAt) {
		return nil, notDue(c.LotID, "activate", l.ActivatesAt)
	}
	return []events.LoyaltyEvent{events.PointsActivated{CustomerID: c.CustomerID, LotID: c.LotID, Points: l.Left}}, nil
}

// ExpirePoints takes away what is left of a lot whose time is over.
type ExpirePoints struct {
	CustomerID string    `json:"customer_id"`
	LotID      string    `json:"lot_id"`
	Now        time.Time `json:"now"`
}

// Name implements Command.
func (ExpirePoints) Name() string { return "points.expire" }

// Stream implements Command.
func (c ExpirePoints) Stream() events.Stream[events.LoyaltyEvent] {
	return events.Loyalty(c.CustomerID)
}

// Decide implements Command.
func (c ExpirePoints) Decide(a aggregates.Loyalty) ([]events.LoyaltyEvent, error) {
	l, err := lotOf(a, c.CustomerID, c.LotID, c.Now)
	if err != nil || l.Left == 0 {
		return nil, err
	}
	if c.Now.Before(l.ExpiresAt) {
		return nil, notDue(c.LotID, "expire", l.ExpiresAt)
	}
	return []events.LoyaltyEvent{events.PointsExpired{CustomerID: c.CustomerID, LotID: c.LotID, Points: l.Left}}, nil
}

func lotOf(a aggregates.Loyalty, customerID, lotID string, now time.Time) (aggregates.Lot, error) {
	if err := check(checkID("customer_id", customerID), checkID("lot_id", lotID), checkInstant("now", now)); err != nil {
		return aggregates.Lot{}, err
	}
	l, known := a.Lot(lotID)
	if !known {
		return l, reject("lot_unknown", "customer %s has no lot %s of points", customerID, lotID)
	}
	return l, nil
}

func notDue(lotID, what string, at time.Time) *Rejection {
	return reject("points_not_due", "the points of lot %s %s at %s", lotID, what, at.Format(time.RFC3339)).with("at", at)
}

func currencyOfOrder(orderID string, before, now events.Money) *Rejection {
	return reject("currency_differs", "points of order %s were earned in %s, not in %s", orderID, before.Currency, now.Currency).
		with("currency", before.Currency)
}

func offerLoyalty(c *Codec) {
	Offer[EarnPoints](c)
	Offer[ActivatePoints](c)
	Offer[BurnPoints](c)
	Offer[ExpirePoints](c)
	Offer[ReversePoints](c)
}
