package onlineretail

import (
	"fmt"
	"maps"
	"math/big"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tillstream/events"
)

// anyBooks draws books of few customers, goods and prices, so that much of it meets: documents of every class, some
// interleaved, some late.
func anyBooks(t *rapid.T, late bool) *File {
	zone, err := time.LoadLocation(Zone)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2011, 3, 25, 9, 0, 0, 0, zone)
	var rows []Row
	customers, skus := []string{"", "12346", "12347", "17850"}, []string{"85123A", "22752", "DCGS0076", "POST"}
	prices := []events.UnitPrice{price(255, 2), price(425, 3), price(1, 3), price(5, 3), price(295, 2)}
	for n := range rapid.IntRange(1, 40).Draw(t, "documents") {
		at = at.Add(time.Duration(rapid.IntRange(0, 15).Draw(t, "hours")) * time.Hour)
		kind := rapid.SampledFrom([]string{"sale", "sale", "sale", "credit", "credit", "stock", "free", "note", "bad"}).Draw(t, "kind")
		r := Row{Document: fmt.Sprintf("%06d", 536365+n), Country: rapid.SampledFrom([]string{"United Kingdom", "France"}).Draw(t, "country"), At: at,
			Customer: rapid.SampledFrom(customers).Draw(t, "customer")}
		if late && rapid.IntRange(0, 5).Draw(t, "late") == 0 {
			r.At = at.Add(-30 * time.Hour)
		}
		switch kind {
		case "credit":
			r.Document = "C" + r.Document
		case "note":
			r.Document = "A" + r.Document
		case "stock":
			r.Customer = ""
		case "free":
			r.Customer = "17850"
		}
		for range rapid.IntRange(1, 5).Draw(t, "rows") {
			r.SKU, r.Unit = rapid.SampledFrom(skus).Draw(t, "sku"), rapid.SampledFrom(prices).Draw(t, "price")
			r.Quantity = int64(rapid.IntRange(1, 9).Draw(t, "quantity"))
			switch kind {
			case "credit":
				r.Quantity = -r.Quantity
			case "stock":
				r.Unit, r.Quantity = price(0, 2), r.Quantity*int64(2*rapid.IntRange(0, 1).Draw(t, "sign")-1)
			case "free":
				r.Unit = price(0, 2)
			case "note":
				r.Unit.Amount *= int64(2*rapid.IntRange(0, 1).Draw(t, "sign") - 1)
			case "bad":
				r.Quantity = 0
			}
			rows = append(rows, r)
			if len(rows) > 1 && rapid.IntRange(0, 9).Draw(t, "interleaved") == 0 {
				last := len(rows) - 1
				rows[last], rows[last-1] = rows[last-1], rows[last]
			}
		}
	}
	for i := range rows {
		rows[i].Line = i + 2
	}
	return &File{Digest: "drawn", Rows: rows}
}

func anyPlan(t *rapid.T) *Plan {
	p, err := MakePlan(anyBooks(t, true), nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// worked is every document of a plan in the order in which it is worked through, with the day at work.
func (p *Plan) worked(f func(*Day, *Document)) {
	for _, day := range p.Days {
		for _, d := range day.Documents {
			f(day, d)
		}
	}
}

func TestTheLevelNeverGoesBelowZeroAndTouchesIt(t *testing.T) {
	needed := 0
	rapid.Check(t, func(t *rapid.T) {
		p := anyPlan(t)
		level, lowest := map[string]int64{}, map[string]int64{}
		for _, r := range p.Opening {
			level[r.SKU], lowest[r.SKU] = r.Units, r.Units
		}
		p.worked(func(_ *Day, d *Document) {
			for _, r := range d.Rows {
				switch {
				case !r.IsGoods():
				case d.Class == Sale, d.Class == FreeOrder:
					level[r.SKU] -= r.Quantity
				case d.Class == Credit:
					level[r.SKU] -= r.Quantity
				case d.Class == StockMovement:
					level[r.SKU] += r.Quantity
				}
			}
			for sku, units := range level {
				if lowest[sku] = min(lowest[sku], units); units < 0 {
					t.Fatalf("%s stands at %d after %s", sku, units, d.Number)
				}
			}
		})
		for _, r := range p.Opening {
			if needed++; r.Units <= 0 || lowest[r.SKU] != 0 {
				t.Fatalf("opening stock of %d %s: its lowest level is %d", r.Units, r.SKU, lowest[r.SKU])
			}
		}
		for sku, units := range p.Expected.OnHand {
			if units != level[sku] {
				t.Fatalf("%s ends at %d, the figures say %d", sku, level[sku], units)
			}
		}
	})
	if needed == 0 {
		t.Error("no books needed opening stock")
	}
}

// exactly is units × price in pence, rounded half away from zero, by rational numbers.
func exactly(units int64, unit events.UnitPrice) int64 {
	scale := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(unit.Scale)), nil)
	pence := new(big.Rat).SetFrac(new(big.Int).Mul(big.NewInt(100*units), big.NewInt(unit.Amount)), scale)
	half := big.NewRat(1, 2)
	if pence.Sign() < 0 {
		half.Neg(half)
	}
	pence.Add(pence, half)
	return new(big.Int).Quo(pence.Num(), pence.Denom()).Int64()
}

// The figures are those of a recomputation that knows the rules only, row by row.
func TestFiguresAddUp(t *testing.T) {
	classes := map[Class]int{}
	rapid.Check(t, func(t *rapid.T) {
		p := anyPlan(t)
		x, money, units, cells := p.Expected, Sums{}, map[string]Units{}, map[string]Sums{}
		rows := 0
		p.worked(func(day *Day, d *Document) {
			classes[d.Class]++
			rows += len(d.Rows)
			cell := d.At.Format("2006-01") + " " + d.Country
			sums, credited := cells[cell], int64(0)
			for _, r := range d.Rows {
				u, pence := units[r.SKU], exactly(r.Quantity, r.Unit)
				switch {
				case d.Class == Sale, d.Class == FreeOrder:
					sums.Gross, u.Sold = sums.Gross+pence, u.Sold+r.Quantity
				case d.Class == Credit:
					credited -= pence
				case d.Class == Note:
					sums.Accounting += pence
				case d.Class == StockMovement && r.IsGoods():
					u.Adjusted += r.Quantity
				}
				units[r.SKU] = u
			}
			for _, part := range day.Credits[d.Number] {
				u := units[part.SKU]
				switch part.Kind {
				case events.CreditCancelled:
					sums.Cancelled, u.Cancelled = sums.Cancelled+part.Amount.Minor, u.Cancelled+part.Quantity
				case events.CreditReturned:
					sums.Returned, u.Returned = sums.Returned+part.Amount.Minor, u.Returned+part.Quantity
				default:
					sums.WithoutOriginal, u.WithoutOriginal = sums.WithoutOriginal+part.Amount.Minor, u.WithoutOriginal+part.Quantity
				}
				units[part.SKU] = u
				credited -= part.Amount.Minor
			}
			if credited != 0 {
				t.Fatalf("the parts of %s are %d off its rows", d.Number, credited)
			}
			if d.Class != StockMovement && d.Class != Refused {
				cells[cell] = sums // a cell of 0 too
			}
		})
		for _, table := range []map[string]Units{units, x.UnitsBySKU} {
			maps.DeleteFunc(table, func(_ string, u Units) bool { return u == Units{} }) // no units and no entry are the same
		}
		for _, sums := range cells {
			money = Sums{money.Gross + sums.Gross, money.Cancelled + sums.Cancelled, money.Returned + sums.Returned,
				money.WithoutOriginal + sums.WithoutOriginal, money.Accounting + sums.Accounting}
		}
		if rows != len(p.File.Rows) || x.Counts.Rows != int64(rows) {
			t.Fatalf("%d rows of %d are worked through, %d counted", rows, len(p.File.Rows), x.Counts.Rows)
		}
		if !maps.Equal(x.ByMonthCountry, cells) || x.Money != money || x.Net != money.Gross-money.Cancelled-money.Returned-money.WithoutOriginal+money.Accounting {
			t.Fatalf("got %+v %v\nwant %+v %v", x.Money, x.ByMonthCountry, money, cells)
		}
		if !maps.Equal(x.UnitsBySKU, units) {
			t.Fatalf("got %v\nwant %v", x.UnitsBySKU, units)
		}
		for sku, u := range units {
			if u.Sold-u.Cancelled-u.Returned < 0 {
				t.Fatalf("%s: more is cancelled and returned than was sold: %+v", sku, u)
			}
		}
	})
	if len(classes) != 6 {
		t.Errorf("the books drawn reach %v, want every class", classes)
	}
}
