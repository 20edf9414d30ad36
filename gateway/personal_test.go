package gateway_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"tillstream/events"
)

// secrets are what the people of a test say about themselves.
var secrets = []string{"Ann Example", "Ann@Example.com", "ann@example.com", "1 High Street", "Leeds", "Gus Guest", "gus@example.com", "2 Low Street", "tok_secret"}

func TestWhatPeopleSayAboutThemselvesIsKeptSealed(t *testing.T) {
	s := stocked(t)
	id := customer(s)
	s.order("").is(201)
	s.post("/v1/orders", `{"customer_id":"`+id+`","currency":"GBP","lines":[{"sku":"LAMP-1","quantity":1}],"ship_to":{"line1":"1 High Street","country":"GB"},
		"payment":{"token":"tok_secret"}}`).is(201)
	s.get("/v1/customers?name=Ann%20Example&email=ann@example.com").is(200)
	s.post("/v1/customers", `{"name":"Ann Example","email":"ann@example.com","country":"GB"}`).fails(409, "email_taken")
	s.post("/v1/customers", `{"name":"Ann Example","email":"Ann Example","country":"GB"}`).fails(400, "invalid_argument")
	s.log.reading = func(context.Context, string) error { return fmt.Errorf("on fire") }
	s.post("/v1/customers", `{"name":"Ann Example","email":"ann@example.com","country":"GB"}`).fails(500, "internal")

	stored, err := json.Marshal(s.log.All())
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range secrets {
		for _, form := range []string{secret, base64.StdEncoding.EncodeToString([]byte(secret)), strings.ReplaceAll(secret, " ", "%20")} {
			if strings.Contains(string(stored), form) {
				t.Errorf("%q is stored in clear", secret)
			}
			if strings.Contains(s.lines.String(), form) {
				t.Errorf("%q is in the log of the process", secret)
			}
		}
	}
}

// A key that does not hold what was written hides its own person, by name of its file in the log, and nobody else.
func TestADamagedKeyHidesOnePerson(t *testing.T) {
	s := open(t)
	ann := customer(s)
	bert := s.post("/v1/customers", `{"name":"Bert Other","email":"bert@example.com","country":"FR"}`).is(201)["customer_id"].(string)
	s.keys.damage(events.CustomerSubject(ann), "/data/keys/3f/3fa9")

	people := map[string]map[string]any{}
	for _, item := range s.get("/v1/customers").is(200)["items"].([]any) {
		person := item.(map[string]any)
		people[person["customer_id"].(string)] = person
	}
	if p := people[ann]; p["unreadable"] != true || p["erased"] != false || p["name"] != nil || p["email"] != nil || p["address"] != nil || p["country"] != "GB" {
		t.Errorf("the person of the damaged key reads %v", p)
	}
	if p := people[bert]; p["unreadable"] != false || p["name"] != "Bert Other" || p["email"] != "bert@example.com" {
		t.Errorf("another reads %v", p)
	}
	if !strings.Contains(s.lines.String(), "/data/keys/3f/3fa9") {
		t.Error("the log does not name the file")
	}
	for _, secret := range secrets {
		if strings.Contains(s.lines.String(), secret) {
			t.Errorf("%q is in the log of the process", secret)
		}
	}
	if metrics := s.get("/metrics").body; !strings.Contains(metrics, "till_persons_unreadable_total 1\n") {
		t.Error("it is not counted")
	}
	s.get("/v1/customers/"+ann).fails(500, "person_unreadable")
	s.get("/v1/customers/" + bert).is(200)
	if r := s.get("/v1/audit/events/"+s.lastOf("type=customer.opened&stream=customer-"+ann), "X-Actor", anna); !strings.Contains(r.body, `"unreadable"`) {
		t.Errorf("the audit log answers %d %s", r.code, r.body)
	}
}

func TestStaffReadACustomer(t *testing.T) {
	s := stocked(t)
	id := customer(s)

	got := s.get("/v1/customers/" + id).is(200)
	address := got["address"].(map[string]any)
	if got["name"] != "Ann Example" || got["email"] != "Ann@Example.com" || address["city"] != "Leeds" || got["erased"] != false {
		t.Errorf("the customer reads %v", got)
	}
	for query, found := range map[string]int{"name=ann": 1, "email=ANN@example": 1, "name=ann&email=example.com": 1, "name=bert": 0, "": 1} {
		if items := s.get("/v1/customers?" + query).is(200)["items"].([]any); len(items) != found {
			t.Errorf("%q finds %d, not %d", query, len(items), found)
		}
	}
}

func TestAnErasedPersonIsForgotten(t *testing.T) {
	for way, ask := range map[string]func(*shop, string, ...string) reply{
		"POST":   func(s *shop, id string, h ...string) reply { return s.post("/v1/customers/"+id+"/erase", "", h...) },
		"DELETE": func(s *shop, id string, h ...string) reply { return s.ask("DELETE", "/v1/customers/"+id, "", h...) },
	} {
		t.Run(way, func(t *testing.T) {
			s := stocked(t)
			id := customer(s)
			first := ask(s, id, "Idempotency-Key", "k")
			first.is(200)
			if second := ask(s, id, "Idempotency-Key", "k"); second.body != first.body || second.code != 200 {
				t.Errorf("asked again: %s", second.body)
			}
			if third := ask(s, id); third.body != first.body {
				t.Errorf("asked once more: %s", third.body)
			}

			got := s.get("/v1/customers/" + id).is(200)
			if got["name"] != nil || got["email"] != nil || got["address"] != nil || got["erased"] != true {
				t.Errorf("the customer reads %v", got)
			}
			if _, err := s.keys.Open(t.Context(), events.CustomerSubject(id), 1); err == nil {
				t.Error("the key is still there")
			}
			if items := s.get("/v1/customers?name=ann").is(200)["items"].([]any); len(items) != 0 {
				t.Errorf("staff still find %v", items)
			}
			s.post("/v1/orders", `{"customer_id":"`+id+`","currency":"GBP","lines":[{"sku":"LAMP-1","quantity":1}],"payment":{"token":"t"}}`).
				fails(409, "customer_erased")
			if other := customer(s); other == id {
				t.Error("the address is free, and belongs to another account")
			}
		})
	}
}

func TestAnErasureThatWasCutOffIsCompleted(t *testing.T) {
	s := stocked(t)
	id := customer(s)
	blind := s.all("email.claimed")[0].Event.(events.EmailClaimed).Blind
	s.log.breaks("email-" + blind)
	s.post("/v1/customers/"+id+"/erase", "").fails(500, "internal")
	s.log.breaks("")

	s.post("/v1/customers/"+id+"/erase", "").is(200) // without a key: whoever asks next completes it
	if n := len(s.all("email.released")); n != 1 {
		t.Errorf("the address was released %d times", n)
	}
	if _, err := s.keys.Open(t.Context(), events.CustomerSubject(id), 1); err == nil {
		t.Error("the key is still there")
	}
}

func TestAnOpeningThatWasCutOffIsCompleted(t *testing.T) {
	s := open(t)
	ask := func() reply {
		return s.post("/v1/customers", `{"name":"Ann Example","email":"ann@example.com","country":"GB"}`, "Idempotency-Key", "k")
	}
	s.keys.fail = fmt.Errorf("the disk is full")
	ask().fails(500, "internal")
	s.keys.fail = nil

	id := ask().is(201)["customer_id"].(string)
	if got := s.get("/v1/customers/" + id).is(200); got["name"] != "Ann Example" {
		t.Errorf("the customer reads %v", got)
	}
	if n := len(s.all("email.claimed")); n != 1 {
		t.Errorf("the address was claimed %d times", n)
	}
}

func TestAClaimThatNobodyCompletedIsTakenOver(t *testing.T) {
	s := open(t)
	s.keys.fail = fmt.Errorf("the disk is full")
	s.post("/v1/customers", `{"name":"Ann","email":"ann@example.com","country":"GB"}`).fails(500, "internal")
	s.keys.fail = nil
	second := func() reply {
		return s.post("/v1/customers", `{"name":"Ann","email":"ANN@example.com","country":"GB"}`, "Idempotency-Key", "second")
	}

	second().fails(409, "email_taken") // it may still be on its way
	s.now.pass(2 * time.Minute)
	id := second().is(201)["customer_id"].(string)
	if again := second().is(201)["customer_id"].(string); again != id {
		t.Errorf("asked again it opened %s, not %s", again, id)
	}
	s.now.pass(time.Hour)
	s.post("/v1/customers", `{"name":"Ann","email":"ann@example.com","country":"GB"}`).fails(409, "email_taken")
}

func TestAGuestReadsTheirOrder(t *testing.T) {
	s := stocked(t)
	id := s.order("").is(201)["order_id"].(string)
	got := s.get("/v1/orders/" + id).is(200)
	if got["guest_name"] != "Gus Guest" || got["guest_email"] != "gus@example.com" || got["ship_to"].(map[string]any)["line1"] != "2 Low Street" {
		t.Errorf("the order reads %v", got)
	}
}

func TestAForgottenGuestIsNowhereRead(t *testing.T) {
	s := stocked(t)
	placed := s.order("", "Idempotency-Key", "o")
	id := placed.is(201)["order_id"].(string)
	event := s.lastOf("type=order.placed")
	paths := []string{"/v1/orders/" + id, "/v1/orders", "/v1/audit/events/" + event, "/v1/audit/events", "/audit/events/" + event, "/v1/audit/export"}
	personal := func() (found []string) {
		for _, path := range paths {
			body := s.get(path, "X-Actor", anna).body
			for _, secret := range []string{"Gus", "gus@", "Low Street", "tok_secret"} {
				if strings.Contains(body, secret) {
					found = append(found, path+" shows "+secret)
				}
			}
		}
		return found
	}
	if len(personal()) == 0 {
		t.Fatal("nobody reads the guest before, so nothing is proven after")
	}

	forget := func(headers ...string) reply { return s.post("/v1/orders/"+id+"/forget-guest", "", headers...) }
	first := forget("Idempotency-Key", "k")
	first.is(200)
	for _, again := range []reply{forget("Idempotency-Key", "k"), forget()} {
		if again.code != 200 || again.body != first.body {
			t.Errorf("asked again: %d %s", again.code, again.body)
		}
	}
	if found := personal(); found != nil {
		t.Errorf("%v", found)
	}
	got := s.get("/v1/orders/" + id).is(200)
	if got["guest_forgotten"] != true || got["guest_name"] != nil || got["guest_email"] != nil || got["ship_to"] != nil || got["state"] != "placed" {
		t.Errorf("the order reads %v", got)
	}
	if o, _, err := s.deps.Views.Orders.Get(t.Context(), id); err != nil || o.GuestName != nil || o.GuestEmail != nil || o.ShipTo != nil {
		t.Errorf("the view still holds %+v, %v", o, err)
	}
	for _, r := range s.log.All() { // whatever is sealed in the log for this guest
		if e, is := r.Event.(events.OrderPlaced); is && e.OrderID == id {
			for _, sealed := range []*events.Sealed{e.Guest.Name, e.Guest.Email, e.ShipTo, e.PaymentToken} {
				if _, err := s.keys.Open(t.Context(), sealed.Subject, sealed.Key); err == nil {
					t.Error("a key of the guest is still there")
				}
			}
		}
	}
	if again := s.order("", "Idempotency-Key", "o"); again.body != placed.body {
		t.Errorf("the order placed again: %s", again.body)
	}
	if other := s.order("").is(201)["order_id"].(string); s.get("/v1/orders/" + other).is(200)["guest_name"] != "Gus Guest" {
		t.Error("another order of the same guest is another person's")
	}
}

func TestAForgettingThatWasCutOffIsCompleted(t *testing.T) {
	s := stocked(t)
	id := s.order("").is(201)["order_id"].(string)
	s.log.breaks("order-" + id)
	s.post("/v1/orders/"+id+"/forget-guest", "").fails(500, "internal")
	if got := s.get("/v1/orders/" + id).is(200); got["guest_name"] != "Gus Guest" || got["guest_forgotten"] != false {
		t.Errorf("the key is gone, and nothing says why: %v", got)
	}
	s.log.breaks("")
	s.post("/v1/orders/"+id+"/forget-guest", "").is(200)
	s.post("/v1/orders/none/forget-guest", "").fails(404, "order_unknown")
}

// all lists the recorded facts of a wire name.
func (s *shop) all(wire string) (found []events.Recorded) {
	for _, r := range s.log.All() {
		if r.Type() == wire {
			found = append(found, r)
		}
	}
	return found
}
