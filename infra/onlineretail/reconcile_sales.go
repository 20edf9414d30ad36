package onlineretail

import (
	"context"
	"iter"

	"tillstream/events"
	bulkv1 "tillstream/gateway/api/bulk/v1"
)

// fact is what is compared of a sales fact.
type fact struct {
	Kind, SKU, Goods, Warehouse, Country, Customer, Order, Line, Number string
	Units, Amount, Net                                                  int64
}

// sales compares sales facts row by row, and the sums that analysts are shown.
func (c *comparison) sales(ctx context.Context) error {
	want := newTally(c.facts())
	notes := map[string]bool{}
	rows, err := c.client.SalesFacts(ctx, &bulkv1.SalesFactsRequest{CorrelationId: c.ImportID})
	err = each(rows, err, func(f *bulkv1.SalesFact) error {
		if f.Kind == "accounting" {
			notes[f.Number] = true
		}
		got := fact{f.Kind, f.Sku, f.Goods, f.Warehouse, f.Country, f.CustomerId, f.OrderId, f.LineId, f.Number, f.Units, f.Amount, f.Net}
		if c.Compared++; !want.take(got) {
			c.differ(Difference{View: "sales_facts", Key: f.Number + "/" + f.LineId, Field: "row", Found: got})
		}
		c.worked("comparing sales", 0)
		return c.measures(f)
	})
	if err != nil {
		return err
	}
	for f := range want.rest(c.facts()) {
		c.differ(Difference{View: "sales_facts", Key: f.Number + "/" + f.Line, Field: "row", File: f})
	}
	c.Figures.Counts.AccountingNotes = int64(len(notes))
	return c.tables(ctx)
}

// measures checks that the columns a row is summed by say what its kind, units and amount say, and that its day is that
// of its document.
func (c *comparison) measures(f *bulkv1.SalesFact) error {
	var want bulkv1.SalesFact
	switch f.Kind {
	case "order":
		want.Orders = 1
	case "sale":
		want.SoldUnits, want.Gross = f.Units, f.Amount
	case string(events.CreditCancelled):
		want.CancelledUnits, want.Cancelled = f.Units, f.Amount
	case string(events.CreditReturned):
		want.ReturnedUnits, want.Returned = f.Units, f.Amount
	case string(events.CreditWithoutOriginal):
		want.CreditedUnits, want.Credited = f.Units, f.Amount
	case "accounting":
		want.Accounting = f.Amount
	}
	type measures struct {
		Orders, Sold, Cancelled, Returned, Credited                          int64
		GrossMinor, CancelledMinor, ReturnedMinor, CreditedMinor, Accounting int64
	}
	of := func(f *bulkv1.SalesFact) measures {
		return measures{f.Orders, f.SoldUnits, f.CancelledUnits, f.ReturnedUnits, f.CreditedUnits, f.Gross, f.Cancelled, f.Returned, f.Credited, f.Accounting}
	}
	key := f.Number + "/" + f.LineId
	c.expect("sales_facts", key, "measures", of(&want), of(f))
	c.expect("sales_facts", key, "currency", Currency, f.Currency)
	if at, known := c.times[f.Number]; known {
		c.expect("sales_facts", key, "at", at, f.At.AsTime())
	}
	return nil
}

// facts lists every row that the file makes.
func (c *comparison) facts() iter.Seq[fact] {
	return func(yield func(fact) bool) {
		for _, day := range c.plan.Days {
			for _, d := range day.Documents {
				for _, f := range c.factsOf(d, day.Credits[d.Number]) {
					if !yield(f) {
						return
					}
				}
			}
		}
	}
}

func (c *comparison) factsOf(d *Document, parts []Part) (list []fact) {
	base := fact{Country: d.Country, Customer: customerOf(d), Number: d.Number}
	switch d.Class {
	case Sale, FreeOrder:
		base.Order, base.Kind = orderID(d.Number), "order"
		list = append(list, base)
		for i, r := range d.Rows {
			f := c.item(base, r.SKU)
			f.Kind, f.Line, f.Units, f.Amount, f.Net = "sale", lineID(d.Number, i), r.Quantity, total(r), total(r)
			list = append(list, f)
		}
	case Credit:
		for _, p := range parts {
			f := c.item(base, p.SKU)
			f.Kind, f.Units, f.Amount, f.Net = string(p.Kind), p.Quantity, p.Amount.Minor, -p.Amount.Minor
			if p.Kind != events.CreditWithoutOriginal {
				f.Order, f.Line = orderID(p.Order), lineID(p.Order, p.Line)
			}
			list = append(list, f)
		}
	case Note:
		for _, r := range d.Rows {
			f := base
			f.Customer, f.Kind, f.SKU, f.Amount, f.Net = "", "accounting", r.SKU, total(r), total(r)
			list = append(list, f)
		}
	}
	return list
}

func (c *comparison) item(f fact, sku string) fact {
	f.SKU, f.Goods, f.Warehouse = sku, "service", c.warehouse
	if isGoods(sku) {
		f.Goods = "goods"
	}
	return f
}

// tables reads the sums by month and country, and by SKU, as analysts are shown them.
func (c *comparison) tables(ctx context.Context) error {
	rows, err := c.client.Sales(ctx, &bulkv1.SalesRequest{CorrelationId: c.ImportID, GroupBy: []string{"month", "country"}, Tz: Zone})
	err = each(rows, err, func(r *bulkv1.SalesRow) error {
		s := Sums{Gross: r.Gross, Cancelled: r.Cancelled, Returned: r.Returned, WithoutOriginal: r.Credited, Accounting: r.Accounting}
		c.Figures.ByMonthCountry[Cell(r.Keys[0], r.Keys[1])] = s
		m := &c.Figures.Money
		m.Gross, m.Cancelled, m.Returned = m.Gross+s.Gross, m.Cancelled+s.Cancelled, m.Returned+s.Returned
		m.WithoutOriginal, m.Accounting = m.WithoutOriginal+s.WithoutOriginal, m.Accounting+s.Accounting
		c.expect("sales_facts", Cell(r.Keys[0], r.Keys[1]), "net", s.Net(), r.Net)
		return nil
	})
	if err != nil {
		return err
	}
	units, err := c.client.Sales(ctx, &bulkv1.SalesRequest{CorrelationId: c.ImportID, GroupBy: []string{"sku"}})
	return each(units, err, func(r *bulkv1.SalesRow) error {
		if u := (Units{Sold: r.UnitsSold, Cancelled: r.UnitsCancelled, Returned: r.UnitsReturned, WithoutOriginal: r.UnitsCredited}); u != (Units{}) {
			c.Figures.UnitsBySKU[r.Keys[0]] = u
		}
		return nil
	})
}
