package onlineretail

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"tillstream/events"
)

// Plan is what a file makes of the shop, worked out before anything is asked: it depends on the file and on what was
// left of earlier lines alone, so that every run of an import plans the same.
type Plan struct {
	File     *File
	Days     []*Day // ascending
	Products []Product
	Opening  []Receipt // by SKU
	Refused  []RefusedRow
	Expected Figures
	Earlier  []EarlierLine // of other imports, that credits of the file take something off
}

// Day is a business day: its documents in the order they are worked through, and the price list of the day.
type Day struct {
	Date      string // YYYY-MM-DD
	From      time.Time
	Close     time.Time
	Documents []*Document
	Credits   map[string][]Part // allocation by document number
	Prices    []ListPrice       // by SKU
}

// Product is a SKU of the file. Name is the newest description of a priced row, else the code.
type Product struct {
	SKU   string
	Name  string
	Goods bool
	Named bool      // Name is a description, not the code
	First time.Time // when the file first speaks of it
}

// Receipt is the opening stock of a SKU.
type Receipt struct {
	SKU   string
	Units int64
}

// ListPrice is a price that a day's sales set.
type ListPrice struct {
	SKU  string
	Unit events.UnitPrice
}

// end is the last instant of the day, when its orders are dispatched and paid.
func (d *Day) end() time.Time { return d.Close.Add(-time.Microsecond) }

// MakePlan works out what a file comes to. earlier holds the lines of other imports that credits may name, by customer,
// with what the credits of those imports left of them, oldest first; nil when there are none. It fails where the file
// comes to more than the shop can record.
func MakePlan(f *File, earlier map[string][]EarlierLine) (*Plan, error) {
	zone, err := time.LoadLocation(Zone)
	if err != nil {
		return nil, err
	}
	docs, refused := documents(f.Rows)
	p := &Plan{File: f, Refused: refused, Products: products(docs)}
	if p.Opening, err = openingReceipts(docs); err != nil {
		return nil, err
	}
	if p.Days, err = daysOf(docs, zone); err != nil {
		return nil, err
	}
	lines := newLedger(docs, earlier)
	list := priceList{}
	for batch, day := range p.Days {
		lines.batch = batch
		for _, d := range day.Documents {
			switch d.Class {
			case Sale, FreeOrder:
				lines.sell(d)
			case Credit:
				if day.Credits[d.Number], err = lines.credit(d); err != nil {
					return nil, err
				}
				if n := len(day.Credits[d.Number]); n > documentMax {
					return nil, fmt.Errorf("the credit document %s falls into %d parts, the most is %d", d.Number, n, documentMax)
				}
			}
		}
		day.Prices = list.of(day.Documents)
	}
	for _, d := range docs {
		if d.Class == StockMovement {
			p.Refused = append(p.Refused, services(d)...)
		}
	}
	slices.SortFunc(p.Refused, func(a, b RefusedRow) int { return a.Line - b.Line })
	p.Earlier = p.named(earlier)
	p.Expected, err = figures(p)
	return p, err
}

// named lists those of the lines of other imports that credits take something off.
func (p *Plan) named(earlier map[string][]EarlierLine) (lines []EarlierLine) {
	type place struct {
		document string
		ordinal  int
	}
	taken := map[place]bool{}
	for _, day := range p.Days {
		for _, parts := range day.Credits {
			for _, part := range parts {
				taken[place{part.Order, part.Line}] = part.Order != ""
			}
		}
	}
	for _, customer := range slices.Sorted(maps.Keys(earlier)) {
		for _, l := range earlier[customer] {
			if taken[place{l.Document, l.Ordinal}] {
				lines = append(lines, l)
			}
		}
	}
	return lines
}

// daysOf lays documents out by day. A document that stands in the file after one of a later day is worked through with
// that later day, since its own is closed.
func daysOf(docs []*Document, zone *time.Location) (days []*Day, err error) {
	for _, d := range docs {
		if n := len(days); n == 0 || d.Day > days[n-1].Date {
			from, err := time.ParseInLocation(time.DateOnly, d.Day, zone)
			if err != nil {
				return nil, fmt.Errorf("day of document %s: %w", d.Number, err)
			}
			close := time.Date(from.Year(), from.Month(), from.Day()+1, 0, 0, 0, 0, zone)
			days = append(days, &Day{Date: d.Day, From: from, Close: close, Credits: map[string][]Part{}})
		}
		day := days[len(days)-1]
		day.Documents = append(day.Documents, d)
	}
	return days, nil
}

// products lists every SKU of the documents, in the order in which the file first names it.
func products(docs []*Document) []Product {
	var found []Product
	place, named := map[string]int{}, map[string]time.Time{}
	for _, d := range docs {
		if d.Class == Refused || d.Class == Note {
			continue
		}
		for _, r := range d.Rows {
			if d.Class == StockMovement && !r.IsGoods() {
				continue // a refused row leaves nothing behind, no product either
			}
			at, known := place[r.SKU]
			if !known {
				at = len(found)
				place[r.SKU] = at
				found = append(found, Product{SKU: r.SKU, Name: r.SKU, Goods: r.IsGoods(), First: d.At})
			}
			if r.Unit.Amount > 0 && r.Description != "" && !r.At.Before(named[r.SKU]) {
				found[at].Name, found[at].Named = r.Description, true
				named[r.SKU] = r.At
			}
		}
	}
	return found
}

// services lists the service rows of a stock movement: there is no stock to move.
func services(d *Document) (refused []RefusedRow) {
	for _, r := range d.Rows {
		if !r.IsGoods() {
			refused = append(refused, RefusedRow{r.Line, d.Number, r.SKU, "a stock movement of a service: there is no stock to move"})
		}
	}
	return refused
}

// levelMax is how far the stock of a SKU may move in one file, up or down: the most that one receipt brings.
const levelMax = 1_000_000_000

// openingReceipts is one receipt per SKU that makes the lowest point of the file's own movements zero, document by document.
func openingReceipts(docs []*Document) (receipts []Receipt, err error) {
	level, lowest := map[string]int64{}, map[string]int64{}
	for _, d := range docs {
		moved := map[string]int64{}
		for _, r := range d.Rows {
			moved[r.SKU] += movement(d.Class, r)
		}
		for sku, units := range moved {
			level[sku] += units
			lowest[sku] = min(lowest[sku], level[sku])
			if level[sku] > levelMax || level[sku] < -levelMax {
				return nil, fmt.Errorf("the stock of %s moves by more than %d units by document %s: no warehouse holds so many", sku, levelMax, d.Number)
			}
		}
	}
	for _, sku := range slices.Sorted(maps.Keys(lowest)) {
		if lowest[sku] < 0 {
			receipts = append(receipts, Receipt{sku, -lowest[sku]})
		}
	}
	return receipts, nil
}

// movement is what a row of a document does to what is available: sales and stock-out down, stock-in and credited goods
// up.
func movement(c Class, r Row) int64 {
	switch {
	case !r.IsGoods():
		return 0
	case c == Sale || c == FreeOrder || c == Credit:
		return -r.Quantity // a credit's quantities are below 0
	case c == StockMovement:
		return r.Quantity
	}
	return 0
}
