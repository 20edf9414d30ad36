package onlineretail

import (
	"context"

	"tillstream/events"
	bulkv1 "tillstream/gateway/api/bulk/v1"
)

// move is what is compared of a stock movement.
type move struct {
	Kind, SKU, Reason, Reference, Order, Return string
	Quantity                                    int64
}

// movements compares stock movements row by row, and adds up what they come to.
func (c *comparison) movements(ctx context.Context) error {
	want := c.moves()
	documents := map[string]bool{}
	rows, err := c.client.Movements(ctx, &bulkv1.MovementsRequest{CorrelationId: c.ImportID})
	err = each(rows, err, func(m *bulkv1.Movement) error {
		got := move{m.Kind, m.Sku, m.Reason, m.Reference, m.OrderId, m.ReturnId, m.Quantity}
		c.Compared++
		if want[got]--; want[got] == 0 {
			delete(want, got)
		}
		c.expect("stock_movements", m.Sku, "warehouse", c.warehouse, m.Warehouse)
		c.stocked[m.Sku] += m.Quantity
		c.countMovement(m, documents)
		return nil
	})
	if err != nil {
		return err
	}
	for m, n := range want {
		d := Difference{View: "stock_movements", Key: m.SKU, Field: "row", File: m}
		if n < 0 {
			d.File, d.Found = nil, m
		}
		c.differ(d)
	}
	c.Figures.Counts.StockDocuments = int64(len(documents))
	return nil
}

func (c *comparison) countMovement(m *bulkv1.Movement, documents map[string]bool) {
	n := &c.Figures.Counts
	switch {
	case m.Kind == "received" && m.Reference == openingReference:
		c.Figures.OpeningStock[m.Sku] += m.Quantity
		return
	case m.Kind != "adjusted" || m.Reason == withoutOriginal:
		return
	}
	documents[m.Reference] = true
	c.Figures.units(m.Sku, func(u *Units) { u.Adjusted += m.Quantity })
	if m.Quantity > 0 {
		n.StockRowsIn, n.StockUnitsIn = n.StockRowsIn+1, n.StockUnitsIn+m.Quantity
	} else {
		n.StockRowsOut, n.StockUnitsOut = n.StockRowsOut+1, n.StockUnitsOut-m.Quantity
	}
}

// moves lists every movement that the file makes, and how often.
func (c *comparison) moves() map[move]int {
	want := map[move]int{}
	for _, r := range c.plan.Opening {
		want[move{Kind: "received", SKU: r.SKU, Reference: openingReference, Quantity: r.Units}]++
	}
	for _, day := range c.plan.Days {
		for _, d := range day.Documents {
			switch d.Class {
			case Sale, FreeOrder:
				c.committed(want, d)
			case StockMovement:
				for _, r := range d.Rows {
					if r.IsGoods() {
						want[move{Kind: "adjusted", SKU: r.SKU, Reason: remark(r), Reference: d.Number, Quantity: r.Quantity}]++
					}
				}
			case Credit:
				backIn(want, d, day.Credits[d.Number])
			}
		}
	}
	return want
}

// committed lists what left for an order: what its own import cancelled before did not.
func (c *comparison) committed(want map[move]int, d *Document) {
	cancelled := map[int]int64{}
	for i := range d.Rows {
		cancelled[i] = c.takenOff(d, i).cancelled
	}
	skus, lines := goodsOf(d, cancelled)
	for _, sku := range skus {
		want[move{Kind: "committed", SKU: sku, Order: orderID(d.Number), Quantity: -events.Units(lines[sku])}]++
	}
}

func backIn(want map[move]int, d *Document, parts []Part) {
	for _, p := range parts {
		switch {
		case !isGoods(p.SKU):
		case p.Kind == events.CreditWithoutOriginal:
			want[move{Kind: "adjusted", SKU: p.SKU, Reason: withoutOriginal, Reference: d.Number, Quantity: p.Quantity}]++
		case p.Kind == events.CreditReturned:
			want[move{Kind: "returned", SKU: p.SKU, Order: orderID(p.Order), Return: returnID(d, p.Order), Quantity: p.Quantity}]++
		}
	}
}

// stockLevels compares what the warehouse is said to have with what its movements come to, those of others included.
func (c *comparison) stockLevels(ctx context.Context) error {
	all := map[string]int64{}
	sums, err := c.client.StockMovements(ctx, &bulkv1.StockMovementsRequest{Warehouse: c.warehouse, GroupBy: []string{"sku"}})
	err = each(sums, err, func(s *bulkv1.StockMovement) error {
		all[s.Keys[0]] = s.Quantity
		return nil
	})
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	rows, err := c.client.StockLevels(ctx, &bulkv1.StockLevelsRequest{Warehouse: c.warehouse})
	err = each(rows, err, func(l *bulkv1.StockLevel) error {
		seen[l.Sku] = true
		c.expect("stock_levels", l.Sku, "on_hand", all[l.Sku], l.OnHand)
		c.expect("stock_levels", l.Sku, "available", l.OnHand-l.Reserved, l.Available)
		if _, ours := c.Expected.OnHand[l.Sku]; ours {
			c.Figures.OnHand[l.Sku] = l.OnHand - (all[l.Sku] - c.stocked[l.Sku])
		}
		return nil
	})
	missing(c, "stock_levels", all, seen)
	return err
}
