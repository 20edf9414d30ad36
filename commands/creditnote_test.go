package commands_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"tillstream/aggregates"
	"tillstream/commands"
	. "tillstream/commands/commandtest"
	"tillstream/events"
)

var (
	issueCreditNote = commands.IssueCreditNote{CreditNoteID: "n1", Number: "C536379", CustomerID: "ada", Country: "United Kingdom",
		Currency: "GBP", Total: gbp(1700), Parts: []events.CreditPart{
			{PartID: "1", Row: 1, Kind: events.CreditCancelled, OrderID: "o1", LineID: "lamps", SKU: "LAMP", Goods: events.Goods,
				Warehouse: "MAIN", Quantity: 1, Unit: gbpUnit(300, 2), Amount: gbp(300)},
			{PartID: "2", Row: 1, Kind: events.CreditReturned, OrderID: "o0", LineID: "lamps", SKU: "LAMP", Goods: events.Goods,
				Warehouse: "MAIN", Quantity: 3, Unit: gbpUnit(300, 2), Amount: gbp(900)},
			{PartID: "3", Row: 2, Kind: events.CreditWithoutOriginal, SKU: "M", Goods: events.Service, Quantity: 1,
				Unit: gbpUnit(5, 0), Amount: gbp(500)}}}
	creditNoteIssued  = events.CreditNoteIssued(issueCreditNote)
	creditNoteSettled = events.CreditNoteSettled{CreditNoteID: "n1"}
)

func creditNote(past ...events.CreditNoteEvent) Given[aggregates.CreditNote, events.CreditNoteEvent] {
	return History[aggregates.CreditNote](past...)
}

func TestIssueCreditNote(t *testing.T) {
	otherwise := spoiltNote(func(c *commands.IssueCreditNote) { c.Parts[0].OrderID = "o2" })

	creditNote().Then(t, issueCreditNote, creditNoteIssued)
	creditNote(creditNoteIssued).ThenNothing(t, issueCreditNote)
	creditNote(creditNoteIssued, creditNoteSettled).ThenNothing(t, issueCreditNote)
	no := creditNote(creditNoteIssued).Rejects(t, otherwise, "credit_note_exists")
	if diff := cmp.Diff(creditNoteIssued, no.Details["issued"]); diff != "" {
		t.Errorf("the refusal tells another allocation than the one that stands:\n%s", diff)
	}
	creditNote().Rejects(t, spoiltNote(func(c *commands.IssueCreditNote) { c.Total = gbp(1701) }), "totals_differ")
}

func TestIssueCreditNoteIsWellFormed(t *testing.T) {
	first := func(change func(*events.CreditPart)) func(*commands.IssueCreditNote) {
		return func(c *commands.IssueCreditNote) { change(&c.Parts[0]) }
	}
	for name, spoil := range map[string]func(*commands.IssueCreditNote){
		"no id":                     func(c *commands.IssueCreditNote) { c.CreditNoteID = "" },
		"no country":                func(c *commands.IssueCreditNote) { c.Country = "" },
		"no such currency":          func(c *commands.IssueCreditNote) { c.Currency = "pounds" },
		"no parts":                  func(c *commands.IssueCreditNote) { c.Parts = nil },
		"too many parts":            func(c *commands.IssueCreditNote) { c.Parts = make([]events.CreditPart, 1501) },
		"part id twice":             func(c *commands.IssueCreditNote) { c.Parts[1].PartID = "1" },
		"part without id":           first(func(p *events.CreditPart) { p.PartID = "" }),
		"rows count from 1":         first(func(p *events.CreditPart) { p.Row = 0 }),
		"no such kind":              first(func(p *events.CreditPart) { p.Kind = "gift" }),
		"cancelled of no order":     first(func(p *events.CreditPart) { p.OrderID = "" }),
		"cancelled of no line":      first(func(p *events.CreditPart) { p.LineID = "" }),
		"without original of order": first(func(p *events.CreditPart) { p.Kind = events.CreditWithoutOriginal }),
		"no sku":                    first(func(p *events.CreditPart) { p.SKU = "" }),
		"neither goods nor service": first(func(p *events.CreditPart) { p.Goods = "" }),
		"goods of no warehouse":     first(func(p *events.CreditPart) { p.Warehouse = "" }),
		"nothing":                   first(func(p *events.CreditPart) { p.Quantity = 0 }),
		"price below 0":             first(func(p *events.CreditPart) { p.Unit.Amount = -1 }),
		"price in euros":            first(func(p *events.CreditPart) { p.Unit.Currency = "EUR" }),
		"amount in euros":           first(func(p *events.CreditPart) { p.Amount.Currency = "EUR" }),
		"amount below 0":            first(func(p *events.CreditPart) { p.Amount = gbp(-1) }),
	} {
		t.Run(name, func(t *testing.T) {
			creditNote().Rejects(t, spoiltNote(spoil), commands.InvalidReason)
		})
	}
}

func TestSettleCreditNote(t *testing.T) {
	settle := commands.SettleCreditNote{CreditNoteID: "n1"}

	creditNote(creditNoteIssued).Then(t, settle, creditNoteSettled)
	creditNote(creditNoteIssued, creditNoteSettled).ThenNothing(t, settle)
	creditNote().Rejects(t, settle, "credit_note_unknown")
	creditNote().Rejects(t, commands.SettleCreditNote{}, commands.InvalidReason)
}

// spoiltNote is issueCreditNote with one thing wrong; the fixture itself stays as it is.
func spoiltNote(spoil func(*commands.IssueCreditNote)) commands.IssueCreditNote {
	c := issueCreditNote
	c.Parts = append([]events.CreditPart(nil), c.Parts...)
	spoil(&c)
	return c
}
