package proof

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// threeMonths is the real file.
const threeMonths = "../onlineretail/testdata/online-retail-2010-12_2011-02.csv.gz"

// days is how many business days of the real file an excerpt has.
type days int

// excerpt writes the first business days of the real file, and answers the path.
func excerpt(t testing.TB, n days) string {
	t.Helper()
	f, err := os.Open(threeMonths)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	in := bufio.NewReader(z)
	last, seen := "", days(0)
	for {
		line, err := in.ReadString('\n')
		if day := dayOf(line); day != last {
			if seen++; seen > n+1 { // the first is the header's
				break
			}
			last = day
		}
		out.WriteString(line)
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "excerpt.csv")
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// dayOf finds the day in a row: the only field that looks like one.
func dayOf(line string) string {
	for field := range strings.SplitSeq(line, ",") {
		if len(field) >= 16 && field[4] == '-' && field[7] == '-' && strings.HasPrefix(field, "20") {
			return field[:10]
		}
	}
	return ""
}
