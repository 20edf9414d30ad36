package export

import (
	"bytes"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// Whatever rows there are, each form of file gives them back, value by value, nulls and empty texts apart.
func TestFilesGiveBackWhatWasWritten(t *testing.T) {
	reached := map[string]bool{}
	rapid.Check(t, func(t *rapid.T) {
		columns, rows, want := table(t, reached)
		for form, write := range map[string]func(*bytes.Buffer) encoder{
			"csv":     func(b *bytes.Buffer) encoder { return newCSV(columns, b, false) },
			"parquet": func(b *bytes.Buffer) encoder { return newParquet("t", columns, b, nil) },
		} {
			var b bytes.Buffer
			to := write(&b)
			for _, row := range rows {
				if err := to.write(row); err != nil {
					t.Fatal(err)
				}
			}
			if err := to.end(); err != nil {
				t.Fatal(err)
			}
			got := readCSV
			if form == "parquet" {
				got = func(t fataler, b []byte) [][]string { rows, _ := readParquet(t, b); return rows }
			}
			if diff := cmp.Diff(want, got(t, b.Bytes())); diff != "" {
				t.Fatalf("%s: -written +read\n%s", form, diff)
			}
		}
	})
	for _, case_ := range []string{"null", "empty", "quoted", "more rows than a batch", "no rows"} {
		if !reached[case_] {
			t.Errorf("no table had a case of %q", case_)
		}
	}
}

// table is columns, rows of them, and what is to be read: their names, and the rows as a CSV shows them.
func table(t *rapid.T, reached map[string]bool) (columns []column, rows [][]value, want [][]string) {
	head := []string{}
	for i := range rapid.IntRange(1, 6).Draw(t, "columns") {
		c := column{name: fmt.Sprintf("%c%d", 'z'-i, i), kind: rapid.SampledFrom([]kind{text, whole, small, truth, instant, day}).Draw(t, "kind"),
			nullable: rapid.Bool().Draw(t, "nullable")}
		if rapid.Bool().Draw(t, "id") {
			c.name += "_id"
		}
		columns, head = append(columns, c), append(head, c.name)
	}
	want = append(want, head)
	pattern := rapid.IntRange(1, 3).Draw(t, "different rows")
	var some [][]value
	var shows [][]string
	for range pattern {
		row, show := make([]value, len(columns)), make([]string, len(columns))
		for i, c := range columns {
			row[i], show[i] = cell(t, c, reached)
		}
		some, shows = append(some, row), append(shows, show)
	}
	count := rapid.SampledFrom([]int{0, 1, 2, 7, batchRows, batchRows + 1, 2*batchRows + 3}).Draw(t, "rows")
	reached["more rows than a batch"] = reached["more rows than a batch"] || count > batchRows
	reached["no rows"] = reached["no rows"] || count == 0
	for i := range count {
		rows, want = append(rows, some[i%pattern]), append(want, shows[i%pattern])
	}
	return columns, rows, want
}

func cell(t *rapid.T, c column, reached map[string]bool) (value, string) {
	if c.nullable && rapid.IntRange(0, 3).Draw(t, "null") == 0 {
		reached["null"] = true
		return value{null: true}, "null"
	}
	switch c.kind {
	case text:
		s := rapid.OneOf(rapid.String(), rapid.StringOfN(rapid.RuneFrom([]rune("\",\r\n '=a0null")), 0, 8, -1)).Draw(t, "text")
		reached["empty"] = reached["empty"] || s == ""
		reached["quoted"] = reached["quoted"] || bytes.ContainsAny([]byte(s), "\"")
		return value{text: []byte(s)}, s
	case truth:
		b := rapid.Bool().Draw(t, "truth")
		n := map[bool]int64{true: 1}[b]
		return value{number: n}, fmt.Sprint(b)
	case small:
		n := rapid.Int32().Draw(t, "small")
		return value{number: int64(n)}, fmt.Sprint(n)
	case instant:
		n := rapid.Int64Range(-62_135_596_800_000_000, 253_402_300_799_999_999).Draw(t, "instant") // the years 1 to 9999
		return value{number: n}, time.UnixMicro(n).UTC().Format(time.RFC3339Nano)
	case day:
		n := rapid.Int64Range(-719_162, 2_932_896).Draw(t, "day")
		return value{number: n}, time.Unix(n*24*60*60, 0).UTC().Format(time.DateOnly)
	default:
		n := rapid.Int64Range(math.MinInt64, math.MaxInt64).Draw(t, "whole")
		return value{number: n}, fmt.Sprint(n)
	}
}

// What PostgreSQL may send and no file has a place for is refused by name.
func TestACellThatNoFileHasAPlaceForIsRefused(t *testing.T) {
	for what, c := range map[string]struct {
		column column
		raw    []byte
	}{
		"a null":        {column{"a", text, false}, nil},
		"infinity":      {column{"a", instant, false}, []byte{127, 255, 255, 255, 255, 255, 255, 255}},
		"the last day":  {column{"a", day, false}, []byte{127, 255, 255, 255}},
		"another width": {column{"a", whole, false}, []byte{0, 0, 0, 1}},
	} {
		var v value
		if err := c.column.read(c.raw, &v); err == nil {
			t.Errorf("%s is read as %+v", what, v)
		}
	}
}
