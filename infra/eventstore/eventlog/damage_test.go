package eventlog

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// openAndRead reports the first error of opening the store and reading all of it.
func openAndRead(fs vfs.FS) (all []fact, err error) {
	l, err := Open(testDir, Options{FS: fs})
	if err != nil {
		return nil, err
	}
	all, err = readAll(l)
	return all, errors.Join(err, l.Close())
}

// A damaged file is named and refused, or its damage means nothing and all is served as it was written. Nothing is lost by
// trying: the file put back, everything is there again.
func TestDamageIsNamedAndRefused(t *testing.T) {
	for state, found := range stores {
		t.Run(state, func(t *testing.T) {
			whole := copyFS(t, found(t), func(_ string, data []byte) []byte { return data })
			want, err := openAndRead(copyFS(t, whole, func(_ string, data []byte) []byte { return data }))
			if err != nil || len(want) != 80 {
				t.Fatalf("undamaged: %d events, %v", len(want), err)
			}
			for name, data := range contents(t, whole) {
				t.Run("without "+name, func(t *testing.T) {
					refusedOrWhole(t, whole, want, name, nil)
				})
				for _, at := range flips(len(data)) {
					flipped := slices.Clone(data)
					flipped[at] ^= 0x10
					t.Run(fmt.Sprintf("%s flipped at %d", name, at), func(t *testing.T) {
						refusedOrWhole(t, whole, want, name, flipped)
					})
				}
			}
		})
	}
}

func refusedOrWhole(t *testing.T, whole vfs.FS, want []fact, name string, damaged []byte) {
	t.Helper()
	fs := copyFS(t, whole, func(n string, data []byte) []byte {
		if n == name {
			return damaged
		}
		return data
	})
	before := contents(t, fs)
	got, err := openAndRead(fs)
	if err == nil {
		if !slices.Equal(got, want) {
			t.Fatalf("%d events served without a word, want %d", len(got), len(want))
		}
		return
	}
	if !strings.Contains(err.Error(), strings.TrimSuffix(numberless(name), ".sst")) {
		t.Errorf("the file is not named: %v", err)
	}
	if !strings.HasSuffix(name, ".sst") { // a damaged table is found when it is read
		unchanged(t, before, contents(t, fs))
	}
	repaired := copyFS(t, fs, func(_ string, data []byte) []byte { return data })
	writeFile(t, repaired, name, contents(t, whole)[name])
	if got, err := openAndRead(repaired); err != nil || !slices.Equal(got, want) {
		t.Fatalf("the file put back: %d events, %v, want %d", len(got), err, len(want))
	}
}

// numberless is the name of a file as an error can know it: of a marker that is missing only what it marks.
func numberless(name string) string {
	if rest, ok := strings.CutPrefix(name, "marker."); ok {
		marked, _, _ := strings.Cut(rest, ".")
		return "marker." + marked
	}
	return name
}

func contents(t *testing.T, fs vfs.FS) map[string][]byte {
	t.Helper()
	names, err := fs.List(testDir)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]byte{}
	for _, name := range names {
		if name != "LOCK" && name != ownerFile {
			all[name] = readFile(t, fs, name)
		}
	}
	return all
}

func unchanged(t *testing.T, before, after map[string][]byte) {
	t.Helper()
	for name, data := range before {
		if now, ok := after[name]; !ok || !bytes.Equal(now, data) {
			t.Errorf("%s was changed or removed", name)
		}
	}
}

// flips are the bytes to damage: all at both ends, where headers and footers are, and many in between.
func flips(size int) (at []int) {
	for i := range size {
		if i < 32 || i >= size-56 || i%max(1, size/100) == 0 {
			at = append(at, i)
		}
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

func TestLostFormatIsDamage(t *testing.T) {
	fs := vfs.NewMem()
	l := open(t, fs)
	if err := l.db.Delete(formatKey, nil); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	var damaged *DamageError
	if _, err := Open(testDir, Options{FS: fs}); !errors.As(err, &damaged) || !strings.Contains(damaged.File, manifestPrefix) {
		t.Fatalf("an empty database in a used directory: %v; want it refused, naming the manifest", err)
	}
}

// A directory of a program that made no notes is opened, and noted from then on.
func TestDirectoryWithoutNotesIsOpened(t *testing.T) {
	for state, found := range stores {
		t.Run(state, func(t *testing.T) {
			without := func(name string, data []byte) []byte {
				if name == syncedFile || strings.Contains(name, sealMarker) || strings.Contains(name, usedMarker) {
					return nil
				}
				return data
			}
			fs := copyFS(t, found(t), without)
			l := open(t, fs)
			if all := everything(t, l); len(all) != 80 {
				t.Fatalf("%d events, want 80", len(all))
			}
			stored(t, l, events("s", Any, id(1, 0)))
			if err := l.db.Flush(); err != nil {
				t.Fatal(err)
			}
			notes, err := readNotes(fs, testDir, slog.New(slog.DiscardHandler))
			if err != nil || !notes.claimed || notes.holds.size == 0 {
				t.Fatalf("nothing was noted: %+v, %v", notes, err)
			}
			if err := notes.close(); err != nil {
				t.Fatal(err)
			}
		})
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
