package onlineretail

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
)

// written is rows as a file, each field as the reader understood it.
func written(t testing.TB, rows []Row) []byte {
	t.Helper()
	var b bytes.Buffer
	b.WriteString(header)
	w := csv.NewWriter(&b)
	for _, r := range rows {
		amount, sign := r.Unit.Amount, ""
		if amount < 0 {
			amount, sign = -amount, "-"
		}
		digits := fmt.Sprintf("%0*d", r.Unit.Scale+1, amount)
		point := len(digits) - int(r.Unit.Scale)
		if err := w.Write([]string{r.Document, r.SKU, r.Description, strconv.FormatInt(r.Quantity, 10), r.At.Format(dateForm),
			sign + digits[:point] + "." + digits[point:], r.Customer, r.Country}); err != nil {
			t.Fatal(err)
		}
	}
	w.Flush()
	return b.Bytes()
}

func seeds(f *testing.F) {
	real, err := os.Open(threeMonths)
	if err != nil {
		f.Fatal(err)
	}
	defer real.Close()
	z, err := gzip.NewReader(real)
	if err != nil {
		f.Fatal(err)
	}
	lines := bufio.NewScanner(z)
	for n := 1; n < 60_000 && lines.Scan(); n++ {
		line := lines.Text() + "\n"
		odd := strings.ContainsAny(line, "\"£") || strings.HasPrefix(line, "C") || strings.Contains(line, ",0,")
		if n > 1 && n < 6 || odd && n%97 == 0 {
			f.Add([]byte(header + line))
		}
	}
	for _, file := range []string{"", header, header + good + second, "\xef\xbb\xbf" + header + good, strings.ReplaceAll(header+good, "\n", "\r\n"),
		header + good + `"`, header + `5"`, header + strings.Replace(good, "2.55", "0.001", 1), header + strings.Replace(good, "536365", "A536365", 1), packed(f, header+good)} {
		f.Add([]byte(file))
	}
}

// Whatever the bytes: the reader does not panic; it gives an error or rows, never both and never none; what it
// understood reads back the same when written again; and gzip makes no difference.
func FuzzRead(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Read(bytes.NewReader(data))
		if err != nil {
			if file != nil {
				t.Fatalf("rows and an error: %v", err)
			}
			return
		}
		if len(file.Rows) == 0 {
			t.Fatal("neither rows nor an error")
		}
		again, err := Read(bytes.NewReader(written(t, file.Rows)))
		if err != nil {
			t.Fatalf("what was understood is refused: %v\n%+v", err, file.Rows)
		}
		if !sameRows(again.Rows, file.Rows) {
			t.Fatalf("got %+v\nwant %+v", again.Rows, file.Rows)
		}
		if bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
			return
		}
		zipped, err := Read(strings.NewReader(packed(t, string(data))))
		if err != nil || !sameRows(zipped.Rows, file.Rows) || zipped.Digest != file.Digest {
			t.Fatalf("as gzip: got %+v, %v\nwant %+v", zipped, err, file)
		}
		if _, err := MakePlan(file, nil); err != nil {
			t.Fatalf("no plan of what was read: %v", err)
		}
	})
}
