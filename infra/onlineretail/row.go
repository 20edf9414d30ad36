// Package onlineretail brings the books of a gift-ware retailer ("Online Retail", Chen et al. 2012,
// doi:10.1145/1835804.1835882) into the shop, through the command API alone, and reconciles the file with the views.
package onlineretail

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"tillstream/events"
)

// Source is the name of these books in ids and reports.
const Source = "online-retail"

// Zone is where the shop keeps its calendar: a business day begins and ends there.
const Zone = "Europe/London"

// Currency of every price of the file.
const Currency = "GBP"

// placesMax is the finest price of the file: a tenth of a penny.
const placesMax = 3

// Row is one line of the file as it was written, read but not judged.
type Row struct {
	Line        int // of the file, the header being 1
	Document    string
	SKU         string // trimmed and upper-cased
	Description string // trimmed
	Quantity    int64
	At          time.Time
	Unit        events.UnitPrice
	Customer    string // empty: a guest
	Country     string
}

// IsGoods tells whether the SKU is a thing with stock; everything else is a service.
func (r Row) IsGoods() bool { return isGoods(r.SKU) }

func isGoods(sku string) bool {
	if strings.HasPrefix(sku, "DCGS") {
		return true
	}
	if len(sku) < 5 || len(sku) > 7 {
		return false
	}
	for i := range len(sku) {
		digit, letter := sku[i] >= '0' && sku[i] <= '9', sku[i] >= 'A' && sku[i] <= 'Z'
		if i < 5 && !digit || i >= 5 && !letter {
			return false
		}
	}
	return true
}

// columns of the file, all of them required, in any order.
var columns = []string{"InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"}

// Limits of a row. What is within them the shop can record, so that no import stops in the middle on a row that its
// commands refuse; rowsMax lines of lineMax still add up in 64 bits.
const (
	fieldMax       = 64 // characters
	descriptionMax = 256
	quantityMax    = 500_000         // units, up or down
	lineMax        = 100_000_000_000 // pence, up or down
	yearMin        = 1900
)

// dateForm is the one form of a date: local time, to the second.
const dateForm = "2006-01-02T15:04:05"

// parseRow reads the fields of one record, given in the order of columns. Spaces around a field go, and a line break or
// tab within a description is a space.
func parseRow(line int, f []string, zone *time.Location) (r Row, err error) {
	for i, value := range f {
		if err := checkText(columns[i], value); err != nil {
			return r, err
		}
	}
	r = Row{Line: line, Document: strings.ToUpper(strings.TrimSpace(f[0])), SKU: events.SKU(f[1]), Description: inOneLine(f[2]),
		Customer: strings.TrimSpace(f[6]), Country: strings.TrimSpace(f[7])}
	switch {
	case r.Document == "":
		return r, errors.New("the InvoiceNo is empty")
	case r.SKU == "":
		return r, errors.New("the StockCode is empty")
	case strings.ContainsFunc(r.SKU, unprintable):
		return r, fmt.Errorf("the StockCode %q has characters that cannot be printed", r.SKU)
	case r.Country == "":
		return r, errors.New("the Country is empty")
	}
	if r.Quantity, err = strconv.ParseInt(strings.TrimSpace(f[3]), 10, 64); err != nil || r.Quantity > quantityMax || r.Quantity < -quantityMax {
		return r, fmt.Errorf("the Quantity %q is not a whole number of at most %d", f[3], quantityMax)
	}
	if r.At, err = parseDate(strings.TrimSpace(f[4]), zone); err != nil {
		return r, err
	}
	if r.Unit, err = parsePrice(strings.TrimSpace(f[5])); err != nil {
		return r, err
	}
	if total, err := r.Unit.Times(r.Quantity); err != nil || total.Minor > lineMax || total.Minor < -lineMax {
		return r, fmt.Errorf("%s × %s is more money than a line may have: at most %d pounds", f[3], f[5], int64(lineMax/100))
	}
	return r, nil
}

// checkText wants UTF-8 of a limited length without control characters. A description may stand on several lines.
func checkText(column, value string) error {
	longest, value := fieldMax, strings.TrimSpace(value)
	if column == "Description" {
		longest, value = descriptionMax, inOneLine(value)
	}
	switch n := utf8.RuneCountInString(value); {
	case !utf8.ValidString(value):
		return fmt.Errorf("the %s is not UTF-8 text", column)
	case n > longest:
		return fmt.Errorf("the %s has %d characters, the most is %d", column, n, longest)
	case strings.ContainsFunc(value, unicode.IsControl):
		return fmt.Errorf("the %s %q holds a control character", column, value)
	}
	return nil
}

func inOneLine(s string) string { return strings.TrimSpace(lineBreaks.Replace(s)) }

var lineBreaks = strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ", "\t", " ")

func unprintable(c rune) bool { return !unicode.IsPrint(c) || c == utf8.RuneError }

// parseDate reads a local time. What the parser would bend is refused: a fraction of a second, an hour of one digit, and
// the hour that the clocks skip in spring.
func parseDate(s string, zone *time.Location) (time.Time, error) {
	at, err := time.ParseInLocation(dateForm, s, zone)
	if err != nil || at.Format(dateForm) != s || at.Year() < yearMin {
		return time.Time{}, fmt.Errorf("the InvoiceDate %q is not a local time such as 2010-12-01T08:26:00", s)
	}
	return at, nil
}

// parsePrice reads a decimal of up to placesMax places, exactly. 2.50 and 2.5 are the same price, so trailing zeros
// beyond the penny go.
func parsePrice(s string) (events.UnitPrice, error) {
	bad := fmt.Errorf("the UnitPrice %q is not a decimal of up to %d places such as 2.55", s, placesMax)
	digits, negative := strings.CutPrefix(s, "-")
	whole, places, _ := strings.Cut(digits, ".")
	if whole == "" || len(places) > placesMax || strings.HasSuffix(s, ".") {
		return events.UnitPrice{}, bad
	}
	for len(places) < 2 {
		places += "0"
	}
	if len(places) == 3 && places[2] == '0' {
		places = places[:2]
	}
	amount, err := strconv.ParseUint(whole+places, 10, 62)
	if err != nil {
		return events.UnitPrice{}, bad
	}
	p := events.UnitPrice{Amount: int64(amount), Scale: uint8(len(places)), Currency: Currency}
	if negative {
		p.Amount = -p.Amount
	}
	return p, nil
}
