package commands_test

import (
	"strings"
	"testing"

	"tillstream/aggregates"
	"tillstream/commands"
	. "tillstream/commands/commandtest"
	"tillstream/events"
)

var (
	lampRegistered   = events.ProductRegistered{SKU: "LAMP", Name: "Lamp", Description: "It shines.", Category: "light", Kind: events.Goods}
	lampDiscontinued = events.ProductDiscontinued{SKU: "LAMP", Reason: "nobody buys lamps"}

	registerLamp = commands.RegisterProduct{SKU: "LAMP", ProductName: "Lamp", Description: "It shines.", Category: "light", Kind: events.Goods}
)

func product(past ...events.ProductEvent) Given[aggregates.Product, events.ProductEvent] {
	return History[aggregates.Product](past...)
}

func TestRegisterProduct(t *testing.T) {
	product().Then(t, registerLamp, lampRegistered)
	product().Then(t, commands.RegisterProduct{SKU: " post\t", ProductName: "Carriage", Kind: events.Service},
		events.ProductRegistered{SKU: "POST", Name: "Carriage", Kind: events.Service})

	product(lampRegistered).Rejects(t, registerLamp, "sku_taken")
	product(lampRegistered, lampDiscontinued).Rejects(t, registerLamp, "sku_taken")
	other := registerLamp
	other.SKU, other.ProductName = "lamp", "Another lamp"
	product(lampRegistered).Rejects(t, other, "sku_taken")
}

func TestRegisterProductIsWellFormed(t *testing.T) {
	for field, broken := range map[string]func(*commands.RegisterProduct){
		"sku":         func(c *commands.RegisterProduct) { c.SKU = " " },
		"name":        func(c *commands.RegisterProduct) { c.ProductName = "\u00a0" },
		"description": func(c *commands.RegisterProduct) { c.Description = "bell \a" },
		"category":    func(c *commands.RegisterProduct) { c.Category = "a\nb" },
		"kind":        func(c *commands.RegisterProduct) { c.Kind = "goods and services" },
	} {
		c := registerLamp
		broken(&c)
		refusesField(t, product(), c, field)
	}
	for field, tooMuch := range map[string]func(*commands.RegisterProduct){
		"sku":         func(c *commands.RegisterProduct) { c.SKU = strings.Repeat("Ä", 65) },
		"name":        func(c *commands.RegisterProduct) { c.ProductName = strings.Repeat("ä", 257) },
		"description": func(c *commands.RegisterProduct) { c.Description = strings.Repeat("a", 64<<10+1) },
		"category":    func(c *commands.RegisterProduct) { c.Category = strings.Repeat("ä", 257) },
	} {
		c := registerLamp
		tooMuch(&c)
		refusesField(t, product(), c, field)
	}
	full := commands.RegisterProduct{SKU: strings.Repeat("Ä", 64), ProductName: strings.Repeat("ä", 256),
		Description: strings.Repeat("a\n", 32<<10), Category: strings.Repeat("ä", 256), Kind: events.Goods}
	product().Then(t, full, events.ProductRegistered{SKU: full.SKU, Name: full.ProductName, Description: full.Description,
		Category: full.Category, Kind: full.Kind})
	for _, sku := range []string{"A\x00", "A\xff", "A\u200bB", "A\nB", "A\u00a0B"} {
		c := registerLamp
		c.SKU = sku
		refusesField(t, product(), c, "sku")
	}
	for _, name := range []string{"A\x00", "A\xff", "A\u0085B"} {
		c := registerLamp
		c.ProductName = name
		refusesField(t, product(), c, "name")
	}
}

func TestDescribeProduct(t *testing.T) {
	better := commands.DescribeProduct{SKU: "lamp", ProductName: "Lamp, brass", Description: "It shines."}
	described := events.ProductDescribed{SKU: "LAMP", Name: "Lamp, brass", Description: "It shines."}

	product(lampRegistered).Then(t, better, described)
	product(lampRegistered).ThenNothing(t, commands.DescribeProduct{SKU: "LAMP", ProductName: "Lamp", Description: "It shines."})
	product(lampRegistered, described).ThenNothing(t, better)
	product(lampRegistered).Then(t, commands.DescribeProduct{SKU: "LAMP", ProductName: "Lamp"}, events.ProductDescribed{SKU: "LAMP", Name: "Lamp"})

	product().Rejects(t, better, "product_unknown")
	product(lampRegistered, lampDiscontinued).Rejects(t, better, "product_discontinued")
	refusesField(t, product(lampRegistered), commands.DescribeProduct{SKU: "LAMP"}, "name")
	refusesField(t, product(), commands.DescribeProduct{ProductName: "Lamp"}, "sku")
	refusesField(t, product(lampRegistered), commands.DescribeProduct{SKU: "LAMP", ProductName: "Lamp", Description: "\x00"}, "description")
}

func TestCategoriseProduct(t *testing.T) {
	toDesk := commands.CategoriseProduct{SKU: "LAMP", Category: "desk"}
	moved := events.ProductCategorised{SKU: "LAMP", Category: "desk"}

	product(lampRegistered).Then(t, toDesk, moved)
	product(lampRegistered).Then(t, commands.CategoriseProduct{SKU: "LAMP"}, events.ProductCategorised{SKU: "LAMP"})
	product(lampRegistered, moved).ThenNothing(t, toDesk)

	product().Rejects(t, toDesk, "product_unknown")
	product(lampRegistered, lampDiscontinued).Rejects(t, toDesk, "product_discontinued")
	refusesField(t, product(), commands.CategoriseProduct{Category: "desk"}, "sku")
	refusesField(t, product(lampRegistered), commands.CategoriseProduct{SKU: "LAMP", Category: "\x1b[31m"}, "category")
}

func TestDiscontinueProduct(t *testing.T) {
	end := commands.DiscontinueProduct{SKU: "LAMP", Reason: "nobody buys lamps"}

	product(lampRegistered).Then(t, end, lampDiscontinued)
	product(lampRegistered, lampDiscontinued).ThenNothing(t, end)
	product(lampRegistered, lampDiscontinued).ThenNothing(t, commands.DiscontinueProduct{SKU: "LAMP", Reason: "another"})

	product().Rejects(t, end, "product_unknown")
	refusesField(t, product(), commands.DiscontinueProduct{}, "sku")
	refusesField(t, product(), commands.DiscontinueProduct{SKU: "LAMP", Reason: strings.Repeat("r", 257)}, "reason")
}

// refusesField checks that a command is refused as not well formed, naming the field, whatever the state.
func refusesField[S aggregates.State[S, E], E events.Event](t testing.TB, g Given[S, E], c commands.Command[S, E], field string) {
	t.Helper()
	if no := g.Rejects(t, c, commands.InvalidReason); no.Details["field"] != field {
		t.Errorf("%s was refused for %v, not for %s: %s", c.Name(), no.Details["field"], field, no.Message)
	}
}
