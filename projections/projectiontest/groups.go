package projectiontest

import (
	"errors"
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"tillstream/projections"
)

func groups(t *testing.T, host Host) {
	shelf(t, host)
	for _, c := range []struct {
		g    projections.Grouping
		want []projections.Group
	}{
		{projections.Grouping{By: []projections.Dimension{{Column: "grade"}}, Sum: []string{"minor", "count"}, Distinct: []string{"count", "until"}},
			[]projections.Group{group([]any{"A"}, 2, []int64{350, -1}, []int64{2, 1}), group([]any{"B"}, 2, []int64{57, 6}, []int64{1, 1})}},
		{projections.Grouping{Sum: []string{"minor"}}, []projections.Group{group([]any{}, 4, []int64{407}, nil)}},
		{projections.Grouping{Where: []projections.Cond{{Column: "name", Op: projections.Eq, Value: "none"}}, Sum: []string{"minor"}},
			[]projections.Group{group([]any{}, 0, []int64{0}, nil)}},
		{projections.Grouping{By: []projections.Dimension{{Column: "count"}, {Column: "open"}}}, []projections.Group{
			group([]any{int64(-2), false}, 1, nil, nil), group([]any{int64(1), true}, 1, nil, nil), group([]any{int64(3), false}, 2, nil, nil)}},
		{projections.Grouping{By: []projections.Dimension{{Column: "until"}}}, []projections.Group{
			group([]any{"2010-12-20T12:00:00Z"}, 2, nil, nil), group([]any{nil}, 2, nil, nil)}},
		{projections.Grouping{By: []projections.Dimension{{Column: "grade"}}, Where: []projections.Cond{{Column: "grade", Op: projections.Eq, Value: "Z"}}}, nil},
		{projections.Grouping{By: []projections.Dimension{{Column: "key"}}, Where: []projections.Cond{{Column: "contact", Op: projections.Contains, Value: "ada"}}},
			[]projections.Group{group([]any{"a"}, 1, nil, nil)}},
	} {
		wantGroups(t, host, c.g, c.want)
	}
}

func group(keys []any, rows int64, sum, distinct []int64) projections.Group {
	return projections.Group{Keys: keys, Rows: rows, Sum: sum, Distinct: distinct}
}

func wantGroups(t *testing.T, host Host, g projections.Grouping, want []projections.Group) {
	t.Helper()
	got, err := host.Group(t.Context(), g)
	if err != nil {
		t.Errorf("%+v: %v", g, err)
	}
	same := slices.EqualFunc(got, want, func(a, b projections.Group) bool {
		return slices.Equal(a.Keys, b.Keys) && a.Rows == b.Rows && slices.Equal(a.Sum, b.Sum) && slices.Equal(a.Distinct, b.Distinct)
	})
	if !same {
		t.Errorf("%+v answers\n%+v, not\n%+v", g, got, want)
	}
}

func zones(t *testing.T, host Host) {
	docs := map[string]projections.Doc[Sample]{}
	for i, at := range []time.Time{
		time.Date(2010, 12, 31, 23, 30, 0, 0, time.UTC), // the next year in Paris
		time.Date(2011, 1, 1, 0, 30, 0, 0, time.UTC),
		time.Date(2011, 6, 30, 22, 30, 0, 0, time.UTC), // the next month in Paris, in summer
	} {
		docs[string(rune('a'+i))] = projections.Doc[Sample]{Value: Sample{At: at, Until: &at}, Position: 1}
	}
	docs["z"] = projections.Doc[Sample]{Value: Sample{At: time.Date(2011, 1, 1, 0, 0, 0, 0, time.UTC)}, Position: 1}
	save(t, host, docs, start, begun)

	by := func(unit, zone string, want ...any) {
		t.Helper()
		groups, err := host.Group(t.Context(), projections.Grouping{By: []projections.Dimension{{Column: "until", Unit: unit, Zone: zone}}})
		var got []any
		for _, g := range groups {
			got = append(got, g.Keys[0])
		}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("by %s in %q: %v, %v, not %v", unit, zone, got, err, want)
		}
	}
	by("day", "", "2010-12-31", "2011-01-01", "2011-06-30", nil)
	by("day", "Europe/Paris", "2011-01-01", "2011-07-01", nil)
	by("month", "UTC", "2010-12", "2011-01", "2011-06", nil)
	by("month", "Europe/Paris", "2011-01", "2011-07", nil)
	by("year", "", "2010", "2011", nil)
	by("year", "Europe/Paris", "2011", nil)
}

func overflow(t *testing.T, host Host) {
	save(t, host, map[string]projections.Doc[Sample]{
		"a": {Value: Sample{Minor: math.MaxInt64}, Position: 1}, "b": {Value: Sample{Minor: 1}, Position: 1},
	}, start, begun)
	if groups, err := host.Group(t.Context(), projections.Grouping{Sum: []string{"minor"}}); !errors.Is(err, projections.ErrSumOverflow) {
		t.Errorf("%+v, %v", groups, err)
	}
}
