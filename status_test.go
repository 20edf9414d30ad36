package main

import (
	"bytes"
	"encoding/json"
	"testing"

	statusv1 "tillstream/gateway/api/status/v1"
)

func TestStatusHasItsNumbersAsNumbers(t *testing.T) {
	var out bytes.Buffer
	p := &statusv1.Platform{Log: &statusv1.Log{Head: 1 << 62, Events: 7}, Views: []*statusv1.View{{Name: "orders", Position: 9, LagEvents: 3}}}
	if err := (statusCommand{}).print(&console{Out: &out, JSON: true}, p); err != nil {
		t.Fatal(err)
	}
	var said struct {
		Log   struct{ Head, Events uint64 }
		Views []struct {
			Position  uint64
			LagEvents uint64 `json:"lag_events"`
		}
	}
	if err := json.Unmarshal(out.Bytes(), &said); err != nil {
		t.Fatalf("%v: %s", err, out.String())
	}
	if said.Log.Head != 1<<62 || said.Log.Events != 7 || len(said.Views) != 1 || said.Views[0].Position != 9 || said.Views[0].LagEvents != 3 {
		t.Errorf("%s", out.String())
	}
}
