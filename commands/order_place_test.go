package commands_test

import (
	"fmt"
	"testing"

	"tillstream/commands"
	"tillstream/events"
)

func TestPlaceOrder(t *testing.T) {
	sealed := func(subject string) *events.Sealed {
		return &events.Sealed{Subject: subject, Key: 1, Cipher: make([]byte, 40)}
	}
	byAda, byGuest, imported := placeOrder, placeOrder, placeOrder
	byAda.ShipTo, byAda.PaymentToken = sealed(events.CustomerSubject("ada")), sealed(events.CustomerSubject("ada"))
	byAda.FX = &events.FX{Currency: "EUR", Rate: 1_17, Scale: 2}
	byGuest.CustomerID, byGuest.Guest = "", &events.Guest{Name: sealed(events.GuestSubject("o1")), Email: sealed(events.GuestSubject("o1"))}
	imported.CustomerID, imported.Guest, imported.Number = "", &events.Guest{}, "536365"

	for name, place := range map[string]commands.PlaceOrder{"plain": placeOrder, "by ada": byAda, "by a guest": byGuest, "imported": imported} {
		t.Run(name, func(t *testing.T) {
			order().Then(t, place, events.OrderPlaced(place))
		})
	}
	order(orderPlaced).Rejects(t, placeOrder, "order_exists")
	order(orderPlaced, orderCancelled).Rejects(t, placeOrder, "order_exists")
}

func TestAnOrderMayHave1500LinesAndNoMore(t *testing.T) {
	long := placeOrder
	long.Lines, long.Charges = nil, nil
	for n := range 1500 {
		l := carriage
		l.LineID = fmt.Sprint("line-", n)
		long.Lines = append(long.Lines, l)
	}
	long.Totals = commands.TotalsOf("GBP", long.Lines, nil)
	order().Then(t, long, events.OrderPlaced(long))

	long.Lines = append(long.Lines, lamps)
	order().Rejects(t, long, commands.InvalidReason)
}

func TestPlaceOrderIsWellFormed(t *testing.T) {
	first := func(change func(*events.Line)) func(*commands.PlaceOrder) {
		return func(c *commands.PlaceOrder) { change(&c.Lines[0]) }
	}
	someone := &events.Sealed{Subject: "someone", Cipher: make([]byte, 40)}
	for name, spoil := range map[string]func(*commands.PlaceOrder){
		"no id":               func(c *commands.PlaceOrder) { c.OrderID = "" },
		"no buyer":            func(c *commands.PlaceOrder) { c.CustomerID = "" },
		"two buyers":          func(c *commands.PlaceOrder) { c.Guest = &events.Guest{} },
		"no country":          func(c *commands.PlaceOrder) { c.Country = " " },
		"no such currency":    func(c *commands.PlaceOrder) { c.Currency = "gbp" },
		"other rounding":      func(c *commands.PlaceOrder) { c.Rounding = "half_even" },
		"no lines":            func(c *commands.PlaceOrder) { c.Lines = nil },
		"line id twice":       func(c *commands.PlaceOrder) { c.Lines[1].LineID = c.Lines[0].LineID },
		"fx to itself":        func(c *commands.PlaceOrder) { c.FX = &events.FX{Currency: "GBP", Rate: 1} },
		"fx without currency": func(c *commands.PlaceOrder) { c.FX = &events.FX{Rate: 1} },
		"fx for nothing":      func(c *commands.PlaceOrder) { c.FX = &events.FX{Currency: "EUR"} },
		"fx too fine":         func(c *commands.PlaceOrder) { c.FX = &events.FX{Currency: "EUR", Rate: 1, Scale: 13} },
		"address of another":  func(c *commands.PlaceOrder) { c.ShipTo = someone },
		"token of another":    func(c *commands.PlaceOrder) { c.PaymentToken = someone },
		"guest is another":    func(c *commands.PlaceOrder) { c.CustomerID, c.Guest = "", &events.Guest{Name: someone} },
		"charge without name": func(c *commands.PlaceOrder) { c.Charges[0].Name = "" },
		"charge below 0":      func(c *commands.PlaceOrder) { c.Charges[0].Amount = gbp(-1) },
		"charge in euros":     func(c *commands.PlaceOrder) { c.Charges[0].Amount.Currency = "EUR" },
		"charge all tax": func(c *commands.PlaceOrder) {
			c.Charges[0].Taxes = []events.Tax{{Name: "t", Amount: gbp(151), Included: true}}
		},
		"too many charges":           func(c *commands.PlaceOrder) { c.Charges = make([]events.Charge, 101) },
		"line without id":            first(func(l *events.Line) { l.LineID = "" }),
		"line without sku":           first(func(l *events.Line) { l.SKU = "" }),
		"sku not canonical":          first(func(l *events.Line) { l.SKU = "lamp" }),
		"name of two lines":          first(func(l *events.Line) { l.Name = "a\nb" }),
		"no such kind":               first(func(l *events.Line) { l.Kind = "animals" }),
		"goods of no warehouse":      first(func(l *events.Line) { l.Warehouse = "" }),
		"quantity 0":                 first(func(l *events.Line) { l.Quantity = 0 }),
		"quantity beyond limit":      first(func(l *events.Line) { l.Quantity = 1_000_000_001 }),
		"price in euros":             first(func(l *events.Line) { l.Unit.Currency = "EUR" }),
		"price below 0":              first(func(l *events.Line) { l.Unit.Amount = -1 }),
		"price too fine":             first(func(l *events.Line) { l.Unit.Scale = 7 }),
		"more money than 64 bits":    first(func(l *events.Line) { l.Unit.Amount, l.Quantity = 1<<62, 1_000_000_000 }),
		"more money than there is":   first(func(l *events.Line) { l.Unit.Amount = 1 << 60 }),
		"more tax than there is":     first(func(l *events.Line) { l.Taxes = []events.Tax{{Name: "t", Amount: gbp(1_000_000_000_000_000)}} }),
		"discount without name":      first(func(l *events.Line) { l.Discounts = []events.Discount{{Amount: gbp(1)}} }),
		"discount in euros":          first(func(l *events.Line) { l.Discounts[0].Amount.Currency = "EUR" }),
		"discount beyond the price":  first(func(l *events.Line) { l.Discounts = []events.Discount{{Name: "d", Amount: gbp(1000)}} }),
		"too many discounts":         first(func(l *events.Line) { l.Discounts = make([]events.Discount, 21) }),
		"tax without name":           first(func(l *events.Line) { l.Taxes = []events.Tax{{Amount: gbp(1)}} }),
		"tax below 0":                first(func(l *events.Line) { l.Taxes = []events.Tax{{Name: "t", RatePPM: -1}} }),
		"tax all of the price":       first(func(l *events.Line) { l.Taxes = []events.Tax{{Name: "t", Amount: gbp(901), Included: true}} }),
		"too many taxes":             first(func(l *events.Line) { l.Taxes = make([]events.Tax, 11) }),
		"more money than one amount": func(c *commands.PlaceOrder) { c.Charges[0].Amount = gbp(1_000_000_000_000_001) },
	} {
		t.Run(name, func(t *testing.T) {
			order().Rejects(t, spoilt(spoil), commands.InvalidReason)
		})
	}
}

func TestPlaceOrderAddsUp(t *testing.T) {
	for name, spoil := range map[string]func(*commands.PlaceOrder){
		"net of a line":   func(c *commands.PlaceOrder) { c.Lines[0].Net = gbp(901) },
		"gross of a line": func(c *commands.PlaceOrder) { c.Lines[1].Gross = gbp(419) },
		"net":             func(c *commands.PlaceOrder) { c.Totals.Net = gbp(1885) },
		"tax":             func(c *commands.PlaceOrder) { c.Totals.Tax = gbp(0) },
		"gross":           func(c *commands.PlaceOrder) { c.Totals.Gross = gbp(2084) },
		"currency":        func(c *commands.PlaceOrder) { c.Totals.Gross.Currency = "EUR" },
	} {
		t.Run(name, func(t *testing.T) {
			order().Rejects(t, spoilt(spoil), "totals_differ")
		})
	}
}

// Lines that are each within the limit of money can be an order that is not.
func TestAnOrderOfMoreMoneyThanThereIs(t *testing.T) {
	dear := carriage
	dear.Taxes, dear.Unit, dear.Net, dear.Gross = nil, gbpUnit(6_000_000_000_000, 0), gbp(600_000_000_000_000), gbp(600_000_000_000_000)
	other := dear
	other.LineID = "other"
	c := placeOrder
	c.Lines, c.Charges = []events.Line{dear, other}, nil
	c.Totals = commands.TotalsOf("GBP", c.Lines, nil)
	order().Rejects(t, c, commands.InvalidReason)
}

// spoilt is placeOrder with one thing wrong; the fixture itself stays as it is.
func spoilt(spoil func(*commands.PlaceOrder)) commands.PlaceOrder {
	c := placeOrder
	c.Lines = append([]events.Line(nil), c.Lines...)
	for i := range c.Lines {
		c.Lines[i].Discounts = append([]events.Discount(nil), c.Lines[i].Discounts...)
	}
	c.Charges = append([]events.Charge(nil), c.Charges...)
	spoil(&c)
	return c
}
