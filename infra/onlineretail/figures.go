package onlineretail

import (
	"fmt"

	"tillstream/events"
)

// Figures are what a file comes to, in pence and units: the left side of the reconciliation is computed from the file,
// the right side is read from the views, both in this form.
type Figures struct {
	Counts         Counts           `json:"counts"`
	Money          Sums             `json:"money"`
	Net            int64            `json:"net"` // pence
	ByMonthCountry map[string]Sums  `json:"by_month_country"`
	UnitsBySKU     map[string]Units `json:"units_by_sku"`
	OpeningStock   map[string]int64 `json:"opening_stock"` // units by SKU
	OnHand         map[string]int64 `json:"on_hand"`       // units by SKU
}

// Counts are numbers of documents, rows and things.
type Counts struct {
	Rows            int64 `json:"rows"`
	Sales           int64 `json:"sales"`
	FreeOrders      int64 `json:"free_orders"`
	Credits         int64 `json:"credits"`
	AccountingNotes int64 `json:"accounting_notes"`
	StockDocuments  int64 `json:"stock_documents"` // that moved any goods
	GoodsLines      int64 `json:"goods_lines"`     // priced lines of goods
	FreeGoodsLines  int64 `json:"free_goods_lines"`
	ServiceLines    int64 `json:"service_lines"`
	LongestOrder    int64 `json:"longest_order"` // lines
	OrdersNoGoods   int64 `json:"orders_without_goods"`
	OrdersByGuests  int64 `json:"orders_by_guests"`
	CreditRows      int64 `json:"credit_rows"`
	PartsCancelled  int64 `json:"parts_cancelled"`
	PartsReturned   int64 `json:"parts_returned"`
	PartsWithout    int64 `json:"parts_without_original"`
	StockRowsIn     int64 `json:"stock_rows_in"`
	StockUnitsIn    int64 `json:"stock_units_in"`
	StockRowsOut    int64 `json:"stock_rows_out"`
	StockUnitsOut   int64 `json:"stock_units_out"`
	RowsRefused     int64 `json:"rows_refused"`
	Products        int64 `json:"products"`
	Goods           int64 `json:"goods"`
	Customers       int64 `json:"customers"`
}

// Sums are pence, each column at least 0 but for Accounting, whose notes have either sign.
type Sums struct {
	Gross           int64 `json:"gross"`
	Cancelled       int64 `json:"cancelled"`
	Returned        int64 `json:"returned"`
	WithoutOriginal int64 `json:"without_original"`
	Accounting      int64 `json:"accounting"`
}

// Net is what is left of the gross.
func (s Sums) Net() int64 {
	return s.Gross - s.Cancelled - s.Returned - s.WithoutOriginal + s.Accounting
}

// Units are numbers of pieces of one SKU. Adjusted is signed.
type Units struct {
	Sold            int64 `json:"sold"`
	Cancelled       int64 `json:"cancelled"`
	Returned        int64 `json:"returned"`
	WithoutOriginal int64 `json:"without_original"`
	Adjusted        int64 `json:"adjusted"`
}

// figures works out the left side of the reconciliation.
func figures(p *Plan) (Figures, error) {
	f := Figures{ByMonthCountry: map[string]Sums{}, UnitsBySKU: map[string]Units{}, OpeningStock: map[string]int64{}, OnHand: map[string]int64{}}
	f.Counts.Rows, f.Counts.RowsRefused = int64(len(p.File.Rows)), int64(len(p.Refused))
	for _, product := range p.Products {
		f.Counts.Products++
		if product.Goods {
			f.Counts.Goods++
			f.OnHand[product.SKU] = 0
		}
	}
	for _, r := range p.Opening {
		f.OpeningStock[r.SKU] = r.Units
		f.OnHand[r.SKU] += r.Units
	}
	customers := map[string]bool{}
	for _, day := range p.Days {
		for _, d := range day.Documents {
			if err := f.add(d, day.Credits[d.Number]); err != nil {
				return f, err
			}
			if d.Customer != "" && d.Class != Refused {
				customers[d.Customer] = true
			}
		}
	}
	f.Counts.Customers = int64(len(customers))
	f.Net = f.Money.Net()
	return f, nil
}

func (f *Figures) add(d *Document, parts []Part) error {
	for _, r := range d.Rows {
		if units := movement(d.Class, r); units != 0 {
			f.OnHand[r.SKU] += units
		}
	}
	switch d.Class {
	case Sale, FreeOrder:
		return f.addOrder(d)
	case Credit:
		f.Counts.Credits++
		f.Counts.CreditRows += int64(len(d.Rows))
		for _, part := range parts {
			f.addPart(d, part)
		}
	case StockMovement:
		f.addStock(d)
	case Note:
		f.Counts.AccountingNotes++
		for _, r := range d.Rows {
			amount, err := r.Unit.Times(r.Quantity)
			if err != nil {
				return fmt.Errorf("line %d: %w", r.Line, err)
			}
			f.money(d, func(s *Sums) { s.Accounting += amount.Minor })
		}
	}
	return nil
}

// money adds to the cell of the document's own month and country, and to the total.
func (f *Figures) money(d *Document, add func(*Sums)) {
	cell := Cell(d.Day[:7], d.Country)
	sums := f.ByMonthCountry[cell]
	add(&sums)
	f.ByMonthCountry[cell] = sums
	add(&f.Money)
}

// Cell names a cell of the month × country table: "2010-12 Germany".
func Cell(month, country string) string { return month + " " + country }

func (f *Figures) units(sku string, add func(*Units)) {
	u := f.UnitsBySKU[sku]
	add(&u)
	f.UnitsBySKU[sku] = u
}

func (f *Figures) addOrder(d *Document) error {
	c := &f.Counts
	if d.Class == Sale {
		c.Sales++
	} else {
		c.FreeOrders++
	}
	if d.Customer == "" {
		c.OrdersByGuests++
	}
	c.LongestOrder = max(c.LongestOrder, int64(len(d.Rows)))
	goods := false
	for _, r := range d.Rows {
		amount, err := r.Unit.Times(r.Quantity)
		if err != nil {
			return fmt.Errorf("line %d: %w", r.Line, err)
		}
		f.money(d, func(s *Sums) { s.Gross += amount.Minor })
		f.units(r.SKU, func(u *Units) { u.Sold += r.Quantity })
		switch {
		case !r.IsGoods():
			c.ServiceLines++
		case r.Unit.Amount == 0:
			c.FreeGoodsLines++
		default:
			c.GoodsLines++
		}
		goods = goods || r.IsGoods()
	}
	if !goods {
		c.OrdersNoGoods++
	}
	return nil
}

func (f *Figures) addPart(d *Document, p Part) {
	c, amount := &f.Counts, p.Amount.Minor
	switch p.Kind {
	case events.CreditCancelled:
		c.PartsCancelled++
		f.money(d, func(s *Sums) { s.Cancelled += amount })
		f.units(p.SKU, func(u *Units) { u.Cancelled += p.Quantity })
	case events.CreditReturned:
		c.PartsReturned++
		f.money(d, func(s *Sums) { s.Returned += amount })
		f.units(p.SKU, func(u *Units) { u.Returned += p.Quantity })
	case events.CreditWithoutOriginal:
		c.PartsWithout++
		f.money(d, func(s *Sums) { s.WithoutOriginal += amount })
		f.units(p.SKU, func(u *Units) { u.WithoutOriginal += p.Quantity })
	}
}

func (f *Figures) addStock(d *Document) {
	moved := false
	for _, r := range d.Rows {
		moved = moved || r.IsGoods()
		switch {
		case !r.IsGoods():
			continue
		case r.Quantity > 0:
			f.Counts.StockRowsIn++
			f.Counts.StockUnitsIn += r.Quantity
		default:
			f.Counts.StockRowsOut++
			f.Counts.StockUnitsOut -= r.Quantity
		}
		f.units(r.SKU, func(u *Units) { u.Adjusted += r.Quantity })
	}
	if moved {
		f.Counts.StockDocuments++
	}
}
