package projectiontest

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"tillstream/projections"
)

// shelf is what queries are asked of.
func shelf(t *testing.T, host Host) {
	t.Helper()
	day := func(d int) time.Time { return time.Date(2010, 12, d, 12, 0, 0, 0, time.UTC) }
	later := day(20)
	docs := map[string]projections.Doc[Sample]{}
	for key, value := range map[string]Sample{
		"a": {Name: "Apple", Grade: "A", Count: 1, Minor: 100, At: day(1), Open: true, Contact: sealed("c1", "Ada Lovelace")},
		"b": {Name: "apple pie", Grade: "A", Count: -2, Minor: 250, At: day(2), Until: &later, Share: 0.5, Contact: sealed("c2", "Zoë 100%_\\ Ångström")},
		"c": {Name: "Birne", Grade: "B", Count: 3, Minor: 50, At: day(3), Contact: sealed(Forgotten, "Nobody Anymore")},
		"d": {Name: "", Grade: "B", Count: 3, Minor: 7, At: day(3), Until: &later, Tags: []string{"x"}},
		"e": {Name: "Apfel", Closed: true, Contact: sealed("c3", "Ada Gone")},
	} {
		docs[key] = projections.Doc[Sample]{Value: value, Position: 7}
	}
	save(t, host, docs, start, begun)
}

func wantKeys(t *testing.T, host Host, q projections.Query, want ...string) {
	t.Helper()
	if q.Limit == 0 {
		q.Limit = 100
	}
	rows, err := host.List(t.Context(), q)
	if err != nil {
		t.Errorf("%+v: %v", q, err)
		return
	}
	var keys []string
	for _, row := range rows {
		keys = append(keys, row.Key)
	}
	if !slices.Equal(keys, want) {
		t.Errorf("%+v answers %v, not %v", q, keys, want)
	}
}

func conditions(t *testing.T, host Host) {
	shelf(t, host)
	type grade string
	for _, c := range []struct {
		column string
		op     projections.Op
		value  any
		want   []string
	}{
		{"name", projections.Eq, "Apple", []string{"a"}},
		{"name", projections.Eq, "", []string{"d"}},
		{"grade", projections.Eq, Grade("B"), []string{"c", "d"}},
		{"grade", projections.Eq, grade("B"), []string{"c", "d"}},
		{"name", projections.Lt, "Birne", []string{"a", "d"}},
		{"name", projections.Prefix, "Ap", []string{"a"}},
		{"name", projections.Prefix, "", []string{"a", "b", "c", "d"}},
		{"name", projections.Contains, "APPLE", []string{"a", "b"}},
		{"name", projections.Contains, "", []string{"a", "b", "c", "d"}},
		{"count", projections.Eq, 3, []string{"c", "d"}},
		{"count", projections.Eq, 3.0, []string{"c", "d"}},
		{"count", projections.Eq, json.Number("3"), []string{"c", "d"}},
		{"count", projections.Eq, "3", []string{"c", "d"}},
		{"count", projections.Le, uint8(1), []string{"a", "b"}},
		{"count", projections.In, []int{1, 3}, []string{"a", "c", "d"}},
		{"count", projections.In, []any{1.0, "-2"}, []string{"a", "b"}},
		{"count", projections.In, []int{}, nil},
		{"open", projections.Eq, true, []string{"a"}},
		{"share", projections.Gt, 0.25, []string{"b"}},
		{"share", projections.In, []float64{0.5}, []string{"b"}},
		{"open", projections.In, []bool{true}, []string{"a"}},
		{"at", projections.Ge, "2010-12-03T12:00:00Z", []string{"c", "d"}},
		{"at", projections.Ge, "2010-12-03T13:00:00+01:00", []string{"c", "d"}},
		{"at", projections.Eq, time.Date(2010, 12, 1, 12, 0, 0, 0, time.UTC), []string{"a"}},
		{"at", projections.In, []time.Time{time.Date(2010, 12, 1, 12, 0, 0, 0, time.UTC)}, []string{"a"}},
		{"until", projections.IsNull, nil, []string{"a", "c"}},
		{"until", projections.Gt, time.Time{}, []string{"b", "d"}},
		{"tags", projections.IsNull, nil, []string{"a", "b", "c"}},
		{"contact", projections.IsNull, nil, []string{"d"}},
		{"key", projections.In, []string{"a", "d", "e", "z"}, []string{"a", "d"}},
		{"key", projections.Gt, "b", []string{"c", "d"}},
		{"grade", projections.In, []Grade{"A"}, []string{"a", "b"}},
	} {
		wantKeys(t, host, projections.Query{Where: []projections.Cond{{Column: c.column, Op: c.op, Value: c.value}}}, c.want...)
	}
	wantKeys(t, host, projections.Query{Where: []projections.Cond{
		{Column: "grade", Op: projections.Eq, Value: "B"}, {Column: "until", Op: projections.IsNull},
	}}, "c")
}

func hostileText(t *testing.T, host Host) {
	names := []string{`100%`, `100_`, `100\`, `100`, `1000`, `' OR 1=1 --`, `"name"`, "\U0010ffff", "\U0010ffffx", "\ud7ff", "\ue000", "$1", "né", "NÉ"}
	docs := map[string]projections.Doc[Sample]{}
	for _, name := range names {
		docs[name] = projections.Doc[Sample]{Value: Sample{Name: name}, Position: 1}
	}
	save(t, host, docs, start, begun)
	for _, name := range names {
		wantKeys(t, host, projections.Query{Where: []projections.Cond{{Column: "name", Op: projections.Eq, Value: name}}}, name)
	}
	with := func(op projections.Op, value string, want ...string) {
		t.Helper()
		wantKeys(t, host, projections.Query{Where: []projections.Cond{{Column: "name", Op: op, Value: value}}}, want...)
	}
	with(projections.Prefix, "100%", "100%")
	with(projections.Prefix, "100_", "100_")
	with(projections.Prefix, `100\`, `100\`)
	with(projections.Prefix, "100", "100", "100%", "1000", `100\`, "100_")
	with(projections.Prefix, "\U0010ffff", "\U0010ffff", "\U0010ffffx")
	with(projections.Prefix, "\ud7ff", "\ud7ff")
	with(projections.Contains, "%", "100%")
	with(projections.Contains, "_", "100_")
	with(projections.Contains, "né", "NÉ", "né")
	with(projections.Eq, "a\x00b")
	with(projections.Prefix, "a\x00b")
	with(projections.Contains, "\xff")
	wantKeys(t, host, projections.Query{Where: []projections.Cond{{Column: "name", Op: projections.In, Value: []string{"\x00", "$1"}}}}, "$1")
	if found, err := host.GetMany(t.Context(), []string{"\x00", "$1", "\xff"}); err != nil || len(found) != 1 {
		t.Errorf("%v, %v", found, err)
	}
}

func opened(t *testing.T, host Host) {
	shelf(t, host)
	with := func(op projections.Op, value any, want ...string) {
		t.Helper()
		wantKeys(t, host, projections.Query{Where: []projections.Cond{{Column: "contact", Op: op, Value: value}}}, want...)
	}
	with(projections.Contains, "lovelace", "a")
	with(projections.Contains, "ÅNGSTRÖM", "b")
	with(projections.Contains, "100%_\\", "b")
	with(projections.Contains, "Nobody")
	with(projections.Contains, "Gone")
	with(projections.Contains, "", "a", "b")
	with(projections.Prefix, "Ada", "a")
	with(projections.Eq, "Ada Lovelace", "a")
	with(projections.In, []string{"Ada Lovelace", "Ada Gone"}, "a")

	// A changed contact is found by its new text, a blanked one by none.
	next := projections.Checkpoint{Log: "log", At: 8, Count: 4}
	save(t, host, map[string]projections.Doc[Sample]{
		"a": {Value: Sample{Name: "Apple"}, Position: 8},
		"b": {Value: Sample{Contact: sealed("c2", "Grace Hopper")}, Position: 8},
	}, begun, next)
	with(projections.Contains, "lovelace")
	with(projections.Contains, "Zoë")
	with(projections.Contains, "hopper", "b")
}

func refusedQueries(t *testing.T, host Host) {
	shelf(t, host)
	refused := func(column string, err error) {
		t.Helper()
		var query *projections.QueryError
		if !errors.As(err, &query) || query.Column != column {
			t.Errorf("want a refusal about column %q, got %v", column, err)
		}
	}
	for column, c := range map[string]projections.Cond{
		"nope":                   {Column: "nope", Op: projections.Eq, Value: 1},
		"gone":                   {Column: "gone", Op: projections.Eq, Value: true},
		"name; DROP TABLE x; --": {Column: "name; DROP TABLE x; --", Op: projections.Eq, Value: 1},
		"name":                   {Column: "name", Op: "LIKE", Value: "x"},
		"count":                  {Column: "count", Op: projections.Eq, Value: "x"},
		"minor":                  {Column: "minor", Op: projections.Eq, Value: 1.5},
		"small":                  {Column: "small", Op: projections.In, Value: 1},
		"tags":                   {Column: "tags", Op: projections.Eq, Value: "x"},
		"note":                   {Column: "note", Op: projections.Contains, Value: "x"},
		"at":                     {Column: "at", Op: projections.Eq, Value: "yesterday"},
		"open":                   {Column: "open", Op: projections.Lt, Value: true},
		"units":                  {Column: "units", Op: projections.Prefix, Value: "1"},
	} {
		_, err := host.List(t.Context(), projections.Query{Where: []projections.Cond{c}, Limit: 1})
		refused(column, err)
		_, err = host.Group(t.Context(), projections.Grouping{Where: []projections.Cond{c}})
		refused(column, err)
	}
	for column, q := range map[string]projections.Query{
		"nope":    {Order: []projections.By{{Column: "nope"}}, Limit: 1},
		"parts":   {Order: []projections.By{{Column: "parts"}}, Limit: 1},
		"contact": {Order: []projections.By{{Column: "contact"}}, Limit: 1},
		"count":   {Order: []projections.By{{Column: "count"}}, After: []any{"x", "a"}, Limit: 1},
		"key":     {Order: []projections.By{{Column: "count"}}, After: []any{1, nil}, Limit: 1},
		"":        {After: []any{1, 2, 3}, Limit: 1},
	} {
		_, err := host.List(t.Context(), q)
		refused(column, err)
	}
	for _, limit := range []int{0, -1, projections.LimitMost + 1} {
		_, err := host.List(t.Context(), projections.Query{Limit: limit})
		refused("", err)
	}
	for column, g := range map[string]projections.Grouping{
		"nope":    {By: []projections.Dimension{{Column: "nope"}}},
		"sizes":   {By: []projections.Dimension{{Column: "sizes"}}},
		"contact": {By: []projections.Dimension{{Column: "contact"}}},
		"share":   {By: []projections.Dimension{{Column: "share"}}},
		"name":    {By: []projections.Dimension{{Column: "name", Unit: "day"}}},
		"at":      {By: []projections.Dimension{{Column: "at", Unit: "week"}}},
		"until":   {By: []projections.Dimension{{Column: "until", Unit: "day", Zone: "Nowhere/Land"}}},
		"grade":   {Sum: []string{"grade"}},
		"tags":    {Distinct: []string{"tags"}},
	} {
		_, err := host.Group(t.Context(), g)
		refused(column, err)
	}
}
