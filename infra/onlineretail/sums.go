package onlineretail

import (
	"context"
	"time"

	"google.golang.org/grpc"

	"tillstream/events"
	bulkv1 "tillstream/gateway/api/bulk/v1"
	"tillstream/projections"
)

// sums adds up what the views come to, row by row, in the form in which figures adds up the file. On its way it checks
// what must hold of every row, whoever wrote about it.
type sums struct {
	c         *comparison
	rows      int                         // of the file, worked through
	all       map[string]int64            // by SKU: what all movements come to, those of others included
	moved     map[string]int64            // by SKU: what this import's movements come to
	documents map[string]bool             // that moved stock
	notes     map[string]bool             // accounting notes
	goods     map[string]bool             // orders with goods
	products  map[string]Product          // of the file
	customers map[string]string           // of the file: number by id
	prices    map[string]events.PriceList // by SKU
}

func (s *sums) begin(ctx context.Context, c *comparison) error {
	*s = sums{c: c, all: map[string]int64{}, moved: map[string]int64{}, documents: map[string]bool{}, notes: map[string]bool{}, goods: map[string]bool{},
		products: map[string]Product{}, customers: map[string]string{}, prices: map[string]events.PriceList{}}
	c.Figures = Figures{ByMonthCountry: map[string]Sums{}, UnitsBySKU: map[string]Units{}, OpeningStock: map[string]int64{}, OnHand: map[string]int64{}}
	for _, p := range c.plan.Products {
		s.products[p.SKU] = p
	}
	for _, day := range c.plan.Days {
		for _, d := range day.Documents {
			if d.Customer != "" && d.Class != Refused {
				s.customers[customerID(d.Customer)] = d.Customer
			}
		}
	}
	moved, err := gather(ctx, c.views, func(ctx context.Context) (grpc.ServerStreamingClient[bulkv1.StockMovement], error) {
		return c.views.Client.StockMovements(ctx, &bulkv1.StockMovementsRequest{Warehouse: c.warehouse, GroupBy: []string{"sku"}})
	})
	for _, m := range moved {
		s.all[m.Keys[0]] = m.Quantity
	}
	return err
}

// theirs tells whether others wrote about a thing of the file, so that it takes more than the file to say what its row is.
func (s *sums) theirs(id string) bool { return s.c.log.theirs(id) }

// product counts what is sold. A name that was given after the file's last day is not the file's to say.
func (s *sums) product(sku string, got projections.Product) {
	p, ours := s.products[sku]
	if !ours {
		return
	}
	counts := &s.c.Figures.Counts
	if counts.Products++; got.Kind == string(events.Goods) {
		counts.Goods++
	}
	s.named("products", p, got.Name, got.ChangedAt)
}

func (s *sums) named(view string, p Product, name string, changed time.Time) {
	if p.Named && s.theirs(p.SKU) && !changed.After(s.c.last()) {
		s.c.expect(view, p.SKU, "name", p.Name, name)
	}
}

func (s *sums) page(sku string, got projections.ProductPage) {
	if p, ours := s.products[sku]; ours && s.theirs(sku) {
		s.named("product_pages", p, got.Name, got.ChangedAt)
		s.c.expect("product_pages", sku, "places", s.all[sku], got.Place(s.c.warehouse).OnHand)
	}
}

// last is the end of the file's last day.
func (c *comparison) last() time.Time {
	if len(c.plan.Days) == 0 {
		return time.Time{}
	}
	return c.plan.Days[len(c.plan.Days)-1].end()
}

func (s *sums) price(_ string, got projections.Price) {
	if got.Warehouse == s.c.warehouse && s.theirs(got.SKU) {
		s.prices[got.SKU] = got.List()
	}
}

// held checks what a SKU cost at the beginning of every day on which the file's sales set its price.
func (s *sums) held() {
	for _, day := range s.c.plan.Days {
		for _, p := range day.Prices {
			if list, theirs := s.prices[p.SKU]; theirs {
				found, _ := list.At(events.Time(day.From), Currency)
				s.c.expect("prices", projections.StockKey(s.c.warehouse, p.SKU), "windows", p.Unit, found.Unit)
			}
		}
	}
}

func (s *sums) level(key string, l projections.StockLevel) {
	if l.Warehouse != s.c.warehouse {
		return
	}
	if _, ours := s.c.Expected.OnHand[l.SKU]; ours {
		s.c.Figures.OnHand[l.SKU] = l.OnHand - (s.all[l.SKU] - s.moved[l.SKU])
	}
	if !s.theirs(l.SKU) {
		return
	}
	held := int64(0)
	for _, h := range l.Reservations {
		held += h.Quantity
	}
	s.c.expect("stock_levels", key, "on_hand", s.all[l.SKU], l.OnHand)
	s.c.expect("stock_levels", key, "reserved", held, l.Reserved)
	s.c.expect("stock_levels", key, "available", l.OnHand-l.Reserved, l.Available)
}

func (s *sums) movement(_ string, m projections.StockMovement) {
	s.moved[m.SKU] += m.Quantity
	n := &s.c.Figures.Counts
	switch {
	case m.Kind == "received" && m.Reference == openingReference:
		s.c.Figures.OpeningStock[m.SKU] += m.Quantity
		return
	case m.Kind != "adjusted" || m.Reason == withoutOriginal:
		return
	}
	s.documents[m.Reference] = true
	s.c.Figures.units(m.SKU, func(u *Units) { u.Adjusted += m.Quantity })
	if m.Quantity > 0 {
		n.StockRowsIn, n.StockUnitsIn = n.StockRowsIn+1, n.StockUnitsIn+m.Quantity
	} else {
		n.StockRowsOut, n.StockUnitsOut = n.StockRowsOut+1, n.StockUnitsOut-m.Quantity
	}
}

func (s *sums) customer(id string, got projections.Customer) {
	if _, ours := s.customers[id]; ours {
		s.c.Figures.Counts.Customers++
	}
}

// account checks that a loyalty account adds up.
func (s *sums) account(id string, a projections.LoyaltyAccount) {
	if s.theirs(id) {
		s.c.expect("loyalty_accounts", id, "active", a.Earned-a.Burned-a.Expired-a.Reversed-a.Pending, a.Active)
	}
}
