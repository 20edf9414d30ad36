package onlineretail

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"
)

func as[E error](err error, target *E) bool { return errors.As(err, target) }

func packed(t testing.TB, members ...string) string {
	t.Helper()
	var b bytes.Buffer
	for _, m := range members {
		z := gzip.NewWriter(&b)
		if _, err := io.WriteString(z, m); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

const second = "536366,22752,\"SET 7, \"\"NESTING\"\" BOXES\",2,2010-12-01T08:28:00,7.65,,EIRE\n"

func TestTheSameBooksHoweverTheyAreWritten(t *testing.T) {
	plain := header + good + second
	want, err := Read(strings.NewReader(plain))
	if err != nil {
		t.Fatal(err)
	}
	if len(want.Rows) != 2 || want.Rows[0].Line != 2 || want.Rows[1].Line != 3 || want.Rows[1].Description != `SET 7, "NESTING" BOXES` {
		t.Fatalf("got %+v", want.Rows)
	}
	for how, file := range map[string]string{
		"with a byte order mark":            "\xef\xbb\xbf" + plain,
		"with CRLF":                         strings.ReplaceAll(plain, "\n", "\r\n"),
		"with a mark and CRLF":              "\xef\xbb\xbf" + strings.ReplaceAll(plain, "\n", "\r\n"),
		"without the end of its last line":  strings.TrimSuffix(plain, "\n"),
		"with CRLF and without the end":     strings.TrimSuffix(strings.ReplaceAll(plain, "\n", "\r\n"), "\r\n"),
		"with empty lines at its end":       plain + "\n\r\n",
		"as gzip":                           packed(t, plain),
		"as gzip with a mark and CRLF":      packed(t, "\xef\xbb\xbf"+strings.ReplaceAll(plain, "\n", "\r\n")),
		"as gzip of several members":        packed(t, plain[:100], "", plain[100:]),
		"with every field in quotes":        strings.Replace(plain, "536365,85123A,HEART,6", `"536365","85123A","HEART","6"`, 1),
		"with quotes around its first name": strings.Replace(plain, "InvoiceNo", `"InvoiceNo"`, 1),
	} {
		got, err := Read(iotest.OneByteReader(strings.NewReader(file)))
		if err != nil {
			t.Errorf("%s: %v", how, err)
			continue
		}
		if !sameRows(got.Rows, want.Rows) {
			t.Errorf("%s: got %+v\nwant %+v", how, got.Rows, want.Rows)
		}
		if got.Digest != want.Digest {
			t.Errorf("%s: the digest is another", how)
		}
	}
}

func TestColumnsMayStandInAnyOrder(t *testing.T) {
	got, err := Read(strings.NewReader("Country,CustomerID,UnitPrice,InvoiceDate,Quantity,Description,StockCode,InvoiceNo\n" +
		"United Kingdom,17850,2.55,2010-12-01T08:26:00,6,HEART,85123A,536365\n"))
	if err != nil {
		t.Fatal(err)
	}
	want, err := Read(strings.NewReader(header + good))
	if err != nil {
		t.Fatal(err)
	}
	if !sameRows(got.Rows, want.Rows) || got.Digest != want.Digest {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

func TestOtherBooksHaveAnotherDigest(t *testing.T) {
	seen := map[string]string{}
	for _, rows := range []string{good, good + good, good + second, second + good, strings.Replace(good, "85123A,HEART", "85123,AHEART", 1), strings.Replace(good, ",6,", ",7,", 1)} {
		f, err := Read(strings.NewReader(header + rows))
		if err != nil {
			t.Fatal(err)
		}
		if other, known := seen[f.Digest]; known {
			t.Errorf("the digest of\n%s is that of\n%s", rows, other)
		}
		seen[f.Digest] = rows
	}
}

func TestALineIsNamedByWhereItBegins(t *testing.T) {
	f, err := Read(strings.NewReader(header + "\n" + strings.Replace(good, "HEART", "\"A\nHEART\r\nOF\tGLASS\"", 1) + good))
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Rows) != 2 || f.Rows[0].Line != 3 || f.Rows[1].Line != 6 {
		t.Errorf("got %+v, want lines 3 and 6", f.Rows)
	}
	if got := f.Rows[0].Description; got != "A HEART OF GLASS" {
		t.Errorf("got the description %q, want it in one line", got)
	}
}

func TestABrokenFileIsRefusedInWordsThatHelp(t *testing.T) {
	const names = "InvoiceNo, StockCode, Description, Quantity, InvoiceDate, UnitPrice, CustomerID, Country"
	whole := "the file is refused whole, nothing of it was recorded; mend these lines and run it again:\n  "
	for _, c := range []struct{ what, file, says string }{
		{"empty", "", "the file is empty: its first line names the columns " + names},
		{"only a mark", "\xef\xbb\xbf", "the file is empty: its first line names the columns " + names},
		{"only empty lines", "\n\r\n\n", "the file is empty: its first line names the columns " + names},
		{"empty gzip", packed(t, ""), "the file is empty: its first line names the columns " + names},
		{"only a header", header, "the file has no rows below its header: there is nothing to import"},
		{"no header", good, "the column InvoiceNo is missing: the first line must name " + names},
		{"a column missing", strings.Replace(header, "UnitPrice,", "", 1) + good, "the column UnitPrice is missing: the first line must name " + names},
		{"a column in other case", strings.ToLower(header) + good, "the column InvoiceNo is missing: the first line must name " + names},
		{"an unknown column", strings.Replace(header, "Country", "Country,Size", 1) + good, `the column "Size" is not known: the file has ` + names},
		{"a column without a name", strings.Replace(header, "Country", "Country,", 1) + good, `the column "" is not known: the file has ` + names},
		{"a column twice", strings.Replace(header, "Country", "Country,Quantity", 1) + good, "the column Quantity stands twice"},
		{"semicolons", strings.ReplaceAll(header+good, ",", ";"), "the column InvoiceNo is missing: the first line must name " + names},
		{"UTF-16", "\xff\xfeI\x00n\x00", "the column InvoiceNo is missing: the first line must name " + names},
		{"too few fields", header + good + "536366,22752,BOXES\n" + good, whole + "line 3: wrong number of fields"},
		{"too many fields", header + strings.Replace(good, "HEART", "HEART,LARGE", 1), whole + "line 2: wrong number of fields"},
		{"an unclosed quote", header + good + strings.Replace(good, "HEART", `"HEART`, 1) + good, whole + `line 3: extraneous or missing " in quoted-field`},
		{"a quote within a field", header + good + strings.Replace(good, "HEART", `7" HEART`, 1), whole + `line 3: bare " in non-quoted-field`},
		{"a quote in the first field", header + `53"6365` + good[6:], whole + `line 2: bare " in non-quoted-field`},
		{"a quote in the header", `Invoice"No` + header[9:] + good, whole + `line 1: bare " in non-quoted-field`},
		{"text behind a quote", header + strings.Replace(good, "HEART", `"HEART" LARGE`, 1), whole + `line 2: extraneous or missing " in quoted-field`},
		{"an endless quote", header + good + strings.Replace(good, "HEART", `"HEART`, 1) + strings.Repeat(good, 2*recordMax/len(good)),
			"after line 2 there is a row of more than 1048576 bytes: a quote was opened and not closed"},
		{"an empty row", header + ",,,,,,,\n", whole + "line 2: the InvoiceNo is empty"},
		{"gzip with something behind it", packed(t, header+good) + "more of another kind", "the file is not readable to its end: gzip: invalid header"},
		{"gzip with a byte behind it", packed(t, header+good) + "\n", "the file ends in the middle: it was cut off; get it again"},
		{"a broken sum", spoilt(packed(t, header+good), -6), "the file is not readable to its end: gzip: invalid checksum"},
		{"gzip of another kind", spoilt(packed(t, header+good), 2), "the file is not readable gzip: gzip: invalid header"},
	} {
		f, err := Read(strings.NewReader(c.file))
		if f != nil || err == nil || err.Error() != c.says {
			t.Errorf("%s: got %v, %v\nwant %s", c.what, f, err, c.says)
		}
	}
}

// spoilt is s with one byte changed, counted from the end when at is below 0.
func spoilt(s string, at int) string {
	b := []byte(s)
	if at < 0 {
		at += len(b)
	}
	b[at] ^= 0xff
	return string(b)
}

func TestGzipThatWasCutOffAnywhereIsRefused(t *testing.T) {
	whole := packed(t, header+good+second)
	for n := range len(whole) {
		if f, err := Read(strings.NewReader(whole[:n])); err == nil {
			t.Errorf("cut after %d of %d bytes: read %d rows", n, len(whole), len(f.Rows))
		}
	}
	real, err := os.ReadFile(threeMonths)
	if err != nil {
		t.Fatal(err)
	}
	cuts := []int{18, 1000, len(real) / 2, len(real) - 9, len(real) - 8, len(real) - 1}
	if testing.Short() {
		cuts = cuts[:2] // the others read most of three months each
	}
	for _, n := range cuts {
		_, err := Read(bytes.NewReader(real[:n]))
		if want := "the file ends in the middle: it was cut off; get it again"; err == nil || err.Error() != want {
			t.Errorf("the three months cut after %d of %d bytes: got %v, want %s", n, len(real), err, want)
		}
	}
}

func TestAnErrorOfReadingIsNotTheEndOfTheFile(t *testing.T) {
	broken := errors.New("the disk is gone")
	for _, so := range []string{"", header, header + good, header + good[:20]} {
		if f, err := Read(io.MultiReader(strings.NewReader(so), iotest.ErrReader(broken))); f != nil || !errors.Is(err, broken) {
			t.Errorf("after %q: got %v, %v, want %v", so, f, err, broken)
		}
	}
}

func TestBadLinesAreListedUpToTwenty(t *testing.T) {
	var b strings.Builder
	b.WriteString(header)
	for i := range 60 {
		switch i % 3 {
		case 0:
			b.WriteString(good)
		case 1:
			b.WriteString(strings.Replace(good, ",6,", ",six,", 1))
		default:
			b.WriteString("536366,22752\n")
		}
	}
	_, err := Read(strings.NewReader(b.String()))
	malformed := (*MalformedError)(nil)
	if !as(err, &malformed) || len(malformed.Faults) != 20 || malformed.More != 20 {
		t.Fatalf("got %v, want 20 faults and 20 more", err)
	}
	for n, fault := range malformed.Faults {
		line, says := 3+n/2*3, `the Quantity "six" is not a whole number of at most 500000`
		if n%2 == 1 {
			line, says = line+1, "wrong number of fields"
		}
		if want := fmt.Sprintf("line %d: %s", line, says); fault != want {
			t.Errorf("fault %d: got %q, want %q", n, fault, want)
		}
	}
	if !strings.HasSuffix(err.Error(), "\n  and 20 more") {
		t.Errorf("got %q, want it to end with the number of lines that are not listed", err)
	}
}
