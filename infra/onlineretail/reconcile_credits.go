package onlineretail

import (
	"context"

	"tillstream/events"
	bulkv1 "tillstream/gateway/api/bulk/v1"
)

// creditNotes compares credit notes part by part, and notes what all credit notes, of other imports too, took off lines.
func (c *comparison) creditNotes(ctx context.Context) error {
	seen := map[string]bool{}
	rows, err := c.client.CreditNotes(ctx, &bulkv1.CreditNotesRequest{})
	err = each(rows, err, func(n *bulkv1.CreditNote) error {
		for _, p := range n.Parts {
			c.take(p)
		}
		if n.CorrelationId != c.ImportID {
			return nil
		}
		d, known := c.credits[n.CreditNoteId]
		if !known {
			c.differ(Difference{View: "credit_notes", Key: n.CreditNoteId, Field: "row", Found: n.Number})
			return nil
		}
		seen[n.CreditNoteId] = true
		c.creditNote(d, n)
		c.worked("comparing credit notes", len(d.Rows))
		return nil
	})
	missing(c, "credit_notes", c.credits, seen)
	return err
}

// take notes what a part, not without original, took off its line.
func (c *comparison) take(p *bulkv1.CreditPart) {
	line := p.OrderId + "/" + p.LineId
	t := c.taken[line]
	switch events.CreditKind(p.Kind) {
	case events.CreditCancelled:
		t.cancelled += p.Quantity
	case events.CreditReturned:
		t.returned += p.Quantity
	default:
		return
	}
	c.taken[line] = t
}

func (c *comparison) creditNote(d *Document, n *bulkv1.CreditNote) {
	const view = "credit_notes"
	parts := c.partsOf(d)
	total := int64(0)
	for _, p := range parts {
		total += p.Amount.Minor
	}
	c.expect(view, d.Number, "number", d.Number, n.Number)
	c.expect(view, d.Number, "customer_id", customerOf(d), n.CustomerId)
	c.expect(view, d.Number, "country", d.Country, n.Country)
	c.expect(view, d.Number, "total", total, n.GetTotal().GetMinor())
	c.expect(view, d.Number, "currency", Currency, n.Currency)
	c.expect(view, d.Number, "at", events.Time(d.At), n.IssuedAt.AsTime())
	c.expect(view, d.Number, "settled", true, n.Settled)
	c.expect(view, d.Number, "parts", len(parts), len(n.Parts))
	counted := &c.Figures.Counts
	counted.Credits++
	rows := map[int64]bool{}
	for i, got := range n.Parts {
		rows[got.Row] = true
		switch events.CreditKind(got.Kind) {
		case events.CreditCancelled:
			counted.PartsCancelled++
		case events.CreditReturned:
			counted.PartsReturned++
		case events.CreditWithoutOriginal:
			counted.PartsWithout++
		}
		if i < len(parts) {
			want := parts[i]
			c.expect(view, d.Number, "part", part{int64(want.Row), string(want.Kind), want.SKU, want.Quantity, want.Unit, want.Amount.Minor, partLine(want)},
				part{got.Row, got.Kind, got.Sku, got.Quantity, unitOf(got.Unit), got.GetAmount().GetMinor(), got.LineId})
		}
	}
	counted.CreditRows += int64(len(rows))
}

// part is what is compared of a credit part.
type part struct {
	Row      int64            `json:"row"`
	Kind     string           `json:"kind"`
	SKU      string           `json:"sku"`
	Quantity int64            `json:"quantity"`
	Unit     events.UnitPrice `json:"unit"`
	Amount   int64            `json:"amount"`
	Line     string           `json:"line_id"`
}

func partLine(p Part) string {
	if p.Kind == events.CreditWithoutOriginal {
		return ""
	}
	return lineID(p.Order, p.Line)
}

func (c *comparison) partsOf(d *Document) []Part {
	for _, day := range c.plan.Days {
		if parts, ok := day.Credits[d.Number]; ok {
			return parts
		}
	}
	return nil
}
