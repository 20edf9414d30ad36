package commands_test

import (
	"encoding/json"
	"testing"

	"tillstream/aggregates"
	"tillstream/commands"
	"tillstream/events"
)

// Whoever looks at a stream without knowing what it is about sees its state fact by fact, of every subject there is.
func TestEveryStreamCanBeReplayed(t *testing.T) {
	catalog := commands.Catalog()
	for _, name := range catalog.Names() {
		r, err := catalog.Decode(name, []byte(`{}`))
		if err != nil {
			t.Fatal(err)
		}
		replay, known := aggregates.ReplayOf(r.Stream)
		if !known {
			t.Errorf("nobody knows what %s means, where %s goes", r.Stream, name)
			continue
		}
		if state, err := replay.JSON(); err != nil || string(state) != "null" {
			t.Errorf("the empty %s is %s, %v", r.Stream, state, err)
		}
	}
	if _, known := aggregates.ReplayOf("basket-1"); known {
		t.Error("a basket is nothing of this shop")
	}
}

func TestAReplayIsTheStateFactByFact(t *testing.T) {
	replay, _ := aggregates.ReplayOf("stock-MAIN/LAMP")
	for _, step := range []struct {
		fact   events.Event
		onHand float64
	}{{events.StockReceived{SKU: "LAMP", Warehouse: "MAIN", Quantity: 5}, 5}, {events.StockAdjusted{SKU: "LAMP", Warehouse: "MAIN", Quantity: -2}, 3}} {
		if err := replay.Evolve(step.fact); err != nil {
			t.Fatal(err)
		}
		b, err := replay.JSON()
		var state map[string]any
		if err != nil || json.Unmarshal(b, &state) != nil || state["on_hand"] != step.onHand {
			t.Errorf("after %s: %s, %v", step.fact.Type(), b, err)
		}
	}
	if err := replay.Evolve(events.OrderClosed{OrderID: "o1"}); err == nil {
		t.Error("a foreign fact was folded")
	}
}
