package onlineretail

import (
	"os"
	"testing"
)

// threeMonths is the part of the data set that comes with the repository.
const threeMonths = "testdata/online-retail-2010-12_2011-02.csv.gz"

func readThreeMonths(t testing.TB) *File {
	t.Helper()
	r, err := os.Open(threeMonths)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	f, err := Read(r)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// Everything that is known of the three months, to the penny and the unit.
func TestThreeMonths(t *testing.T) {
	p, err := MakePlan(readThreeMonths(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	x := p.Expected
	c, m := x.Counts, x.Money
	documents, opening, onHand := 0, int64(0), int64(0)
	for _, day := range p.Days {
		documents += len(day.Documents)
	}
	for _, units := range x.OpeningStock {
		opening += units
	}
	for sku, units := range x.OnHand {
		if onHand += units; units < 0 {
			t.Errorf("%s ends at %d units", sku, units)
		}
	}
	hearts := x.UnitsBySKU["85123A"]
	for _, fact := range []struct {
		what      string
		got, want int64
	}{
		{"rows", c.Rows, 105_335},
		{"documents", int64(documents), 4_894},
		{"sales", c.Sales, 3_745},
		{"free orders", c.FreeOrders, 1},
		{"credit documents", c.Credits, 805},
		{"accounting notes", c.AccountingNotes, 0},
		{"stock documents that moved anything", c.StockDocuments, 342},
		{"stock rows in", c.StockRowsIn, 128},
		{"stock units in", c.StockUnitsIn, 14_712},
		{"stock rows out", c.StockRowsOut, 214},
		{"stock units out", c.StockUnitsOut, 18_786},
		{"rows refused", c.RowsRefused, 1},
		{"lines of goods", c.GoodsLines, 102_427},
		{"free lines of goods", c.FreeGoodsLines, 197},
		{"lines of services", c.ServiceLines, 464},
		{"orders without goods", c.OrdersNoGoods, 17},
		{"orders by guests", c.OrdersByGuests, 361},
		{"lines of the longest order", c.LongestOrder, 675},
		{"credit rows", c.CreditRows, 1_904},
		{"parts cancelled", c.PartsCancelled, 124},
		{"parts returned", c.PartsReturned, 968},
		{"parts without original", c.PartsWithout, 836},
		{"products", c.Products, 3_080},
		{"goods", c.Goods, 3_068},
		{"customers", c.Customers, 1_749},
		{"gross, pence", m.Gross, 203_874_259},
		{"cancelled, pence", m.Cancelled, 8_023_278},
		{"returned, pence", m.Returned, 2_258_431},
		{"without original, pence", m.WithoutOriginal, 12_890_557},
		{"accounting, pence", m.Accounting, 0},
		{"net, pence", x.Net, 180_701_993},
		{"cells of month and country", int64(len(x.ByMonthCountry)), 72},
		{"net of Germany in 2010-12, pence", x.ByMonthCountry[Cell("2010-12", "Germany")].Net(), 1_456_284},
		{"SKUs with opening stock", int64(len(x.OpeningStock)), 3_016},
		{"opening stock, units", opening, 1_031_394},
		{"on hand at the end, units", onHand, 95_862},
		{"85123A sold", hearts.Sold, 11_289},
		{"85123A cancelled", hearts.Cancelled, 3},
		{"85123A returned", hearts.Returned, 533},
		{"85123A without original", hearts.WithoutOriginal, 6},
	} {
		if fact.got != fact.want {
			t.Errorf("%s: got %d, want %d", fact.what, fact.got, fact.want)
		}
	}
	if want := (RefusedRow{52264, "540699", "POST", "a stock movement of a service: there is no stock to move"}); len(p.Refused) != 1 || p.Refused[0] != want {
		t.Errorf("refused: got %v, want %v", p.Refused, want)
	}
}
