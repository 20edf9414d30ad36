package gateway_test

import (
	"fmt"
	"reflect"
	"testing"

	"tillstream/commands"
)

func TestEveryNumberOfSalesLeadsToItsEvents(t *testing.T) {
	s := openedInJanuary(t)
	s.post("/v1/products", `{"sku":"WRAP","name":"Wrapping","kind":"service"}`).is(201)
	s.post("/v1/prices", `{"sku":"WRAP","unit":{"amount":100,"scale":2,"currency":"GBP"},"valid_from":"2026-01-01T00:00:00Z"}`).is(201)
	for i := range 7 {
		at := fmt.Sprintf("2026-02-%02dT23:59:59Z", 1+4*i)
		placed := s.entered(at, `{"sku":"LAMP-1","quantity":2},{"sku":"LAMP-1","quantity":1},{"sku":"WRAP","quantity":1}`)
		if i%2 == 0 {
			line := placed["lines"].([]any)[0].(map[string]any)["line_id"].(string)
			must(t, tell(s, at, commands.CancelOrderLine{OrderID: placed["order_id"].(string), LineID: line, Quantity: 1, Reason: "late"}))
		}
	}
	for _, report := range []string{"", "group_by=month,country", "group_by=day&tz=Pacific/Auckland", "group_by=sku", "group_by=kind,sku", "group_by=warehouse,year",
		"group_by=customer_id", "group_by=country&sku=wrap", "group_by=sku&from=2026-02-06&to=2026-02-20T12:00:00Z&as_of=2026-02-13&known_at=2026-03-01"} {
		rows := s.get("/v1/analytics/sales?" + report).is(200)["items"].([]any)
		if len(rows) == 0 {
			t.Errorf("%s has no rows", report)
		}
		for _, row := range rows {
			s.leadsToItsEvents(row.(map[string]any))
		}
	}
}

// leadsToItsEvents follows a row of a report to its events, page by page, and adds up what they contribute.
func (s *shop) leadsToItsEvents(row map[string]any) {
	s.t.Helper()
	way, sums, n := row["events"].(string), map[string]float64{}, 0
	first := s.get(way + "&limit=3").is(200)
	for page := first; ; {
		for _, item := range page["items"].([]any) {
			e := item.(map[string]any)
			n++
			for name, v := range measures(e) {
				sums[name] += v
			}
			full := s.get(e["audit"].(string)).is(200)
			for _, same := range []string{"type", "stream", "position", "at", "recorded_at", "sentence"} {
				if full[same] != e[same] {
					s.t.Errorf("%s of %v is %v in the audit log", same, e, full[same])
				}
			}
		}
		if page["next_cursor"] == "" {
			break
		}
		page = s.get(way + "&limit=3&cursor=" + page["next_cursor"].(string)).is(200)
	}
	totals := first["totals"].([]any)
	if len(totals) != 1 || !reflect.DeepEqual(measures(totals[0].(map[string]any)), measures(row)) || first["events"] != float64(n) {
		s.t.Errorf("%v events of %s come to %v in all, the row says %v, and %d were told", first["events"], way, totals, row, n)
	}
	if want := measures(row); !reflect.DeepEqual(sums, want) {
		s.t.Errorf("the events of %s come to %v, the row says %v", way, sums, want)
	}
}

// measures are the numbers of a row or an event.
func measures(row map[string]any) map[string]float64 {
	found := map[string]float64{}
	for _, name := range []string{"gross", "cancelled", "returned", "credited", "accounting", "net"} {
		found[name] = row[name].(map[string]any)["minor"].(float64)
	}
	for _, name := range []string{"orders", "units", "units_sold", "units_cancelled", "units_returned", "units_credited"} {
		found[name] = row[name].(float64)
	}
	return found
}
