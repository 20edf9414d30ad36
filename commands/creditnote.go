package commands

import (
	"cmp"
	"slices"

	"tillstream/aggregates"
	"tillstream/events"
)

// IssueCreditNote records the whole allocation of a credit at once. The first issue is the truth: what follows is worked
// off from what was recorded, not from what was planned again.
type IssueCreditNote struct {
	CreditNoteID string              `json:"credit_note_id"`
	Number       string              `json:"number,omitempty"`
	CustomerID   string              `json:"customer_id,omitempty"`
	Country      string              `json:"country"`
	Currency     string              `json:"currency"`
	Parts        []events.CreditPart `json:"parts"`
	Total        events.Money        `json:"total"`
}

// Name implements Command.
func (IssueCreditNote) Name() string { return "credit_note.issue" }

// Stream implements Command.
func (c IssueCreditNote) Stream() events.Stream[events.CreditNoteEvent] {
	return events.CreditNote(c.CreditNoteID)
}

// Decide implements Command. The same plan again is nothing new; another one is refused with credit_note_exists, whose
// details carry the fact that stands, a events.CreditNoteIssued, as "issued".
func (c IssueCreditNote) Decide(n aggregates.CreditNote) ([]events.CreditNoteEvent, error) {
	err := check(checkID("credit_note_id", c.CreditNoteID), checkOptionalID("number", c.Number),
		checkOptionalID("customer_id", c.CustomerID), checkCountry(c.Country), checkCurrency("currency", c.Currency), c.checkParts())
	if err != nil {
		return nil, err
	}
	sum := events.Money{Currency: c.Currency}
	for _, p := range c.Parts {
		sum = sum.Plus(p.Amount)
	}
	if sum != c.Total {
		return nil, reject("totals_differ", "credit note %s states %d, its parts add up to %d", c.CreditNoteID, c.Total.Minor, sum.Minor).
			with("stated", c.Total).with("sum", sum)
	}
	if n.Issued == nil {
		return []events.CreditNoteEvent{events.CreditNoteIssued(c)}, nil
	}
	if c.plans(*n.Issued) {
		return nil, nil
	}
	return nil, reject("credit_note_exists", "credit note %s is already issued, otherwise", c.CreditNoteID).with("issued", *n.Issued)
}

func (c IssueCreditNote) plans(e events.CreditNoteIssued) bool {
	return c.Number == e.Number && c.CustomerID == e.CustomerID && c.Country == e.Country && c.Currency == e.Currency &&
		c.Total == e.Total && slices.Equal(c.Parts, e.Parts)
}

func (c IssueCreditNote) checkParts() *Rejection {
	if n := len(c.Parts); n == 0 || n > linesMax {
		return invalid("parts", "has %d entries, a credit note has from 1 to %d", n, linesMax)
	}
	named := make(map[string]bool, len(c.Parts))
	for i, p := range c.Parts {
		if bad := checkPart(p, c.Currency).Within(entry("parts", i)); bad != nil {
			return bad.with("part_id", p.PartID)
		}
		if named[p.PartID] {
			return invalid(entry("parts", i)+".part_id", "%s is given to two parts", p.PartID)
		}
		named[p.PartID] = true
	}
	return nil
}

// checkPart wants an order line where the kind of the part has one, and none where it has not.
func checkPart(p events.CreditPart, currency string) *Rejection {
	bad := cmp.Or(checkID("part_id", p.PartID), checkSKU(p.SKU), checkQuantity("quantity", p.Quantity),
		checkUnit("unit", p.Unit), checkMoney("amount", p.Amount, currency))
	switch {
	case bad != nil:
		return bad
	case p.Row < 1:
		return invalid("row", "is %d, rows count from 1", p.Row)
	case p.Unit.Currency != currency:
		return invalid("unit", "is in %q, the credit note in %q", p.Unit.Currency, currency)
	case p.Goods != events.Goods && p.Goods != events.Service:
		return invalid("goods", "is %q, it must be %q or %q", p.Goods, events.Goods, events.Service)
	}
	if p.Goods == events.Goods || p.Warehouse != "" {
		if bad := checkWarehouse("warehouse", p.Warehouse); bad != nil {
			return bad
		}
	}
	switch p.Kind {
	case events.CreditCancelled, events.CreditReturned:
		return cmp.Or(checkID("order_id", p.OrderID), checkID("line_id", p.LineID))
	case events.CreditWithoutOriginal:
		if p.OrderID != "" || p.LineID != "" {
			return invalid("order_id", "is given for a part without original")
		}
		return nil
	}
	return invalid("kind", "is %q, it must be %q, %q or %q", p.Kind,
		events.CreditCancelled, events.CreditReturned, events.CreditWithoutOriginal)
}

// SettleCreditNote says everything that follows from the credit note is recorded.
type SettleCreditNote struct {
	CreditNoteID string `json:"credit_note_id"`
}

// Name implements Command.
func (SettleCreditNote) Name() string { return "credit_note.settle" }

// Stream implements Command.
func (c SettleCreditNote) Stream() events.Stream[events.CreditNoteEvent] {
	return events.CreditNote(c.CreditNoteID)
}

// Decide implements Command.
func (c SettleCreditNote) Decide(n aggregates.CreditNote) ([]events.CreditNoteEvent, error) {
	if err := check(checkID("credit_note_id", c.CreditNoteID)); err != nil {
		return nil, err
	}
	if n.Issued == nil {
		return nil, reject("credit_note_unknown", "there is no credit note %s", c.CreditNoteID)
	}
	if n.Settled {
		return nil, nil
	}
	return []events.CreditNoteEvent{events.CreditNoteSettled(c)}, nil
}

func offerCreditNote(c *Codec) {
	Offer[IssueCreditNote](c)
	Offer[SettleCreditNote](c)
}
