package onlineretail

import (
	"bytes"
	"encoding/csv"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	header = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
	good   = "536365,85123A,HEART,6,2010-12-01T08:26:00,2.55,17850,United Kingdom\n"
)

// books reads lines of the form
//
//	536365 85123A 6 2010-12-01T08:26 2.55 17850 [@Country] [words of the description]
//
// where the customer of a guest is -, the country is United Kingdom unless said otherwise.
func books(t testing.TB, lines ...string) *File {
	t.Helper()
	var b bytes.Buffer
	b.WriteString(header)
	w := csv.NewWriter(&b)
	for _, l := range lines {
		f := strings.Fields(l)
		customer, country, words := strings.Trim(f[5], "-"), "United Kingdom", f[6:]
		if len(words) > 0 && words[0][0] == '@' {
			country, words = words[0][1:], words[1:]
		}
		if err := w.Write([]string{f[0], f[1], strings.Join(words, " "), f[2], f[3] + ":00", f[4], customer, country}); err != nil {
			t.Fatal(err)
		}
	}
	w.Flush()
	file, err := Read(&b)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// sameRows tells whether rows say the same; in which lines of a file they stand is another matter.
func sameRows(a, b []Row) bool {
	return slices.EqualFunc(a, b, func(a, b Row) bool {
		at := a.At.Equal(b.At)
		a.Line, b.Line, a.At, b.At = 0, 0, time.Time{}, time.Time{}
		return at && a == b
	})
}

func plan(t testing.TB, lines ...string) *Plan {
	t.Helper()
	p, err := MakePlan(books(t, lines...), nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
