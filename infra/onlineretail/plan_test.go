package onlineretail

import (
	"fmt"
	"slices"
	"testing"
)

func TestPriceList(t *testing.T) {
	for _, c := range []struct {
		what string
		rows []string
		want []string // day, SKU, price in tenths of a penny
	}{
		{"the most frequent price of the day's lines, whatever their quantities", []string{
			"536365 85123A 900 2010-12-01T08:00 2.55 17850", "536366 85123A 1 2010-12-01T09:00 2.95 17850", "536367 85123A 1 2010-12-01T09:00 2.95 -"},
			[]string{"2010-12-01 85123A 2950"}},
		{"of equally frequent ones the higher", []string{
			"536365 85123A 1 2010-12-01T08:00 2.95 17850", "536366 85123A 1 2010-12-01T09:00 2.955 17850", "536367 85123A 1 2010-12-01T10:00 2.55 17850"},
			[]string{"2010-12-01 85123A 2955"}},
		{"2.5 and 2.500 are one price", []string{
			"536365 85123A 1 2010-12-01T08:00 2.5 17850", "536366 85123A 1 2010-12-01T09:00 2.500 17850", "536367 85123A 1 2010-12-01T10:00 2.95 17850"},
			[]string{"2010-12-01 85123A 2500"}},
		{"set again when it differs from the last only", []string{
			"536365 85123A 1 2010-12-01T08:00 2.55 17850", "536366 85123A 1 2010-12-02T08:00 2.55 17850",
			"536367 85123A 1 2010-12-04T08:00 2.95 17850", "536368 85123A 1 2010-12-05T08:00 2.55 17850"},
			[]string{"2010-12-01 85123A 2550", "2010-12-04 85123A 2950", "2010-12-05 85123A 2550"}},
		{"a line for nothing is no price", []string{
			"536365 85123A 1 2010-12-01T08:00 0 17850", "536365 85123A 1 2010-12-01T08:00 0 17850", "536365 85123A 1 2010-12-01T08:00 2.55 17850",
			"536365 22752 1 2010-12-01T08:00 0 17850"},
			[]string{"2010-12-01 85123A 2550"}},
		{"credits, stock movements, notes, free orders and refused documents set none", []string{
			"C536365 85123A -1 2010-12-01T08:00 2.55 17850", "536366 85123A 1 2010-12-01T08:00 0 -", "A536367 B 1 2010-12-01T08:00 11062.06 -",
			"536368 85123A 1 2010-12-01T08:00 0 17850", "536369 85123A 1 2010-12-01T08:00 2.55 17850", "536369 85123A -1 2010-12-01T08:00 2.55 17850"},
			nil},
		{"services have one too; by SKU", []string{
			"536365 POST 1 2010-12-01T08:00 18 12583", "536365 85123B 1 2010-12-01T08:00 2.55 12583", "536365 85123A 1 2010-12-01T08:00 2.55 12583"},
			[]string{"2010-12-01 85123A 2550", "2010-12-01 85123B 2550", "2010-12-01 POST 18000"}},
		{"the day is the shop's", []string{
			"536365 85123A 1 2011-06-30T23:30 2.55 17850", "536366 85123A 1 2011-07-01T00:30 2.95 17850"},
			[]string{"2011-06-30 85123A 2550", "2011-07-01 85123A 2950"}},
		{"a late document counts with the day that it is worked through with", []string{
			"536365 85123A 1 2010-12-01T08:00 2.55 17850", "536366 85123A 1 2010-12-02T08:00 2.95 17850", "536367 85123A 1 2010-12-01T08:00 3.25 17850"},
			[]string{"2010-12-01 85123A 2550", "2010-12-02 85123A 3250"}},
	} {
		var got []string
		for _, day := range plan(t, c.rows...).Days {
			for _, p := range day.Prices {
				tenths := p.Unit.Amount
				if p.Unit.Scale == 2 {
					tenths *= 10
				}
				got = append(got, fmt.Sprintf("%s %s %d", day.Date, p.SKU, tenths))
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.what, got, c.want)
		}
	}
}

func TestProducts(t *testing.T) {
	for _, c := range []struct {
		what string
		rows []string
		want []string
	}{
		{"the newest description of a priced row is the name", []string{
			"536365 85123A 1 2010-12-01T08:00 2.55 17850 HEART", "536366 85123A 1 2010-12-02T08:00 2.55 17850 WHITE HEART"},
			[]string{"goods 85123A WHITE HEART"}},
		{"by time, not by place", []string{
			"536365 85123A 1 2010-12-02T08:00 2.55 17850 WHITE HEART", "536366 85123A 1 2010-12-01T08:00 2.55 17850 HEART"},
			[]string{"goods 85123A WHITE HEART"}},
		{"of one time, the last", []string{
			"536365 85123A 1 2010-12-01T08:00 2.55 17850 HEART", "536365 85123A 1 2010-12-01T08:00 2.55 17850 WHITE HEART"},
			[]string{"goods 85123A WHITE HEART"}},
		{"a remark never is", []string{
			"536365 85123A 1 2010-12-01T08:00 2.55 17850 HEART", "536366 85123A -1 2010-12-02T08:00 0 - damaged"},
			[]string{"goods 85123A HEART"}},
		{"nor the description of a free line, nor an empty one", []string{
			"536365 85123A 1 2010-12-01T08:00 2.55 17850 HEART", "536366 85123A 1 2010-12-02T08:00 0 17850 A GIFT", "536367 85123A 1 2010-12-03T08:00 2.55 17850"},
			[]string{"goods 85123A HEART"}},
		{"a credit's is a description too", []string{
			"C536365 85123A -1 2010-12-01T08:00 2.55 17850 HEART"},
			[]string{"goods 85123A HEART"}},
		{"else the code", []string{
			"536365 85123A -1 2010-12-01T08:00 0 - damaged", "536366 gift_0001_30 1 2010-12-01T08:00 30 -"},
			[]string{"goods 85123A (85123A)", "service GIFT_0001_30 (GIFT_0001_30)"}},
		{"what leaves nothing behind has none", []string{
			"536365 POST 1000 2010-12-01T08:00 0 -", "A536366 B 1 2010-12-01T08:00 11062.06 - Adjust bad debt", "536367 85123A 0 2010-12-01T08:00 2.55 17850 HEART"},
			nil},
		{"in the order of the file", []string{
			"536365 22752 1 2010-12-01T08:00 7.65 17850 BOXES", "536365 POST 1 2010-12-01T08:00 18 17850 POSTAGE", "536366 11001 1 2010-12-01T08:00 1.69 17850 FAN"},
			[]string{"goods 22752 BOXES", "service POST POSTAGE", "goods 11001 FAN"}},
	} {
		var got []string
		for _, p := range plan(t, c.rows...).Products {
			kind, name := "service", p.Name
			if p.Goods {
				kind = "goods"
			}
			if !p.Named {
				name = "(" + name + ")"
			}
			got = append(got, fmt.Sprintf("%s %s %s", kind, p.SKU, name))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.what, got, c.want)
		}
	}
}

func TestOpeningStockBringsTheLowestPointToZero(t *testing.T) {
	for _, c := range []struct {
		what string
		rows []string
		want []Receipt
	}{
		{"what was sold", []string{"536365 85123A 6 2010-12-01T08:00 2.55 17850", "536366 85123A 2 2010-12-01T08:00 2.55 -"}, []Receipt{{"85123A", 8}}},
		{"free lines and free orders too", []string{"536365 85123A 6 2010-12-01T08:00 0 17850"}, []Receipt{{"85123A", 6}}},
		{"what the warehouse lost", []string{"536365 85123A -6 2010-12-01T08:00 0 - lost"}, []Receipt{{"85123A", 6}}},
		{"less what it found before", []string{"536365 85123A 4 2010-12-01T08:00 0 - found", "536366 85123A 6 2010-12-01T08:00 2.55 17850"}, []Receipt{{"85123A", 2}}},
		{"but not after", []string{"536365 85123A 6 2010-12-01T08:00 2.55 17850", "536366 85123A 4 2010-12-01T08:00 0 - found"}, []Receipt{{"85123A", 6}}},
		{"less what was credited before", []string{"C536365 85123A -4 2010-12-01T08:00 2.55 17850", "536366 85123A 6 2010-12-01T08:00 2.55 17850"}, []Receipt{{"85123A", 2}}},
		{"the lowest point, not the end", []string{"536365 85123A 6 2010-12-01T08:00 2.55 17850", "C536366 85123A -6 2010-12-01T08:00 2.55 17850",
			"536367 85123A 5 2010-12-01T08:00 2.55 17850"}, []Receipt{{"85123A", 6}}},
		{"a document is one movement", []string{"536365 85123A -6 2010-12-01T08:00 0 -", "536365 85123A 6 2010-12-01T08:00 0 -"}, nil},
		{"by first rows, not by time", []string{"536365 85123A 6 2010-12-01T09:00 2.55 17850", "536366 85123A 6 2010-12-01T08:00 0 - found"}, []Receipt{{"85123A", 6}}},
		{"nothing for what only came in", []string{"536365 85123A 6 2010-12-01T08:00 0 - found"}, nil},
		{"nothing for services, notes and refused documents", []string{"536365 POST 6 2010-12-01T08:00 18 17850", "536366 POST -6 2010-12-01T08:00 0 -",
			"A536367 22752 1 2010-12-01T08:00 18 -", "536368 22752 1 2010-12-01T08:00 18 -", "536368 22752 -1 2010-12-01T08:00 18 -"}, nil},
		{"by SKU", []string{"536365 85123B 6 2010-12-01T08:00 2.55 17850", "536365 85123A 1 2010-12-01T08:00 2.55 17850"}, []Receipt{{"85123A", 1}, {"85123B", 6}}},
	} {
		if got := plan(t, c.rows...).Opening; !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.what, got, c.want)
		}
	}
}

func TestStockHasItsLimit(t *testing.T) {
	var rows []string
	for n := range 2001 {
		rows = append(rows, fmt.Sprintf("%06d 85123A -500000 2010-12-01T08:00 0 -", 536365+n))
	}
	_, err := MakePlan(books(t, rows...), nil)
	if want := "the stock of 85123A moves by more than 1000000000 units by document 538365: no warehouse holds so many"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if p := plan(t, rows[:2000]...); !slices.Equal(p.Opening, []Receipt{{"85123A", 1_000_000_000}}) {
		t.Errorf("got %v, want a thousand million", p.Opening)
	}
}

func TestEveryRefusedRowIsListedByLine(t *testing.T) {
	p := plan(t,
		"536365 POST -1 2010-12-01T08:00 0 -",
		"536366 85123A 1 2010-12-01T08:00 2.55 17850",
		"X 85123A 1 2010-12-01T08:00 2.55 17850",
		"536367 85123A -1 2010-12-01T08:00 0 -",
		"536367 DOT -1 2010-12-01T08:00 0 -",
		"X 22752 1 2010-12-01T08:00 2.55 17850")
	const unnamed = `"X" is no document number: six digits, with a C before credits and an A before accounting notes`
	const service = "a stock movement of a service: there is no stock to move"
	want := []RefusedRow{{2, "536365", "POST", service}, {4, "X", "85123A", unnamed}, {6, "536367", "DOT", service}, {7, "X", "22752", unnamed}}
	if !slices.Equal(p.Refused, want) || p.Expected.Counts.RowsRefused != 4 {
		t.Errorf("got %v, %d counted, want %v", p.Refused, p.Expected.Counts.RowsRefused, want)
	}
}
