package onlineretail

import (
	"context"
	"iter"
	"time"

	"tillstream/events"
	bulkv1 "tillstream/gateway/api/bulk/v1"
)

// move is what is compared of a stock movement.
type move struct {
	Kind, SKU, Reason, Reference, Order, Return string
	Quantity                                    int64
	At                                          time.Time
}

// movements compares stock movements row by row, and adds up what they come to.
func (c *comparison) movements(ctx context.Context) error {
	want := newTally(c.moves())
	documents := map[string]bool{}
	rows, err := c.client.Movements(ctx, &bulkv1.MovementsRequest{CorrelationId: c.ImportID})
	err = each(rows, err, func(m *bulkv1.Movement) error {
		got := move{m.Kind, m.Sku, m.Reason, m.Reference, m.OrderId, m.ReturnId, m.Quantity, m.At.AsTime()}
		if c.Compared++; !want.take(got) {
			c.differ(Difference{View: "stock_movements", Key: m.Sku, Field: "row", Found: got})
		}
		c.expect("stock_movements", m.Sku, "warehouse", c.warehouse, m.Warehouse)
		c.stocked[m.Sku] += m.Quantity
		c.countMovement(m, documents)
		return nil
	})
	if err != nil {
		return err
	}
	for m := range want.rest(c.moves()) {
		c.differ(Difference{View: "stock_movements", Key: m.SKU, Field: "row", File: m})
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

// moves lists every movement that the file makes.
func (c *comparison) moves() iter.Seq[move] {
	return func(yield func(move) bool) {
		for _, r := range c.plan.Opening {
			if !yield(move{Kind: "received", SKU: r.SKU, Reference: openingReference, Quantity: r.Units, At: events.Time(c.plan.Days[0].From)}) {
				return
			}
		}
		for _, day := range c.plan.Days {
			for _, d := range day.Documents {
				for _, m := range c.movesOf(day, d) {
					if !yield(m) {
						return
					}
				}
			}
		}
	}
}

func (c *comparison) movesOf(day *Day, d *Document) (list []move) {
	at := events.Time(d.At)
	switch d.Class {
	case Sale, FreeOrder:
		cancelled := map[int]int64{}
		for i := range d.Rows {
			cancelled[i] = c.takenOff(d, i).cancelled
		}
		skus, lines := goodsOf(d, cancelled)
		for _, sku := range skus {
			list = append(list, move{Kind: "committed", SKU: sku, Order: orderID(d.Number), Quantity: -events.Units(lines[sku]), At: events.Time(day.end())})
		}
	case StockMovement:
		for _, r := range d.Rows {
			if r.IsGoods() {
				list = append(list, move{Kind: "adjusted", SKU: r.SKU, Reason: remark(r), Reference: d.Number, Quantity: r.Quantity, At: events.Time(r.At)})
			}
		}
	case Credit:
		for _, p := range day.Credits[d.Number] {
			switch {
			case !isGoods(p.SKU):
			case p.Kind == events.CreditWithoutOriginal:
				list = append(list, move{Kind: "adjusted", SKU: p.SKU, Reason: withoutOriginal, Reference: d.Number, Quantity: p.Quantity, At: at})
			case p.Kind == events.CreditReturned:
				list = append(list, move{Kind: "returned", SKU: p.SKU, Order: orderID(p.Order), Return: returnID(d, p.Order), Quantity: p.Quantity, At: at})
			}
		}
	}
	return list
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
