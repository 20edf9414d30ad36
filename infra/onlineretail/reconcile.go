package onlineretail

import (
	"context"
	"fmt"
	"time"

	"tillstream/events"
	bulkv1 "tillstream/gateway/api/bulk/v1"
)

// differencesMax is how many differences are listed; all are counted.
const differencesMax = 1000

// Difference is a value that the file and a view do not agree on.
type Difference struct {
	View  string `json:"view"`
	Key   string `json:"key"`
	Field string `json:"field"`
	File  any    `json:"file"`           // what the file says; null: nothing should be there
	Found any    `json:"found"`          // what the view says; null: nothing is there
	Line  int    `json:"line,omitempty"` // of the file
}

// Reconciliation is a file on one side, the views on the other. Figures are those of the views.
type Reconciliation struct {
	ImportID    string
	EventsAdded int
	Figures     Figures
	Expected    Figures // of the file
	Compared    int64   // values
	Refused     []RefusedRow
	Differences []Difference // the first differencesMax
	Found       int          // all of them
}

// comparison is a reconciliation at work.
type comparison struct {
	Reconciliation
	plan      *Plan
	warehouse string
	zone      *time.Location
	client    bulkv1.BulkClient
	orders    map[string]*Document // of the file, by order id
	credits   map[string]*Document // by credit note id
	taken     map[string]taken     // by order/line: what all credit notes took off it
	times     map[string]time.Time // of documents, by number
	stocked   map[string]int64     // on hand by SKU, as this import's movements come to
	report    func(what string, done int)
	done      int
}

// taken is how many units of an order line credits took back, and what that comes to by the order's own arithmetic.
type taken struct {
	cancelled, returned             int64 // units
	cancelledAmount, returnedAmount int64 // pence
}

// Reconcile compares the file with every view that its import feeds, row by row and figure by figure. report, which may
// be nil, is told how many of the file's rows were compared.
func (v *Views) Reconcile(ctx context.Context, p *Plan, warehouse string, report func(what string, done int)) (*Reconciliation, error) {
	zone, err := time.LoadLocation(Zone)
	if err != nil {
		return nil, err
	}
	c := &comparison{plan: p, warehouse: warehouse, zone: zone, client: v.Client, report: report, orders: map[string]*Document{},
		credits: map[string]*Document{}, taken: map[string]taken{}, times: map[string]time.Time{}, stocked: map[string]int64{}}
	c.ImportID, c.Expected, c.Refused = ID(p.File), p.Expected, p.Refused
	c.Figures = emptyFigures()
	for _, day := range p.Days {
		for _, d := range day.Documents {
			c.times[d.Number] = events.Time(d.At)
			switch d.Class {
			case Sale, FreeOrder:
				c.orders[orderID(d.Number)] = d
			case Credit:
				c.credits[creditNoteID(d.Number)] = d
			}
		}
	}
	for _, step := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"comparing credit notes", c.creditNotes},
		{"comparing orders", c.orderPages},
		{"comparing orders of customers", c.customerOrders},
		{"comparing sales", c.sales},
		{"comparing stock movements", c.movements},
		{"comparing stock", c.stockLevels},
		{"comparing products", c.products},
		{"comparing prices", c.prices},
		{"comparing customers", c.customers},
		{"comparing points", c.points},
		{"comparing the import", c.imports},
	} {
		if report != nil {
			report(step.what, c.done)
		}
		if err := step.do(ctx); err != nil {
			return nil, fmt.Errorf("%s: %w", step.what, err)
		}
	}
	c.Figures.Net = c.Figures.Money.Net()
	c.figures()
	return &c.Reconciliation, nil
}

func emptyFigures() Figures {
	return Figures{ByMonthCountry: map[string]Sums{}, UnitsBySKU: map[string]Units{}, OpeningStock: map[string]int64{}, OnHand: map[string]int64{}}
}

// expect compares one value.
func (c *comparison) expect(view, key, field string, file, found any) {
	c.Compared++
	if file != found {
		c.differ(Difference{View: view, Key: key, Field: field, File: file, Found: found})
	}
}

func (c *comparison) differ(d Difference) {
	if c.Found++; len(c.Differences) < differencesMax {
		c.Differences = append(c.Differences, d)
	}
}

// worked tells that n more rows of the file were compared.
func (c *comparison) worked(what string, n int) {
	if c.done += n; c.report != nil {
		c.report(what, c.done)
	}
}

// missing lists what the file has and a view has not.
func missing[V any](c *comparison, view string, all map[string]V, seen map[string]bool) {
	for key := range all {
		if !seen[key] {
			c.differ(Difference{View: view, Key: key, Field: "row", File: "present"})
		}
	}
}

// figures compares what the views come to with what the file comes to.
func (c *comparison) figures() {
	file, found := c.Expected, c.Figures
	c.expect("figures", "counts", "counts", file.Counts, found.Counts)
	c.expect("figures", "money", "money", file.Money, found.Money)
	c.expect("figures", "net", "net", file.Net, found.Net)
	compareMaps(c, "by_month_country", file.ByMonthCountry, found.ByMonthCountry)
	compareMaps(c, "units_by_sku", file.UnitsBySKU, found.UnitsBySKU)
	compareMaps(c, "opening_stock", file.OpeningStock, found.OpeningStock)
	compareMaps(c, "on_hand", file.OnHand, found.OnHand)
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
