package onlineretail

import (
	"context"

	"tillstream/events"
	bulkv1 "tillstream/gateway/api/bulk/v1"
)

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
	captured, shipped := gross-credits.cancelledAmount, c.shipped(d)
	c.expect(view, d.Number, "number", d.Number, o.Number)
	c.expect(view, d.Number, "customer_id", customerOf(d), o.CustomerId)
	c.expect(view, d.Number, "country", d.Country, o.Country)
	c.expect(view, d.Number, "currency", Currency, o.Currency)
	c.expect(view, d.Number, "placed_at", events.Time(d.At), o.PlacedAt.AsTime())
	c.expect(view, d.Number, "state", ended(units, credits), o.State)
	c.expect(view, d.Number, "gross", gross, o.GetTotals().GetGross().GetMinor())
	c.expect(view, d.Number, "net", gross, o.GetTotals().GetNet().GetMinor())
	c.expect(view, d.Number, "tax", int64(0), o.GetTotals().GetTax().GetMinor())
	c.expect(view, d.Number, "cancelled", credits.cancelledAmount, o.GetCancelled().GetMinor())
	c.expect(view, d.Number, "returned", credits.returnedAmount, o.GetReturned().GetMinor())
	c.expect(view, d.Number, "captured", captured, o.GetCaptured().GetMinor())
	c.expect(view, d.Number, "refunded", credits.returnedAmount, o.GetRefunded().GetMinor())
	c.expect(view, d.Number, "line_count", int64(len(d.Rows)), o.LineCount)
	c.expect(view, d.Number, "units", units, o.Units)
	c.expect(view, d.Number, "shipped_units", shipped, o.ShippedUnits)
	c.expect(view, d.Number, "shipment_state", shipment(shipped), o.ShipmentState)
	if captured > 0 {
		c.expect(view, d.Number, "payment_state", payment(captured, credits.returnedAmount), o.PaymentState)
	}
	c.expect(view, d.Number, "lines", len(d.Rows), len(o.Lines))
	for i, l := range o.Lines {
		if i < len(d.Rows) {
			c.line(d, i, l)
		}
	}
	c.countOrder(d, o)
}

// ended is the state an imported order comes to.
func ended(units int64, all taken) string {
	if all.cancelled == units {
		return "cancelled"
	}
	return "closed"
}

// shipped counts the units of goods that left: what was not cancelled.
func (c *comparison) shipped(d *Document) (units int64) {
	for i, r := range d.Rows {
		if r.IsGoods() {
			units += r.Quantity - c.takenOff(d, i).cancelled
		}
	}
	return units
}

func shipment(units int64) string {
	if units == 0 {
		return "none"
	}
	return "dispatched"
}

// payment is the state of a payment of which something was captured.
func payment(captured, refunded int64) string {
	switch refunded {
	case 0:
		return "captured"
	case captured:
		return "refunded"
	}
	return "partially_refunded"
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
	c.expect(view, key, "ordinal", int64(i+1), l.Ordinal)
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
		c.expect(view, d.Number, "currency", Currency, o.Currency)
		c.expect(view, d.Number, "state", ended(units, credits), o.State)
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
