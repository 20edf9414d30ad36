package commands_test

import (
	"testing"
	"time"

	"tillstream/aggregates"
	"tillstream/commands"
	. "tillstream/commands/commandtest"
	"tillstream/events"
)

// The account of these tests: ada spends £40.99 on the first of January and £30 ten days later.
var (
	newYear    = time.Date(2011, 1, 1, 12, 0, 0, 0, time.UTC)
	lot1Earned = earned("lot-1", "o1", 40, 4099, newYear)
	lot2Earned = earned("lot-2", "o2", 30, 3000, newYear.AddDate(0, 0, 10))
	lot1Active = events.PointsActivated{CustomerID: "ada", LotID: "lot-1", Points: 40}
	lot2Active = events.PointsActivated{CustomerID: "ada", LotID: "lot-2", Points: 30}
	burned50   = events.PointsBurned{CustomerID: "ada", RedemptionID: "x1", Points: 50, Lots: points("lot-1", 40, "lot-2", 10)}
	lot1Gone   = events.PointsExpired{CustomerID: "ada", LotID: "lot-1", Points: 40}

	bothActive = []events.LoyaltyEvent{lot1Earned, lot2Earned, lot1Active, lot2Active}
)

func daysOn(n int) time.Time { return newYear.AddDate(0, 0, n) }

func earned(lot, order string, n, pence int64, at time.Time) events.PointsEarned {
	return events.PointsEarned{CustomerID: "ada", LotID: lot, OrderID: order, Points: n, Spent: gbp(pence),
		ActivatesAt: at.AddDate(0, 0, 14), ExpiresAt: at.AddDate(0, 0, 365)}
}

// points makes lot points of pairs of lot id and points.
func points(pairs ...any) (made []events.LotPoints) {
	for i := 0; i < len(pairs); i += 2 {
		made = append(made, events.LotPoints{LotID: pairs[i].(string), Points: int64(pairs[i+1].(int))})
	}
	return made
}

func loyalty(past ...events.LoyaltyEvent) Given[aggregates.Loyalty, events.LoyaltyEvent] {
	return History[aggregates.Loyalty](past...)
}

func TestPointsFor(t *testing.T) {
	for _, c := range []struct {
		spent events.Money
		want  int64
	}{
		{gbp(99), 0}, {gbp(100), 1}, {gbp(4099), 40}, {gbp(-500), 0}, {gbp(0), 0},
		{events.Money{Minor: 1250, Currency: "JPY"}, 1250},
		{events.Money{Minor: 12_999, Currency: "BHD"}, 12},
	} {
		if got, err := commands.PointsFor(c.spent); got != c.want || err != nil {
			t.Errorf("%v earns %d, %v; want %d", c.spent, got, err, c.want)
		}
	}
	if _, err := commands.PointsFor(events.Money{Minor: 1, Currency: "points"}); err == nil {
		t.Error("a currency that there is not earned points")
	}
}

func TestEarnPoints(t *testing.T) {
	earn := commands.EarnPoints{CustomerID: "ada", LotID: "lot-1", OrderID: "o1", Spent: gbp(4099), EarnedAt: newYear}
	little, foreign := earn, earn
	little.Spent = gbp(99)
	foreign.LotID, foreign.Spent.Currency = "lot-3", "EUR"

	loyalty().Then(t, earn, lot1Earned)
	loyalty().ThenNothing(t, little)
	loyalty(lot1Earned).ThenNothing(t, earn)
	loyalty(lot1Earned).Rejects(t, foreign, "currency_differs")
	for name, spoil := range map[string]func(*commands.EarnPoints){
		"no customer": func(c *commands.EarnPoints) { c.CustomerID = "" },
		"no lot":      func(c *commands.EarnPoints) { c.LotID = "" },
		"no order":    func(c *commands.EarnPoints) { c.OrderID = "" },
		"no currency": func(c *commands.EarnPoints) { c.Spent.Currency = "" },
		"below 0":     func(c *commands.EarnPoints) { c.Spent = gbp(-1) },
		"no time":     func(c *commands.EarnPoints) { c.EarnedAt = time.Time{} },
	} {
		t.Run(name, func(t *testing.T) {
			c := earn
			spoil(&c)
			loyalty().Rejects(t, c, commands.InvalidReason)
		})
	}
}

func TestActivatePoints(t *testing.T) {
	activate := func(now time.Time) commands.ActivatePoints {
		return commands.ActivatePoints{CustomerID: "ada", LotID: "lot-1", Now: now}
	}
	halfBack := events.PointsReversed{CustomerID: "ada", ReversalID: "v1", OrderID: "o1", Returned: gbp(2050), Points: 20, Lots: points("lot-1", 20)}
	allBack := events.PointsReversed{CustomerID: "ada", ReversalID: "v1", OrderID: "o1", Returned: gbp(4099), Points: 40, Lots: points("lot-1", 40)}

	loyalty(lot1Earned).Then(t, activate(daysOn(14)), lot1Active)
	loyalty(lot1Earned, halfBack).Then(t, activate(daysOn(14)), events.PointsActivated{CustomerID: "ada", LotID: "lot-1", Points: 20})
	loyalty(lot1Earned, allBack).ThenNothing(t, activate(daysOn(14)))
	loyalty(lot1Earned, lot1Active).ThenNothing(t, activate(daysOn(15)))
	loyalty(lot1Earned).Rejects(t, activate(daysOn(14).Add(-time.Second)), "points_not_due")
	loyalty(lot2Earned).Rejects(t, activate(daysOn(14)), "lot_unknown")
	loyalty(lot1Earned).Rejects(t, activate(time.Time{}), commands.InvalidReason)
}

func TestExpirePoints(t *testing.T) {
	expire := func(now time.Time) commands.ExpirePoints {
		return commands.ExpirePoints{CustomerID: "ada", LotID: "lot-1", Now: now}
	}

	loyalty(lot1Earned, lot1Active).Then(t, expire(daysOn(365)), lot1Gone)
	loyalty(lot1Earned).Then(t, expire(daysOn(365)), lot1Gone)
	loyalty(append(bothActive, burned50)...).ThenNothing(t, expire(daysOn(365)))
	loyalty(lot1Earned, lot1Active).Rejects(t, expire(daysOn(365).Add(-time.Second)), "points_not_due")
	loyalty().Rejects(t, expire(daysOn(365)), "lot_unknown")
	loyalty(lot1Earned).Rejects(t, commands.ExpirePoints{CustomerID: "ada", Now: newYear}, commands.InvalidReason)
}

func TestBurnPoints(t *testing.T) {
	burn := func(n int64, now time.Time) commands.BurnPoints {
		return commands.BurnPoints{CustomerID: "ada", RedemptionID: "x1", Points: n, Now: now}
	}

	loyalty(bothActive...).Then(t, burn(50, daysOn(30)), burned50)
	loyalty(lot2Earned, lot1Earned, lot2Active, lot1Active).Then(t, burn(50, daysOn(30)), burned50)
	loyalty(bothActive...).Then(t, burn(30, daysOn(365)), events.PointsBurned{CustomerID: "ada", RedemptionID: "x1", Points: 30,
		Lots: points("lot-2", 30)})
	loyalty(append(bothActive, burned50)...).ThenNothing(t, burn(50, daysOn(31)))
	loyalty(append(bothActive, burned50)...).Rejects(t, burn(10, daysOn(31)), "redemption_exists")
	loyalty(bothActive...).Rejects(t, burn(71, daysOn(30)), "points_insufficient")
	loyalty(bothActive...).Rejects(t, burn(31, daysOn(365)), "points_insufficient")
	loyalty(lot1Earned).Rejects(t, burn(1, daysOn(30)), "points_insufficient")
	loyalty().Rejects(t, burn(1, daysOn(30)), "points_insufficient")
	loyalty(bothActive...).Rejects(t, burn(0, daysOn(30)), commands.InvalidReason)
	loyalty(bothActive...).Rejects(t, burn(1, time.Time{}), commands.InvalidReason)
	no := loyalty(bothActive...).Rejects(t, burn(71, daysOn(30)), "points_insufficient")
	if no.Details["active"] != int64(70) || no.Details["asked"] != int64(71) {
		t.Errorf("the refusal says %v", no.Details)
	}
}
