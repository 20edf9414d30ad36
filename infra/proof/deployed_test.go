package proof

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tillstream/infra/targets/tilltest"
)

// nextRelease is what the next release changes: of files of the source, texts and what stands there instead.
type nextRelease map[string][]string

// build builds it.
func (n nextRelease) build(t *testing.T) (binary string) {
	t.Helper()
	dir, replaced := t.TempDir(), map[string]string{}
	for file, changes := range n {
		path, err := filepath.Abs(filepath.Join("../..", file))
		if err != nil {
			t.Fatal(err)
		}
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for change := range slices.Chunk(changes, 2) {
			if !strings.Contains(string(source), change[0]) {
				t.Fatalf("%s has no %q", file, change[0])
			}
		}
		replaced[path] = filepath.Join(dir, filepath.Base(file))
		if err := os.WriteFile(replaced[path], []byte(strings.NewReplacer(changes...).Replace(string(source))), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	overlay, binary := filepath.Join(dir, "overlay.json"), filepath.Join(dir, "till")
	said, err := json.Marshal(map[string]any{"Replace": replaced})
	if err == nil {
		err = os.WriteFile(overlay, said, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-overlay", overlay, "-o", binary, "tillstream").CombinedOutput(); err != nil {
		t.Fatalf("build the next release: %v\n%s", err, out)
	}
	return binary
}

// The promise of a deploy: a release whose fold has another version serves what the old fold built, as it stood and marked
// stale, until its own generation is built and promoted, and where it has no place for what the old fold built, nothing; the
// comparison names the event type whose fold was changed.
func TestAReleaseWithAnotherFoldServesNoWrongAnswer(t *testing.T) {
	next := nextRelease{
		"projections/product_page.go": {`Define("product_pages", 1,`, `Define("product_pages", 2,`,
			"p.Category, p.ChangedAt = f.Event.Category, f.At", `p.Category, p.ChangedAt = "new " + f.Event.Category, f.At`},
		"projections/stock_level.go": {`Define("stock_levels", 1,`, `Define("stock_levels", 2,`,
			"type StockLevel struct {", "type StockLevel struct {\n\tShelf string"},
	}.build(t)
	data := dataDir(t, "data")
	till := tilltest.Start(t, data)
	must(t, till, "POST", "/v1/products", nil, object{"sku": "LAMP", "name": "Lamp", "kind": "goods"})
	must(t, till, "POST", "/v1/products", nil, object{"sku": "PEN", "name": "Pen", "kind": "goods"})
	must(t, till, "POST", "/v1/stock/receipts", nil, object{"sku": "PEN", "quantity": 3})
	last := must(t, till, "POST", "/v1/products/LAMP/categorise", nil, object{"category": "lamps"})
	must(t, till, "GET", "/v1/products/LAMP", after(last), nil)
	till.Stop(t)

	till = tilltest.Up{Data: data, Till: next}.Launch(t)
	till.Ready(t)
	stale := must(t, till, "GET", "/v1/products/LAMP", nil, nil)
	if stale.json["category"] != "lamps" || stale.header.Get("Stale") != "true" {
		t.Errorf("the new release answers %s, Stale: %q", stale.text, stale.header.Get("Stale"))
	}
	if ready := call(t, till, "GET", "/readyz", nil, nil); ready.status != 503 || !strings.Contains(ready.text, "product_pages") {
		t.Errorf("it says it is ready: %d %s", ready.status, ready.text)
	}
	if none := call(t, till, "GET", "/v1/stock", nil, nil); none.status != 503 || !strings.Contains(none.text, "stock_levels") {
		t.Errorf("a view whose columns are others answers %d: %s", none.status, none.text)
	}
	since := must(t, till, "POST", "/v1/products", nil, object{"sku": "CUP", "name": "Cup", "kind": "goods"})
	waited := map[string]string{"Consistency-Token": since.header.Get("Consistency-Token"), "max_wait": "100ms"}
	if late := call(t, till, "GET", "/v1/products/CUP?max_wait=100ms", waited, nil); late.status != 504 {
		t.Errorf("who waits for what a stale view cannot show is answered %d: %s", late.status, late.text)
	}

	operates(t, till, "apply", "--changed")
	v := verifies(t, till, 4, "product_pages")
	if len(v) != 1 || len(v[0].Differences) != 1 || v[0].Differences[0].Key != "LAMP" || !slices.Equal(v[0].Differences[0].Columns, []string{"category"}) ||
		len(v[0].Types) == 0 || v[0].Types[0].Type != "product.categorised" {
		t.Errorf("the verdict is %+v", v)
	}
	operates(t, till, "promote", "--changed")
	if now := must(t, till, "GET", "/v1/products/LAMP", after(since), nil); now.json["category"] != "new lamps" || now.header.Get("Stale") != "" {
		t.Errorf("promoted, it answers %s, Stale: %q", now.text, now.header.Get("Stale"))
	}
	must(t, till, "GET", "/v1/products/CUP", after(since), nil)
	if r := must(t, till, "GET", "/v1/stock", after(since), nil); r.header.Get("Stale") != "" || !strings.Contains(r.text, "PEN") {
		t.Errorf("promoted, it answers %s, Stale: %q", r.text, r.header.Get("Stale"))
	}
	becomesReady(t, till)
	till.Stop(t)

	till = tilltest.Start(t, data) // the old release again: what it built was not fed meanwhile, and is now
	if r := must(t, till, "GET", "/v1/stock", nil, nil); r.header.Get("Stale") != "true" || !strings.Contains(r.text, "PEN") {
		t.Errorf("the old release answers %s, Stale: %q", r.text, r.header.Get("Stale"))
	}
	if r := must(t, till, "GET", "/v1/products/LAMP", nil, nil); r.header.Get("Stale") != "true" || r.json["category"] != "new lamps" {
		t.Errorf("the old release answers %s, Stale: %q", r.text, r.header.Get("Stale"))
	}
	operates(t, till, "rollback", "product_pages", "stock_levels")
	if r := must(t, till, "GET", "/v1/stock", after(since), nil); r.header.Get("Stale") != "" || !strings.Contains(r.text, "PEN") {
		t.Errorf("rolled back, it answers %s, Stale: %q", r.text, r.header.Get("Stale"))
	}
	if r := must(t, till, "GET", "/v1/products/LAMP", after(since), nil); r.json["category"] != "lamps" || r.header.Get("Stale") != "" {
		t.Errorf("rolled back, it answers %s, Stale: %q", r.text, r.header.Get("Stale"))
	}
	becomesReady(t, till)
}
