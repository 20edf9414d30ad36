package proof

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tillstream/infra/targets/tilltest"
)

// The promise to who brings a broken file: it is refused whole, with the line and the reason, and nothing of it is in.
func TestAMalformedFileIsRefusedWholeAndSaysWhere(t *testing.T) {
	good, err := os.ReadFile(excerpt(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	head, rows, _ := strings.Cut(string(good), "\n")
	with := func(row string) string { return head + "\n" + row + "\n" + rows }
	till := tilltest.Start(t, dataDir(t, "data"))
	for _, file := range []struct{ name, content, says string }{
		{"a bad date", with("536365,85123A,HOLDER,6,2010-13-01T08:26:00,2.55,17850,United Kingdom"), "line 2"},
		{"a bad quantity", with("536365,85123A,HOLDER,six,2010-12-01T08:26:00,2.55,17850,United Kingdom"), "line 2"},
		{"a bad price", with("536365,85123A,HOLDER,6,2010-12-01T08:26:00,2.5.5,17850,United Kingdom"), "line 2"},
		{"a field too few", with("536365,85123A,HOLDER,6,2010-12-01T08:26:00,2.55,17850"), "line 2"},
		{"a quote that is not closed", with(`536365,85123A,"HOLDER,6,2010-12-01T08:26:00,2.55,17850,United Kingdom`), "line 2"},
		{"a column that is missing", strings.Replace(string(good), "UnitPrice", "Price", 1), "UnitPrice"},
		{"no rows", head + "\n", "no rows"},
		{"nothing", "", "empty"},
		{"gzip that was cut off", string(zipped(t, good)[:1000]), "cut off"},
		{"gzip that was changed", string(changed(zipped(t, good))), "not readable"},
	} {
		path := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(path, []byte(file.content), 0o600); err != nil {
			t.Fatal(err)
		}
		r := tilltest.Run(t.Context(), t, "import", "online-retail", path, "--data", till.Data, "--quiet")
		if r.Code != 1 || !strings.Contains(r.Err, file.says) || r.Out != "" {
			t.Errorf("%s: the import ended with %d and said %q, %q", file.name, r.Code, r.Out, r.Err)
		}
	}
	missing := tilltest.Run(t.Context(), t, "import", "online-retail", filepath.Join(t.TempDir(), "nothing.csv"), "--data", till.Data)
	if missing.Code != 1 || !strings.Contains(missing.Err, "no file") {
		t.Errorf("a file that is not there: %d, %s", missing.Code, missing.Err)
	}
	if log := stored(t, openLog(t, till)); len(log) != 1 {
		t.Errorf("%d events are stored: of refused files nothing may be", len(log)-1)
	}
}

// The same file in another wrapping is the same file.
func TestAFileIsTheSameHoweverItIsWrapped(t *testing.T) {
	plain, err := os.ReadFile(excerpt(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	till := tilltest.Start(t, dataDir(t, "data"))
	for i, file := range [][]byte{plain, zipped(t, plain), append([]byte("\xef\xbb\xbf"), plain...), bytes.ReplaceAll(plain, []byte("\n"), []byte("\r\n"))} {
		path := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		s, _ := imports(t, till, 0, path)
		if (s.EventsAdded > 0) != (i == 0) {
			t.Errorf("file %d added %d events", i, s.EventsAdded)
		}
	}
}

func zipped(t *testing.T, content []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// changed flips a bit in the middle.
func changed(b []byte) []byte {
	b[len(b)/2] ^= 1
	return b
}
