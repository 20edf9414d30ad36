package commands

import (
	"time"

	"tillstream/aggregates"
	"tillstream/events"
)

// BurnPoints spends active points, of the lots that expire soonest first. A RedemptionID is burned once.
type BurnPoints struct {
	CustomerID   string    `json:"customer_id"`
	RedemptionID string    `json:"redemption_id"`
	OrderID      string    `json:"order_id,omitempty"`
	Points       int64     `json:"points"`
	Now          time.Time `json:"now"`
}

// Name implements Command.
func (BurnPoints) Name() string { return "points.burn" }

// Stream implements Command.
func (c BurnPoints) Stream() events.Stream[events.LoyaltyEvent] { return events.Loyalty(c.CustomerID) }

// Decide implements Command. A lot whose time is over is not burned, whether or not that was recorded yet.
func (c BurnPoints) Decide(a aggregates.Loyalty) ([]events.LoyaltyEvent, error) {
	err := check(checkID("customer_id", c.CustomerID), checkID("redemption_id", c.RedemptionID),
		checkOptionalID("order_id", c.OrderID), checkQuantity("points", c.Points), checkInstant("now", c.Now))
	if err != nil {
		return nil, err
	}
	if before, done := a.Redemptions[c.RedemptionID]; done {
		if before.Points == c.Points && before.OrderID == c.OrderID {
			return nil, nil
		}
		return nil, reject("redemption_exists", "redemption %s was for %d points, not for %d: use another id",
			c.RedemptionID, before.Points, c.Points).with("points", before.Points).with("order_id", before.OrderID)
	}
	usable, left := int64(0), c.Points
	var burned []events.LotPoints
	for _, l := range a.Usable(c.Now) {
		usable += l.Left
		if n := min(left, l.Left); n > 0 {
			burned = append(burned, events.LotPoints{LotID: l.LotID, Points: n})
			left -= n
		}
	}
	if left > 0 {
		return nil, reject("points_insufficient", "customer %s has %d active points, %d were asked for",
			c.CustomerID, usable, c.Points).with("asked", c.Points).with("active", usable)
	}
	return []events.LoyaltyEvent{events.PointsBurned{CustomerID: c.CustomerID, RedemptionID: c.RedemptionID, OrderID: c.OrderID,
		Points: c.Points, Lots: burned}}, nil
}

// ReversePoints takes back the points of goods that were returned, or cancelled after they earned points. Returned is the
// money of this part alone. A ReversalID is reversed once.
type ReversePoints struct {
	CustomerID string       `json:"customer_id"`
	ReversalID string       `json:"reversal_id"`
	OrderID    string       `json:"order_id"`
	Returned   events.Money `json:"returned"`
}

// Name implements Command.
func (ReversePoints) Name() string { return "points.reverse" }

// Stream implements Command.
func (c ReversePoints) Stream() events.Stream[events.LoyaltyEvent] {
	return events.Loyalty(c.CustomerID)
}

// Decide implements Command. Each lot of the order gives up its share of all that was returned until now, pending points
// and active ones alike: once everything is returned, in whatever parts, everything earned is called back. What was
// burned or has expired is Short. An order without lots has nothing to reverse.
func (c ReversePoints) Decide(a aggregates.Loyalty) ([]events.LoyaltyEvent, error) {
	err := check(checkID("customer_id", c.CustomerID), checkID("reversal_id", c.ReversalID), checkID("order_id", c.OrderID),
		checkCurrency("returned.currency", c.Returned.Currency), checkMoney("returned", c.Returned, c.Returned.Currency))
	if err != nil {
		return nil, err
	}
	lots, spent, before := a.LotsOf(c.OrderID), a.SpentOn(c.OrderID), a.Reversals[c.OrderID]
	if len(lots) == 0 || c.Returned.Minor == 0 {
		return nil, nil
	}
	if part, done := before.Parts[c.ReversalID]; done {
		return nil, doneBefore("reversal_exists", "reversal", c.ReversalID, part, c.Returned)
	}
	if spent.Currency != c.Returned.Currency {
		return nil, currencyOfOrder(c.OrderID, spent, c.Returned)
	}
	fact := events.PointsReversed{CustomerID: c.CustomerID, ReversalID: c.ReversalID, OrderID: c.OrderID, Returned: c.Returned}
	for _, l := range lots {
		due := l.Due(before.Returned.Plus(c.Returned), spent)
		taken := min(due, l.Left)
		if taken > 0 {
			fact.Lots = append(fact.Lots, events.LotPoints{LotID: l.LotID, Points: taken})
		}
		fact.Points, fact.Short = fact.Points+taken, fact.Short+due-taken
	}
	return []events.LoyaltyEvent{fact}, nil
}
