package projections_test

import (
	"maps"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tillstream/events"
	. "tillstream/projections"
)

// fact is columns of a row that counts in sales: what every row says, and what is special.
func fact(n int, country, number, order string, special columns) columns {
	all := columns{"at": minute(n), "recorded_at": minute(n).Add(time.Hour), "event_id": eventID(n), "origin": "api",
		"country": country, "number": number, "customer_id": "ada", "currency": "GBP"}
	if order != "" {
		all["order_id"] = order
	}
	maps.Copy(all, special)
	return all
}

func TestSalesFacts(t *testing.T) {
	given := []events.Event{twoLanterns}
	lines := []SoldLine{{LineID: "l1", SKU: "85123A", Goods: events.Goods, Warehouse: "UK"},
		{LineID: "l2", SKU: "WRAP", Goods: events.Service, Warehouse: "UK"}}
	announced := []SoldLine{lines[0], lines[1]}
	announced[0].ToReturn = 1
	specify(t, SalesFacts, []spec[SalesFact]{
		{name: "counts the line", key: "o1/l1", when: twoLanterns,
			then: fact(0, "France", "536365", "o1", columns{"kind": "sale", "line_id": "l1", "sku": "85123A", "goods": "goods",
				"warehouse": "UK", "units": 2, "amount_minor": 510, "sold_units": 2, "gross_minor": 510, "net_minor": 510})},
		{name: "counts the order and its charges", key: "o1", when: twoLanterns,
			then: fact(0, "France", "536365", "o1", columns{"kind": "order", "orders": 1, "amount_minor": 300, "gross_minor": 300,
				"net_minor": 300, "lines": lines})},
		{name: "counts a part by the credit's own country", key: "c1/1", given: given, when: creditNote,
			then: fact(1, "Spain", "C536379", "o1", columns{"kind": "returned", "line_id": "l1", "sku": "85123A", "goods": "goods",
				"warehouse": "UK", "units": 1, "amount_minor": 255, "returned_units": 1, "returned_minor": 255, "net_minor": -255})},
		{name: "counts a part without original", key: "c1/2", given: given, when: creditNote,
			then: fact(1, "Spain", "C536379", "", columns{"kind": "without_original", "sku": "MUG", "goods": "goods",
				"warehouse": "UK", "units": 1, "amount_minor": 400, "credited_units": 1, "credited_minor": 400, "net_minor": -400})},
		{name: "announces what will follow", key: "o1", given: given, when: creditNote, then: columns{"lines": announced}},
		{name: "counts what no credit note announced", key: "o1/l1/e2", given: given, when: oneCancelled,
			then: fact(1, "France", "536365", "o1", columns{"kind": "cancelled", "line_id": "l1", "sku": "85123A", "goods": "goods",
				"warehouse": "UK", "reason": "changed mind", "units": 1, "amount_minor": 255, "cancelled_units": 1,
				"cancelled_minor": 255, "net_minor": -255})},
		{name: "counts each line", key: "o1/l2/e2", given: given, when: allCancelled,
			then: fact(1, "France", "536365", "o1", columns{"kind": "cancelled", "line_id": "l2", "sku": "WRAP", "goods": "service",
				"warehouse": "UK", "reason": "lost interest", "units": 1, "amount_minor": 120, "cancelled_units": 1,
				"cancelled_minor": 120, "net_minor": -120})},
		{name: "counts the charges", key: "o1//e2", given: given, when: allCancelled,
			then: fact(1, "France", "536365", "o1", columns{"kind": "cancelled", "reason": "lost interest", "amount_minor": 300,
				"cancelled_minor": 300, "net_minor": -300})},
		{name: "counts what no credit note announced", key: "o1/l1/e2", given: given, when: oneReturned,
			then: fact(1, "France", "536365", "o1", columns{"kind": "returned", "line_id": "l1", "sku": "85123A", "goods": "goods",
				"warehouse": "UK", "units": 1, "amount_minor": 255, "returned_units": 1, "returned_minor": 255, "net_minor": -255})},
		{name: "counts an entry of the books", key: "n1/2", when: badDebt,
			then: columns{"at": dawn, "recorded_at": dawn.Add(time.Hour), "event_id": "e1", "origin": "api", "country": "United Kingdom",
				"number": "A563185", "currency": "GBP", "kind": "accounting", "sku": "B", "reason": "Adjust bad debt",
				"amount_minor": -1106206, "accounting_minor": -1106206, "net_minor": -1106206}},
		{name: "clears what was announced", key: "o1", given: []events.Event{twoLanterns, creditNote}, when: oneReturned,
			then: columns{"lines": lines}},
	})
}

var badDebt = events.AccountingNoteRecorded{NoteID: "n1", Number: "A563185", Country: "United Kingdom", Currency: "GBP",
	Lines: []events.AccountingLine{{SKU: "B", Text: "Adjust bad debt", Amount: pounds(1106206)},
		{SKU: "B", Text: "Adjust bad debt", Amount: pounds(-1106206)}}}

func TestACreditIsCountedOnce(t *testing.T) {
	cancelledNote := creditNote
	cancelledNote.Parts = []events.CreditPart{creditNote.Parts[0]}
	cancelledNote.Parts[0].Kind = events.CreditCancelled
	secondReturn := oneReturned
	secondReturn.ReturnID = "r2"
	bothReturned := events.OrderReturned{OrderID: "o1", ReturnID: "r1", Amount: pounds(510),
		Lines: []events.LineAmount{{LineID: "l1", Quantity: 2, Amount: pounds(510)}}}

	for _, c := range []struct {
		name    string
		history []events.Event
		want    map[string]int64 // what each row takes back
	}{
		{"a return that a credit note announced",
			[]events.Event{twoLanterns, creditNote, oneReturned}, map[string]int64{"c1/1": 255, "c1/2": 400}},
		{"a return before the credit note of another one",
			[]events.Event{twoLanterns, oneReturned, creditNote, secondReturn}, map[string]int64{"o1/l1/e2": 255, "c1/1": 255, "c1/2": 400}},
		{"a second return, which nobody announced",
			[]events.Event{twoLanterns, creditNote, oneReturned, secondReturn}, map[string]int64{"c1/1": 255, "c1/2": 400, "o1/l1/e4": 255}},
		{"a return half of which was announced",
			[]events.Event{twoLanterns, creditNote, bothReturned}, map[string]int64{"c1/1": 255, "c1/2": 400, "o1/l1/e3": 255}},
		{"a cancellation does not use up what was announced as returned",
			[]events.Event{twoLanterns, creditNote, oneCancelled}, map[string]int64{"c1/1": 255, "c1/2": 400, "o1/l1/e3": 255}},
		{"a cancelled line that a credit note announced",
			[]events.Event{twoLanterns, cancelledNote, oneCancelled}, map[string]int64{"c1/1": 255}},
		{"a cancelled order of which a credit note announced one lantern",
			[]events.Event{twoLanterns, cancelledNote, allCancelled}, map[string]int64{"c1/1": 255, "o1/l1/e3": 255, "o1/l2/e3": 120, "o1//e3": 300}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := map[string]int64{}
			for key, s := range folded(SalesFacts, history(c.history...)) {
				if taken := s.CancelledMinor + s.ReturnedMinor + s.CreditedMinor; taken != 0 {
					got[key] = taken
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("money taken back by row (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMoneyIsTakenBackOnTheDayItWas(t *testing.T) {
	rows := folded(SalesFacts, history(day(1, twoLanterns), day(9, oneCancelled), day(20, creditNote)))
	for key, want := range map[string]int{"o1": 1, "o1/l1": 1, "o1/l1/e2": 9, "c1/1": 20, "c1/2": 20} {
		if got := rows[key].At.Day(); got != want {
			t.Errorf("%s counts on day %d, want %d", key, got, want)
		}
	}
}
