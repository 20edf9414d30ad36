package onlineretail

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// classes words what documents there are, in order: "536365 sale", and why rows are refused: "line 2: …".
func classes(f *File) (docs, refused []string) {
	found, why := documents(f.Rows)
	for _, d := range found {
		docs = append(docs, d.Number+" "+string(d.Class))
	}
	for _, r := range why {
		refused = append(refused, fmt.Sprintf("line %d: %s", r.Line, r.Reason))
	}
	return docs, refused
}

func TestWhatADocumentIs(t *testing.T) {
	const (
		quantities = "a sale has quantities above 0 on every row"
		nothing    = "a row moves no unit"
		credits    = "a credit document has quantities below 0 and no price below 0"
		below      = "only accounting notes have prices below 0"
		two        = "the document names two customers or two countries"
		unnamed    = " is no document number: six digits, with a C before credits and an A before accounting notes"
	)
	for _, c := range []struct {
		what  string
		rows  []string
		class Class
		why   string // of a refusal
	}{
		{"a sale of a customer", []string{"536365 85123A 6 2010-12-01T08:26 2.55 17850"}, Sale, ""},
		{"a sale of a guest", []string{"536365 85123A 6 2010-12-01T08:26 2.55 -"}, Sale, ""},
		{"a sale of services alone", []string{"536365 POST 1 2010-12-01T08:26 18 12583"}, Sale, ""},
		{"a sale with free lines", []string{"536365 85123A 6 2010-12-01T08:26 0 -", "536365 22752 2 2010-12-01T08:26 7.65 -"}, Sale, ""},
		{"a tenth of a penny is a price", []string{"536365 PADS 1 2010-12-01T08:26 0.001 13408"}, Sale, ""},
		{"nothing but free lines of a customer", []string{"536365 85123A 6 2010-12-01T08:26 0 17850", "536365 22752 2 2010-12-01T08:26 0 17850"}, FreeOrder, ""},
		{"free services of a customer", []string{"536365 POST 1 2010-12-01T08:26 0 17850"}, FreeOrder, ""},
		{"goods gone", []string{"536365 85123A -6 2010-12-01T08:26 0 - damaged"}, StockMovement, ""},
		{"goods found", []string{"536365 85123A 6 2010-12-01T08:26 0 - found"}, StockMovement, ""},
		{"goods recoded", []string{"536365 85123A 6 2010-12-01T08:26 0 -", "536365 85123B -6 2010-12-01T08:26 0 -"}, StockMovement, ""},
		{"a stock movement of a service", []string{"536365 POST 1000 2010-12-01T08:26 0 -"}, StockMovement, ""},
		{"a credit", []string{"C536379 D -1 2010-12-01T09:41 27.5 14527"}, Credit, ""},
		{"a credit of a guest", []string{"C536379 22429 -2 2010-12-01T09:41 4.25 -"}, Credit, ""},
		{"a credit for nothing", []string{"C536379 22429 -2 2010-12-01T09:41 0 14527"}, Credit, ""},
		{"a credit in lower case", []string{"c536379 22429 -2 2010-12-01T09:41 4.25 14527"}, Credit, ""},
		{"an accounting note", []string{"A563185 B 1 2011-08-12T14:50 11062.06 -"}, Note, ""},
		{"an accounting note below 0", []string{"A563186 B 1 2011-08-12T14:51 -11062.06 -"}, Note, ""},

		{"a sale that takes back", []string{"536365 85123A 6 2010-12-01T08:26 2.55 17850", "536365 22752 -2 2010-12-01T08:26 7.65 17850"}, Refused, quantities},
		{"a free order that takes back", []string{"536365 85123A -6 2010-12-01T08:26 0 17850"}, Refused, quantities},
		{"a guest's sale that takes back for nothing", []string{"536365 85123A 6 2010-12-01T08:26 2.55 -", "536365 22752 -2 2010-12-01T08:26 0 -"}, Refused, quantities},
		{"a sale of nothing", []string{"536365 85123A 0 2010-12-01T08:26 2.55 17850"}, Refused, nothing},
		{"a stock movement of nothing", []string{"536365 85123A 0 2010-12-01T08:26 0 -"}, Refused, nothing},
		{"a sale at a price below 0", []string{"536365 85123A 6 2010-12-01T08:26 -2.55 17850"}, Refused, below},
		{"a credit that gives", []string{"C536379 22429 -2 2010-12-01T09:41 4.25 14527", "C536379 22752 1 2010-12-01T09:41 4.25 14527"}, Refused, credits},
		{"a credit of nothing", []string{"C536379 22429 0 2010-12-01T09:41 4.25 14527"}, Refused, credits},
		{"a credit at a price below 0", []string{"C536379 22429 -1 2010-12-01T09:41 -4.25 14527"}, Refused, credits},
		{"two customers", []string{"536365 85123A 6 2010-12-01T08:26 2.55 17850", "536365 22752 2 2010-12-01T08:26 7.65 13047"}, Refused, two},
		{"a customer and a guest", []string{"536365 85123A 6 2010-12-01T08:26 2.55 17850", "536365 22752 2 2010-12-01T08:26 7.65 -"}, Refused, two},
		{"two countries", []string{"536365 85123A 6 2010-12-01T08:26 2.55 17850", "536365 22752 2 2010-12-01T08:26 7.65 17850 @France"}, Refused, two},
		{"a credit of two customers", []string{"C536379 22429 -2 2010-12-01T09:41 4.25 14527", "C536379 22429 -2 2010-12-01T09:41 4.25 17850"}, Refused, two},
		{"five digits", []string{"53636 85123A 6 2010-12-01T08:26 2.55 17850"}, Refused, `"53636"` + unnamed},
		{"seven digits", []string{"5363650 85123A 6 2010-12-01T08:26 2.55 17850"}, Refused, `"5363650"` + unnamed},
		{"another letter", []string{"B536365 85123A 6 2010-12-01T08:26 2.55 17850"}, Refused, `"B536365"` + unnamed},
		{"a letter alone", []string{"C 85123A -6 2010-12-01T08:26 2.55 17850"}, Refused, `"C"` + unnamed},
	} {
		docs, refused := classes(books(t, c.rows...))
		number := strings.ToUpper(strings.Fields(c.rows[0])[0])
		if want := []string{number + " " + string(c.class)}; !slices.Equal(docs, want) {
			t.Errorf("%s: got %v, want %v", c.what, docs, want)
		}
		var want []string // every row of a refused document
		for i := range c.rows {
			if c.class == Refused {
				want = append(want, fmt.Sprintf("line %d: %s", i+2, c.why))
			}
		}
		if !slices.Equal(refused, want) {
			t.Errorf("%s: got %q, want %q", c.what, refused, want)
		}
	}
}

func TestADocumentHasAsManyRowsAsAnOrderTakes(t *testing.T) {
	row := "536365 85123A 1 2010-12-01T08:26 2.55 17850"
	if docs, refused := classes(books(t, slices.Repeat([]string{row}, 1500)...)); docs[0] != "536365 sale" || refused != nil {
		t.Errorf("1,500 rows: got %v, %d refused", docs, len(refused))
	}
	docs, refused := classes(books(t, slices.Repeat([]string{row}, 1501)...))
	if docs[0] != "536365 refused" || len(refused) != 1501 || refused[0] != "line 2: the document has 1501 rows, the most is 1500" {
		t.Errorf("1,501 rows: got %v, %d refused, the first %q", docs, len(refused), refused[:1])
	}
}

func TestDocumentsAreGroupedByNumberInTheOrderOfTheirFirstRows(t *testing.T) {
	f := books(t,
		"542806 85123A 1 2011-02-01T10:00 2.55 17850",
		"542806 85123A 1 2011-02-01T10:00 2.55 17850", // the same again is another line
		"542805 22752 2 2011-02-01T10:01 7.65 13047",
		"542806 22429 3 2011-02-01T09:58 4.25 17850",
		"542806 22633 4 2011-02-01T10:00 1.85 17850",
		"542807 22752 5 2011-02-01T10:02 7.65 13047",
		"542805 22429 6 2011-02-01T10:03 4.25 13047",
		"542806 22632 7 2011-02-01T10:00 1.85 17850")
	before := slices.Clone(f.Rows)
	docs, _ := documents(f.Rows)
	var got []string
	for _, d := range docs {
		var lines []string
		for _, r := range d.Rows {
			lines = append(lines, fmt.Sprint(r.Line))
		}
		got = append(got, fmt.Sprintf("%s at %s: %s", d.Number, d.At.Format("15:04"), strings.Join(lines, " ")))
	}
	want := []string{"542806 at 09:58: 2 3 5 6 9", "542805 at 10:01: 4 8", "542807 at 10:02: 7"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
	if !slices.Equal(f.Rows, before) {
		t.Error("grouping changed the rows of the file")
	}
}

func TestADayIsTheShopsDay(t *testing.T) {
	for _, c := range []struct{ at, day, from, close string }{
		{"2010-12-01T00:00", "2010-12-01", "2010-12-01T00:00:00Z", "2010-12-02T00:00:00Z"},
		{"2010-12-01T23:59", "2010-12-01", "2010-12-01T00:00:00Z", "2010-12-02T00:00:00Z"},
		{"2011-03-26T23:59", "2011-03-26", "2011-03-26T00:00:00Z", "2011-03-27T00:00:00Z"},
		{"2011-03-27T00:30", "2011-03-27", "2011-03-27T00:00:00Z", "2011-03-27T23:00:00Z"}, // 23 hours: summer begins
		{"2011-03-27T23:59", "2011-03-27", "2011-03-27T00:00:00Z", "2011-03-27T23:00:00Z"},
		{"2011-06-30T23:59", "2011-06-30", "2011-06-29T23:00:00Z", "2011-06-30T23:00:00Z"},
		{"2011-07-01T00:00", "2011-07-01", "2011-06-30T23:00:00Z", "2011-07-01T23:00:00Z"}, // the evening before, in UTC
		{"2011-10-30T00:00", "2011-10-30", "2011-10-29T23:00:00Z", "2011-10-31T00:00:00Z"}, // 25 hours: summer ends
		{"2011-10-30T23:59", "2011-10-30", "2011-10-29T23:00:00Z", "2011-10-31T00:00:00Z"},
		{"2011-12-31T23:59", "2011-12-31", "2011-12-31T00:00:00Z", "2012-01-01T00:00:00Z"},
	} {
		p := plan(t, "536365 85123A 6 "+c.at+" 2.55 17850")
		d := p.Days[0]
		got := []string{d.Date, d.From.UTC().Format(time.RFC3339), d.Close.UTC().Format(time.RFC3339)}
		if want := []string{c.day, c.from, c.close}; len(p.Days) != 1 || !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", c.at, got, want)
		}
		if end := d.end(); !end.Before(d.Close) || end.Format(time.DateOnly) != d.Date {
			t.Errorf("%s: the day ends at %v, not within itself", c.at, end)
		}
	}
}

func TestDocumentsAreWorkedThroughByDay(t *testing.T) {
	p := plan(t,
		"536365 85123A 6 2010-12-01T23:59 2.55 17850",
		"536366 85123A 6 2010-12-02T00:00 2.55 17850",
		"536367 85123A 6 2010-12-01T12:00 2.55 17850", // late: the first is closed
		"536368 85123A 6 2010-12-04T12:00 2.55 17850",
		"536366 22752 6 2010-12-05T12:00 7.65 17850", // a document is of the day of its earliest row
		"536369 85123A 6 2010-12-04T11:00 2.55 17850")
	var got []string
	for _, day := range p.Days {
		var numbers []string
		for _, d := range day.Documents {
			numbers = append(numbers, d.Number+" of "+d.Day)
		}
		got = append(got, day.Date+": "+strings.Join(numbers, ", "))
	}
	want := []string{"2010-12-01: 536365 of 2010-12-01", "2010-12-02: 536366 of 2010-12-02, 536367 of 2010-12-01",
		"2010-12-04: 536368 of 2010-12-04, 536369 of 2010-12-04"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}
