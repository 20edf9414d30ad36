package gateway_test

import (
	"fmt"
	"net/url"
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
