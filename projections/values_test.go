package projections_test

import (
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"testing"
	"time"

	. "tillstream/projections"
)

func TestAValueIsWhatTheColumnHoldsWhateverMadeIt(t *testing.T) {
	type code string
	type size int32
	noon := time.Date(2010, 12, 1, 12, 0, 0, 0, time.UTC)
	column := map[ColumnKind]Column{}
	for _, kind := range []ColumnKind{TextColumn, IntColumn, BoolColumn, FloatColumn, TimeColumn, NestedColumn, SealedColumn} {
		column[kind] = Column{Name: "c", Kind: kind}
	}
	for _, c := range []struct {
		kind ColumnKind
		from any
		want any // nil: refused
	}{
		{TextColumn, "x", "x"}, {TextColumn, code("x"), "x"}, {TextColumn, 1, nil}, {TextColumn, nil, nil},
		{IntColumn, 7, int64(7)}, {IntColumn, size(-7), int64(-7)}, {IntColumn, uint64(7), int64(7)}, {IntColumn, 7.0, int64(7)},
		{IntColumn, json.Number("9223372036854775807"), int64(math.MaxInt64)}, {IntColumn, "-9223372036854775808", int64(math.MinInt64)},
		{IntColumn, uint64(math.MaxUint64), nil}, {IntColumn, 7.5, nil}, {IntColumn, 1e17, nil}, {IntColumn, math.NaN(), nil},
		{IntColumn, "7.0", nil}, {IntColumn, "", nil}, {IntColumn, true, nil},
		{BoolColumn, true, true}, {BoolColumn, "true", nil},
		{FloatColumn, 0.5, 0.5}, {FloatColumn, 2, 2.0}, {FloatColumn, json.Number("0.25"), 0.25}, {FloatColumn, "0.5", nil},
		{TimeColumn, noon.Add(999), noon}, {TimeColumn, &noon, noon}, {TimeColumn, "2010-12-01T13:00:00+01:00", noon},
		{TimeColumn, (*time.Time)(nil), nil}, {TimeColumn, "noon", nil}, {TimeColumn, 12, nil},
		{NestedColumn, "x", nil}, {SealedColumn, "x", nil},
	} {
		got, err := column[c.kind].Value(c.from)
		var refused *QueryError
		switch {
		case c.want == nil && !errors.As(err, &refused):
			t.Errorf("%T %v becomes %v, %v in a column of kind %d", c.from, c.from, got, err, c.kind)
		case c.want != nil && (err != nil || !reflect.DeepEqual(got, c.want)):
			t.Errorf("%T %v becomes %v, %v, not %v", c.from, c.from, got, err, c.want)
		}
	}
	if got, err := (Column{Kind: SealedColumn, Opens: "name"}).Value("x"); err != nil || got != "x" {
		t.Errorf("an opened column is compared with text: %v, %v", got, err)
	}
}

func TestAPlaceComesBackFromJSONAsItWent(t *testing.T) {
	for kind, values := range map[ColumnKind][]any{
		TextColumn:  {"", "x\u2028"},
		IntColumn:   {int64(0), int64(1) << 53, int64(1)<<53 + 1, int64(math.MaxInt64), int64(math.MinInt64)},
		BoolColumn:  {true, false},
		FloatColumn: {0.1, -1e300},
		TimeColumn:  {time.Date(2010, 12, 1, 12, 0, 0, 123_456_000, time.UTC)},
	} {
		c := Column{Name: "c", Kind: kind}
		for _, v := range values {
			text, err := json.Marshal(c.Place(v))
			if err != nil {
				t.Fatal(err)
			}
			var decoded any
			if err := json.Unmarshal(text, &decoded); err != nil {
				t.Fatal(err)
			}
			if back, err := c.Value(decoded); err != nil || !reflect.DeepEqual(back, v) {
				t.Errorf("%v comes back as %v, %v", v, back, err)
			}
		}
	}
}

func TestLookupKnowsTheColumnsAndTheKey(t *testing.T) {
	columns := Columns[Kept]()
	if c, err := Lookup(columns, "key"); err != nil || c.Field != -1 || c.Kind != TextColumn {
		t.Errorf("%+v, %v", c, err)
	}
	if c, err := Lookup(columns, "gross"); err != nil || c.Field != 2 {
		t.Errorf("%+v, %v", c, err)
	}
	for _, name := range []string{"", "Gross", "position", "gross "} {
		var refused *QueryError
		if _, err := Lookup(columns, name); !errors.As(err, &refused) || refused.Column != name {
			t.Errorf("%q: %v", name, err)
		}
	}
}
