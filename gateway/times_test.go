package gateway_test

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"reflect"
	"testing"
	"time"

	"tillstream/aggregates"
	"tillstream/commands"
	"tillstream/events"
	"tillstream/gateway"
)

// tell records a command, of a business time; empty: of now.
func tell[S aggregates.State[S, E], E events.Event](s *shop, at string, cmd commands.Command[S, E]) error {
	s.t.Helper()
	meta := events.Meta{Command: events.FreshCommandID(), Origin: events.FromAPI}
	if at != "" {
		meta.At = instant(s.t, at)
	}
	_, err := commands.Handle(s.t.Context(), s.deps.Handler, meta, cmd)
	return err
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func instant(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	must(t, err)
	return at
}

// openedInJanuary is a shop whose lamps have been sold for 2.095 pounds since January.
func openedInJanuary(t testing.TB) *shop {
	s := stocked(t)
	s.post("/v1/prices", `{"sku":"LAMP-1","unit":{"amount":2095,"scale":3,"currency":"GBP"},"valid_from":"2026-01-01T00:00:00Z"}`).is(201)
	return s
}

// entered is an order of another time that staff enter now.
func (s *shop) entered(at, lines string) map[string]any {
	s.t.Helper()
	return s.post("/v1/orders", `{"guest":{"name":"Gus Guest","email":"gus@example.com"},"ship_to":{"country":"GB"},"currency":"GBP",
		"payment":{"token":"tok_ok"},"lines":[`+lines+`]}`, "Business-Time", at, "X-Actor", "staff:eve").is(201)
}

func netOf(t testing.TB, r reply) any {
	t.Helper()
	items := r.is(200)["items"].([]any)
	if len(items) != 1 {
		t.Fatalf("%d rows: %s", len(items), r.body)
	}
	return items[0].(map[string]any)["net"].(map[string]any)["minor"]
}

// A correction recorded today with business time last month changes last month's sales, and asking with yesterday's
// known_at gives yesterday's answer.
func TestACorrectionChangesLastMonthAndNotWhatWasKnownOfIt(t *testing.T) {
	s := openedInJanuary(t) // on 1 March, at noon
	s.entered("2026-02-27T23:30:00-05:00", `{"sku":"LAMP-1","quantity":3}`)
	february := "/v1/analytics/sales?group_by=month,country&from=2026-02-01&to=2026-03-01&tz=America/New_York"
	yesterday := s.get(february)
	if netOf(t, yesterday) != 629.0 {
		t.Fatalf("three lamps of February come to %s", yesterday.body)
	}
	s.now.pass(24 * time.Hour)

	s.entered("2026-02-10T12:00:00Z", `{"sku":"LAMP-1","quantity":1}`)
	must(t, tell(s, "2026-02-20T12:00:00Z", commands.RecordAccountingNote{NoteID: "n1", Country: "GB", Currency: "GBP",
		Lines: []events.AccountingLine{{SKU: "B", Text: "bad debt", Amount: events.Money{Minor: -100, Currency: "GBP"}}}, Total: events.Money{Minor: -100, Currency: "GBP"}}))

	if today := s.get(february); netOf(t, today) != 629.0+210-100 {
		t.Errorf("corrected, February comes to %s", today.body)
	}
	for _, known := range []string{"2026-03-01T12:00:00Z", "2026-03-01T13:00:00%2B01:00", "2026-03-01", "2026-03-02T11:59:59.999999Z"} {
		then := s.get(february + "&known_at=" + known)
		if netOf(t, then) != netOf(t, yesterday) || then.header.Get("Known-At") == "" {
			t.Errorf("asked with %s, %s", known, then.body)
		}
	}
	for asOf, want := range map[string]any{"2026-02-10T12:00:00Z": 210.0, "2026-02-20": 110.0, "2026-02-27T23:29:59.999999-05:00": 110.0, "2026-02-28": 739.0} {
		then := s.get(february + "&as_of=" + url.QueryEscape(asOf))
		if netOf(t, then) != want || then.header.Get("As-Of") == "" {
			t.Errorf("as of %s, %s, want %v", asOf, then.body, want)
		}
	}
}

func TestOnlyStaffMaySayThatItWasNotNow(t *testing.T) {
	s := openedInJanuary(t)
	s.order("", "Business-Time", "2026-02-10T12:00:00Z", "X-Actor", "customer:ann").fails(403, "business_time_refused")
	for _, bad := range []string{"2026-02-10", "yesterday", "1899-12-31T00:00:00Z", "2026-03-03T00:00:00Z"} {
		s.order("", "Business-Time", bad, "X-Actor", "staff:eve").fails(400, "invalid_argument")
	}
	staff := []string{"Idempotency-Key", "k", "X-Actor", "staff:eve", "Business-Time"}
	s.order("", append(staff, "2026-02-10T12:00:00Z")...).is(201)
	if again := s.order("", append(staff, "2026-02-10T13:00:00+01:00")...); again.is(201) == nil || again.header.Get("Idempotency-Replayed") != "true" {
		t.Error("the same instant is another request")
	}
	s.order("", append(staff, "2026-02-11T12:00:00Z")...).fails(422, "idempotency_key_reused")
}

func TestAPriceListIsToldAsItStoodThen(t *testing.T) {
	s := open(t)
	set := func(amount int, from string) string {
		return s.post("/v1/prices", fmt.Sprintf(`{"sku":"MUG","unit":{"amount":%d,"scale":2,"currency":"GBP"},"valid_from":"%s"}`, amount, from)).is(201)["price_id"].(string)
	}
	set(1000, "2026-01-01T00:00:00Z") // recorded on 1 March, at noon
	s.now.pass(24 * time.Hour)
	late := set(900, "2026-02-01T00:00:00Z")
	s.now.pass(24 * time.Hour)
	s.post("/v1/prices/"+late+"/withdraw", `{"sku":"MUG","until":"2026-02-15T00:00:00Z"}`).is(200)
	for _, c := range []struct {
		asOf, knownAt string
		amount        any
	}{
		{"2026-02-10T00:00:00Z", "", 900.0},
		{"2026-02-15T00:00:00Z", "", 1000.0},
		{"2027-01-01T00:00:00Z", "", 1000.0},
		{"2025-12-31T23:59:59Z", "", nil},
		{"2026-02-10T00:00:00Z", "2026-03-02T11:59:59Z", 1000.0},
		{"2026-02-10T00:00:00Z", "2026-03-02T12:00:00Z", 900.0},
		{"2026-02-20T00:00:00Z", "2026-03-02T12:00:00Z", 900.0},
		{"2026-02-20T00:00:00Z", "2026-03-03T12:00:00Z", 1000.0},
		{"2026-02-20T00:00:00Z", "2026-03-01T11:59:59Z", nil},
	} {
		for _, name := range []string{"as_of", "at"} {
			var amount any
			answer := s.get("/v1/prices?sku=MUG&" + name + "=" + c.asOf + "&known_at=" + c.knownAt)
			for _, p := range answer.is(200)["items"].([]any) {
				amount = p.(map[string]any)["unit"].(map[string]any)["amount"]
			}
			if amount != c.amount {
				t.Errorf("%s=%s, known at %q: %v, want %v", name, c.asOf, c.knownAt, amount, c.amount)
			}
		}
	}
	if all := s.get("/v1/prices?sku=MUG&known_at=2026-03-02T12:00:00Z").is(200)["items"].([]any); len(all) != 2 ||
		all[1].(map[string]any)["valid_until"] != nil || all[1].(map[string]any)["recorded_at"] != "2026-03-02T12:00:00Z" {
		t.Errorf("before the end was recorded the list was %v", all)
	}
	s.get("/v1/prices?at=2026-02-10T00:00:00Z&as_of=2026-02-11T00:00:00Z").fails(400, "invalid_argument")
}

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
				t.Errorf("%v does not add up", l)
			}
		}
		for key := range want {
			if got[key] != want[key] {
				t.Errorf("%s of %v: %v, want %v", key, query, got[key], want[key])
			}
		}
		for key := range got {
			if got[key] != want[key] {
				t.Errorf("%s of %v: %v, want %v", key, query, got[key], want[key])
			}
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

// An order's page of a record time is, to the letter, the page that was answered then.
func TestAnOrdersPageOfThenIsTheOneThatWasAnsweredThen(t *testing.T) {
	s := stocked(t)
	customerID := customer(s)
	placed := s.post("/v1/orders", `{"customer_id":"`+customerID+`","currency":"GBP","lines":[{"sku":"LAMP-1","quantity":3}],"payment":{"token":"tok_ok"}}`).is(201)
	id, line := placed["order_id"].(string), placed["lines"].([]any)[0].(map[string]any)["line_id"].(string)
	one := []events.LineQuantity{{LineID: line, Quantity: 1}}
	pounds := func(minor int64) events.Money { return events.Money{Minor: minor, Currency: "GBP"} }
	type read struct{ at, body string }
	var pages []read
	look := func(err error) {
		t.Helper()
		must(t, err)
		pages = append(pages, read{s.now.Now().Format(time.RFC3339Nano), s.get("/v1/orders/" + id).body})
		s.now.pass(time.Hour)
	}
	look(nil)
	look(tell(s, "", commands.ConfirmOrder{OrderID: id}))
	look(tell(s, "", commands.RequestPayment{PaymentID: "p1", OrderID: id, Amount: pounds(629), Provider: "simulated"}))
	look(tell(s, "", commands.AuthorizePayment{PaymentID: "p1", Amount: pounds(629), Reference: "r"}))
	look(tell(s, "", commands.CancelOrderLine{OrderID: id, LineID: line, Quantity: 1, Reason: "changed mind"}))
	look(tell(s, "", commands.PlanShipment{ShipmentID: "s1", OrderID: id, Fulfillments: []events.PlannedFulfillment{
		{FulfillmentID: "f1", Warehouse: "MAIN", Lines: []events.PlannedLine{{LineID: line, SKU: "LAMP-1", Quantity: 2}}}}}))
	look(tell(s, "", commands.ShipOrder{OrderID: id, ShipmentID: "s1", FulfillmentID: "f1", Lines: one}))
	look(tell(s, "", commands.CapturePayment{PaymentID: "p1", CaptureID: "k1", Amount: pounds(210)}))
	look(tell(s, "2026-03-01T12:30:00Z", commands.CancelOrderLine{OrderID: id, LineID: line, Quantity: 1, Reason: "told on the phone"}))

	for _, p := range pages {
		if then := s.get("/v1/orders/" + id + "?known_at=" + p.at); then.code != 200 || then.body != p.body {
			t.Errorf("known at %s it was\n%snow said to have been %d\n%s", p.at, p.body, then.code, then.body)
		}
	}
	s.get("/v1/orders/"+id+"?known_at=2026-03-01T11:59:59Z").fails(404, "order_unknown")
	s.get("/v1/orders/"+id+"?as_of=2026-03-01T11:59:59Z").fails(404, "order_unknown")
	lines := s.get("/v1/orders/" + id + "?as_of=2026-03-01T12:45:00Z").is(200)["lines"].([]any)
	if lines[0].(map[string]any)["cancelled"] != 1.0 {
		t.Errorf("what was told on the phone at half past was so at a quarter to: %v", lines)
	}
	lines = s.get("/v1/orders/" + id + "?as_of=2026-03-01T12:45:00Z&known_at=2026-03-01T13:00:00Z").is(200)["lines"].([]any)
	if lines[0].(map[string]any)["cancelled"] != 0.0 {
		t.Errorf("and nobody knew: %v", lines)
	}

	// What was erased stays erased, in the past as well.
	s.post("/v1/customers/"+customerID+"/erase", "").is(200)
	then := s.get("/v1/orders/" + id + "?known_at=" + pages[0].at)
	if then.is(200)["ship_to"] != nil || then.header.Get("Known-At") != pages[0].at {
		t.Errorf("the past remembers who was forgotten: %s", then.body)
	}
}

func TestTheFutureIsNotAskedOfThePast(t *testing.T) {
	s := stocked(t)
	id := s.order("").is(201)["order_id"].(string)
	for _, query := range []string{"until=placed&as_of=2026-03-01T12:00:00Z", "until=settled&known_at=2026-03-01T12:00:00Z", "as_of=2026-03-01", "as_of=yesterday", "known_at=2026-03-01T12:00:00"} {
		s.get("/v1/orders/"+id+"?"+query).fails(400, "invalid_argument")
	}
	for _, path := range []string{"/v1/orders?", "/v1/products?", "/v1/customers/c/orders?", "/v1/credit-notes?", "/v1/stock/movements?", "/v1/products/LAMP-1?"} {
		for _, name := range []string{"as_of", "known_at"} {
			if field := s.get(path+name+"=2026-03-01T12:00:00Z").fails(400, "invalid_argument")["field"]; field != name {
				t.Errorf("%s does not say that %s cannot be asked, but %v", path, name, field)
			}
		}
	}
	s.get("/v1/orders/" + id + "?as_of=2126-03-01T12:00:00Z&known_at=2126-03-01T12:00:00Z").is(200)
}

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

// Clocks that are put forward at midnight, or back to it, make no day begin twice, never, or in another one.
func TestADayBeginsWithItsFirstInstant(t *testing.T) {
	for _, name := range []string{"UTC", "Europe/London", "America/Sao_Paulo", "America/Havana", "Asia/Beirut", "Pacific/Auckland", "Asia/Kathmandu"} {
		zone, err := time.LoadLocation(name)
		must(t, err)
		for day := time.Date(2017, 1, 1, 0, 0, 0, 0, time.UTC); day.Year() < 2019; day = day.AddDate(0, 0, 1) {
			text := day.Format(time.DateOnly)
			from, to := gateway.DayIn(text, zone)
			is := func(at time.Time) bool { return at.In(zone).Format(time.DateOnly) == text }
			if !is(from) || !is(to.Add(-time.Microsecond)) || is(to) {
				t.Fatalf("%s in %s is from %v to %v", text, name, from.In(zone), to.In(zone))
			}
			for before := from.Add(-time.Microsecond); from.Sub(before) < 3*time.Hour; before = before.Add(-15 * time.Minute) {
				if is(before) {
					t.Fatalf("%s in %s begins before %v", text, name, from.In(zone))
				}
			}
		}
	}
}
