package onlineretail

import (
	"bytes"
	"encoding/csv"
	"slices"
	"strings"
	"testing"
	"time"

	"tillstream/events"
)

// one reads a file of the good row with some fields changed: column, value, column, value, …
func one(t *testing.T, changes ...string) (Row, error) {
	t.Helper()
	fields := strings.Split(strings.TrimSpace(good), ",")
	for i := 0; i < len(changes); i += 2 {
		fields[slices.Index(columns, changes[i])] = changes[i+1]
	}
	var b bytes.Buffer
	b.WriteString(header)
	w := csv.NewWriter(&b)
	if err := w.Write(fields); err != nil {
		t.Fatal(err)
	}
	w.Flush()
	file, err := Read(&b)
	if err != nil {
		return Row{}, err
	}
	return file.Rows[0], nil
}

func TestARowSaysWhatItsFieldsSay(t *testing.T) {
	got, err := one(t, "InvoiceNo", " c536365 ", "StockCode", " 85123a\t", "Description", "  WHITE  HEART, \"LARGE\"\n", "CustomerID", "", "Country", " EIRE ")
	if err != nil {
		t.Fatal(err)
	}
	want := Row{Line: 2, Document: "C536365", SKU: "85123A", Description: "WHITE  HEART, \"LARGE\"", Quantity: 6,
		At: time.Date(2010, 12, 1, 8, 26, 0, 0, time.UTC), Unit: price(255, 2), Country: "EIRE"}
	if !got.At.Equal(want.At) {
		t.Errorf("at %v, want %v", got.At, want.At)
	}
	if got.At = want.At; got != want {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

func price(amount int64, scale uint8) events.UnitPrice {
	return events.UnitPrice{Amount: amount, Scale: scale, Currency: Currency}
}

func TestPricesAreExactAndEqualOnesAreTheSame(t *testing.T) {
	for written, want := range map[string]events.UnitPrice{
		"2.55": price(255, 2), "2.5": price(250, 2), "2.50": price(250, 2), "2": price(200, 2), " 2.55 ": price(255, 2), "02.55": price(255, 2),
		"0.425": price(425, 3), "0.001": price(1, 3), "2.550": price(255, 2), "0": price(0, 2), "0.000": price(0, 2), "-11062.06": price(-1106206, 2),
		"-0": price(0, 2), "16888.02": price(1688802, 2),
	} {
		if got, err := one(t, "UnitPrice", written); err != nil || got.Unit != want {
			t.Errorf("price %q: got %+v, %v, want %+v", written, got.Unit, err, want)
		}
	}
}

func TestQuantitiesAreWhole(t *testing.T) {
	for written, want := range map[string]int64{"6": 6, "-6": -6, "+6": 6, " 6 ": 6, "0": 0, "500000": 500_000, "-500000": -500_000} {
		if got, err := one(t, "Quantity", written, "UnitPrice", "0.01"); err != nil || got.Quantity != want {
			t.Errorf("quantity %q: got %d, %v, want %d", written, got.Quantity, err, want)
		}
	}
}

func TestDatesAreLocalTimesOfTheShop(t *testing.T) {
	for written, want := range map[string]string{
		"2010-12-01T08:26:00":   "2010-12-01T08:26:00Z",
		" 2010-12-01T08:26:00 ": "2010-12-01T08:26:00Z",
		"2011-03-27T00:59:59":   "2011-03-27T00:59:59Z",
		"2011-03-27T02:00:00":   "2011-03-27T01:00:00Z", // the clocks went from 1 to 2
		"2011-07-01T00:30:00":   "2011-06-30T23:30:00Z",
		"2011-10-30T02:00:00":   "2011-10-30T02:00:00Z",
		"2012-02-29T12:00:00":   "2012-02-29T12:00:00Z",
	} {
		if got, err := one(t, "InvoiceDate", written); err != nil || got.At.UTC().Format(time.RFC3339) != want {
			t.Errorf("date %q: got %v, %v, want %s", written, got.At.UTC(), err, want)
		}
	}
}

func TestABadFieldRefusesTheFile(t *testing.T) {
	type faults struct {
		column string
		says   string // behind "line 2: "
		values []string
	}
	for _, f := range []faults{
		{"InvoiceNo", "the InvoiceNo is empty", []string{"", "  "}},
		{"StockCode", "the StockCode is empty", []string{"", "  "}},
		{"StockCode", "has characters that cannot be printed", []string{"85\u00a0123", "851\u200b23", "85\ufffd23"}},
		{"Country", "the Country is empty", []string{"", " \t"}},
		{"Quantity", "is not a whole number of at most 500000", []string{"", " ", "6.0", "6.5", "6e1", "1_000", "1,000", "six", "0x10", "--6", "٦",
			"500001", "-500001", "9223372036854775808", "99999999999999999999999"}},
		{"UnitPrice", "is not a decimal of up to 3 places such as 2.55", []string{"", " ", "2.5555", "2.5500", "1e3", "1E-2", ".5", "-.5", "5.", "2,55", "£2.55",
			"+2.55", "--1", "-", ".", "NaN", "Inf", "0x10", "1_000", "1 000", "2.5.5", "٢", "9223372036854775807", "46116860184273879.04", "99999999999999999999999.99"}},
		{"UnitPrice", "more money than a line may have: at most 1000000000 pounds", []string{"1000000000.01", "-1000000000.01", "46116860184273879"}},
		{"InvoiceDate", "is not a local time such as 2010-12-01T08:26:00", []string{"", "2010-12-01", "2010-12-01 08:26:00", "2010-12-01T08:26", "2010-12-01T8:26:00",
			"2010-12-01T08:26:00Z", "2010-12-01T08:26:00+01:00", "2010-12-01T08:26:00.5", "2010-12-01T24:00:00", "2010-12-01T08:60:00", "2010-12-01T08:26:60",
			"2010-13-01T08:26:00", "2010-02-29T08:26:00", "2010-2-9T08:26:00", "12/1/2010 8:26", "40513.35", "1899-12-31T08:26:00", "0000-01-01T00:00:00",
			"2011-03-27T01:00:00", "2011-03-27T01:30:00"}}, // the hour that the clocks skipped
		{"Description", "the Description is not UTF-8 text", []string{"CAF\xc9", "\xff"}},
		{"Country", "the Country is not UTF-8 text", []string{"R\xe9union"}},
		{"Description", "holds a control character", []string{"A\x00B", "\x07", "A\x1bB", "A\u0085B"}},
		{"CustomerID", "holds a control character", []string{"17\x00850", "17\n850", "17\t850"}},
		{"StockCode", "holds a control character", []string{"85\n123A"}},
		{"InvoiceNo", "the InvoiceNo has 65 characters, the most is 64", []string{strings.Repeat("5", 65)}},
		{"CustomerID", "the CustomerID has 65 characters, the most is 64", []string{strings.Repeat("ü", 65)}},
		{"Description", "the Description has 257 characters, the most is 256", []string{strings.Repeat("é", 257)}},
		{"Quantity", "the Quantity has 65 characters, the most is 64", []string{strings.Repeat("0", 64) + "6"}},
	} {
		for _, value := range f.values {
			quantity := "1"
			if f.column == "Quantity" {
				quantity = value
			}
			got, err := one(t, "Quantity", quantity, f.column, value)
			if malformed := (*MalformedError)(nil); !as(err, &malformed) || len(malformed.Faults) != 1 ||
				!strings.HasPrefix(malformed.Faults[0], "line 2: ") || !strings.Contains(malformed.Faults[0], f.says) {
				t.Errorf("%s %q: got %+v, %v, want line 2: … %s", f.column, value, got, err, f.says)
			}
		}
	}
}

func TestFieldsAtTheirLimitAreRead(t *testing.T) {
	for column, value := range map[string]string{"Description": strings.Repeat("é", 256), "CustomerID": strings.Repeat("ü", 64), "StockCode": strings.Repeat("X", 64),
		"UnitPrice": "166666666.66", "Country": strings.Repeat("x", 64), "InvoiceDate": "1900-01-01T00:00:00"} {
		if _, err := one(t, column, value); err != nil {
			t.Errorf("%s %q: %v", column, value, err)
		}
	}
}

func TestGoodsAndServices(t *testing.T) {
	for sku, goods := range map[string]bool{
		"85123A": true, "22752": true, "15056BL": true, "DCGS0076": true, "DCGSSBOY": true, "DCGS": true,
		"POST": false, "DOT": false, "M": false, "D": false, "S": false, "B": false, "C2": false, "BANK CHARGES": false, "AMAZONFEE": false, "CRUK": false,
		"GIFT_0001_30": false, "PADS": false, "1234": false, "123456": false, "8512A3": false, "85123ABC": false, "A85123": false, "85123-": false, "85123Ä": false,
	} {
		if got := isGoods(sku); got != goods {
			t.Errorf("%s is goods: got %t, want %t", sku, got, goods)
		}
	}
	lower, err := one(t, "StockCode", " dcgssboy")
	if err != nil || !lower.IsGoods() {
		t.Errorf("in lower case: got %+v, %v, want goods", lower, err)
	}
}
