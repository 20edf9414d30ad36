package onlineretail

import (
	"context"

	"google.golang.org/grpc"

	"tillstream/events"
	bulkv1 "tillstream/gateway/api/bulk/v1"
	"tillstream/projections"
)

func (s *sums) order(_ string, o projections.Order) {
	n := &s.c.Figures.Counts
	if o.GrossMinor > 0 {
		n.Sales++
	} else {
		n.FreeOrders++
	}
	if o.CustomerID == "" {
		n.OrdersByGuests++
	}
	n.LongestOrder = max(n.LongestOrder, o.LineCount)
	n.OrdersNoGoods++ // until a line of goods is seen
}

func (s *sums) line(_ string, l projections.OrderLine) {
	n := &s.c.Figures.Counts
	switch {
	case l.Kind != string(events.Goods):
		n.ServiceLines++
		return
	case l.UnitAmount == 0:
		n.FreeGoodsLines++
	default:
		n.GoodsLines++
	}
	s.goods[l.OrderID] = true
}

func (s *sums) creditNote(_ string, n projections.CreditNote) {
	counted, rows := &s.c.Figures.Counts, map[int]bool{}
	counted.Credits++
	for _, p := range n.Parts {
		rows[p.Row] = true
		switch p.Kind {
		case events.CreditCancelled:
			counted.PartsCancelled++
		case events.CreditReturned:
			counted.PartsReturned++
		case events.CreditWithoutOriginal:
			counted.PartsWithout++
		}
	}
	counted.CreditRows += int64(len(rows))
}

func (s *sums) sale(_ string, f projections.SalesFact) {
	if f.Kind == "accounting" {
		s.notes[f.Number] = true
	}
}

func (s *sums) imported(id string, i projections.Import) {
	if id == s.c.ImportID {
		s.c.Figures.Counts.Rows, s.c.Figures.Counts.RowsRefused = i.Rows, i.Refused
	}
}

// end reads the sums that analysts are shown, and compares what the views come to with what the file comes to.
func (s *sums) end(ctx context.Context, c *comparison) error {
	n := &c.Figures.Counts
	n.StockDocuments, n.AccountingNotes = int64(len(s.documents)), int64(len(s.notes))
	n.OrdersNoGoods -= int64(len(s.goods))
	s.held()
	if err := s.tables(ctx); err != nil {
		return err
	}
	c.Figures.Net = c.Figures.Money.Net()
	file, found := c.Expected, c.Figures
	c.expect("figures", "counts", "counts", file.Counts, found.Counts)
	c.expect("figures", "money", "money", file.Money, found.Money)
	c.expect("figures", "net", "net", file.Net, found.Net)
	compareMaps(c, "by_month_country", file.ByMonthCountry, found.ByMonthCountry)
	compareMaps(c, "units_by_sku", file.UnitsBySKU, found.UnitsBySKU)
	compareMaps(c, "opening_stock", file.OpeningStock, found.OpeningStock)
	compareMaps(c, "on_hand", file.OnHand, found.OnHand)
	return nil
}

// tables reads the sums by month and country, and by SKU.
func (s *sums) tables(ctx context.Context) error {
	ask := func(tz string, by ...string) ([]*bulkv1.SalesRow, error) {
		return gather(ctx, s.c.views, func(ctx context.Context) (grpc.ServerStreamingClient[bulkv1.SalesRow], error) {
			return s.c.views.Client.Sales(ctx, &bulkv1.SalesRequest{CorrelationId: s.c.ImportID, GroupBy: by, Tz: tz})
		})
	}
	cells, err := ask(Zone, "month", "country")
	if err != nil {
		return err
	}
	f := &s.c.Figures
	for _, r := range cells {
		cell := Sums{Gross: r.Gross, Cancelled: r.Cancelled, Returned: r.Returned, WithoutOriginal: r.Credited, Accounting: r.Accounting}
		f.ByMonthCountry[Cell(r.Keys[0], r.Keys[1])] = cell
		m := &f.Money
		m.Gross, m.Cancelled, m.Returned = m.Gross+cell.Gross, m.Cancelled+cell.Cancelled, m.Returned+cell.Returned
		m.WithoutOriginal, m.Accounting = m.WithoutOriginal+cell.WithoutOriginal, m.Accounting+cell.Accounting
		s.c.expect("sales_facts", Cell(r.Keys[0], r.Keys[1]), "net_minor", cell.Net(), r.Net)
	}
	units, err := ask("", "sku")
	if err != nil {
		return err
	}
	for _, r := range units {
		if u := f.UnitsBySKU[r.Keys[0]]; r.UnitsSold != 0 || r.UnitsCancelled != 0 || r.UnitsReturned != 0 || r.UnitsCredited != 0 {
			u.Sold, u.Cancelled, u.Returned, u.WithoutOriginal = r.UnitsSold, r.UnitsCancelled, r.UnitsReturned, r.UnitsCredited
			f.UnitsBySKU[r.Keys[0]] = u
		}
	}
	return nil
}

// compareMaps compares cell by cell; a cell that one side lacks is its zero.
func compareMaps[V comparable](c *comparison, field string, file, found map[string]V) {
	for key, want := range file {
		c.expect("figures", key, field, want, found[key])
	}
	var none V
	for key, got := range found {
		if _, known := file[key]; !known && got != none {
			c.expect("figures", key, field, none, got)
		}
	}
}
