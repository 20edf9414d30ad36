package events

import (
	"fmt"
	"time"
)

// LoyaltyEvent is the closed set of facts in the stream of one customer's loyalty account.
//
//sumtype:decl
type LoyaltyEvent interface {
	Event
	loyaltyEvent()
}

// LotPoints is a number of points of one lot, above 0.
type LotPoints struct {
	LotID  string `json:"lot_id"`
	Points int64  `json:"points"`
}

// PointsEarned opens a lot, pending until ActivatesAt; its points die at ExpiresAt.
type PointsEarned struct {
	CustomerID  string    `json:"customer_id"`
	LotID       string    `json:"lot_id"`
	OrderID     string    `json:"order_id"`
	Points      int64     `json:"points"`
	Spent       Money     `json:"spent"` // what the points were earned for
	ActivatesAt time.Time `json:"activates_at"`
	ExpiresAt   time.Time `json:"expires_at"`
}

// PointsActivated makes what is left of a pending lot usable.
type PointsActivated struct {
	CustomerID string `json:"customer_id"`
	LotID      string `json:"lot_id"`
	Points     int64  `json:"points"`
}

// PointsBurned spends points, of the lots that expire soonest first.
type PointsBurned struct {
	CustomerID   string      `json:"customer_id"`
	RedemptionID string      `json:"redemption_id"`
	OrderID      string      `json:"order_id,omitempty"`
	Points       int64       `json:"points"`
	Lots         []LotPoints `json:"lots"`
}

// PointsExpired takes away what was left of a lot when its time was over.
type PointsExpired struct {
	CustomerID string `json:"customer_id"`
	LotID      string `json:"lot_id"`
	Points     int64  `json:"points"`
}

// PointsReversed takes back points of returned or cancelled goods, pro rata from the lots they were earned in. Short is
// what those lots no longer held, because it was burned or had expired. Returned counts towards the next reversal even
// where it was too little for a point.
type PointsReversed struct {
	CustomerID string      `json:"customer_id"`
	ReversalID string      `json:"reversal_id"`
	OrderID    string      `json:"order_id"`
	Returned   Money       `json:"returned"` // what this reversal is for, of what the points were earned for
	Points     int64       `json:"points"`
	Lots       []LotPoints `json:"lots"`
	Short      int64       `json:"short,omitempty"`
}

func (PointsEarned) Type() string    { return "points.earned" }
func (PointsActivated) Type() string { return "points.activated" }
func (PointsBurned) Type() string    { return "points.burned" }
func (PointsExpired) Type() string   { return "points.expired" }
func (PointsReversed) Type() string  { return "points.reversed" }

func (PointsEarned) loyaltyEvent()    {}
func (PointsActivated) loyaltyEvent() {}
func (PointsBurned) loyaltyEvent()    {}
func (PointsExpired) loyaltyEvent()   {}
func (PointsReversed) loyaltyEvent()  {}

// Loyalty is the stream of one customer's loyalty account.
func Loyalty(customerID string) Stream[LoyaltyEvent] {
	return Stream[LoyaltyEvent]("loyalty-" + customerID)
}

// Sentence says the fact in plain words.
func (e PointsEarned) Sentence() string {
	return fmt.Sprintf("Customer %s earned %s for %s of order %s, usable from %s to %s", short(e.CustomerID), points(e.Points), e.Spent.String(),
		short(e.OrderID), day(e.ActivatesAt), day(e.ExpiresAt))
}

// Sentence says the fact in plain words.
func (e PointsActivated) Sentence() string {
	return fmt.Sprintf("%s of customer %s became usable", points(e.Points), short(e.CustomerID))
}

// Sentence says the fact in plain words.
func (e PointsBurned) Sentence() string {
	return fmt.Sprintf("Customer %s spent %s%s", short(e.CustomerID), points(e.Points), onOrder(e.OrderID))
}

// Sentence says the fact in plain words.
func (e PointsExpired) Sentence() string {
	return fmt.Sprintf("%s of customer %s expired", points(e.Points), short(e.CustomerID))
}

// Sentence says the fact in plain words.
func (e PointsReversed) Sentence() string {
	said := fmt.Sprintf("%s of customer %s %s taken back, for %s of order %s", points(e.Points), short(e.CustomerID), were(e.Points),
		e.Returned.String(), short(e.OrderID))
	if e.Short > 0 {
		said += fmt.Sprintf("; %d were no longer there", e.Short)
	}
	return said
}

func admitLoyalty(c *Codec) {
	Current[PointsEarned](c)
	Current[PointsActivated](c)
	Current[PointsBurned](c)
	Current[PointsExpired](c)
	Current[PointsReversed](c)
}
