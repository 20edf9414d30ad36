package eventlog

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// twoLives leaves a store with a table on disk, a manifest, and a write-ahead log with events in it.
func twoLives(t *testing.T) vfs.FS {
	t.Helper()
	fs := vfs.NewMem()
	l := open(t, fs)
	for n := range 40 {
		stored(t, l, events("s", Any, id(0, n)))
	}
	if err := l.db.Flush(); err != nil {
		t.Fatal(err)
	}
	for n := 40; n < 80; n++ {
		stored(t, l, events("s", Any, id(0, n)))
	}
	return copyFS(t, fs, func(_ string, data []byte) []byte { return data })
}

// openAndRead reports the first error of opening the store and reading all of it.
func openAndRead(fs vfs.FS) (n int, err error) {
	l, err := Open(testDir, Options{FS: fs})
	if err != nil {
		return 0, err
	}
	all, err := readAll(l)
	return len(all), errors.Join(err, l.Close())
}

func TestDamagedFilesAreNamedAndRefused(t *testing.T) {
	whole := twoLives(t)
	if n, err := openAndRead(copyFS(t, whole, func(_ string, d []byte) []byte { return d })); n != 80 || err != nil {
		t.Fatalf("undamaged: %d events, %v", n, err)
	}
	names, err := whole.List(testDir)
	if err != nil {
		t.Fatal(err)
	}
	classes := map[string]bool{}
	for _, name := range names {
		class := fileClass(name)
		t.Run("without "+name, func(t *testing.T) {
			n, err := openAndRead(copyFS(t, whole, func(n string, data []byte) []byte {
				if n == name {
					return nil
				}
				return data
			}))
			if err == nil && n != 80 {
				t.Fatalf("%d events served without a word", n)
			}
		})
		if class == "" {
			continue
		}
		classes[class] = true
		t.Run("flipped "+name, func(t *testing.T) {
			size := len(readFile(t, whole, name))
			for _, at := range flips(class, size) {
				damaged := copyFS(t, whole, func(n string, data []byte) []byte {
					if n == name {
						data[at] ^= 0x10
					}
					return data
				})
				n, err := openAndRead(damaged)
				if err == nil && n == 80 {
					continue // the bit meant nothing, all is served as it was written
				}
				if err == nil {
					t.Fatalf("byte %d of %s flipped: %d events served without a word", at, name, n)
				}
				if !strings.Contains(err.Error(), name) {
					t.Fatalf("byte %d of %s flipped: the file is not named: %v", at, name, err)
				}
			}
		})
	}
	for _, class := range []string{"table", "log", "manifest"} {
		if !classes[class] {
			t.Fatalf("no file of class %s to damage", class)
		}
	}
}

func fileClass(name string) string {
	switch {
	case strings.HasSuffix(name, ".sst"):
		return "table"
	case strings.HasSuffix(name, ".log"):
		return "log"
	case strings.HasPrefix(name, "MANIFEST"):
		return "manifest"
	}
	return ""
}

// flips are the bytes to damage: everywhere, but for a log not in its last synced part, which no later sync vouches for.
func flips(class string, size int) (at []int) {
	end := size
	if class == "log" {
		end = size / 2
	}
	for i := 0; i < end; i += max(1, size/257) {
		at = append(at, i)
	}
	return at
}

func TestRecordUnderAWrongKeyIsDamage(t *testing.T) {
	rec := appendRecord(nil, id(0, 0), "s", "t", true, nil, []byte("{}"))
	sealRecord(rec, 7, 0, 0)
	if _, err := decodeRecord(7, rec); err != nil {
		t.Fatal(err)
	}
	if _, err := decodeRecord(8, rec); err == nil {
		t.Fatal("a record was accepted at another position")
	}
	for i := range rec {
		for bit := range 8 {
			rec[i] ^= 1 << bit
			if _, err := decodeRecord(7, rec); err == nil {
				t.Fatalf("bit %d of byte %d flipped unnoticed", bit, i)
			}
			rec[i] ^= 1 << bit
		}
	}
	for cut := range rec {
		if _, err := decodeRecord(7, rec[:cut]); err == nil {
			t.Fatalf("cut to %d bytes unnoticed", cut)
		}
	}
}

func TestForeignDatabaseIsRefused(t *testing.T) {
	fs := vfs.NewMem()
	l := open(t, fs)
	if err := l.db.Set(formatKey, []byte("something else"), nil); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(testDir, Options{FS: fs}); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%q", "something else")) {
		t.Fatalf("opened: %v", err)
	}
}
