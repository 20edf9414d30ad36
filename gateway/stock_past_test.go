package gateway_test

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"reflect"
	"testing"
	"time"

	"tillstream/commands"
	"tillstream/events"
)

// Whatever moved and however late it was recorded, stock of any two times is the sum of the facts that were so and known.
func TestStockOfAnyTwoTimesIsTheSumOfItsFacts(t *testing.T) {
	s := open(t)
	r := rand.New(rand.NewPCG(20, 26))
	skus := []string{"A", "B", "C"}
	moment := func(hours int) time.Time {
		return noon.Add(-time.Duration(r.IntN(hours*60)) * time.Minute).Add(12 * time.Hour)
	}
	for i := range 300 {
		sku, order, n := skus[r.IntN(3)], fmt.Sprint("o", r.IntN(9)), int64(1+r.IntN(5))
		at := moment(24 * 6).Format(time.RFC3339Nano)
		lines := []events.LineQuantity{{LineID: "l", Quantity: n}}
		_ = []func() error{ // some are refused, which leaves nothing
			func() error { return tell(s, at, commands.ReceiveStock{SKU: sku, Warehouse: "MAIN", Quantity: n + 3}) },
			func() error {
				return tell(s, at, commands.AdjustStock{SKU: sku, Warehouse: "MAIN", Quantity: -n, Reason: "lost"})
			},
			func() error { return tell(s, at, commands.CountStock{SKU: sku, Warehouse: "MAIN", Counted: 10 * n}) },
			func() error {
				return tell(s, at, commands.ReserveStock{SKU: sku, Warehouse: "MAIN", OrderID: order, Lines: lines})
			},
			func() error { return tell(s, at, commands.ReleaseStock{SKU: sku, Warehouse: "MAIN", OrderID: order}) },
			func() error {
				return tell(s, at, commands.CommitStock{SKU: sku, Warehouse: "MAIN", OrderID: order, Lines: lines})
			},
			func() error {
				return tell(s, at, commands.TransferStockOut{SKU: sku, Warehouse: "MAIN", To: "DE", TransferID: fmt.Sprint(i), Quantity: n})
			},
		}[r.IntN(7)]()
		s.now.pass(time.Duration(r.IntN(20)) * time.Minute)
	}
	facts := s.log.All()
	if len(facts) < 120 {
		t.Fatalf("only %d facts", len(facts))
	}
	live := s.get("/v1/stock").is(200)
	if then := s.get("/v1/stock?as_of=2026-12-01T00:00:00Z").is(200); !reflect.DeepEqual(live, then) {
		t.Errorf("all that was so is not what is: %v, %v", then, live)
	}
	for range 200 {
		s.agreesWithFacts(r, facts, moment)
	}
}

// agreesWithFacts asks for stock of two random times.
func (s *shop) agreesWithFacts(r *rand.Rand, facts []events.Recorded, moment func(hours int) time.Time) {
	s.t.Helper()
	asOf, knownAt, query := time.Time{}, time.Time{}, url.Values{}
	if r.IntN(4) > 0 {
		asOf = moment(24 * 7)
		query.Set("as_of", asOf.Format(time.RFC3339Nano))
	}
	if asOf.IsZero() || r.IntN(4) > 0 {
		knownAt = facts[r.IntN(len(facts))].Rec
		query.Set("known_at", knownAt.Format(time.RFC3339Nano))
	}
	want := map[string][2]int64{}
	for _, f := range facts {
		if (asOf.IsZero() || !f.At.After(asOf)) && (knownAt.IsZero() || !f.Rec.After(knownAt)) {
			addStock(want, f.Event)
		}
	}
	got := map[string][2]int64{}
	for _, item := range s.get("/v1/stock?" + query.Encode()).is(200)["items"].([]any) {
		l := item.(map[string]any)
		key := fmt.Sprint(l["warehouse"], "/", l["sku"])
		if got[key] = [2]int64{int64(l["on_hand"].(float64)), int64(l["reserved"].(float64))}; l["available"] != l["on_hand"].(float64)-l["reserved"].(float64) {
			s.t.Errorf("%v does not add up", l)
		}
	}
	for key := range want {
		if got[key] != want[key] {
			s.t.Errorf("%s of %v: %v, want %v", key, query, got[key], want[key])
		}
	}
	for key := range got {
		if got[key] != want[key] {
			s.t.Errorf("%s of %v: %v, want %v", key, query, got[key], want[key])
		}
	}
}

func addStock(to map[string][2]int64, e events.Event) {
	add := func(warehouse, sku string, onHand, reserved int64) {
		had := to[warehouse+"/"+sku]
		to[warehouse+"/"+sku] = [2]int64{had[0] + onHand, had[1] + reserved}
	}
	switch e := e.(type) {
	case events.StockReceived:
		add(e.Warehouse, e.SKU, e.Quantity, 0)
	case events.StockAdjusted:
		add(e.Warehouse, e.SKU, e.Quantity, 0)
	case events.StockCounted:
		add(e.Warehouse, e.SKU, e.Difference, 0)
	case events.StockReserved:
		add(e.Warehouse, e.SKU, 0, events.Units(e.Lines))
	case events.StockReleased:
		add(e.Warehouse, e.SKU, 0, -events.Units(e.Lines))
	case events.StockCommitted:
		add(e.Warehouse, e.SKU, -events.Units(e.Lines), -events.Units(e.Lines))
	case events.StockTransferredOut:
		add(e.Warehouse, e.SKU, -e.Quantity, 0)
	}
}
