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

const daysPainted = 40

func day(n int) time.Time { return january.AddDate(0, 0, n) }

// painted is the price rule as a painter would carry it out: each price is painted over the days it is for, the later
// its first day, and then the later it was set, the later it is painted.
func painted(set []events.PriceSet, currency string) (days [daysPainted]*events.UnitPrice) {
	for from := range daysPainted {
		for _, p := range set {
			if !p.ValidFrom.Equal(day(from)) || p.Unit.Currency != currency {
				continue
			}
			for d := from; d < daysPainted && (p.ValidUntil == nil || day(d).Before(*p.ValidUntil)); d++ {
				days[d] = &p.Unit
			}
		}
	}
	return days
}

// topmost is the price that a wish which recorded nothing stands for: the one set last for its start.
func topmost(wished []events.PriceSet, c commands.SetPrice) (id string) {
	for _, p := range wished {
		if p.ValidFrom.Equal(c.ValidFrom) && p.Unit.Currency == c.Unit.Currency {
			id = p.PriceID
		}
	}
	return id
}

// endAll withdraws a price, by whichever wish it was set: as if each had been for a shorter time.
func endAll(wished []events.PriceSet, id string, until time.Time) {
	for i := range wished {
		if wished[i].PriceID == id {
			wished[i].ValidUntil = &until
		}
	}
}

func TestThePriceThatHoldsIsThePaintedOne(t *testing.T) {
	checkReached(t, func(t *rapid.T, reached map[string]int) {
		s := newStory[aggregates.Price, events.PriceEvent](t, reached)
		var wished []events.PriceSet // all that was acknowledged, whether or not it was recorded
		for i := range rapid.IntRange(1, 12).Draw(t, "wishes") {
			c := wantsPrice(t, i)
			facts, no := s.ask(c)
			switch c := c.(type) {
			case commands.SetPrice:
				if no == "" && len(facts) == 0 {
					c.PriceID = topmost(wished, c)
				}
				if no == "" {
					wished = append(wished, events.PriceSet{PriceID: c.PriceID, Unit: c.Unit, ValidFrom: c.ValidFrom, ValidUntil: c.ValidUntil})
				}
			case commands.WithdrawPrice:
				if len(facts) > 0 {
					endAll(wished, c.PriceID, c.Until)
				}
			}
		}
		for _, currency := range []string{"GBP", "EUR"} {
			var held [daysPainted]*events.UnitPrice
			for d := range held {
				if unit, ok := s.state.At(day(d), currency); ok {
					held[d] = &unit
				}
			}
			samePrices(t, held, painted(wished, currency))
		}
	}, append(typesOf("price"), "price_unknown", "price_exists")...)
}

func wantsPrice(t *rapid.T, i int) commands.Command[aggregates.Price, events.PriceEvent] {
	from := rapid.IntRange(0, daysPainted-1)
	if i > 0 && rapid.IntRange(0, 3).Draw(t, "withdraw") == 0 {
		id := fmt.Sprint("p", rapid.IntRange(0, i-1).Draw(t, "price"))
		return commands.WithdrawPrice{PriceID: id, SKU: "LAMP", Warehouse: "MAIN", Until: day(from.Draw(t, "until"))}
	}
	unit := events.UnitPrice{Amount: rapid.Int64Range(1, 3).Draw(t, "amount"), Currency: rapid.SampledFrom([]string{"GBP", "GBP", "EUR"}).Draw(t, "currency")}
	if rapid.Bool().Draw(t, "finer") {
		unit.Amount, unit.Scale = unit.Amount*10, 1
	}
	id := fmt.Sprint("p", rapid.SampledFrom([]int{i, i, i, 0}).Draw(t, "price id"))
	c := commands.SetPrice{PriceID: id, SKU: "LAMP", Warehouse: "MAIN", Unit: unit, ValidFrom: day(from.Draw(t, "from"))}
	if rapid.Bool().Draw(t, "ends") {
		until := c.ValidFrom.AddDate(0, 0, rapid.IntRange(1, 10).Draw(t, "days"))
		c.ValidUntil = &until
	}
	return c
}

func samePrices(t *rapid.T, a, b [daysPainted]*events.UnitPrice) {
	for d := range a {
		if (a[d] == nil) != (b[d] == nil) || a[d] != nil && !a[d].Equals(*b[d]) {
			t.Fatalf("on day %d: %v, and %v", d, a[d], b[d])
		}
	}
}
