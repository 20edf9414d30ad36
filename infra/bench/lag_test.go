package bench_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"tillstream/infra/bench"
)

func TestEveryCommandOfALagRunIsSeenInItsView(t *testing.T) {
	l, err := bench.Lag(t.Context(), bench.LagOptions{Dir: t.TempDir(), Rate: 40, For: 1500 * time.Millisecond, WarmUp: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if !l.Sound() || l.Commands == 0 || l.Events < l.Commands {
		t.Fatalf("%+v", l)
	}
	subjects := []string{bench.Visible, "– of stock_levels", "– of prices", "– of orders", bench.Acknowledged, bench.Question, bench.Heard, bench.Stored}
	if len(l.Rows) != len(subjects) {
		t.Fatalf("%d rows", len(l.Rows))
	}
	for i, r := range l.Rows {
		if r.Subject != subjects[i] || r.Count == 0 || r.P99 < r.P50 || r.Max < r.P99 {
			t.Errorf("row %d is %+v", i, r)
		}
	}
	if sum := l.Rows[1].Count + l.Rows[2].Count + l.Rows[3].Count; l.Rows[0].Count != l.Commands || sum != l.Commands {
		t.Errorf("%d commands were measured, %d rows by view", l.Commands, sum)
	}
	if len(l.Goals) != 2 {
		t.Errorf("compared is %+v", l.Goals)
	}
	var text strings.Builder
	if err := l.Write(&text); err != nil || !strings.Contains(text.String(), bench.Heard) || !strings.Contains(text.String(), "load average") {
		t.Errorf("%v: %s", err, &text)
	}
	if b, err := json.Marshal(l); err != nil || !strings.Contains(string(b), `"p99_ms"`) {
		t.Errorf("%v: %s", err, b)
	}
}

func TestARateThatNobodyAsksAtIsRefused(t *testing.T) {
	for _, rate := range []int{-1, 1 << 30} {
		if _, err := bench.Lag(t.Context(), bench.LagOptions{Rate: rate}); err == nil {
			t.Errorf("%d a second was accepted", rate)
		}
	}
}
