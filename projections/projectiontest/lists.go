package projectiontest

import (
	"encoding/json"
	"math"
	"slices"
	"testing"

	"tillstream/projections"
)

func ordered(t *testing.T, host Host) {
	shelf(t, host)
	for _, c := range []struct {
		by   []projections.By
		want []string
	}{
		{nil, []string{"a", "b", "c", "d"}},
		{[]projections.By{{Column: "key", Desc: true}}, []string{"d", "c", "b", "a"}},
		{[]projections.By{{Column: "name"}}, []string{"d", "a", "c", "b"}},
		{[]projections.By{{Column: "count"}}, []string{"b", "a", "c", "d"}},
		{[]projections.By{{Column: "count", Desc: true}}, []string{"d", "c", "a", "b"}},
		{[]projections.By{{Column: "at", Desc: true}}, []string{"d", "c", "b", "a"}},
		{[]projections.By{{Column: "until"}}, []string{"b", "d", "a", "c"}},
		{[]projections.By{{Column: "until", Desc: true}}, []string{"c", "a", "d", "b"}},
		{[]projections.By{{Column: "grade", Desc: true}, {Column: "minor"}}, []string{"d", "c", "a", "b"}},
		{[]projections.By{{Column: "open"}, {Column: "share", Desc: true}}, []string{"b", "d", "c", "a"}},
	} {
		wantKeys(t, host, projections.Query{Order: c.by}, c.want...)
	}
	wantKeys(t, host, projections.Query{Limit: 2}, "a", "b")
}

// pages walks every order, one and two rows at a time, by places that went through JSON in both ways it decodes numbers.
func pages(t *testing.T, host Host) {
	shelf(t, host)
	for _, by := range [][]projections.By{
		nil, {{Column: "key", Desc: true}}, {{Column: "name"}}, {{Column: "count", Desc: true}}, {{Column: "minor"}}, {{Column: "at"}},
		{{Column: "until"}}, {{Column: "until", Desc: true}}, {{Column: "until"}, {Column: "count", Desc: true}}, {{Column: "share"}},
		{{Column: "open", Desc: true}, {Column: "until", Desc: true}}, {{Column: "grade"}, {Column: "minor", Desc: true}},
	} {
		whole, err := host.List(t.Context(), projections.Query{Order: by, Limit: 100})
		if err != nil {
			t.Fatal(err)
		}
		for limit := 1; limit <= 2; limit++ {
			var walked []string
			var after []any
			for len(walked) <= len(whole) {
				rows, err := host.List(t.Context(), projections.Query{Order: by, After: after, Limit: limit})
				if err != nil {
					t.Fatalf("%v after %v: %v", by, after, err)
				}
				if len(rows) == 0 {
					break
				}
				for _, row := range rows {
					walked = append(walked, row.Key)
				}
				after = throughJSON(t, rows[len(rows)-1].After)
			}
			var keys []string
			for _, row := range whole {
				keys = append(keys, row.Key)
			}
			if !slices.Equal(walked, keys) {
				t.Errorf("order %v in pages of %d is %v, not %v", by, limit, walked, keys)
			}
		}
	}
}

func throughJSON(t *testing.T, after []any) (decoded []any) {
	t.Helper()
	text, err := json.Marshal(after)
	if err == nil {
		err = json.Unmarshal(text, &decoded)
	}
	if err != nil {
		t.Fatal(err)
	}
	return decoded
}

func keepsPlace(t *testing.T, host Host) {
	shelf(t, host)
	q := projections.Query{Order: []projections.By{{Column: "minor"}}, Limit: 2}
	rows, err := host.List(t.Context(), q)
	if err != nil || len(rows) != 2 {
		t.Fatal(rows, err)
	}
	// The last row seen is removed, one is added before it and one behind it.
	save(t, host, map[string]projections.Doc[Sample]{
		"c": {Value: Sample{Closed: true}, Position: 8}, "f": {Value: Sample{Minor: 20}, Position: 8}, "g": {Value: Sample{Minor: math.MaxInt64}, Position: 8},
	}, begun, projections.Checkpoint{Log: "log", At: 8, Count: 4})
	q.After, q.Limit = rows[1].After, 100
	wantKeys(t, host, q, "a", "b", "g")

	rows, err = host.List(t.Context(), projections.Query{Order: []projections.By{{Column: "minor", Desc: true}}, Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	q = projections.Query{Order: []projections.By{{Column: "minor", Desc: true}}, After: throughJSON(t, rows[0].After)}
	wantKeys(t, host, q, "b", "a", "f", "d")
}
