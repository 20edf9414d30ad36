package proof

import (
	"encoding/json"
	"testing"

	"tillstream/infra/targets/tilltest"
)

// importerMost is the memory that an importer may take at its peak, in bytes.
const importerMost = 500 << 20

// said is what an import says in JSON, as far as scripts rely on it.
type said struct {
	EventsAdded int            `json:"events_added"`
	Counts      map[string]int `json:"counts"`
	Money       map[string]int `json:"money"`
	Net         int            `json:"net"`
	Cells       []struct {
		Month, Country string
		Net            int
	} `json:"by_month_country"`
	Units   map[string]map[string]int `json:"units_by_sku"`
	Opening struct{ SKUs, Units int } `json:"opening_stock"`
	OnHand  struct{ SKUs, Units int } `json:"on_hand"`

	Differences []any `json:"differences"`
	Refused     []struct {
		Line   int
		Reason string
	} `json:"refused"`
}

// imports runs an import of the given exit code, and reads what it says.
func imports(t *testing.T, till *tilltest.Till, wantCode int, file string, flags ...string) (s said, r tilltest.Result) {
	t.Helper()
	r = tilltest.Run(t.Context(), t, append([]string{"import", "online-retail", file, "--json", "--quiet", "--data", till.Data}, flags...)...)
	if r.Code != wantCode {
		t.Fatalf("the import ended with %d, not %d: %.2000s\n%.2000s", r.Code, wantCode, r.Err, r.Out)
	}
	if err := json.Unmarshal([]byte(r.Out), &s); err != nil {
		t.Fatalf("the import said %.2000q: %v", r.Out, err)
	}
	return s, r
}

// The promise of the import: three months of a real shop come in, close to the penny and the unit against what the views
// say, and are in once, however often they are brought.
func TestThreeMonthsOfARealShopCloseToThePennyAndTheUnit(t *testing.T) {
	file, isRight := threeMonths, isWhatTheBooksGive
	if testing.Short() {
		file, isRight = excerpt(t, 4), hasNoDifferences
	}
	till := tilltest.Start(t, dataDir(t, "data"))

	first, ran := imports(t, till, 0, file)

	isRight(t, first)
	if first.EventsAdded == 0 {
		t.Error("nothing was added")
	}
	if ran.Peak > importerMost {
		t.Errorf("the importer took %d MiB", ran.Peak>>20)
	}
	t.Logf("%d events added, the importer took %d MiB at its peak", first.EventsAdded, ran.Peak>>20)
	before := len(stored(t, openLog(t, till)))

	again, _ := imports(t, till, 0, file)

	isRight(t, again)
	if now := len(stored(t, openLog(t, till))); again.EventsAdded != 0 || now != before {
		t.Errorf("run again it says it added %d events, and the log went from %d to %d", again.EventsAdded, before, now)
	}
}

func hasNoDifferences(t *testing.T, s said) {
	t.Helper()
	if len(s.Differences) > 0 || s.Counts["sales"] == 0 || s.Net == 0 {
		t.Errorf("%d differences, %d sales, net %d", len(s.Differences), s.Counts["sales"], s.Net)
	}
}

// isWhatTheBooksGive compares with the figures that were worked out from the file by others.
func isWhatTheBooksGive(t *testing.T, s said) {
	t.Helper()
	figures := map[string]int{
		"sales": 3745, "free_orders": 1, "credits": 805, "accounting_notes": 0, "rows": 105_335,
		"goods_lines": 102_427, "free_goods_lines": 197, "service_lines": 464, "longest_order": 675,
		"stock_rows_in": 128, "stock_units_in": 14_712, "stock_rows_out": 214, "stock_units_out": 18_786, "rows_refused": 1,
		"orders_without_goods": 17, "orders_by_guests": 361,
		"credit_rows": 1904, "parts_cancelled": 124, "parts_returned": 968, "parts_without_original": 836,
		"products": 3080, "goods": 3068, "customers": 1749,
	}
	for name, want := range figures {
		if got, there := s.Counts[name]; !there || got != want {
			t.Errorf("%s: %d, not %d", name, got, want)
		}
	}
	for name, want := range map[string]int{"gross": 203_874_259, "cancelled": 8_023_278, "returned": 2_258_431, "without_original": 12_890_557, "accounting": 0} {
		if got, there := s.Money[name]; !there || got != want {
			t.Errorf("%s: %d pence, not %d", name, got, want)
		}
	}
	germany := 0
	for _, c := range s.Cells {
		if c.Month == "2010-12" && c.Country == "Germany" {
			germany = c.Net
		}
	}
	for name, is := range map[string][2]int{
		"net": {s.Net, 180_701_993}, "cells of month and country": {len(s.Cells), 72}, "Germany in December": {germany, 1_456_284},
		"SKUs of opening stock": {s.Opening.SKUs, 3016}, "units of opening stock": {s.Opening.Units, 1_031_394},
		"units on hand at the end": {s.OnHand.Units, 95_862}, "differences": {len(s.Differences), 0}, "refused rows": {len(s.Refused), 1},
		"85123A sold": {s.Units["85123A"]["sold"], 11_289}, "85123A cancelled": {s.Units["85123A"]["cancelled"], 3},
		"85123A returned": {s.Units["85123A"]["returned"], 533}, "85123A without original": {s.Units["85123A"]["without_original"], 6},
	} {
		if is[0] != is[1] {
			t.Errorf("%s: %d, not %d", name, is[0], is[1])
		}
	}
}
