package projections_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"tillstream/events"
	. "tillstream/projections"
)

func TestEveryFactHasOneEntryInTheAuditLog(t *testing.T) {
	placed := told{events.OrderPlaced{OrderID: "o1", CustomerID: "c1", Country: "DE"}, func(m *events.Meta) {
		m.Actor, m.Why, m.Command = events.Actor{Kind: "staff", ID: "anna"}, "by telephone", "cmd-1"
		m.Correlation, m.Causation, m.Origin = "talk-1", "e0", events.FromAPI
	}}
	log := history(placed, events.StockReserved{SKU: "LAMP", Warehouse: "MAIN", OrderID: "o1", Lines: []events.LineQuantity{{LineID: "l1", Quantity: 2}}},
		events.LogOpened{LogID: "log-1"})
	entries := folded(AuditLog, log)

	want := AuditEntry{EventID: "e1", Stream: "order.placed", Type: "order.placed", Sentence: events.Sentence(placed.Event), Actor: "staff:anna",
		At: minute(0), RecordedAt: log[0].Rec, Origin: "api", Why: "by telephone", Command: "cmd-1", Correlation: "talk-1",
		Causation: "e0", OrderID: "o1", CustomerID: "c1"}
	if diff := cmp.Diff(want, entries[AuditKey(10)]); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if e := entries[AuditKey(20)]; e.SKU != "LAMP" || e.OrderID != "o1" || e.CustomerID != "" || e.Stream != "stock-MAIN/LAMP" {
		t.Errorf("a reservation is about %+v", e)
	}
	if e := entries[AuditKey(30)]; e.Type != "log.opened" || len(entries) != 3 {
		t.Errorf("%d entries, the last is %+v", len(entries), e)
	}
}

func TestTheKeysOfTheAuditLogAreInTheOrderOfRecording(t *testing.T) {
	before := ""
	for _, at := range []events.Position{1, 9, 10, 99, 1 << 40, 1<<63 - 1, 1<<64 - 1} {
		key := AuditKey(at)
		back, err := AuditPosition(key)
		if key <= before || err != nil || back != at {
			t.Errorf("%d has the key %s after %s, and comes back as %d, %v", at, key, before, back, err)
		}
		before = key
	}
	for _, key := range []string{"", "x", "-1", "1.5"} {
		if _, err := AuditPosition(key); err == nil {
			t.Errorf("%q is a key", key)
		}
	}
}
