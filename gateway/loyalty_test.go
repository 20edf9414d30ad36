package gateway_test

import (
	"fmt"
	"testing"
	"time"

	"tillstream/events"
)

func TestACustomerReadsPointsAndHowTheyCameToBe(t *testing.T) {
	s := open(t)
	id := customer(s)
	none := s.get("/v1/loyalty/" + id).is(200)
	if none["points"] != 0.0 || len(none["lots"].([]any)) != 0 {
		t.Errorf("who has bought nothing has no points: %v", none)
	}
	if lines := s.get("/v1/loyalty/" + id + "/statement").is(200)["items"].([]any); len(lines) != 0 {
		t.Errorf("and no movements: %v", lines)
	}

	later, last := noon.AddDate(0, 0, 14), noon.AddDate(1, 0, 0)
	lot := func(lot string, points int64) events.Event {
		return events.PointsEarned{CustomerID: id, LotID: lot, OrderID: "order-" + lot, Points: points, Spent: events.Money{Minor: 100 * points, Currency: "GBP"},
			ActivatesAt: later, ExpiresAt: last}
	}
	s.log.Record(string(events.Loyalty(id)), events.Meta{At: noon, Rec: noon}, lot("a", 30), lot("b", 12),
		events.PointsActivated{CustomerID: id, LotID: "a", Points: 30},
		events.PointsBurned{CustomerID: id, RedemptionID: "r", Points: 10, Lots: []events.LotPoints{{LotID: "a", Points: 10}}})
	s.log.tell()

	a := s.get("/v1/loyalty/" + id).is(200)
	if a["points"] != 32.0 || a["active"] != 20.0 || a["pending"] != 12.0 || a["burned"] != 10.0 || len(a["lots"].([]any)) != 2 {
		t.Errorf("20 can be burned, 12 are pending: %v", a)
	}
	first := a["lots"].([]any)[0].(map[string]any)
	if first["left"] != 20.0 || first["active"] != true || first["expires_at"] != last.Format(time.RFC3339) {
		t.Errorf("20 of 30 are left of the first lot: %v", first)
	}

	page := s.get("/v1/loyalty/" + id + "/statement?limit=3").is(200)
	rest := s.get(fmt.Sprintf("/v1/loyalty/%s/statement?limit=3&cursor=%s", id, page["next_cursor"])).is(200)
	var told []string
	for _, item := range append(page["items"].([]any), rest["items"].([]any)...) {
		m := item.(map[string]any)
		told = append(told, fmt.Sprintf("%v %v: %v %v", m["kind"], m["points"], m["active_after"], m["pending_after"]))
	}
	want := "[burned 10: 20 12 activated 30: 30 12 earned 12: 0 42 earned 30: 0 30]"
	if fmt.Sprint(told) != want || rest["next_cursor"] != "" {
		t.Errorf("the statement tells\n%v\nnot\n%v", told, want)
	}
	if only := s.get("/v1/loyalty/" + id + "/statement?kind=burned").is(200)["items"].([]any); len(only) != 1 {
		t.Errorf("one movement is a burning: %v", only)
	}
}

func TestPointsOfNobody(t *testing.T) {
	s := open(t)
	s.get("/v1/loyalty/none").fails(404, "customer_unknown")
	s.get("/v1/loyalty/none/statement").fails(404, "customer_unknown")
	s.get("/v1/loyalty/none/statement?kind=lost").fails(400, "invalid_argument")
}

func TestNothingGoesOnByItselfYet(t *testing.T) {
	s := open(t)
	list := s.get("/v1/processes?name=fulfilment&state=waiting").is(200)
	if len(list["items"].([]any)) != 0 || list["next_cursor"] != "" {
		t.Errorf("a process runs: %v", list)
	}
	s.get("/v1/processes?state=asleep").fails(400, "invalid_argument")
}
