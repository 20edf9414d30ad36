package events_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	. "tillstream/events"
)

// rewrite adds golden files that are missing. It never changes one: what is stored is stored for ever.
var rewrite = flag.Bool("rewrite", false, "add missing golden files")

// reword writes the sentences anew.
var reword = flag.Bool("reword", false, "write testdata/sentences.txt anew")

func TestEveryFactHasItsStoredFormForEver(t *testing.T) {
	catalog := Catalog()
	sampled := map[string]bool{}
	for _, e := range samples() {
		if sampled[e.Type()] {
			t.Errorf("%s has two samples", e.Type())
		}
		sampled[e.Type()] = true
		path := filepath.Join("testdata", e.Type()+".json")
		encoded, err := Encode(e)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(path); os.IsNotExist(err) && *rewrite {
			if err := os.WriteFile(path, append(encoded, '\n'), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		stored, err := os.ReadFile(path)
		if err != nil {
			t.Errorf("%v: run go test ./events -rewrite to add it", err)
			continue
		}
		stored = bytes.TrimSuffix(stored, []byte("\n"))
		if !bytes.Equal(stored, encoded) {
			t.Errorf("%s is stored in another form than it was:\n was %s\n is  %s", e.Type(), stored, encoded)
		}
		back, err := catalog.Decode(e.Type(), stored)
		if err != nil || !reflect.DeepEqual(back, e) {
			t.Errorf("%s is read as another fact, %v: %s", path, err, cmp.Diff(e, back))
		}
	}
	for _, wire := range catalog.Wires() {
		if !sampled[wire] {
			t.Errorf("%s has no sample", wire)
		}
	}
}

func TestEveryGoldenFileIsOfTheCatalog(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	for _, f := range files {
		if wire := strings.TrimSuffix(filepath.Base(f), ".json"); !Catalog().Knows(wire) {
			t.Errorf("%s: this binary could not read that fact any more", f)
		}
	}
}

// A sample proves little about a field it leaves out.
func TestSamplesSayEveryField(t *testing.T) {
	for _, e := range samples() {
		for _, silent := range zeroFields(reflect.ValueOf(e), e.Type()) {
			switch silent {
			case "order.placed.Lines.Taxes.Included": // said by the charge beside it
			default:
				t.Errorf("the sample does not say %s", silent)
			}
		}
	}
}

func zeroFields(v reflect.Value, path string) (silent []string) {
	switch v.Kind() {
	case reflect.Pointer:
		return zeroFields(v.Elem(), path)
	case reflect.Slice:
		for i := range v.Len() {
			silent = append(silent, zeroFields(v.Index(i), path)...)
		}
	case reflect.Struct:
		if v.Type().PkgPath() == "time" {
			return nil
		}
		for i := range v.NumField() {
			name := path + "." + v.Type().Field(i).Name
			if v.Field(i).IsZero() {
				silent = append(silent, name)
			} else {
				silent = append(silent, zeroFields(v.Field(i), name)...)
			}
		}
	}
	return silent
}
