package onlineretail

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// allocation words the parts of every credit document: "C1 row 1: 3 returned of 536365/0 for 765".
func allocation(p *Plan) (words []string) {
	for _, day := range p.Days {
		for _, d := range day.Documents {
			for _, part := range day.Credits[d.Number] {
				of := ""
				if part.Order != "" {
					of = fmt.Sprintf(" of %s/%d", part.Order, part.Line)
				}
				words = append(words, fmt.Sprintf("%s row %d: %d %s%s for %d", d.Number, part.Row, part.Quantity, part.Kind, of, part.Amount.Minor))
			}
		}
	}
	return words
}

func TestWhatACreditIsTakenOff(t *testing.T) {
	heart := EarlierLine{Document: "530000", Ordinal: 4, Day: "2010-11-30", SKU: "85123A", Unit: price(255, 2), Left: 5}
	later, today, spent, dearer := heart, heart, heart, heart
	later.Day, today.Day, spent.Left, dearer.Unit = "2010-12-03", "2010-12-02", 0, price(256, 2)
	newer := heart
	newer.Document, newer.Left = "530001", 2
	for _, c := range []struct {
		what    string
		earlier []EarlierLine // of customer 17850
		rows    []string
		want    []string
	}{
		{"ordered the same day: cancelled", nil, []string{
			"536365 85123A 6 2010-12-02T08:00 2.55 17850", "C536366 85123A -2 2010-12-02T20:00 2.55 17850"},
			[]string{"C536366 row 1: 2 cancelled of 536365/0 for 510"}},
		{"ordered a minute before midnight: returned", nil, []string{
			"536365 85123A 6 2010-12-01T23:59 2.55 17850", "C536366 85123A -2 2010-12-02T00:00 2.55 17850"},
			[]string{"C536366 row 1: 2 returned of 536365/0 for 510"}},
		{"the same day in summer, though not in UTC: cancelled", nil, []string{
			"536365 85123A 6 2011-07-01T00:30 2.55 17850", "C536366 85123A -2 2011-07-01T08:00 2.55 17850"},
			[]string{"C536366 row 1: 2 cancelled of 536365/0 for 510"}},
		{"the same day in UTC, though not in the shop: returned", nil, []string{
			"536365 85123A 6 2011-06-30T23:30 2.55 17850", "C536366 85123A -2 2011-07-01T00:30 2.55 17850"},
			[]string{"C536366 row 1: 2 returned of 536365/0 for 510"}},
		{"never ordered", nil, []string{
			"C536366 85123A -2 2010-12-02T08:00 2.55 17850"},
			[]string{"C536366 row 1: 2 without_original for 510"}},
		{"ordered after the credit", nil, []string{
			"C536366 85123A -2 2010-12-02T08:00 2.55 17850", "536367 85123A 6 2010-12-02T08:00 2.55 17850"},
			[]string{"C536366 row 1: 2 without_original for 510"}},
		{"ordered by somebody else", nil, []string{
			"536365 85123A 6 2010-12-01T08:00 2.55 13047", "C536366 85123A -2 2010-12-02T08:00 2.55 17850"},
			[]string{"C536366 row 1: 2 without_original for 510"}},
		{"a guest's, whoever ordered it", nil, []string{
			"536365 85123A 6 2010-12-01T08:00 2.55 -", "C536366 85123A -2 2010-12-02T08:00 2.55 -"},
			[]string{"C536366 row 1: 2 without_original for 510"}},
		{"ordered at another price", nil, []string{
			"536365 85123A 6 2010-12-01T08:00 2.55 17850", "C536366 85123A -2 2010-12-02T08:00 2.551 17850"},
			[]string{"C536366 row 1: 2 without_original for 510"}},
		{"ordered at the same price, written otherwise", nil, []string{
			"536365 85123A 6 2010-12-01T08:00 2.5 17850", "C536366 85123A -2 2010-12-02T08:00 2.500 17850"},
			[]string{"C536366 row 1: 2 returned of 536365/0 for 500"}},
		{"ordered in other case", nil, []string{
			"536365 85123a 6 2010-12-01T08:00 2.55 17850", "C536366 85123A -2 2010-12-02T08:00 2.55 17850"},
			[]string{"C536366 row 1: 2 returned of 536365/0 for 510"}},
		{"the customer has moved", nil, []string{
			"536365 85123A 6 2010-12-01T08:00 2.55 17850 @France", "C536366 85123A -2 2010-12-02T08:00 2.55 17850 @Spain"},
			[]string{"C536366 row 1: 2 returned of 536365/0 for 510"}},
		{"a free line", nil, []string{
			"536365 85123A 6 2010-12-01T08:00 0 17850", "C536366 85123A -2 2010-12-02T08:00 0 17850"},
			[]string{"C536366 row 1: 2 returned of 536365/0 for 0"}},
		{"a service", nil, []string{
			"536365 POST 1 2010-12-01T08:00 18 17850", "C536366 POST -1 2010-12-02T08:00 18 17850"},
			[]string{"C536366 row 1: 1 returned of 536365/0 for 1800"}},

		{"newest first, over lines and orders, the rest without original", nil, []string{
			"536365 85123A 2 2010-12-01T08:00 2.55 17850", "536365 22752 9 2010-12-01T08:00 7.65 17850", "536365 85123A 3 2010-12-01T08:00 2.55 17850",
			"536366 85123A 4 2010-12-02T08:00 2.55 17850",
			"C536367 85123A -10 2010-12-02T09:00 2.55 17850"},
			[]string{"C536367 row 1: 4 cancelled of 536366/0 for 1020", "C536367 row 1: 3 returned of 536365/2 for 765", "C536367 row 1: 2 returned of 536365/0 for 510",
				"C536367 row 1: 1 without_original for 255"}},
		{"only what is left", nil, []string{
			"536365 85123A 5 2010-12-01T08:00 2.55 17850",
			"C536366 85123A -2 2010-12-01T09:00 2.55 17850", "C536367 85123A -2 2010-12-02T09:00 2.55 17850", "C536368 85123A -2 2010-12-03T09:00 2.55 17850",
			"C536369 85123A -2 2010-12-04T09:00 2.55 17850"},
			[]string{"C536366 row 1: 2 cancelled of 536365/0 for 510", "C536367 row 1: 2 returned of 536365/0 for 510", "C536368 row 1: 1 returned of 536365/0 for 255",
				"C536368 row 1: 1 without_original for 255", "C536369 row 1: 2 without_original for 510"}},
		{"rows of one document share what is left", nil, []string{
			"536365 85123A 3 2010-12-01T08:00 2.55 17850",
			"C536366 85123A -2 2010-12-02T09:00 2.55 17850", "C536366 85123A -2 2010-12-02T09:00 2.55 17850"},
			[]string{"C536366 row 1: 2 returned of 536365/0 for 510", "C536366 row 2: 1 returned of 536365/0 for 255", "C536366 row 2: 1 without_original for 255"}},
		{"in the order of first rows, not of numbers", nil, []string{
			"536365 85123A 2 2010-12-01T08:00 2.55 17850",
			"C536369 85123A -2 2010-12-02T09:00 2.55 17850", "C536366 85123A -2 2010-12-02T09:00 2.55 17850"},
			[]string{"C536369 row 1: 2 returned of 536365/0 for 510", "C536366 row 1: 2 without_original for 510"}},
		{"a refused order is no original", nil, []string{
			"536365 85123A 2 2010-12-01T08:00 2.55 17850", "536365 85123A -1 2010-12-01T08:00 2.55 17850",
			"C536366 85123A -1 2010-12-02T09:00 2.55 17850"},
			[]string{"C536366 row 1: 1 without_original for 255"}},

		// 5 × 0.425 = 2.125, 2.13 by the rule; alone, parts of 2 and 3 would be 0.85 and 1.28.
		{"the parts of a row add up to its total", nil, []string{
			"536365 85123A 2 2010-12-01T08:00 0.425 17850", "536365 85123A 2 2010-12-01T08:00 0.425 17850",
			"C536366 85123A -5 2010-12-02T09:00 0.425 17850"},
			[]string{"C536366 row 1: 2 returned of 536365/1 for 85", "C536366 row 1: 2 returned of 536365/0 for 85", "C536366 row 1: 1 without_original for 43"}},
		// 3 × 0.005 = 0.015, 0.02 by the rule; each alone would be 0.01.
		{"also when each part rounds up", nil, []string{
			"536365 85123A 1 2010-12-01T08:00 0.005 17850", "536365 85123A 1 2010-12-01T08:00 0.005 17850", "536365 85123A 1 2010-12-01T08:00 0.005 17850",
			"C536366 85123A -3 2010-12-02T09:00 0.005 17850"},
			[]string{"C536366 row 1: 1 returned of 536365/2 for 1", "C536366 row 1: 1 returned of 536365/1 for 0", "C536366 row 1: 1 returned of 536365/0 for 1"}},

		{"a line of an earlier import", []EarlierLine{heart}, []string{
			"C536366 85123A -7 2010-12-02T09:00 2.55 17850"},
			[]string{"C536366 row 1: 5 returned of 530000/4 for 1275", "C536366 row 1: 2 without_original for 510"}},
		{"own lines before those of an earlier import, and those newest first", []EarlierLine{heart, newer}, []string{
			"536365 85123A 1 2010-12-01T08:00 2.55 17850",
			"C536366 85123A -7 2010-12-02T09:00 2.55 17850"},
			[]string{"C536366 row 1: 1 returned of 536365/0 for 255", "C536366 row 1: 2 returned of 530001/4 for 510", "C536366 row 1: 4 returned of 530000/4 for 1020"}},
		{"a line that earlier credits used up", []EarlierLine{spent}, []string{
			"C536366 85123A -1 2010-12-02T09:00 2.55 17850"},
			[]string{"C536366 row 1: 1 without_original for 255"}},
		{"a line of an earlier import at another price", []EarlierLine{dearer}, []string{
			"C536366 85123A -1 2010-12-02T09:00 2.55 17850"},
			[]string{"C536366 row 1: 1 without_original for 255"}},
		{"a line of an import of later days", []EarlierLine{later}, []string{
			"C536366 85123A -1 2010-12-02T09:00 2.55 17850"},
			[]string{"C536366 row 1: 1 without_original for 255"}},
		{"a line of the same day, which another import has dispatched: returned", []EarlierLine{today}, []string{
			"C536366 85123A -1 2010-12-02T09:00 2.55 17850"},
			[]string{"C536366 row 1: 1 returned of 530000/4 for 255"}},

		{"a late order, worked through with the day of its credit, was not dispatched: cancelled", nil, []string{
			"536365 22752 1 2010-12-02T08:00 7.65 13047",
			"536366 85123A 2 2010-12-01T08:00 2.55 17850", "C536367 85123A -1 2010-12-02T09:00 2.55 17850"},
			[]string{"C536367 row 1: 1 cancelled of 536366/0 for 255"}},
		{"a late credit of a day that is closed: its order was dispatched, returned", nil, []string{
			"536365 85123A 2 2010-12-01T08:00 2.55 17850",
			"536366 22752 1 2010-12-02T08:00 7.65 13047",
			"C536367 85123A -1 2010-12-01T09:00 2.55 17850"},
			[]string{"C536367 row 1: 1 returned of 536365/0 for 255"}},
	} {
		p, err := MakePlan(books(t, c.rows...), map[string][]EarlierLine{"17850": c.earlier})
		if err != nil {
			t.Errorf("%s: %v", c.what, err)
			continue
		}
		if got := allocation(p); !slices.Equal(got, c.want) {
			t.Errorf("%s:\n got %s\nwant %s", c.what, strings.Join(got, "\n     "), strings.Join(c.want, "\n     "))
		}
	}
}

func TestACreditFallsIntoNoMorePartsThanACreditNoteTakes(t *testing.T) {
	var rows []string
	for n := range 2 {
		rows = append(rows, slices.Repeat([]string{fmt.Sprintf("53636%d 85123A 1 2010-12-01T08:00 2.55 17850", n)}, 800)...)
	}
	_, err := MakePlan(books(t, append(rows, "C536370 85123A -1501 2010-12-02T09:00 2.55 17850")...), nil)
	if want := "the credit document C536370 falls into 1501 parts, the most is 1500"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if _, err := MakePlan(books(t, append(rows, "C536370 85123A -1500 2010-12-02T09:00 2.55 17850")...), nil); err != nil {
		t.Error(err)
	}
}
