package projectiontest

import (
	"context"
	"errors"
	"math"
	"reflect"
	"strconv"
	"testing"
	"time"

	"tillstream/events"
	"tillstream/projections"
)

// Host is what a host of rows offers for one generation.
type Host interface {
	projections.Documents[Sample]
	projections.Reader[Sample]
	// Save is Keep of documents alone.
	Save(ctx context.Context, changed map[string]projections.Doc[Sample], from, to projections.Checkpoint) error
}

// Documents proves a host. Each call of open answers a new, empty generation of Sample, whose opened column is searched
// by what Plain makes of it.
func Documents(t *testing.T, open func(t *testing.T) Host) {
	for name, prove := range map[string]func(*testing.T, Host){
		"a new generation is empty":                         newIsEmpty,
		"values come back exactly":                          valuesComeBack,
		"what cannot be kept is refused by key and column":  refusesByName,
		"a saved document replaces the last":                savedReplaces,
		"the checkpoint fences a second projector":          fences,
		"a fenced save keeps nothing":                       fencedKeepsNothing,
		"tombstones are loaded and not found":               tombstones,
		"a thousand documents are saved and loaded at once": thousand,
		"keys are parked that cannot be kept":               parksWhatItCannotKeep,
		"parked keys are released and parked anew":          parkedAreReleased,
		"what is parked goes with the checkpoint":           parkedGoWithTheCheckpoint,
		"what operators did is kept, the newest first":      operationsAreKept,
		"keys stand under the entries of indexes":           indexes,
		"conditions":                                         conditions,
		"text of any kind is compared as it is":              hostileText,
		"an opened column is searched by its plain text":     opened,
		"lists are in total order with null as the greatest": ordered,
		"lists page by what JSON makes of the last place":    pages,
		"lists keep their place while rows change":           keepsPlace,
		"groups":                         groups,
		"time is grouped in a zone":      zones,
		"sums that overflow are refused": overflow,
		"queries that make no sense are refused by the column": refusedQueries,
	} {
		t.Run(name, func(t *testing.T) { prove(t, open(t)) })
	}
}

var (
	start = projections.Checkpoint{}
	begun = projections.Checkpoint{Log: "log", At: 7, Count: 3}
)

func full() Sample {
	until := time.Date(2011, 2, 28, 23, 59, 59, 999_999_000, time.UTC)
	return Sample{
		Name: "Blue “lamp” \\ 100% _ ñ 🛒 'x'; --", Grade: "A", Count: -5, Minor: math.MinInt64, Units: math.MaxInt64, Small: -1,
		Open: true, Share: 0.1, At: time.Date(2010, 12, 1, 8, 26, 0, 1_000, time.UTC), Until: &until,
		Tags: []string{"", "é\u2028"}, Sizes: map[string]int64{"": math.MaxInt64, "a.b": -1},
		Parts:   []Part{{SKU: "85123A", Taken: math.MaxInt64, Since: until, Of: []Part{}}, {Of: []Part{{SKU: "<&>"}}}},
		First:   &Part{SKU: "\\u0000 is no NUL"},
		Contact: sealed("customer-1", "Ada Lovelace"), Note: sealed("customer-1", ""),
	}
}

func newIsEmpty(t *testing.T, host Host) {
	if at, err := host.Checkpoint(t.Context()); err != nil || at != start {
		t.Fatalf("its checkpoint is %+v, %v", at, err)
	}
	if docs, err := host.Load(t.Context(), []string{"a", ""}); err != nil || len(docs) != 0 {
		t.Fatalf("it loads %v, %v", docs, err)
	}
	if rows, err := host.List(t.Context(), projections.Query{Limit: 1}); err != nil || len(rows) != 0 {
		t.Fatalf("it lists %v, %v", rows, err)
	}
}

func valuesComeBack(t *testing.T, host Host) {
	empty := Sample{Tags: []string{}, Sizes: map[string]int64{}, Parts: []Part{}, First: &Part{Of: []Part{}}, Note: &events.Sealed{Cipher: []byte{}}}
	past := time.Date(-44, 3, 15, 12, 0, 0, 0, time.UTC)
	docs := map[string]projections.Doc[Sample]{
		"zero":          {Value: Sample{}, Position: 1},
		"empty":         {Value: empty, Position: 2},
		"full":          {Value: full(), Position: 3},
		"gone":          {Value: Sample{Name: "was", Closed: true}, Position: math.MaxInt64},
		"past":          {Value: Sample{Until: &past, Share: math.Inf(-1)}, Position: 5},
		"":              {Value: Sample{Name: "of the empty key"}, Position: 6},
		"ключ/ß '\"\\%": {Value: Sample{Name: "of a strange key"}, Position: 7},
	}
	save(t, host, docs, start, begun)

	loaded, err := host.Load(t.Context(), []string{"zero", "empty", "full", "gone", "past", "", "ключ/ß '\"\\%", "never"})
	if err != nil {
		t.Fatal(err)
	}
	same(t, loaded, docs)
	if at, err := host.Checkpoint(t.Context()); err != nil || at != begun {
		t.Fatalf("the checkpoint is %+v, %v", at, err)
	}
	// After the checkpoint was read, nothing may be remembered: these come from where they are kept.
	if loaded, err = host.Load(t.Context(), []string{"zero", "empty", "full", "gone", "past", "", "ключ/ß '\"\\%", "never"}); err != nil {
		t.Fatal(err)
	}
	same(t, loaded, docs)
	delete(docs, "gone")
	for key, doc := range docs {
		if got, found, err := host.Get(t.Context(), key); err != nil || !found || !reflect.DeepEqual(got, doc.Value) {
			t.Errorf("get %q: %+v, %v, %v", key, got, found, err)
		}
	}
}

func refusesByName(t *testing.T, host Host) {
	if err := host.Save(t.Context(), map[string]projections.Doc[Sample]{"k": {Value: Sample{Units: 1 << 63}, Position: 1}}, start, begun); err != nil {
		wantDataError(t, err, "k", "units")
	} else {
		t.Error("a number beyond 63 bits is kept")
	}
	if at, err := host.Checkpoint(t.Context()); err != nil || at != start {
		t.Errorf("the checkpoint moved to %+v, %v", at, err)
	}
}

func wantDataError(t *testing.T, err error, key, column string) {
	t.Helper()
	var data *projections.DataError
	if !errors.As(err, &data) || data.Key != key || data.Column != column {
		t.Errorf("want an error about %s of %q, got %v", column, key, err)
	}
}

func savedReplaces(t *testing.T, host Host) {
	next := projections.Checkpoint{Log: "log", At: 9, Count: 5}
	save(t, host, map[string]projections.Doc[Sample]{"a": {Value: full(), Position: 7}, "b": {Value: full(), Position: 7}}, start, begun)
	save(t, host, map[string]projections.Doc[Sample]{"a": {Value: Sample{Name: "new"}, Position: 9}}, begun, next)

	loaded, err := host.Load(t.Context(), []string{"a", "b"})
	if err != nil {
		t.Fatal(err)
	}
	same(t, loaded, map[string]projections.Doc[Sample]{"a": {Value: Sample{Name: "new"}, Position: 9}, "b": {Value: full(), Position: 7}})
}

func fences(t *testing.T, host Host) {
	save(t, host, nil, start, begun)
	for name, from := range map[string]projections.Checkpoint{
		"from the start": start, "of another log": {Log: "other", At: begun.At, Count: begun.Count},
		"from elsewhere": {Log: "log", At: 8, Count: 3}, "with another count": {Log: "log", At: 7, Count: 4},
	} {
		if err := host.Save(t.Context(), nil, from, projections.Checkpoint{Log: "log", At: 20, Count: 9}); !errors.Is(err, projections.ErrFenced) {
			t.Errorf("%s: %v", name, err)
		}
	}
	save(t, host, nil, begun, projections.Checkpoint{Log: "log", At: 20, Count: 9})
}

func fencedKeepsNothing(t *testing.T, host Host) {
	save(t, host, map[string]projections.Doc[Sample]{"a": {Value: Sample{Name: "right"}, Position: 7}}, start, begun)
	err := host.Save(t.Context(), map[string]projections.Doc[Sample]{"a": {Value: Sample{Name: "wrong"}, Position: 7}, "b": {Position: 7}}, start, begun)
	if !errors.Is(err, projections.ErrFenced) {
		t.Fatal(err)
	}
	loaded, err := host.Load(t.Context(), []string{"a", "b"})
	if err != nil {
		t.Fatal(err)
	}
	same(t, loaded, map[string]projections.Doc[Sample]{"a": {Value: Sample{Name: "right"}, Position: 7}})
}

func tombstones(t *testing.T, host Host) {
	docs := map[string]projections.Doc[Sample]{"a": {Value: Sample{Name: "x", Closed: true}, Position: 7}, "b": {Value: Sample{Name: "x"}, Position: 7}}
	save(t, host, docs, start, begun)

	loaded, err := host.Load(t.Context(), []string{"a", "b"})
	if err != nil {
		t.Fatal(err)
	}
	same(t, loaded, docs)
	if _, found, err := host.Get(t.Context(), "a"); found || err != nil {
		t.Errorf("a tombstone is found: %v, %v", found, err)
	}
	wantKeys(t, host, projections.Query{Where: []projections.Cond{{Column: "name", Op: projections.Eq, Value: "x"}}}, "b")
	groups, err := host.Group(t.Context(), projections.Grouping{By: []projections.Dimension{{Column: "name"}}})
	if err != nil || len(groups) != 1 || groups[0].Rows != 1 {
		t.Errorf("a tombstone is counted: %+v, %v", groups, err)
	}
	// A value that comes back is a value again.
	save(t, host, map[string]projections.Doc[Sample]{"a": {Value: Sample{Name: "x"}, Position: 9}}, begun, projections.Checkpoint{Log: "log", At: 9, Count: 4})
	wantKeys(t, host, projections.Query{}, "a", "b")
}

func thousand(t *testing.T, host Host) {
	docs, keys := map[string]projections.Doc[Sample]{}, []string{}
	for i := range 1000 {
		value := full()
		value.Count = i
		key := "key-" + strconv.Itoa(i)
		docs[key], keys = projections.Doc[Sample]{Value: value, Position: events.Position(i + 1)}, append(keys, key)
	}
	save(t, host, docs, start, begun)
	if _, err := host.Checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	loaded, err := host.Load(t.Context(), keys)
	if err != nil {
		t.Fatal(err)
	}
	same(t, loaded, docs)
	found, err := host.GetMany(t.Context(), append(keys, "never"))
	if err != nil || len(found) != 1000 {
		t.Fatalf("%d found, %v", len(found), err)
	}
}

func save(t *testing.T, host Host, docs map[string]projections.Doc[Sample], from, to projections.Checkpoint) {
	t.Helper()
	if err := host.Save(t.Context(), docs, from, to); err != nil {
		t.Fatal(err)
	}
}

func same(t *testing.T, got, want map[string]projections.Doc[Sample]) {
	t.Helper()
	for key, doc := range want {
		if !reflect.DeepEqual(got[key], doc) {
			t.Errorf("%q comes back as\n%+v, not\n%+v", key, got[key], doc)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d documents come back, not %d", len(got), len(want))
	}
}
