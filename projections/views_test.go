package projections_test

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tillstream/events"
	. "tillstream/projections"
)

// unheard are the facts that no view of the shop hears, and why nobody misses them there.
var unheard = map[string]string{
	"personal_data.opened": "who looked is asked of the audit log, which hears everything",
	"log.opened":           "the identity of the log is told with every interval",
	"email.claimed":        "whether an address is free is asked of its own stream, never of a view",
	"email.released":       "whether an address is free is asked of its own stream, never of a view",
}

func TestEveryFactIsHeardOrNotMissed(t *testing.T) {
	heard := map[string]bool{}
	for _, v := range Views() {
		for _, wire := range v.Wires {
			heard[wire] = true
		}
	}
	for _, e := range events.Catalog().Types() {
		if _, excused := unheard[e.Type()]; heard[e.Type()] == excused {
			t.Errorf("%s is heard: %v, and excused: %v", e.Type(), heard[e.Type()], excused)
		}
	}
}

func TestViewsHaveNamesAndKnownWires(t *testing.T) {
	names := map[string]bool{}
	for _, v := range Views() {
		if names[v.Name] || v.Name == "" || v.Question == "" || v.Version < 1 || len(v.Columns) == 0 {
			t.Errorf("view %q, version %d, is not declared well", v.Name, v.Version)
		}
		names[v.Name] = true
		for _, wire := range v.Wires {
			if !events.Catalog().Knows(wire) {
				t.Errorf("%s hears %s, which is no event", v.Name, wire)
			}
		}
	}
}

func TestAnyHistoryAddsUp(t *testing.T) {
	reached := map[string]bool{}
	rapid.Check(t, func(rt *rapid.T) {
		log := history(invent(rt)...)
		for _, r := range log {
			reached[r.Type()] = true
		}
		stockAddsUp(rt, log)
		ordersAddUp(rt, log)
		salesAddUp(rt, log)
		pagesAgree(rt, log)
		pricesAreKnownAsTheyWere(rt, log)
		daysAddUp(rt, log)
		pointsAddUp(rt, log)
		paymentsAddUp(rt, log)
	})
	for _, e := range events.Catalog().Types() {
		if _, excused := unheard[e.Type()]; !excused && !reached[e.Type()] {
			t.Errorf("no history reached %s", e.Type())
		}
	}
	t.Logf("reached %v", slices.Sorted(maps.Keys(reached)))
}

func stockAddsUp(t *rapid.T, log []events.Recorded) {
	moved := map[string]int64{}
	for _, m := range folded(StockMovements, log) {
		moved[StockKey(m.Warehouse, m.SKU)] += m.Quantity
	}
	var onTheirWay int64
	for key, level := range folded(StockLevels, log) {
		var held int64
		for _, h := range level.Reservations {
			held += h.Quantity
		}
		if level.OnHand != moved[key] || level.Reserved != held || level.Available != level.OnHand-level.Reserved {
			t.Errorf("%s: %+v, movements come to %d, reservations to %d", key, level, moved[key], held)
		}
		onTheirWay += level.Outgoing - level.Incoming
	}
	if onTheirWay != 0 {
		t.Errorf("%d units left warehouses for nowhere", onTheirWay)
	}
}

func ordersAddUp(t *rapid.T, log []events.Recorded) {
	sums := map[string]Order{}
	for _, l := range folded(OrderLines, log) {
		s := sums[l.OrderID]
		s.GrossMinor += l.GrossMinor
		s.CancelledMinor += l.CancelledMinor
		s.ReturnedMinor += l.ReturnedMinor
		s.LineCount++
		s.Units += l.Quantity
		s.CancelledUnits += l.Cancelled
		s.ShippedUnits += l.Shipped
		s.ReturnedUnits += l.Returned
		sums[l.OrderID] = s
	}
	short := folded(CustomerOrders, log)
	for id, o := range folded(Orders, log) {
		lines := sums[id]
		lines.GrossMinor += o.ChargesMinor
		if o.CancelReason != "" {
			lines.CancelledMinor += o.ChargesMinor
		}
		page := Order{GrossMinor: o.GrossMinor, CancelledMinor: o.CancelledMinor, ReturnedMinor: o.ReturnedMinor, LineCount: o.LineCount,
			Units: o.Units, CancelledUnits: o.CancelledUnits, ShippedUnits: o.ShippedUnits, ReturnedUnits: o.ReturnedUnits}
		if diff := cmp.Diff(lines, page); diff != "" {
			t.Errorf("order %s (-lines +page):\n%s", id, diff)
		}
		s := short[id]
		if s.State != o.State || s.GrossMinor != o.GrossMinor || s.CancelledMinor != o.CancelledMinor || s.ReturnedMinor != o.ReturnedMinor {
			t.Errorf("order %s is %+v in short, %+v on its page", id, s, o)
		}
	}
}

func salesAddUp(t *rapid.T, log []events.Recorded) {
	sums := map[string]SalesFact{}
	var credited int64
	for _, f := range folded(SalesFacts, log) {
		s := sums[f.OrderID]
		s.Orders += f.Orders
		s.GrossMinor += f.GrossMinor
		s.CancelledMinor += f.CancelledMinor
		s.ReturnedMinor += f.ReturnedMinor
		s.CancelledUnits += f.CancelledUnits
		s.ReturnedUnits += f.ReturnedUnits
		s.SoldUnits += f.SoldUnits
		sums[f.OrderID] = s
		credited += f.CreditedMinor
		if f.NetMinor != f.GrossMinor-f.CancelledMinor-f.ReturnedMinor-f.CreditedMinor+f.AccountingMinor ||
			f.AmountMinor < min(0, f.AccountingMinor) || f.Units < 0 {
			t.Errorf("a fact does not add up: %+v", f)
		}
	}
	for id, o := range folded(Orders, log) {
		want := SalesFact{Orders: 1, GrossMinor: o.GrossMinor, CancelledMinor: o.CancelledMinor, ReturnedMinor: o.ReturnedMinor,
			CancelledUnits: o.CancelledUnits, ReturnedUnits: o.ReturnedUnits, SoldUnits: o.Units}
		if diff := cmp.Diff(want, sums[id]); diff != "" {
			t.Errorf("order %s (-page +sales):\n%s", id, diff)
		}
	}
	for _, n := range folded(CreditNotes, log) {
		for _, p := range n.Parts {
			if p.Kind == events.CreditWithoutOriginal {
				credited -= p.Amount.Minor
			}
		}
	}
	if credited != 0 {
		t.Errorf("credits without original differ from the credit notes by %d", credited)
	}
}

// everyView runs a check of a view on each of them: a function cannot be handed over with its type open.
func everyView(t *rapid.T, log []events.Recorded) {
	pureAndStorable(t, Products, log)
	pureAndStorable(t, ProductPages, log)
	pureAndStorable(t, Prices, log)
	pureAndStorable(t, StockLevels, log)
	pureAndStorable(t, StockMovements, log)
	pureAndStorable(t, DailyStockMovements, log)
	pureAndStorable(t, StockLedger, log)
	pureAndStorable(t, Customers, log)
	pureAndStorable(t, CustomerProfiles, log)
	pureAndStorable(t, Orders, log)
	pureAndStorable(t, OrderLines, log)
	pureAndStorable(t, CustomerOrders, log)
	pureAndStorable(t, SalesFacts, log)
	pureAndStorable(t, PaymentMovements, log)
	pureAndStorable(t, CreditNotes, log)
	pureAndStorable(t, LoyaltyAccounts, log)
	pureAndStorable(t, LoyaltyStatement, log)
	pureAndStorable(t, ProcessStatuses, log)
	pureAndStorable(t, Imports, log)
	pureAndStorable(t, KeyedCommands, log)
	pureAndStorable(t, AuditLog, log)
}

func TestFoldsChangeNothingTheyWereGivenAndMakeOnlyWhatCanBeKept(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) { everyView(rt, history(invent(rt)...)) })
}

// pureAndStorable folds fact by fact: what a value was must still be so afterwards, what it becomes must come back from
// JSON as it went, and one batch must make of it what many make.
func pureAndStorable[V any](t *rapid.T, view View[V], log []events.Recorded) {
	docs, was := map[string]Doc[V]{}, map[string]string{}
	var heard []events.Recorded
	for _, r := range log {
		if !view.Hears(r.Type()) {
			continue
		}
		heard = append(heard, r)
		changed := view.Fold(docs, []events.Recorded{r})
		for key, before := range was {
			if now := stored(t, docs[key].Value); now != before {
				t.Fatalf("%s: %s changed a value of %q in place:\n%s\n%s", view.Name, r.Type(), key, before, now)
			}
		}
		for key, doc := range changed {
			docs[key], was[key] = doc, stored(t, doc.Value)
			var back V
			if err := json.Unmarshal([]byte(was[key]), &back); err != nil || !reflect.DeepEqual(back, doc.Value) {
				t.Fatalf("%s: %q does not come back from JSON (%v):\n%s", view.Name, key, err, cmp.Diff(doc.Value, back))
			}
		}
	}
	if whole := view.Fold(nil, heard); !reflect.DeepEqual(whole, docs) {
		t.Fatalf("%s: one batch makes something else of a history than many:\n%s", view.Name, cmp.Diff(docs, whole))
	}
}

func stored(t *rapid.T, value any) string {
	b, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
