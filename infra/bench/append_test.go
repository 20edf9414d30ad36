package bench_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"tillstream/infra/bench"
)

func TestAppendMeasuresEverySubjectBesideItsLimits(t *testing.T) {
	table, err := bench.Append(t.Context(), bench.Options{
		Dir: t.TempDir(), Duration: 100 * time.Millisecond, WarmUp: 20 * time.Millisecond, Writers: []int{1, 4}})
	if err != nil {
		t.Fatal(err)
	}
	if !table.Sound() {
		t.Errorf("a row is void: %+v", table.Rows)
	}
	subjects := []string{bench.SingleStore, bench.SingleNoop, bench.BatchStore, bench.BatchNoop, bench.RawPebble, bench.RawFile}
	if len(table.Rows) != 2*len(subjects) || len(table.Reach) != 4 {
		t.Fatalf("%d rows, %d comparisons", len(table.Rows), len(table.Reach))
	}
	for i, r := range table.Rows {
		if r.Subject != subjects[i%len(subjects)] || r.Appends == 0 || r.PerSecond <= 0 || r.P50 <= 0 || r.P99 < r.P50 || r.CPU <= 0 {
			t.Errorf("row %d is %+v", i, r)
		}
	}
	for _, r := range table.Reach {
		if r.Ratio <= 0 {
			t.Errorf("%+v", r)
		}
	}
	var text strings.Builder
	if err := table.Write(&text); err != nil || !strings.Contains(text.String(), "raw Pebble") {
		t.Errorf("%v: %s", err, &text)
	}
	if b, err := json.Marshal(table); err != nil || !strings.Contains(string(b), `"appends_per_second"`) {
		t.Errorf("%v: %s", err, b)
	}
}

func TestWhatCannotBeMeasuredIsRefused(t *testing.T) {
	for name, o := range map[string]bench.Options{
		"no writers": {Writers: []int{0}}, "a crowd": {Writers: []int{1 << 20}}, "no payload": {Payload: 3}, "too much": {Payload: 1 << 30},
	} {
		if _, err := bench.Append(t.Context(), o); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}
