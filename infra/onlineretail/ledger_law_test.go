package onlineretail

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"tillstream/events"
)

func TestCreditsTakeNoMoreThanThereIs(t *testing.T) {
	kinds, split := map[events.CreditKind]int{}, 0
	rapid.Check(t, func(t *rapid.T) {
		p := anyPlan(t)
		type place struct {
			order string
			line  int
		}
		orders, left, at := map[string]*Document{}, map[place]int64{}, map[string]*Day{}
		p.worked(func(day *Day, d *Document) {
			if d.Class == Sale || d.Class == FreeOrder {
				orders[d.Number], at[d.Number] = d, day
				for i, r := range d.Rows {
					left[place{d.Number, i}] = r.Quantity
				}
			}
			units, pence, n := make([]int64, len(d.Rows)), make([]int64, len(d.Rows)), 0
			for _, part := range day.Credits[d.Number] {
				kinds[part.Kind]++
				r := d.Rows[part.Row-1]
				units[part.Row-1] += part.Quantity
				pence[part.Row-1] += part.Amount.Minor
				if part.Row > n {
					n = part.Row
				} else {
					split++
				}
				if part.Row < n || part.Quantity <= 0 || part.Amount.Minor < 0 || part.SKU != r.SKU || part.Unit != r.Unit {
					t.Fatalf("%s has the part %+v", d.Number, part)
				}
				if part.Kind == events.CreditWithoutOriginal {
					if part.Order != "" || part.Line != 0 {
						t.Fatalf("%s has a part of %s without original", d.Number, part.Order)
					}
					continue
				}
				o, from := orders[part.Order], place{part.Order, part.Line}
				if o == nil || d.Customer == "" || o.Customer != d.Customer || o.Rows[part.Line].SKU != r.SKU || o.Rows[part.Line].Unit != r.Unit {
					t.Fatalf("%s takes %+v off another's line", d.Number, part)
				}
				if cancelled := part.Kind == events.CreditCancelled; cancelled != (at[part.Order] == day) {
					t.Fatalf("%s of %s: %+v of an order of %s", d.Number, day.Date, part, at[part.Order].Date)
				}
				if left[from] -= part.Quantity; left[from] < 0 {
					t.Fatalf("%s takes %d more off %v than is left", d.Number, -left[from], from)
				}
			}
			for i, r := range d.Rows {
				if d.Class == Credit && (units[i] != -r.Quantity || pence[i] != exactly(-r.Quantity, r.Unit)) {
					t.Fatalf("row %d of %s falls into %d units for %d", i+1, d.Number, units[i], pence[i])
				}
			}
		})
	})
	if len(kinds) != 3 || split == 0 {
		t.Errorf("the books drawn reach %v and %d splits, want every kind and some", kinds, split)
	}
}

// newestFirst allocates credits by the rule's own words, line by line over everything that was ever ordered.
func newestFirst(p *Plan) map[string][]string {
	type ordered struct {
		doc  *Document
		line int
		left int64
	}
	var all []*ordered
	words := map[string][]string{}
	p.worked(func(_ *Day, d *Document) {
		for i, r := range d.Rows {
			if d.Class == Sale || d.Class == FreeOrder {
				all = append(all, &ordered{d, i, r.Quantity})
			}
			if d.Class != Credit {
				continue
			}
			wanted := -r.Quantity
			for _, o := range slices.Backward(all) {
				was := o.doc.Rows[o.line]
				if d.Customer == "" || o.doc.Customer != d.Customer || was.SKU != r.SKU || !was.Unit.Equals(r.Unit) || o.doc.Day > d.Day {
					continue
				}
				if units := min(wanted, o.left); units > 0 {
					o.left, wanted = o.left-units, wanted-units
					words[d.Number] = append(words[d.Number], fmt.Sprintf("%d: %d of %s/%d", i+1, units, o.doc.Number, o.line))
				}
			}
			if wanted > 0 {
				words[d.Number] = append(words[d.Number], fmt.Sprintf("%d: %d of /0", i+1, wanted))
			}
		}
	})
	return words
}

func TestCreditsAreAllocatedNewestFirst(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := anyPlan(t)
		want := newestFirst(p)
		p.worked(func(day *Day, d *Document) {
			var got []string
			for _, part := range day.Credits[d.Number] {
				got = append(got, fmt.Sprintf("%d: %d of %s/%d", part.Row, part.Quantity, part.Order, part.Line))
			}
			if !slices.Equal(got, want[d.Number]) {
				t.Fatalf("%s: got %v, want %v", d.Number, got, want[d.Number])
			}
		})
	})
}

// crossingsMax is how often the law is checked again until a credit of the second file was of the first.
const crossingsMax = 100

// Two files, one after the other, credit what one file of both would: the second is given what the first left.
func TestBooksInTwoFilesCreditTheSame(t *testing.T) {
	across := 0
	law := func(t *rapid.T) {
		whole, err := MakePlan(anyBooks(t, false), nil)
		if err != nil {
			t.Fatal(err)
		}
		day := rapid.SampledFrom(whole.Days).Draw(t, "first day of the second file").Date
		parts := [2]*File{{Digest: "first"}, {Digest: "second"}}
		whole.worked(func(d *Day, doc *Document) {
			n := 0
			if d.Date >= day {
				n = 1
			}
			parts[n].Rows = append(parts[n].Rows, doc.Rows...)
		})
		first, err := MakePlan(parts[0], nil)
		if err != nil {
			t.Fatal(err)
		}
		second, err := MakePlan(parts[1], leftOf(first))
		if err != nil {
			t.Fatal(err)
		}
		got := slices.Concat(allocation(first), allocation(second))
		if want := allocation(whole); !slices.Equal(got, want) {
			t.Fatalf("got %v\nwant %v", got, want)
		}
		inFirst := map[string]bool{}
		first.worked(func(_ *Day, d *Document) { inFirst[d.Number] = true })
		second.worked(func(day *Day, d *Document) {
			for _, part := range day.Credits[d.Number] {
				if inFirst[part.Order] {
					across++
				}
			}
		})
	}
	for range crossingsMax {
		if rapid.Check(t, law); across > 0 || t.Failed() {
			return
		}
	}
	t.Error("no credit of a second file was of the first")
}

func leftOf(p *Plan) map[string][]EarlierLine {
	taken := map[string]int64{}
	p.worked(func(day *Day, d *Document) {
		for _, part := range day.Credits[d.Number] {
			taken[fmt.Sprint(part.Order, "/", part.Line)] += part.Quantity
		}
	})
	left := map[string][]EarlierLine{}
	p.worked(func(_ *Day, d *Document) {
		for i, r := range d.Rows {
			if d.Class == Sale || d.Class == FreeOrder {
				left[d.Customer] = append(left[d.Customer], EarlierLine{d.Number, i, d.Day, r.SKU, r.Unit, r.Quantity, exactly(r.Quantity, r.Unit),
					r.Quantity - taken[fmt.Sprint(d.Number, "/", i)]})
			}
		}
	})
	return left
}
