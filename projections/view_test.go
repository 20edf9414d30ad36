package projections_test

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"tillstream/events"
	. "tillstream/projections"
)

type tally struct {
	Count int
	Seen  []string
	Over  bool
}

func (t tally) Gone() bool { return t.Over }

func receipt(sku string, n int64) events.Event {
	return events.StockReceived{SKU: sku, Warehouse: "UK", Quantity: n}
}

func twice(e events.StockReceived) []string { return []string{e.SKU, "all", e.SKU} }

func count(t tally, key string, f Fact[events.StockReceived]) tally {
	t.Count += int(f.Event.Quantity)
	t.Seen = append(slices.Clone(t.Seen), f.ID)
	return t
}

func TestAFactIsFoldedOnceIntoEachKeyHoweverOftenItIsNamed(t *testing.T) {
	view := Define("tally", 1, On(twice, count))
	changed := view.Fold(nil, history(receipt("A", 2)))
	want := map[string]Doc[tally]{
		"A":   {Value: tally{Count: 2, Seen: []string{"e1"}}, Position: 10},
		"all": {Value: tally{Count: 2, Seen: []string{"e1"}}, Position: 10},
	}
	if !reflect.DeepEqual(changed, want) {
		t.Errorf("%+v, not %+v", changed, want)
	}
}

func TestABatchFoldsAsItsFactsDoOneByOne(t *testing.T) {
	view := Define("tally", 1, On(twice, count))
	log := history(receipt("A", 2), receipt("B", 3), receipt("A", -2))
	docs := map[string]Doc[tally]{}
	for i := range log {
		for key, doc := range view.Fold(docs, log[i:i+1]) {
			docs[key] = doc
		}
	}
	if batch := view.Fold(nil, log); !reflect.DeepEqual(batch, docs) {
		t.Errorf("%+v, not %+v", batch, docs)
	}
	if touched := view.Touched(log); !slices.Equal(slices.Sorted(slices.Values(touched)), []string{"A", "B", "all"}) {
		t.Errorf("touched: %v", touched)
	}
}

func TestAValueGivenBackAsItWasIsNotWritten(t *testing.T) {
	idle := func(v tally, _ string, _ Fact[events.StockReceived]) tally { return v }
	view := Define("idle", 1, On(twice, idle))
	known := map[string]Doc[tally]{"A": {Value: tally{Count: 1, Seen: []string{"e0"}}, Position: 5}}
	if changed := view.Fold(known, history(receipt("A", 2), receipt("new", 1))); len(changed) != 0 {
		t.Errorf("%+v is written", changed)
	}
}

func TestAFoldSeesWhatItsBatchMadeOfATombstone(t *testing.T) {
	flip := func(v tally, _ string, _ Fact[events.StockReceived]) tally {
		v.Count, v.Over = v.Count+1, !v.Over
		return v
	}
	view := Define("flip", 1, On(func(e events.StockReceived) []string { return []string{e.SKU} }, flip))
	changed := view.Fold(nil, history(receipt("A", 1), receipt("A", 1), receipt("A", 1)))
	if got := changed["A"]; got.Value.Count != 3 || !IsGone(got.Value) || got.Position != 30 {
		t.Errorf("%+v", got)
	}
}

func TestTheRuleForAllFactsFoldsAfterTheRuleOfTheType(t *testing.T) {
	note := func(what string) func(tally, string, events.Recorded) tally {
		return func(v tally, _ string, r events.Recorded) tally {
			v.Seen = append(slices.Clone(v.Seen), what)
			return v
		}
	}
	own := On(func(events.StockReceived) []string { return []string{"k"} }, func(v tally, key string, f Fact[events.StockReceived]) tally {
		return note("own")(v, key, events.Recorded{})
	})
	all := OnAny(func(events.Recorded) []string { return []string{"k"} }, note("all"))
	view := Define("both", 1, all, own)
	changed := view.Fold(nil, history(receipt("A", 1), events.ProductDiscontinued{SKU: "A"}))
	if got := changed["k"].Value.Seen; !slices.Equal(got, []string{"own", "all", "all"}) {
		t.Errorf("folded in the order %v", got)
	}
	if !view.Hears("any.thing") || view.Wires() != nil {
		t.Error("a view with a rule for all facts hears all")
	}
	if alone := Define("one", 1, own); alone.Hears("any.thing") || !slices.Equal(alone.Wires(), []string{"stock.received"}) {
		t.Error("a view hears what it has rules for, and nothing else")
	}
}

type pointerGone struct{ N int }

func (*pointerGone) Gone() bool { return true }

func TestMistakesOfTheProgramDoNotStart(t *testing.T) {
	mustPanic := func(why string, define func()) {
		t.Helper()
		defer func() {
			if recover() == nil {
				t.Errorf("%s is defined", why)
			}
		}()
		define()
	}
	mustPanic("version 0", func() { Define[tally]("v", 0) })
	mustPanic("two rules for a type", func() { Define("v", 1, On(twice, count), On(twice, count)) })
	mustPanic("a rule on an index that is not there", func() {
		Define("v", 1, OnIndexed("none", func(events.StockReceived) string { return "" }, count))
	})
	mustPanic("two indexes of one name", func() {
		index := Index("i", func(tally) []string { return nil })
		Define("v", 1, index, index)
	})
	mustPanic("Gone of the pointer", func() { Define[pointerGone]("v", 1) })
	mustPanic("no struct", func() { Define[int]("v", 1) })
	mustPanic("a hidden field", func() { Define[struct{ n int }]("v", 1) })
	mustPanic("an embedded field", func() { Define[struct{ Kept }]("v", 1) })
	mustPanic("a name of the host", func() { Define[struct{ Position int }]("v", 1) })
	mustPanic("one name twice", func() {
		Define[struct {
			SKU   string
			Other string `col:"sku"`
		}]("v", 1)
	})
	mustPanic("a name that is no name", func() {
		Define[struct {
			A string `col:"a b"`
		}]("v", 1)
	})
	mustPanic("an unknown option", func() {
		Define[struct {
			A string `col:",unique"`
		}]("v", 1)
	})
	mustPanic("an opened text", func() {
		Define[struct {
			A string `col:",opens=a"`
		}]("v", 1)
	})
	mustPanic("an index on a list", func() {
		Define[struct {
			A []string `col:",index"`
		}]("v", 1)
	})
	mustPanic("a channel", func() { Define[struct{ A chan int }]("v", 1) })
	mustPanic("an interface inside", func() { Define[struct{ A []any }]("v", 1) })
	mustPanic("a hidden field inside", func() { Define[struct{ A []struct{ n int } }]("v", 1) })
	mustPanic("a field JSON leaves out", func() {
		Define[struct {
			A *struct {
				N int `json:"-"`
			}
		}]("v", 1)
	})
	mustPanic("a map by struct", func() { Define[struct{ A map[struct{ X int }]int }]("v", 1) })
}

// Kept is a value that every host can keep.
type Kept struct {
	OrderID    string
	SKUs       []string
	GrossMinor int64 `col:"gross"`
	Small      uint8
	Until      *time.Time
	At         time.Time      `col:",index"`
	Email      *events.Sealed `col:",opens=email"`
	Tree       map[string]*node
	ByDay      map[time.Weekday][2]float64
}

type node struct {
	At   time.Time
	Next *node
}

func TestColumnsAreNamedAsSQLWouldNameThem(t *testing.T) {
	want := []Column{
		{Name: "order_id", Field: 0, Kind: TextColumn},
		{Name: "skus", Field: 1, Kind: NestedColumn},
		{Name: "gross", Field: 2, Kind: IntColumn},
		{Name: "small", Field: 3, Kind: IntColumn},
		{Name: "until", Field: 4, Kind: TimeColumn, Nullable: true},
		{Name: "at", Field: 5, Kind: TimeColumn, Index: true},
		{Name: "email", Field: 6, Kind: SealedColumn, Nullable: true, Opens: "email"},
		{Name: "tree", Field: 7, Kind: NestedColumn},
		{Name: "by_day", Field: 8, Kind: NestedColumn},
	}
	if got := Columns[Kept](); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
}
