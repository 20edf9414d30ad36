package onlineretailtest_test

import (
	"bytes"
	"io"
	"os"
	"strings"
	"testing"

	"tillstream/infra/onlineretail"
	"tillstream/infra/onlineretail/onlineretailtest"
)

func threeMonths(t *testing.T) *onlineretail.File {
	t.Helper()
	r, err := os.Open("../testdata/online-retail-2010-12_2011-02.csv.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	f, err := onlineretail.Read(r)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func generate(t *testing.T, after *onlineretail.File, seed uint64) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := onlineretailtest.Generate(&b, after, seed, 2, 12_000); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestTheSameSeedWritesTheSameBooks(t *testing.T) {
	after := threeMonths(t)
	one := generate(t, after, 1)
	if !bytes.Equal(one, generate(t, after, 1)) {
		t.Error("one seed wrote two files")
	}
	if bytes.Equal(one, generate(t, after, 2)) {
		t.Error("two seeds wrote one file")
	}
}

func TestGeneratedBooksGoOnAndHaveEveryOddity(t *testing.T) {
	after := threeMonths(t)
	f, err := onlineretail.Read(bytes.NewReader(generate(t, after, 1)))
	if err != nil {
		t.Fatal(err)
	}
	p, err := onlineretail.MakePlan(f, nil)
	if err != nil {
		t.Fatal(err)
	}
	if first, last := p.Days[0].Date, p.Days[len(p.Days)-1].Date; first != "2011-03-01" || last[:7] != "2011-04" {
		t.Errorf("the books are of %s to %s", first, last)
	}
	known := map[string]bool{}
	for _, r := range after.Rows {
		known[r.Customer], known[r.SKU], known[r.Document] = true, true, true
	}
	odd := map[string]int{}
	for i, r := range f.Rows {
		count := func(what string, is bool) {
			if is {
				odd[what]++
			}
		}
		count("customers of before", r.Customer != "" && known[r.Customer])
		count("customers that are new", r.Customer != "" && !known[r.Customer])
		count("SKUs of before", known[r.SKU])
		count("SKUs that are new", !known[r.SKU])
		count("prices to a tenth of a penny", r.Unit.Scale == 3)
		count("descriptions with quotes", strings.Contains(r.Description, `"`))
		count("descriptions of nothing", r.Description == "")
		count("credits of guests", r.Document[0] == 'C' && r.Customer == "")
		count("the same row again", i > 0 && r.SKU == f.Rows[i-1].SKU && r.Document == f.Rows[i-1].Document && r.Quantity == f.Rows[i-1].Quantity)
		count("documents in pieces", i > 1 && r.Document == f.Rows[i-2].Document && r.Document != f.Rows[i-1].Document)
		count("documents of two times", i > 0 && r.Document == f.Rows[i-1].Document && !r.At.Equal(f.Rows[i-1].At))
		if known[r.Document] {
			t.Fatalf("the document %s stands in the books before", r.Document)
		}
	}
	c := p.Expected.Counts
	for what, n := range map[string]int64{"sales": c.Sales, "free orders": c.FreeOrders, "credits": c.Credits, "accounting notes": c.AccountingNotes,
		"stock rows in": c.StockRowsIn, "stock rows out": c.StockRowsOut, "refused rows": c.RowsRefused, "free lines": c.FreeGoodsLines,
		"service lines": c.ServiceLines, "orders by guests": c.OrdersByGuests, "parts cancelled": c.PartsCancelled,
		"parts without original": c.PartsWithout, "parts returned": c.PartsReturned} {
		odd[what] = int(n)
	}
	for _, what := range []string{"customers of before", "customers that are new", "SKUs of before", "SKUs that are new", "prices to a tenth of a penny",
		"descriptions with quotes", "descriptions of nothing", "credits of guests", "the same row again", "documents in pieces", "documents of two times"} {
		odd[what] += 0
	}
	for what, n := range odd {
		if n == 0 {
			t.Errorf("there are no %s", what)
		}
	}
	if c.LongestOrder != onlineretailtest.Longest {
		t.Errorf("the longest order has %d lines, want %d", c.LongestOrder, onlineretailtest.Longest)
	}
	if c.Rows < 24_000 || c.Rows > 27_000 {
		t.Errorf("there are %d rows, want about 24,000", c.Rows)
	}
}

func TestThereIsNothingToGoOnFrom(t *testing.T) {
	if err := onlineretailtest.Generate(io.Discard, &onlineretail.File{}, 1, 1, 1); err == nil {
		t.Error("want an error")
	}
}
