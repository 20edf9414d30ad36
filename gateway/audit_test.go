package gateway_test

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tillstream/aggregates"
	"tillstream/events"
)

// records puts facts into the log as they are, and tells the views.
func (s *shop) records(stream string, m events.Meta, facts ...events.Event) {
	s.t.Helper()
	if m.At.IsZero() {
		m.At, m.Rec = noon, noon
	}
	s.log.Record(stream, m, facts...)
	s.log.tell()
}

// lastOf is the id of the newest event that a query of the audit log finds.
func (s *shop) lastOf(query string) string {
	s.t.Helper()
	items := s.get("/v1/audit/events?" + query).is(200)["items"].([]any)
	if len(items) == 0 {
		s.t.Fatalf("nothing is like %s", query)
	}
	return items[0].(map[string]any)["id"].(string)
}

func (s *shop) auditEvent(id string, headers ...string) map[string]any {
	s.t.Helper()
	return s.get("/v1/audit/events/"+id, headers...).is(200)
}

// What the last of some facts changed, of every kind of stream there is.
func TestBeforeAndAfterAreFoldedOfEveryStream(t *testing.T) {
	gbp := func(minor int64) events.Money { return events.Money{Minor: minor, Currency: "GBP"} }
	line := events.Line{LineID: "l1", SKU: "A", Kind: events.Goods, Warehouse: "MAIN", Quantity: 2, Gross: gbp(10)}
	placed := events.OrderPlaced{OrderID: "o1", Country: "GB", Currency: "GBP", Lines: []events.Line{line}, Totals: events.Totals{Gross: gbp(10)}}
	part := []events.LineQuantity{{LineID: "l1", Quantity: 2}}
	cases := map[string]struct {
		facts []events.Event
		field string
		from  any // nil: it was not there
		to    any
	}{
		"accounting_note-n1":        {[]events.Event{events.AccountingNoteRecorded{NoteID: "n1"}}, "recorded", nil, true},
		"credit_note-n1":            {[]events.Event{events.CreditNoteIssued{CreditNoteID: "n1"}, events.CreditNoteSettled{CreditNoteID: "n1"}}, "settled", false, true},
		"customer-c1":               {[]events.Event{events.CustomerOpened{CustomerID: "c1", Country: "GB"}, events.CustomerDescribed{CustomerID: "c1", Country: "DE"}}, "opened.country", "GB", "DE"},
		"email-b1":                  {[]events.Event{events.EmailClaimed{Blind: "b1", CustomerID: "c1"}, events.EmailReleased{Blind: "b1", CustomerID: "c1"}}, "customer_id", "c1", nil},
		"import-i1":                 {[]events.Event{events.ImportStarted{ImportID: "i1"}, events.ImportDayClosed{ImportID: "i1", Day: "2010-12-01", Documents: 3}}, "days.2010-12-01", nil, 3.0},
		"log-identity":              {[]events.Event{events.LogOpened{LogID: "one"}, events.LogOpened{LogID: "two"}}, "id", "one", "two"},
		"loyalty-c1":                {[]events.Event{events.PointsEarned{CustomerID: "c1", LotID: "x", Points: 5, Spent: gbp(500)}, events.PointsActivated{CustomerID: "c1", LotID: "x", Points: 5}}, "lots[0].active", false, true},
		"order-o1":                  {[]events.Event{placed, events.OrderConfirmed{OrderID: "o1"}}, "status", "placed", "confirmed"},
		"payment-p1":                {[]events.Event{events.PaymentRequested{PaymentID: "p1", Amount: gbp(10)}, events.PaymentDeclined{PaymentID: "p1"}}, "status", "requested", "declined"},
		"personal_data-customer-c1": {[]events.Event{events.PersonalDataOpened{Subject: "customer-c1"}, events.PersonalDataOpened{Subject: "customer-c1"}}, "opened", 1.0, 2.0},
		"price-MAIN/A":              {[]events.Event{events.PriceSet{PriceID: "p", SKU: "A", ValidFrom: noon}, events.PriceWithdrawn{PriceID: "p", SKU: "A", Until: noon}}, "list[0].until", nil, "2026-03-01T12:00:00Z"},
		"product-A":                 {[]events.Event{events.ProductRegistered{SKU: "A", Name: "Lamp"}, events.ProductDescribed{SKU: "A", Name: "Light"}}, "name", "Lamp", "Light"},
		"return-r1":                 {[]events.Event{events.ReturnRequested{ReturnID: "r1", Lines: []events.ReturnLine{{LineID: "l1", Quantity: 2}}}, events.ReturnReceived{ReturnID: "r1", Lines: []events.ReceivedLine{{LineID: "l1", Quantity: 2}}}}, "lines.l1.received", 0.0, 2.0},
		"shipment-s1":               {[]events.Event{events.ShipmentPlanned{ShipmentID: "s1", Fulfillments: []events.PlannedFulfillment{{FulfillmentID: "f1", Lines: []events.PlannedLine{{LineID: "l1", Quantity: 2}}}}}, events.FulfillmentPicked{FulfillmentID: "f1", Lines: part}}, "fulfillments.f1.lines[0].picked", 0.0, 2.0},
		"stock-MAIN/A":              {[]events.Event{events.StockReceived{SKU: "A", Quantity: 5}, events.StockReserved{SKU: "A", OrderID: "o1", Lines: part}}, "reserved", 0.0, 2.0},
	}
	s := open(t)
	for _, category := range aggregates.Categories() {
		if !slices.ContainsFunc(keysOf(cases), func(stream string) bool { return events.Category(stream) == category }) {
			t.Errorf("no case is of the streams of %s", category)
		}
	}
	for stream, c := range cases {
		t.Run(stream, func(t *testing.T) {
			s.records(stream, events.Meta{}, c.facts...)
			first := s.auditEvent(s.lastOf("stream=" + stream + "&cursor="))
			found := false
			for _, change := range first["changes"].([]any) {
				if change := change.(map[string]any); change["field"] == c.field {
					found = true
					if diff := cmp.Diff([]any{c.from, c.to}, []any{change["before"], change["after"]}); diff != "" {
						t.Errorf("%s changed otherwise (-want +got):\n%s", c.field, diff)
					}
				}
			}
			if !found {
				t.Errorf("%s is not among the changes: %v", c.field, first["changes"])
			}
			if (first["before"] == nil) != (len(c.facts) == 1) || first["after"] == nil || first["not_folded"] != "" {
				t.Errorf("before %v, after %v, %v", first["before"], first["after"], first["not_folded"])
			}
		})
	}
}

func keysOf[V any](m map[string]V) (keys []string) {
	for k := range m {
		keys = append(keys, k)
	}
	return keys
}

// A foreign client may write what no decision would: the fact is shown, its state is not made up.
func TestAFactWhoseStreamCannotBeFoldedIsStillShown(t *testing.T) {
	s := open(t)
	s.records("order-o1", events.Meta{}, events.StockReceived{SKU: "A", Quantity: 1})
	s.records("basket-b1", events.Meta{}, events.OrderClosed{OrderID: "o1"})
	s.records("payment-p1", events.Meta{}, events.PaymentCaptured{PaymentID: "p1", CaptureID: "1", Amount: events.Money{Minor: 1, Currency: "GBP"}},
		events.PaymentCaptured{PaymentID: "p1", CaptureID: "2", Amount: events.Money{Minor: 1, Currency: "EUR"}}) // adding these panics
	for _, stream := range []string{"order-o1", "basket-b1", "payment-p1"} {
		e := s.auditEvent(s.lastOf("stream=" + stream))
		if e["data"] == nil || e["not_folded"] == "" || e["before"] != nil || e["after"] != nil {
			t.Errorf("%s: %v", stream, e)
		}
		if page := s.get("/audit/events/" + e["id"].(string)); page.code != 200 || !strings.Contains(page.body, "Before and after are not known") {
			t.Errorf("%s: the page answers %d", stream, page.code)
		}
	}
}

func TestManyChangesAreCounted(t *testing.T) {
	s := open(t)
	placed := events.OrderPlaced{OrderID: "o1"}
	for i := range 300 {
		placed.Lines = append(placed.Lines, events.Line{LineID: fmt.Sprint(i), Quantity: 1, Gross: events.Money{Minor: 1, Currency: "GBP"}})
	}
	s.records("order-o1", events.Meta{}, placed)
	e := s.auditEvent(s.lastOf("stream=order-o1"))
	if n := len(e["changes"].([]any)); n != 1000 || e["changes_omitted"].(float64) < 100 {
		t.Errorf("%d changes, %v left out", n, e["changes_omitted"])
	}
}

func TestTheListIsAsLongAsTheLogAndKeepsItsPlace(t *testing.T) {
	s := open(t)
	for i := range 25 {
		s.records("stock-MAIN/A", events.Meta{}, events.StockReceived{SKU: "A", Quantity: int64(i + 1)})
	}
	var seen []string
	for cursor, n := "", 0; ; n++ {
		page := s.get("/v1/audit/events?limit=10&cursor=" + cursor).is(200)
		for _, item := range page["items"].([]any) {
			seen = append(seen, fmt.Sprint(item.(map[string]any)["position"]))
		}
		s.records("stock-MAIN/B", events.Meta{}, events.StockReceived{SKU: "B", Quantity: 1}) // in between
		if cursor = page["next_cursor"].(string); cursor == "" {
			break
		}
	}
	if len(seen) != 25 || seen[0] != "25" || seen[24] != "1" {
		t.Errorf("%d events: %v", len(seen), seen)
	}
}

func TestTimesAreOfBusinessOrOfRecording(t *testing.T) {
	s := open(t)
	s.records("stock-MAIN/A", events.Meta{At: noon.AddDate(0, -1, 0), Rec: noon}, events.StockCounted{SKU: "A", Counted: 3}) // a correction of last month
	s.records("stock-MAIN/A", events.Meta{At: noon, Rec: noon.AddDate(0, 0, -1)}, events.StockReceived{SKU: "A", Quantity: 1})
	for query, want := range map[string]string{
		"from=2026-02-01T00:00:00Z&to=2026-02-02T00:00:00Z":               "stock.counted",
		"from=2026-03-01T00:00:00Z":                                       "stock.received",
		"from=2026-03-01T00:00:00Z&time=recorded":                         "stock.counted",
		"to=2026-03-01T00:00:00Z&time=recorded":                           "stock.received",
		"from=2026-01-01T00:00:00Z&to=2026-12-01T00:00:00Z":               "stock.received",
		"from=2026-01-01T00:00:00Z&to=2026-12-01T00:00:00Z&time=recorded": "stock.counted",
	} {
		items := s.get("/v1/audit/events?" + query).is(200)["items"].([]any)
		if len(items) == 0 || items[0].(map[string]any)["type"] != want {
			t.Errorf("%s: %v", query, items)
		}
	}
	s.get("/v1/audit/events?from=yesterday").fails(400, "invalid_argument")
	s.get("/v1/audit/events?stream="+strings.Repeat("x", 513)).fails(400, "invalid_argument")
}

func TestACSVHoldsTheWholeListAndNoFormula(t *testing.T) {
	s := open(t)
	for _, sku := range []string{`=HYPERLINK("http://evil")`, "+1", "-1", "@SUM", "safe, \"quoted\""} {
		s.records("product-"+sku, events.Meta{Why: "=1+1", Correlation: "x"}, events.ProductRegistered{SKU: sku, Name: "n"})
	}
	many := make([]events.Event, 1200) // more than are read at once
	for i := range many {
		many[i] = events.StockReceived{SKU: "A", Quantity: int64(i + 1)}
	}
	s.records("stock-MAIN/A", events.Meta{}, many...)
	r := s.get("/v1/audit/export")
	if r.code != 200 || !strings.HasPrefix(r.header.Get("Content-Type"), "text/csv") || !strings.Contains(r.header.Get("Content-Disposition"), "attachment") {
		t.Fatalf("%d %v", r.code, r.header)
	}
	rows, err := csv.NewReader(strings.NewReader(r.body)).ReadAll()
	if err != nil || len(rows) != 1+1205 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, row := range rows {
		for _, cell := range row {
			if cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r") {
				t.Errorf("a spreadsheet would run %q", cell)
			}
		}
	}
	if rows, _ := csv.NewReader(strings.NewReader(s.get("/v1/audit/export?type=product.*&limit=2").body)).ReadAll(); len(rows) != 3 {
		t.Errorf("%d rows of 2 products", len(rows))
	}
	if empty := s.get("/v1/audit/export?actor=nobody"); empty.code != 200 || strings.Count(empty.body, "\n") != 1 {
		t.Errorf("an empty export is %d %q", empty.code, empty.body)
	}
	s.get("/v1/audit/export?limit=-1").fails(400, "invalid_argument")
	s.ask(http.MethodPost, "/v1/audit/export", "").fails(405, "method_not_allowed")
}
