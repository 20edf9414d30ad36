package onlineretail_test

import (
	"bufio"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"tillstream/infra/onlineretail"
	"tillstream/infra/onlineretail/onlineretailtest"
)

// written writes books of so many months to a file; nine have as many rows as the rest of the data set.
func written(t *testing.T, months int) string {
	t.Helper()
	r, err := os.Open("testdata/online-retail-2010-12_2011-02.csv.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	after, err := onlineretail.Read(r)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "months.csv")
	w, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	b := bufio.NewWriter(w)
	if err := onlineretailtest.Generate(b, after, 1, months, 48_550); err != nil {
		t.Fatal(err)
	}
	if err := b.Flush(); err != nil {
		t.Fatal(err)
	}
	return path
}

// An importer may take 500 MiB; books of nine months and their plan leave most of it to the rest.
func TestNineMonthsFitInLittleMemory(t *testing.T) {
	const mib = 1 << 20
	months := 9
	if testing.Short() {
		months = 2
	}
	r, err := os.Open(written(t, months))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	f, err := onlineretail.Read(r)
	if err != nil {
		t.Fatal(err)
	}
	p, err := onlineretail.MakePlan(f, nil)
	if err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	kept, heap := (after.HeapAlloc-before.HeapAlloc)/mib, after.HeapSys/mib
	t.Logf("%d rows: %d MiB kept, %d MiB of heap at most", p.Expected.Counts.Rows, kept, heap)
	rows, most, peak := int64(437_000*months/9), uint64(150*months/9+10), uint64(400)
	if p.Expected.Counts.Rows < rows-1000 || kept > most || heap > peak {
		t.Errorf("%d rows keep %d MiB, with %d MiB of heap at most: want %d rows in at most %d and %d", p.Expected.Counts.Rows, kept, heap, rows, most, peak)
	}
	runtime.KeepAlive(p)
}
