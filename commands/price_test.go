package commands_test

import (
	"testing"
	"time"

	"tillstream/aggregates"
	"tillstream/commands"
	. "tillstream/commands/commandtest"
	"tillstream/events"
)

var (
	january  = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	february = time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)
	march    = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
)

func pounds(thousandths int64) events.UnitPrice {
	return events.UnitPrice{Amount: thousandths, Scale: 3, Currency: "GBP"}
}

func setPrice(id string, unit events.UnitPrice, from time.Time, until *time.Time) commands.SetPrice {
	return commands.SetPrice{PriceID: id, SKU: "LAMP", Warehouse: "MAIN", Unit: unit, ValidFrom: from, ValidUntil: until}
}

func priceSet(id string, unit events.UnitPrice, from time.Time, until *time.Time) events.PriceSet {
	return events.PriceSet{PriceID: id, SKU: "LAMP", Warehouse: "MAIN", Unit: unit, ValidFrom: from, ValidUntil: until}
}

func price(past ...events.PriceEvent) Given[aggregates.Price, events.PriceEvent] {
	return History[aggregates.Price](past...)
}

func TestSetPrice(t *testing.T) {
	price().Then(t, setPrice("p1", pounds(2500), january, nil), priceSet("p1", pounds(2500), january, nil))
	price().Then(t, setPrice("p1", pounds(0), january, &march), priceSet("p1", pounds(0), january, &march))

	berlin := time.FixedZone("CET", 3600)
	until := march.In(berlin)
	price().Then(t, commands.SetPrice{PriceID: "p1", SKU: " lamp", Warehouse: "main ", Unit: pounds(2500),
		ValidFrom: january.In(berlin).Add(time.Nanosecond), ValidUntil: &until}, priceSet("p1", pounds(2500), january, &march))

	first := priceSet("p1", pounds(2500), january, nil)
	price(first).Then(t, setPrice("p2", pounds(2600), january, nil), priceSet("p2", pounds(2600), january, nil))
	price(first).Then(t, setPrice("p2", pounds(2500), february, &march), priceSet("p2", pounds(2500), february, &march))
	euros := events.UnitPrice{Amount: 25, Scale: 1, Currency: "EUR"}
	price(first).Then(t, setPrice("p2", euros, january, nil), priceSet("p2", euros, january, nil))
}

func TestSettingAPriceAgainRecordsNothing(t *testing.T) {
	first := priceSet("p1", pounds(2500), january, nil)
	price(first).ThenNothing(t, setPrice("p1", pounds(2500), january, nil))
	price(first).ThenNothing(t, setPrice("p2", pounds(2500), january, nil))
	price(first).ThenNothing(t, setPrice("p2", events.UnitPrice{Amount: 25, Scale: 1, Currency: "GBP"}, january, nil))
	price(first, priceSet("p2", pounds(2600), february, nil)).ThenNothing(t, setPrice("p3", pounds(2500), january, nil))
	price(priceSet("p1", pounds(2500), january, &march)).ThenNothing(t, setPrice("p2", pounds(2500), january, &march))
}

func TestAPriceThatCostsTheSameIsAPriceOfItsOwn(t *testing.T) {
	first, same := priceSet("p1", pounds(2500), january, nil), priceSet("p2", pounds(2500), march, nil)
	price(first).Then(t, setPrice("p2", pounds(2500), march, nil), same)
	between := priceSet("p3", pounds(2600), february, nil)
	price(first, same).Then(t, setPrice("p3", pounds(2600), february, nil), between)
	if held, _ := price(first, same, between).State().At(march, "GBP"); held != pounds(2500) {
		t.Errorf("in march it costs %+v", held)
	}
	covered := []events.PriceEvent{first, priceSet("p2", pounds(2600), january, nil)}
	price(covered...).Then(t, setPrice("p3", pounds(2500), january, nil), priceSet("p3", pounds(2500), january, nil))
	price(first).Then(t, setPrice("p2", pounds(2500), january, &march), priceSet("p2", pounds(2500), january, &march))
}

func TestSetPriceIsRefused(t *testing.T) {
	first := priceSet("p1", pounds(2500), january, nil)
	price(first).Rejects(t, setPrice("p1", pounds(2600), january, nil), "price_exists")

	many := make([]events.PriceEvent, 10_000)
	for i := range many {
		many[i] = priceSet("p", pounds(int64(i)), january, nil)
	}
	price(many...).Rejects(t, setPrice("q", pounds(1), january, nil), "price_list_full")

	for field, c := range map[string]commands.SetPrice{
		"price_id":      setPrice("", pounds(2500), january, nil),
		"unit.currency": setPrice("p1", events.UnitPrice{Amount: 1, Currency: "gbp"}, january, nil),
		"unit.scale":    setPrice("p1", events.UnitPrice{Amount: 1, Scale: 7, Currency: "GBP"}, january, nil),
		"unit.amount":   setPrice("p1", pounds(-1), january, nil),
		"valid_from":    setPrice("p1", pounds(1), time.Time{}, nil),
		"valid_until":   setPrice("p1", pounds(1), february, &february),
		"warehouse":     {PriceID: "p1", SKU: "LAMP", Warehouse: "A/B", Unit: pounds(1), ValidFrom: january},
		"sku":           {PriceID: "p1", Warehouse: "MAIN", Unit: pounds(1), ValidFrom: january},
	} {
		refusesField(t, price(), c, field)
	}
}

func TestWithdrawPrice(t *testing.T) {
	open, closed := priceSet("p1", pounds(2500), january, nil), priceSet("p1", pounds(2500), january, &february)
	withdraw := func(until time.Time) commands.WithdrawPrice {
		return commands.WithdrawPrice{PriceID: "p1", SKU: "lamp", Warehouse: "main", Until: until, Reason: "a slip of the pen"}
	}
	withdrawn := func(until time.Time) events.PriceWithdrawn {
		return events.PriceWithdrawn{PriceID: "p1", SKU: "LAMP", Warehouse: "MAIN", Until: until, Reason: "a slip of the pen"}
	}
	price(open).Then(t, withdraw(march), withdrawn(march))
	price(open).Then(t, withdraw(january), withdrawn(january))
	price(closed).Then(t, withdraw(january), withdrawn(january))
	price(closed).ThenNothing(t, withdraw(february))
	price(closed).ThenNothing(t, withdraw(march)) // a withdrawal makes no window longer
	price(open, withdrawn(february)).ThenNothing(t, withdraw(february))
	price(open, withdrawn(february)).Then(t, setPrice("p2", pounds(2500), march, nil), priceSet("p2", pounds(2500), march, nil))

	price().Rejects(t, withdraw(march), "price_unknown")
	refusesField(t, price(open), withdraw(time.Time{}), "until")
	refusesField(t, price(), commands.WithdrawPrice{SKU: "LAMP", Warehouse: "MAIN", Until: march}, "price_id")
}

func TestThePriceThatHolds(t *testing.T) {
	list := price(
		priceSet("base", pounds(3000), january, nil),
		priceSet("sale", pounds(2000), february, &march),
		priceSet("slip", pounds(1), february, &march),
		priceSet("fixed", pounds(2100), february, &march),
		events.PriceWithdrawn{PriceID: "slip", Until: january},
	).State()
	for name, want := range map[string]struct {
		at    time.Time
		price int64
		none  bool
	}{
		"before the first":       {january.Add(-time.Second), 0, true},
		"from the first instant": {january, 3000, false},
		"the latest start holds, of equal ones the last set": {february, 2100, false},
		"until the last instant":                             {march.Add(-time.Microsecond), 2100, false},
		"then the one below":                                 {march, 3000, false},
	} {
		got, ok := list.At(want.at, "GBP")
		if ok == want.none || (ok && got != pounds(want.price)) {
			t.Errorf("%s: %+v, %v", name, got, ok)
		}
	}
	if _, ok := list.At(february, "EUR"); ok {
		t.Error("a price in pounds was found in euros")
	}
}
