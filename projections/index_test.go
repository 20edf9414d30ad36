package projections_test

import (
	"slices"
	"testing"

	"tillstream/events"
	. "tillstream/projections"
	"tillstream/projections/projectiontest"
)

// shelved is a product that knows its category and how much came into a warehouse of that name.
type shelved struct {
	Category string
	Came     int64
	Off      bool
}

func (s shelved) Gone() bool { return s.Off }

var shelves = Define("shelves", 1,
	Index("category", func(s shelved) []string { return []string{s.Category} }),
	On(func(e events.ProductCategorised) []string { return []string{e.SKU} },
		func(s shelved, _ string, f Fact[events.ProductCategorised]) shelved {
			s.Category = f.Event.Category
			return s
		}),
	On(func(e events.ProductDiscontinued) []string { return []string{e.SKU} },
		func(s shelved, _ string, _ Fact[events.ProductDiscontinued]) shelved { s.Off = true; return s }),
	OnIndexed("category", func(e events.StockReceived) string { return e.Warehouse },
		func(s shelved, _ string, f Fact[events.StockReceived]) shelved { s.Came += f.Event.Quantity; return s }),
)

func moved(sku, category string) events.Event {
	return events.ProductCategorised{SKU: sku, Category: category}
}

var shelfHistory = history(moved("A", "UK"), receipt("any", 1), moved("B", "UK"), receipt("any", 2), moved("A", "FR"), receipt("any", 4),
	events.ProductDiscontinued{SKU: "B"}, receipt("any", 8), moved("A", "UK"), receipt("any", 16))

func TestAnIndexedRuleReachesValuesAsTheyAreBeforeTheFact(t *testing.T) {
	for name, cuts := range map[string][]int{"one batch": {0, 10}, "fact by fact": {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, "two": {0, 3, 10}} {
		docs := &projectiontest.Memory[shelved]{}
		p, err := NewProjector(t.Context(), shelves, docs, nil, "log")
		if err != nil {
			t.Fatal(err)
		}
		for i := range cuts[1:] {
			from, to := cuts[i], cuts[i+1]
			err := p.Advance(t.Context(), Interval{Log: "log", From: events.Position(10 * from), To: events.Position(10 * to), Facts: shelfHistory[from:to]})
			if err != nil {
				t.Fatal(err)
			}
		}
		a, _, _ := docs.Get(t.Context(), "A")
		if want := (shelved{"UK", 1 + 2 + 16, false}); a != want {
			t.Errorf("%s: A is %+v, not %+v", name, a, want)
		}
		kept, err := docs.Load(t.Context(), []string{"B"})
		if want := (shelved{"UK", 2 + 4, true}); err != nil || kept["B"].Value != want {
			t.Errorf("%s: B is %+v, not %+v", name, kept["B"].Value, want)
		}
		found, err := docs.Indexed(t.Context(), []Entry{{Index: "category", Value: "UK"}, {Index: "category", Value: "FR"}})
		if err != nil || len(found) != 1 || !slices.Equal(found[Entry{"category", "UK"}], []string{"A"}) {
			t.Errorf("%s: the index holds %v, %v", name, found, err)
		}
		if folded := shelves.Fold(nil, shelfHistory); folded["A"].Value != a || folded["B"].Value != kept["B"].Value {
			t.Errorf("%s: a fold without host makes %+v", name, folded)
		}
	}
}
