package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"tillstream/infra/onlineretail"
)

// What a person is shown; --json lists more.
const (
	refusedShown     = 20
	differencesShown = 5 // of each view
)

func printReconciliation(c *console, r *onlineretail.Reconciliation) error {
	if c.JSON {
		return json.NewEncoder(c.Out).Encode(reconciliationJSON(r))
	}
	return writeReconciliation(c.Out, r)
}

// cell is one row of the month × country table.
type cell struct {
	Month   string `json:"month"`
	Country string `json:"country"`
	onlineretail.Sums
	Net int64 `json:"net"`
}

func cells(f onlineretail.Figures) []cell {
	list := make([]cell, 0, len(f.ByMonthCountry))
	for _, key := range slices.Sorted(maps.Keys(f.ByMonthCountry)) {
		month, country, _ := strings.Cut(key, " ")
		s := f.ByMonthCountry[key]
		list = append(list, cell{month, country, s, s.Net()})
	}
	return list
}

// stock is a number of SKUs and the units of them all.
type stock struct {
	SKUs  int              `json:"skus"`
	Units int64            `json:"units"`
	BySKU map[string]int64 `json:"by_sku"`
}

func stockOf(bySKU map[string]int64) stock {
	s := stock{SKUs: len(bySKU), BySKU: bySKU}
	for _, units := range bySKU {
		s.Units += units
	}
	return s
}

func reconciliationJSON(r *onlineretail.Reconciliation) map[string]any {
	f := r.Figures
	differences, refused := r.Differences, r.Refused
	if differences == nil {
		differences = []onlineretail.Difference{}
	}
	if refused == nil {
		refused = []onlineretail.RefusedRow{}
	}
	return map[string]any{
		"import_id": r.ImportID, "events_added": r.EventsAdded, "counts": f.Counts, "money": f.Money, "net": f.Net,
		"by_month_country": cells(f), "units_by_sku": f.UnitsBySKU, "opening_stock": stockOf(f.OpeningStock), "on_hand": stockOf(f.OnHand),
		"values_compared": r.Compared, "differences": differences, "differences_found": r.Found, "differences_more": r.More, "refused": refused,
	}
}

func writeReconciliation(out io.Writer, r *onlineretail.Reconciliation) error {
	f, want := r.Figures, r.Expected
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', tabwriter.AlignRight)
	line := func(name string, file, view int64, show func(int64) string) {
		mark := ""
		if file != view {
			mark = "DIFFERS"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t %s\n", name, show(file), show(view), mark)
	}
	fmt.Fprintf(w, "\tfile\tviews\t\n")
	for _, n := range []struct {
		name       string
		file, view int64
	}{
		{"sales", want.Counts.Sales, f.Counts.Sales}, {"free orders", want.Counts.FreeOrders, f.Counts.FreeOrders},
		{"credits", want.Counts.Credits, f.Counts.Credits}, {"accounting notes", want.Counts.AccountingNotes, f.Counts.AccountingNotes},
		{"lines of goods", want.Counts.GoodsLines, f.Counts.GoodsLines}, {"free lines of goods", want.Counts.FreeGoodsLines, f.Counts.FreeGoodsLines},
		{"lines of services", want.Counts.ServiceLines, f.Counts.ServiceLines}, {"credit rows", want.Counts.CreditRows, f.Counts.CreditRows},
		{"parts cancelled", want.Counts.PartsCancelled, f.Counts.PartsCancelled}, {"parts returned", want.Counts.PartsReturned, f.Counts.PartsReturned},
		{"parts without original", want.Counts.PartsWithout, f.Counts.PartsWithout}, {"stock rows in", want.Counts.StockRowsIn, f.Counts.StockRowsIn},
		{"stock rows out", want.Counts.StockRowsOut, f.Counts.StockRowsOut}, {"rows refused", want.Counts.RowsRefused, f.Counts.RowsRefused},
		{"products", want.Counts.Products, f.Counts.Products}, {"customers", want.Counts.Customers, f.Counts.Customers},
		{"opening stock, units", stockOf(want.OpeningStock).Units, stockOf(f.OpeningStock).Units}, {"on hand, units", stockOf(want.OnHand).Units, stockOf(f.OnHand).Units},
	} {
		line(n.name, n.file, n.view, func(v int64) string { return fmt.Sprint(v) })
	}
	for _, n := range []struct {
		name       string
		file, view int64
	}{
		{"gross", want.Money.Gross, f.Money.Gross}, {"cancelled", want.Money.Cancelled, f.Money.Cancelled}, {"returned", want.Money.Returned, f.Money.Returned},
		{"credited without original", want.Money.WithoutOriginal, f.Money.WithoutOriginal}, {"accounting", want.Money.Accounting, f.Money.Accounting},
		{"net", want.Net, f.Net},
	} {
		line(n.name, n.file, n.view, pounds)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(out, "\n%d events added, %d values compared over %d rows; %d cells of month × country, %d SKUs.\n", r.EventsAdded, r.Compared,
		want.Counts.Rows, len(f.ByMonthCountry), len(f.UnitsBySKU))
	writeRefused(out, r.Refused)
	return writeDifferences(out, r)
}

// pounds writes pence as GBP.
func pounds(pence int64) string {
	sign := ""
	if pence < 0 {
		sign, pence = "-", -pence
	}
	return fmt.Sprintf("%s£%d.%02d", sign, pence/100, pence%100)
}

func writeRefused(out io.Writer, refused []onlineretail.RefusedRow) {
	for i, r := range refused {
		if i == refusedShown {
			fmt.Fprintf(out, "… and %d more refused rows: --json lists them all\n", len(refused)-i)
			return
		}
		fmt.Fprintf(out, "refused: line %d, document %s, %s: %s\n", r.Line, r.Document, r.SKU, r.Reason)
	}
}

func writeDifferences(out io.Writer, r *onlineretail.Reconciliation) error {
	if r.Found == 0 {
		_, err := fmt.Fprintln(out, "File and views are equal, to the penny and the unit.")
		return err
	}
	fmt.Fprintf(out, "%d differences:\n", r.Found)
	left := map[string]int{} // by view, of those that are listed
	for _, d := range r.Differences {
		left[d.View]++
	}
	for i, shown := 0, 0; i < len(r.Differences); i++ {
		d := r.Differences[i]
		if i > 0 && d.View != r.Differences[i-1].View {
			shown = 0
		}
		if shown++; shown > differencesShown {
			if shown == differencesShown+1 {
				fmt.Fprintf(out, "  … and %d more in %s: --json lists up to %d\n", left[d.View]+r.More[d.View]-differencesShown, d.View, left[d.View])
			}
			continue
		}
		fmt.Fprintf(out, "  %s %s, %s: the file says %s, the view %s\n", d.View, d.Key, d.Field, said(d.File), said(d.Found))
	}
	return nil
}

// saidMost is how much of a value a person is shown, in bytes.
const saidMost = 120

// said is a value as a line can hold it.
func said(v any) string {
	text := fmt.Sprint(v)
	switch v := v.(type) {
	case nil:
		return "nothing"
	case json.RawMessage:
		text = string(v)
	}
	if len(text) > saidMost {
		return strings.ToValidUTF8(text[:saidMost], "") + "…"
	}
	return text
}
