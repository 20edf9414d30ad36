// Package onlineretail brings the books of a gift-ware retailer ("Online Retail", Chen et al. 2012,
// doi:10.1145/1835804.1835882) into the shop, through the command API alone, and reconciles the file with the views.
package onlineretail

import (
	"fmt"
	"strconv"
	"strings"
	"time"
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

// Limits of a field, so that a broken file cannot pass as a long description.
const (
	fieldMax    = 500
	quantityMax = 1_000_000_000
)

// parseRow reads the fields of one record, given in the order of columns.
func parseRow(line int, f []string, zone *time.Location) (r Row, err error) {
	for i, value := range f {
		if !utf8.ValidString(value) || strings.ContainsRune(value, 0) {
			return r, fmt.Errorf("%s is not UTF-8 text", columns[i])
		}
		if len(value) > fieldMax {
			return r, fmt.Errorf("%s has %d bytes, the most is %d", columns[i], len(value), fieldMax)
		}
	}
	r = Row{Line: line, Document: strings.ToUpper(strings.TrimSpace(f[0])), SKU: events.SKU(f[1]), Description: strings.TrimSpace(f[2]),
		Customer: strings.TrimSpace(f[6]), Country: strings.TrimSpace(f[7])}
	switch {
	case r.Document == "":
		return r, fmt.Errorf("InvoiceNo is empty")
	case r.SKU == "":
		return r, fmt.Errorf("StockCode is empty")
	case r.Country == "":
		return r, fmt.Errorf("Country is empty")
	}
	if r.Quantity, err = strconv.ParseInt(strings.TrimSpace(f[3]), 10, 64); err != nil || r.Quantity > quantityMax || r.Quantity < -quantityMax {
		return r, fmt.Errorf("Quantity %q is not a whole number of at most %d", f[3], quantityMax)
	}
	if r.At, err = time.ParseInLocation("2006-01-02T15:04:05", strings.TrimSpace(f[4]), zone); err != nil {
		return r, fmt.Errorf("InvoiceDate %q is not a local time such as 2010-12-01T08:26:00", f[4])
	}
	r.Unit, err = parsePrice(strings.TrimSpace(f[5]))
	return r, err
}

// parsePrice reads a decimal of up to placesMax places, exactly. 2.50 and 2.5 are the same price, so trailing zeros
// beyond the penny go.
func parsePrice(s string) (events.UnitPrice, error) {
	bad := fmt.Errorf("UnitPrice %q is not a decimal of up to %d places such as 2.55", s, placesMax)
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
