package onlineretail

import (
	"context"
	"time"

	"tillstream/events"
	bulkv1 "tillstream/gateway/api/bulk/v1"
)

// products compares what is sold. A name that was given after the file's last day is not the file's to say.
func (c *comparison) products(ctx context.Context) error {
	want, seen := map[string]Product{}, map[string]bool{}
	for _, p := range c.plan.Products {
		want[p.SKU] = p
	}
	rows, err := c.client.Products(ctx, &bulkv1.ProductsRequest{})
	err = each(rows, err, func(got *bulkv1.Product) error {
		p, ours := want[got.Sku]
		if !ours {
			return nil
		}
		seen[p.SKU] = true
		kind := string(events.Service)
		if c.Figures.Counts.Products++; got.Kind == string(events.Goods) {
			c.Figures.Counts.Goods++
		}
		if p.Goods {
			kind = string(events.Goods)
		}
		c.expect("products", p.SKU, "kind", kind, got.Kind)
		if p.Named && !got.ChangedAt.AsTime().After(c.last()) {
			c.expect("products", p.SKU, "name", p.Name, got.Name)
		}
		return nil
	})
	missing(c, "products", want, seen)
	return err
}

// last is the end of the file's last day.
func (c *comparison) last() time.Time {
	if len(c.plan.Days) == 0 {
		return time.Time{}
	}
	return c.plan.Days[len(c.plan.Days)-1].end()
}

// prices compares what held at the beginning of every day on which the file's sales set a price, and later.
func (c *comparison) prices(ctx context.Context) error {
	lists := map[string][]events.PriceWindow{}
	rows, err := c.client.Prices(ctx, &bulkv1.PricesRequest{Warehouse: c.warehouse})
	err = each(rows, err, func(p *bulkv1.Price) error {
		w := events.PriceWindow{PriceID: p.PriceId, Unit: unitOf(p.Unit), From: p.ValidFrom.AsTime()}
		if p.ValidUntil != nil {
			until := p.ValidUntil.AsTime()
			w.Until = &until
		}
		lists[p.Sku] = append(lists[p.Sku], w)
		return nil
	})
	if err != nil {
		return err
	}
	for _, day := range c.plan.Days {
		for _, p := range day.Prices {
			found, holds := events.PriceList(lists[p.SKU]).At(events.Time(day.From), Currency)
			if !holds {
				c.differ(Difference{View: "prices", Key: p.SKU + " " + day.Date, Field: "unit", File: p.Unit})
				continue
			}
			c.expect("prices", p.SKU+" "+day.Date, "unit", p.Unit, found.Unit)
		}
	}
	return nil
}

// customers compares accounts. The country of an account is the file's to say where the file opened it.
func (c *comparison) customers(ctx context.Context) error {
	want, seen := map[string]*Document{}, map[string]bool{}
	for _, day := range c.plan.Days {
		for _, d := range day.Documents {
			if id := customerOf(d); id != "" && d.Class != Refused && want[id] == nil {
				want[id] = d
			}
		}
	}
	rows, err := c.client.Customers(ctx, &bulkv1.CustomersRequest{})
	err = each(rows, err, func(got *bulkv1.Customer) error {
		d, ours := want[got.CustomerId]
		if !ours {
			return nil
		}
		seen[got.CustomerId] = true
		c.Figures.Counts.Customers++
		c.expect("customers", d.Customer, "number", d.Customer, got.Number)
		if got.OpenedAt.AsTime().Equal(events.Time(d.At)) && !got.Erased {
			c.expect("customers", d.Customer, "country", d.Country, got.Country)
		}
		return nil
	})
	missing(c, "customers", want, seen)
	return err
}

// points checks that every loyalty account adds up.
func (c *comparison) points(ctx context.Context) error {
	rows, err := c.client.LoyaltyAccounts(ctx, &bulkv1.LoyaltyAccountsRequest{})
	return each(rows, err, func(a *bulkv1.LoyaltyAccount) error {
		c.expect("loyalty_accounts", a.CustomerId, "balance", a.Earned-a.Burned-a.Expired-a.Reversed, a.Active+a.Pending)
		return nil
	})
}

// imports compares what is said of the import itself, and counts the rows it left.
func (c *comparison) imports(ctx context.Context) error {
	const view = "imports"
	found := false
	documents := 0
	for _, day := range c.plan.Days {
		documents += len(day.Documents)
	}
	rows, err := c.client.Imports(ctx, &bulkv1.ImportsRequest{ImportId: c.ImportID})
	err = each(rows, err, func(i *bulkv1.Import) error {
		found = true
		c.expect(view, c.ImportID, "source", Source, i.Source)
		c.expect(view, c.ImportID, "digest", c.plan.File.Digest, i.Digest)
		c.expect(view, c.ImportID, "rows", int64(len(c.plan.File.Rows)), i.Rows)
		c.expect(view, c.ImportID, "documents", int64(documents), i.Documents)
		c.expect(view, c.ImportID, "documents_closed", int64(documents), i.DocumentsClosed)
		c.expect(view, c.ImportID, "last_day", c.plan.Days[len(c.plan.Days)-1].Date, i.LastDay)
		c.expect(view, c.ImportID, "days_closed", int64(len(c.plan.Days)), i.DaysClosed)
		c.expect(view, c.ImportID, "completed", true, i.Completed)
		c.expect(view, c.ImportID, "refused", int64(len(c.plan.Refused)), i.Refused)
		c.Figures.Counts.Rows, c.Figures.Counts.RowsRefused = i.Rows, i.Refused
		return nil
	})
	if !found && len(c.plan.Days) > 0 {
		c.differ(Difference{View: view, Key: c.ImportID, Field: "row", File: "present"})
	}
	return err
}
