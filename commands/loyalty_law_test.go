package commands_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tillstream/aggregates"
	"tillstream/commands"
	"tillstream/events"
)

// lotBook is the test's own account of a lot, and accountBook that of a customer, kept from the facts alone.
type (
	lotBook struct {
		events.PointsEarned
		left   int64
		active bool
	}
	accountBook struct {
		lots                               map[string]*lotBook
		earned, burned, expired, reversed  int64
		short, calledBack, spent, returned map[string]int64 // by order
	}
)

func newAccountBook() *accountBook {
	return &accountBook{lots: map[string]*lotBook{}, short: map[string]int64{}, calledBack: map[string]int64{},
		spent: map[string]int64{}, returned: map[string]int64{}}
}

func (b *accountBook) note(t *rapid.T, f events.LoyaltyEvent) {
	switch f := f.(type) {
	case events.PointsEarned:
		b.lots[f.LotID] = &lotBook{PointsEarned: f, left: f.Points}
		b.earned += f.Points
		b.spent[f.OrderID] += f.Spent.Minor
	case events.PointsActivated:
		b.lots[f.LotID].active = true
	case events.PointsBurned:
		b.soonestFirst(t, f)
		b.burned += b.take(f.Lots)
	case events.PointsExpired:
		b.expired += b.take([]events.LotPoints{{LotID: f.LotID, Points: f.Points}})
	case events.PointsReversed:
		if taken := b.take(f.Lots); taken != f.Points {
			t.Fatalf("%d points were reversed, %d of lots", f.Points, taken)
		}
		b.reversed += f.Points
		b.calledBack[f.OrderID] += f.Points + f.Short
		b.returned[f.OrderID] += f.Returned.Minor
	}
}

func (b *accountBook) take(lots []events.LotPoints) (taken int64) {
	for _, part := range lots {
		b.lots[part.LotID].left -= part.Points
		taken += part.Points
	}
	return taken
}

// soonestFirst wants that no active lot which expires sooner than the last one burned of keeps a point, unless it had
// expired already.
func (b *accountBook) soonestFirst(t *rapid.T, f events.PointsBurned) {
	t.Helper()
	for i, part := range f.Lots {
		l := b.lots[part.LotID]
		if !l.active {
			t.Fatalf("lot %s is burned and was never activated", part.LotID)
		}
		if i > 0 && l.ExpiresAt.Before(b.lots[f.Lots[i-1].LotID].ExpiresAt) {
			t.Fatalf("lots are not burned soonest first: %+v", f.Lots)
		}
		if i < len(f.Lots)-1 && part.Points != l.left {
			t.Fatalf("lot %s keeps points though a later one is burned", part.LotID)
		}
	}
}

func (b *accountBook) lawful(t *rapid.T, a aggregates.Loyalty) {
	t.Helper()
	balance, byOrder := int64(0), map[string]int64{}
	for id, l := range b.lots {
		if l.left < 0 {
			t.Fatalf("lot %s holds %d points", id, l.left)
		}
		remembered, known := a.Lot(id)
		if known && (remembered.Left != l.left || remembered.Active != l.active) || !known && l.left > 0 {
			t.Fatalf("lot %s holds %d points by the facts, the state says %+v", id, l.left, remembered)
		}
		balance += l.left
		byOrder[l.OrderID] += l.Points
	}
	if b.earned != balance+b.burned+b.expired+b.reversed {
		t.Fatalf("earned %d, but %d left, %d burned, %d expired, %d reversed", b.earned, balance, b.burned, b.expired, b.reversed)
	}
	for order, called := range b.calledBack {
		if called > byOrder[order] || b.returned[order] >= b.spent[order] && len(a.LotsOf(order)) > 0 && called != byOrder[order] {
			t.Fatalf("order %s earned %d points for %d and %d was returned: %d were called back", order, byOrder[order],
				b.spent[order], b.returned[order], called)
		}
	}
}

// drawPoints earns each lot at one time, however often: a lot is of one order, and an order is paid once.
func drawPoints(t *rapid.T, now time.Time, n int, earnedAt map[string]time.Time) commands.Command[aggregates.Loyalty, events.LoyaltyEvent] {
	serial := rapid.IntRange(1, 8).Draw(t, "lot")
	lot, order := fmt.Sprint("lot-", serial), fmt.Sprint("order-", serial)
	switch likely(t, "command", map[string]int{"earn": 5, "activate": 6, "burn": 5, "expire": 4, "reverse": 5}) {
	case "earn":
		if earnedAt[lot].IsZero() {
			earnedAt[lot] = now
		}
		pence := rapid.Int64Range(50, 5000).Draw(t, "spent")
		return commands.EarnPoints{CustomerID: "ada", LotID: lot, OrderID: order, Spent: gbp(pence), EarnedAt: earnedAt[lot]}
	case "activate":
		return commands.ActivatePoints{CustomerID: "ada", LotID: lot, Now: now}
	case "burn":
		return commands.BurnPoints{CustomerID: "ada", RedemptionID: fmt.Sprint("x", n), Points: rapid.Int64Range(1, 30).Draw(t, "points"), Now: now}
	case "expire":
		return commands.ExpirePoints{CustomerID: "ada", LotID: lot, Now: now}
	}
	pence := rapid.Int64Range(1, 2000).Draw(t, "returned")
	return commands.ReversePoints{CustomerID: "ada", ReversalID: fmt.Sprint("v", n), OrderID: order, Returned: gbp(pence)}
}

func TestPointsAreEarnedLeftBurnedExpiredOrReversed(t *testing.T) {
	checkReached(t, func(t *rapid.T, reached map[string]int) {
		s, b, now := newStory[aggregates.Loyalty, events.LoyaltyEvent](t, reached), newAccountBook(), newYear
		earnedAt := map[string]time.Time{}
		for n := range rapid.IntRange(20, 60).Draw(t, "commands") {
			now = now.AddDate(0, 0, rapid.SampledFrom([]int{0, 3, 10, 30, 100, 300}).Draw(t, "days"))
			facts, _ := s.ask(drawPoints(t, now, n, earnedAt))
			for _, f := range facts {
				b.note(t, f)
			}
			b.lawful(t, s.state)
		}
	}, "points.earned", "points.activated", "points.burned", "points.expired", "points.reversed", "points_not_due",
		"points_insufficient", "lot_unknown")
}

// Whatever the parts: once all of an order is returned, all it earned is called back.
func TestReturningEverythingCallsEverythingBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newStory[aggregates.Loyalty, events.LoyaltyEvent](t, map[string]int{})
		spent, points := int64(0), int64(0)
		for n := range rapid.IntRange(1, 3).Draw(t, "lots") {
			pence := rapid.Int64Range(100, 9999).Draw(t, "spent")
			facts, _ := s.ask(commands.EarnPoints{CustomerID: "ada", LotID: fmt.Sprint("lot-", n), OrderID: "o1", Spent: gbp(pence), EarnedAt: newYear})
			spent, points = spent+pence, points+facts[0].(events.PointsEarned).Points
		}
		called := int64(0)
		for n := 0; spent > 0; n++ {
			part := min(spent, rapid.Int64Range(1, max(1, spent)).Draw(t, "part"), 4000)
			if n == 50 {
				part = spent
			}
			spent -= part
			facts, _ := s.ask(reverse(fmt.Sprint("v", n), part))
			called += facts[0].(events.PointsReversed).Points
		}
		if called != points {
			t.Fatalf("%d points were earned, %d called back", points, called)
		}
	})
}
