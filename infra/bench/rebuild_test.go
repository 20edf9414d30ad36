package bench_test

import (
	"encoding/json"
	"strings"
	"testing"

	"tillstream/infra/bench"
)

func TestARebuildIsMeasuredBesideItsLimits(t *testing.T) {
	r, err := bench.Rebuild(t.Context(), bench.RebuildOptions{Dir: t.TempDir(), Events: 5000, Views: []string{"sales_facts"}})
	if err != nil {
		t.Fatal(err)
	}
	if !r.Sound() || len(r.Views) != 1 || r.Log.Events != 5000 || r.Log.Bytes == 0 {
		t.Fatalf("%+v", r)
	}
	v := r.Views[0]
	if v.Events != 5001 || v.Heard == 0 || v.Heard >= v.Events || v.Rows <= int64(v.Heard) || v.TableBytes == 0 {
		t.Errorf("an order is a row and one for each line, the log's identity is an event: %+v", v)
	}
	for what, took := range map[string]bench.Took{"apply": v.Apply, "read": v.Read, "read all": v.ReadAll, "copy": v.Copy, "bare": v.CopyBare} {
		if took.Seconds <= 0 {
			t.Errorf("%s took %+v", what, took)
		}
	}
	if len(r.Goals) < 2 {
		t.Errorf("compared is %+v", r.Goals)
	}
	var text strings.Builder
	if err := r.Write(&text); err != nil || !strings.Contains(text.String(), "COPY into the same indexes") || !strings.Contains(text.String(), "load average") {
		t.Errorf("%v: %s", err, &text)
	}
	if b, err := json.Marshal(r); err != nil || !strings.Contains(string(b), `"limit_copy"`) {
		t.Errorf("%v: %s", err, b)
	}
}

func TestARebuildThatCannotBeMeasuredIsRefused(t *testing.T) {
	for name, o := range map[string]bench.RebuildOptions{
		"a short log": {Events: 3}, "a log without end": {Events: 1 << 60}, "no view of ours": {Views: []string{"nothing"}},
	} {
		if _, err := bench.Rebuild(t.Context(), o); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}
