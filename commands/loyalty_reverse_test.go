package commands_test

import (
	"fmt"
	"testing"

	"tillstream/aggregates"
	"tillstream/commands"
	"tillstream/events"
)

func reverse(id string, pence int64) commands.ReversePoints {
	return commands.ReversePoints{CustomerID: "ada", ReversalID: id, OrderID: "o1", Returned: gbp(pence)}
}

func reversed(id string, pence, taken, short int64) events.PointsReversed {
	r := events.PointsReversed{CustomerID: "ada", ReversalID: id, OrderID: "o1", Returned: gbp(pence), Points: taken, Short: short}
	if taken > 0 {
		r.Lots = points("lot-1", int(taken))
	}
	return r
}

func TestReversePoints(t *testing.T) {
	foreign := reverse("v1", 100)
	foreign.Returned.Currency = "EUR"

	loyalty(lot1Earned).Then(t, reverse("v1", 4099), reversed("v1", 4099, 40, 0))
	loyalty(lot1Earned).Then(t, reverse("v1", 1000), reversed("v1", 1000, 10, 0))
	loyalty(lot1Earned, lot1Active).Then(t, reverse("v1", 9999), reversed("v1", 9999, 40, 0))
	loyalty(append(bothActive, burned50)...).Then(t, reverse("v1", 4099), reversed("v1", 4099, 0, 40))
	loyalty(lot1Earned, lot1Active, lot1Gone).Then(t, reverse("v1", 1000), reversed("v1", 1000, 0, 10))
	loyalty(lot1Earned, reversed("v1", 1000, 10, 0)).ThenNothing(t, reverse("v1", 1000))
	loyalty(lot2Earned).ThenNothing(t, reverse("v1", 1000))
	loyalty(lot1Earned).ThenNothing(t, reverse("v1", 0))
	loyalty(lot1Earned, reversed("v1", 1000, 10, 0)).Rejects(t, reverse("v1", 999), "reversal_exists")
	loyalty(lot1Earned).Rejects(t, foreign, "currency_differs")
	loyalty(lot1Earned).Rejects(t, reverse("", 1), commands.InvalidReason)
	loyalty(lot1Earned).Rejects(t, reverse("v1", -1), commands.InvalidReason)
}

// Forty parts too small for a point are, together, worth their points.
func TestMoneyTooLittleForAPointCountsTowardsTheNext(t *testing.T) {
	past := []events.LoyaltyEvent{lot1Earned}
	taken := int64(0)
	for n := range 40 {
		cmd := reverse(fmt.Sprint("v", n), 102)
		if n == 39 {
			cmd.Returned = gbp(4099 - 39*102)
		}
		facts, err := cmd.Decide(loyalty(past...).State())
		if err != nil {
			t.Fatal(err)
		}
		taken += facts[0].(events.PointsReversed).Points
		past = append(past, facts...)
	}
	if taken != 40 {
		t.Errorf("everything returned reversed %d points of 40", taken)
	}
	loyalty(lot1Earned).Then(t, reverse("v1", 30), reversed("v1", 30, 0, 0))
	loyalty(lot1Earned, reversed("v1", 30, 0, 0)).Then(t, reverse("v2", 30), reversed("v2", 30, 1, 0))
}

// An order that was captured in two parts earned two lots: each gives up its share.
func TestReversalIsProRataToTheLotsOfTheOrder(t *testing.T) {
	small := earned("lot-3", "o1", 10, 1000, daysOn(1))
	large := earned("lot-4", "o1", 30, 3000, daysOn(2))
	cmd := reverse("v1", 2000)

	loyalty(small, large).Then(t, cmd, events.PointsReversed{CustomerID: "ada", ReversalID: "v1", OrderID: "o1", Returned: gbp(2000),
		Points: 20, Lots: points("lot-3", 5, "lot-4", 15)})
}

func TestAnAccountForgetsWhatNothingCanReferTo(t *testing.T) {
	twoYearsOn := earned("lot-9", "o9", 10, 1000, daysOn(720))
	twoYearsOnActive := events.PointsActivated{CustomerID: "ada", LotID: "lot-9", Points: 10}
	lived := append(bothActive[:4:4], burned50, reversed("v1", 10, 0, 0), twoYearsOn)

	remembers := func(when string, lots, redemptions, reversals int, past ...events.LoyaltyEvent) aggregates.Loyalty {
		t.Helper()
		a := loyalty(past...).State()
		if len(a.Lots) != lots || len(a.Redemptions) != redemptions || len(a.Reversals) != reversals {
			t.Errorf("%s: %d lots, %d redemptions, %d reversals are remembered", when, len(a.Lots), len(a.Redemptions), len(a.Reversals))
		}
		return a
	}
	remembers("the account knows of no later time", 3, 1, 1, lived...)
	lived = append(lived, twoYearsOnActive)
	a := remembers("lot 1 is empty and expired a year ago", 2, 1, 0, lived...)
	if _, known := a.Lot("lot-2"); !known {
		t.Error("lot 2 holds 20 points and is forgotten")
	}

	again := commands.EarnPoints{CustomerID: "ada", LotID: "lot-1", OrderID: "o1", Spent: gbp(4099), EarnedAt: newYear}
	loyalty(lived...).ThenNothing(t, again)
	loyalty(lived...).ThenNothing(t, reverse("v2", 4099))

	lot2Gone := events.PointsExpired{CustomerID: "ada", LotID: "lot-2", Points: 20}
	late := earned("lot-10", "o10", 10, 1000, daysOn(740))
	lateActive := events.PointsActivated{CustomerID: "ada", LotID: "lot-10", Points: 10}
	remembers("lot 2 is empty and expired a year ago", 2, 0, 0, append(lived, lot2Gone, late, lateActive)...)
}
