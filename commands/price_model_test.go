package commands_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tillstream/aggregates"
	"tillstream/commands"
	"tillstream/commands/commandtest"
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

// asSet is the list of prices with every withdrawal carried out as if the price had been set so.
func asSet(facts []events.Recorded) (set []events.PriceSet) {
	for _, r := range facts {
		switch e := r.Event.(type) {
		case events.PriceSet:
			set = append(set, e)
		case events.PriceWithdrawn:
			for i := range set {
				if set[i].PriceID == e.PriceID {
					set[i].ValidUntil = &e.Until
				}
			}
		}
	}
	return set
}

func TestThePriceThatHoldsIsThePaintedOne(t *testing.T) {
	reached := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		store := commandtest.NewMemory()
		h := commands.NewHandler(store, commands.Options{})
		currencies := rapid.SampledFrom([]string{"GBP", "GBP", "EUR"})
		for i := range rapid.IntRange(1, 12).Draw(t, "wishes") {
			before := asSet(store.All())
			c := wantsPrice(t, i, currencies.Draw(t, "currency"))
			a, err := commands.Handle(t.Context(), h, meta(fmt.Sprint(i)), c)
			if no := (*commands.Rejection)(nil); err != nil && !errors.As(err, &no) {
				t.Fatal(err)
			}
			if set, asked := c.(commands.SetPrice); asked && err == nil && len(a.Facts) == 0 {
				// Nothing was recorded: recording it would have changed no price.
				with := append(before, events.PriceSet{Unit: set.Unit, ValidFrom: set.ValidFrom, ValidUntil: set.ValidUntil})
				samePrices(t, painted(before, set.Unit.Currency), painted(with, set.Unit.Currency))
			}
		}
		p, _, err := commands.Look(t.Context(), h, events.Price("MAIN", "LAMP"), func(p aggregates.Price) aggregates.Price { return p })
		if err != nil {
			t.Fatal(err)
		}
		for _, currency := range []string{"GBP", "EUR"} {
			var held [daysPainted]*events.UnitPrice
			for d := range held {
				if unit, ok := p.At(day(d), currency); ok {
					held[d] = &unit
				}
			}
			samePrices(t, held, painted(asSet(store.All()), currency))
		}
		for _, r := range store.All() {
			reached[r.Type()]++
		}
	})
	mustReach(t, reached, "price")
}

func wantsPrice(t *rapid.T, i int, currency string) commands.Command[aggregates.Price, events.PriceEvent] {
	from := rapid.IntRange(0, daysPainted-1)
	if i > 0 && rapid.IntRange(0, 3).Draw(t, "withdraw") == 0 {
		id := fmt.Sprint("p", rapid.IntRange(0, i-1).Draw(t, "price"))
		return commands.WithdrawPrice{PriceID: id, SKU: "LAMP", Warehouse: "MAIN", Until: day(from.Draw(t, "until"))}
	}
	unit := events.UnitPrice{Amount: rapid.Int64Range(1, 3).Draw(t, "amount"), Currency: currency}
	if rapid.Bool().Draw(t, "finer") {
		unit.Amount, unit.Scale = unit.Amount*10, 1
	}
	c := commands.SetPrice{PriceID: fmt.Sprint("p", i), SKU: "LAMP", Warehouse: "MAIN", Unit: unit, ValidFrom: day(from.Draw(t, "from"))}
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
