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

// takenOff answers what credits took off the i-th line of an order. An order gives back shares of a line's gross, rising
// with the units taken, so that the parts of a line add up to it.
func (c *comparison) takenOff(d *Document, i int) taken {
	t := c.taken[orderID(d.Number)+"/"+lineID(d.Number, i)]
	gross, whole := events.Money{Minor: total(d.Rows[i]), Currency: Currency}, d.Rows[i].Quantity
	t.cancelledAmount = gross.Share(t.cancelled, whole).Minor
	t.returnedAmount = gross.Share(t.cancelled+t.returned, whole).Minor - t.cancelledAmount
	return t
}

// sums adds an order up: what it came to, and what credits took off all of its lines.
func (c *comparison) sums(d *Document) (gross, units int64, all taken) {
	for i, r := range d.Rows {
		gross, units = gross+total(r), units+r.Quantity
		t := c.takenOff(d, i)
		all.cancelled, all.returned = all.cancelled+t.cancelled, all.returned+t.returned
		all.cancelledAmount, all.returnedAmount = all.cancelledAmount+t.cancelledAmount, all.returnedAmount+t.returnedAmount
	}
	return gross, units, all
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

func customerOf(d *Document) string {
	if d.Customer == "" {
		return ""
	}
	return customerID(d.Customer)
}

// orderPages compares orders with their lines.
func (c *comparison) orderPages(ctx context.Context) error {
	seen := map[string]bool{}
	rows, err := c.client.Orders(ctx, &bulkv1.OrdersRequest{CorrelationId: c.ImportID})
	err = each(rows, err, func(o *bulkv1.Order) error {
		d, known := c.orders[o.OrderId]
		if !known {
			c.differ(Difference{View: "orders", Key: o.OrderId, Field: "row", Found: o.Number})
			return nil
		}
		seen[o.OrderId] = true
		c.order(d, o)
		c.worked("comparing orders", len(d.Rows))
		return nil
	})
	missing(c, "orders", c.orders, seen)
	return err
}

func (c *comparison) order(d *Document, o *bulkv1.Order) {
	const view = "orders"
	gross, units, credits := c.sums(d)
	state, captured := "closed", gross-credits.cancelledAmount
	if credits.cancelled == units {
		state = "cancelled"
	}
	c.expect(view, d.Number, "number", d.Number, o.Number)
	c.expect(view, d.Number, "customer_id", customerOf(d), o.CustomerId)
	c.expect(view, d.Number, "country", d.Country, o.Country)
	c.expect(view, d.Number, "currency", Currency, o.Currency)
	c.expect(view, d.Number, "placed_at", events.Time(d.At), o.PlacedAt.AsTime())
	c.expect(view, d.Number, "state", state, o.State)
	c.expect(view, d.Number, "gross", gross, o.GetTotals().GetGross().GetMinor())
	c.expect(view, d.Number, "net", gross, o.GetTotals().GetNet().GetMinor())
	c.expect(view, d.Number, "cancelled", credits.cancelledAmount, o.GetCancelled().GetMinor())
	c.expect(view, d.Number, "returned", credits.returnedAmount, o.GetReturned().GetMinor())
	c.expect(view, d.Number, "captured", captured, o.GetCaptured().GetMinor())
	c.expect(view, d.Number, "refunded", credits.returnedAmount, o.GetRefunded().GetMinor())
	c.expect(view, d.Number, "line_count", int64(len(d.Rows)), o.LineCount)
	c.expect(view, d.Number, "units", units, o.Units)
	c.expect(view, d.Number, "lines", len(d.Rows), len(o.Lines))
	for i, l := range o.Lines {
		if i < len(d.Rows) {
			c.line(d, i, l)
		}
	}
	c.countOrder(d, o)
}

func (c *comparison) line(d *Document, i int, l *bulkv1.OrderLine) {
	const view = "order_lines"
	r, t := d.Rows[i], c.takenOff(d, i)
	kind, name, shipped := "service", r.Description, int64(0)
	if r.IsGoods() {
		kind, shipped = "goods", r.Quantity-t.cancelled
	}
	if name == "" {
		name = r.SKU
	}
	key := d.Number + "/" + l.LineId
	c.expect(view, key, "line_id", lineID(d.Number, i), l.LineId)
	c.expect(view, key, "sku", r.SKU, l.Sku)
	c.expect(view, key, "name", name, l.Name)
	c.expect(view, key, "kind", kind, l.Kind)
	c.expect(view, key, "warehouse", c.warehouse, l.Warehouse)
	c.expect(view, key, "quantity", r.Quantity, l.Quantity)
	c.expect(view, key, "unit", r.Unit, unitOf(l.Unit))
	c.expect(view, key, "gross", total(r), l.GetGross().GetMinor())
	c.expect(view, key, "cancelled", t.cancelled, l.Cancelled)
	c.expect(view, key, "returned", t.returned, l.Returned)
	c.expect(view, key, "shipped", shipped, l.Shipped)
	c.expect(view, key, "cancelled_amount", t.cancelledAmount, l.GetCancelledAmount().GetMinor())
	c.expect(view, key, "returned_amount", t.returnedAmount, l.GetReturnedAmount().GetMinor())
}

// total is a row's total in pence; that it fits was checked when the plan was made.
func total(r Row) int64 {
	m, err := r.Unit.Times(r.Quantity)
	if err != nil {
		return 0
	}
	return m.Minor
}

func (c *comparison) countOrder(d *Document, o *bulkv1.Order) {
	n := &c.Figures.Counts
	if o.GetTotals().GetGross().GetMinor() > 0 {
		n.Sales++
	} else {
		n.FreeOrders++
	}
	if o.CustomerId == "" {
		n.OrdersByGuests++
	}
	n.LongestOrder = max(n.LongestOrder, o.LineCount)
	goods := false
	for _, l := range o.Lines {
		switch {
		case l.Kind != "goods":
			n.ServiceLines++
		case l.GetUnit().GetAmount() == 0:
			n.FreeGoodsLines++
		default:
			n.GoodsLines++
		}
		goods = goods || l.Kind == "goods"
	}
	if !goods {
		n.OrdersNoGoods++
	}
}

// customerOrders compares the orders that customers are shown.
func (c *comparison) customerOrders(ctx context.Context) error {
	const view = "customer_orders"
	seen := map[string]bool{}
	rows, err := c.client.CustomerOrders(ctx, &bulkv1.CustomerOrdersRequest{})
	err = each(rows, err, func(o *bulkv1.CustomerOrder) error {
		d, ours := c.orders[o.OrderId]
		if !ours {
			return nil
		}
		seen[o.OrderId] = true
		gross, units, credits := c.sums(d)
		c.expect(view, d.Number, "number", d.Number, o.Number)
		c.expect(view, d.Number, "customer_id", customerOf(d), o.CustomerId)
		c.expect(view, d.Number, "country", d.Country, o.Country)
		c.expect(view, d.Number, "placed_at", events.Time(d.At), o.PlacedAt.AsTime())
		c.expect(view, d.Number, "gross", gross, o.Gross)
		c.expect(view, d.Number, "cancelled", credits.cancelledAmount, o.Cancelled)
		c.expect(view, d.Number, "returned", credits.returnedAmount, o.Returned)
		c.expect(view, d.Number, "units", units, o.Units)
		c.expect(view, d.Number, "line_count", int64(len(d.Rows)), o.LineCount)
		return nil
	})
	for id, d := range c.orders {
		if !seen[id] && d.Customer != "" {
			c.differ(Difference{View: view, Key: d.Number, Field: "row", File: "present"})
		}
	}
	return err
}
