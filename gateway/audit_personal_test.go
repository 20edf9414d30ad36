package gateway_test

import (
	"net/url"
	"strings"
	"testing"

	"tillstream/events"
)

const anna = "staff:anna"

// annsSecrets are what nobody may see who may not.
var annsSecrets = []string{"Ann Example", "Ann@Example.com", "High Street", "Leeds"}

func shows(body string) (shown []string) {
	for _, secret := range annsSecrets {
		if strings.Contains(body, secret) {
			shown = append(shown, secret)
		}
	}
	return shown
}

// looks are the recorded openings.
func (s *shop) looks() (list []events.Recorded) {
	for _, r := range s.log.All() {
		if _, is := r.Event.(events.PersonalDataOpened); is {
			list = append(list, r)
		}
	}
	return list
}

func TestPersonalDataIsSealedForEverybodyElse(t *testing.T) {
	s := open(t)
	customer(s)
	id := s.lastOf("type=customer.opened")
	for _, actor := range []string{"anonymous:", "customer:c1", "staff:", "process:x", "partner:y"} {
		r := s.get("/v1/audit/events/"+id, "X-Actor", actor)
		body := r.is(200)
		if shown := shows(r.body); shown != nil {
			t.Errorf("%s sees %v", actor, shown)
		}
		for _, d := range body["personal_data"].([]any) {
			if d.(map[string]any)["state"] != "sealed" {
				t.Errorf("%s: %v", actor, d)
			}
		}
	}
	for _, path := range []string{"/v1/audit/events", "/v1/audit/export", "/v1/audit/events/" + id + "/tree", "/audit", "/audit/events/" + id} {
		if shown := shows(s.get(path, "X-Actor", anna).body); shown != nil {
			t.Errorf("%s shows %v", path, shown)
		}
	}
	if shown := shows(s.get("/v1/audit/events/"+id+"?sealed=true", "X-Actor", anna).body); shown != nil || len(s.looks()) != 0 {
		t.Errorf("what was to stay sealed shows %v, %d looks", shown, len(s.looks()))
	}
}

func TestStaffSeesPersonalDataAndEveryLookIsRecorded(t *testing.T) {
	s := open(t)
	c := customer(s)
	id := s.lastOf("type=customer.opened")
	r := s.get("/v1/audit/events/"+id+"?purpose=the+parcel+came+back", "X-Actor", anna, "X-Correlation-Id", "case-7")
	body := r.is(200)
	if data := body["data"].(map[string]any); data["name"] != "Ann Example" || data["email"] != "Ann@Example.com" || data["address"].(map[string]any)["city"] != "Leeds" {
		t.Errorf("opened to %v", data)
	}
	if after := body["after"].(map[string]any)["opened"].(map[string]any); after["name"] != "Ann Example" {
		t.Errorf("the state shows %v", after)
	}
	looks := s.looks()
	if len(looks) != 1 {
		t.Fatalf("%d looks are recorded", len(looks))
	}
	look, e := looks[0], looks[0].Event.(events.PersonalDataOpened)
	if e.Subject != events.CustomerSubject(c) || strings.Join(e.Fields, " ") != "address email name" || e.EventID != id || e.Purpose != "the parcel came back" ||
		look.Actor.String() != anna || look.Correlation != "case-7" || look.Causation != id || look.Stream != "personal_data-customer-"+c {
		t.Errorf("the look is recorded as %+v by %v", e, look.Meta)
	}
	seen := s.get("/v1/audit/events?type=personal_data.opened", "Consistency-Token", r.header.Get("Consistency-Token")).is(200)["items"].([]any)
	if len(seen) != 1 || seen[0].(map[string]any)["id"] != look.ID {
		t.Errorf("the audit log shows %v", seen)
	}
	if _, tree := s.tree(id); strings.Count(tree, "\n") != 2 {
		t.Errorf("the look does not follow from what was looked at:\n%s", tree)
	}
	s.get("/v1/audit/events/"+id, "X-Actor", "admin:root").is(200)
	if n := len(s.looks()); n != 2 {
		t.Errorf("%d looks after the second", n)
	}
}

func TestWhatCannotBeRecordedIsNotShown(t *testing.T) {
	s := open(t)
	c := customer(s)
	id := s.lastOf("type=customer.opened")
	s.log.breaks("personal_data-customer-" + c)
	r := s.get("/v1/audit/events/"+id, "X-Actor", anna)
	if r.code < 500 || shows(r.body) != nil {
		t.Errorf("%d %s", r.code, r.body)
	}
	s.get("/v1/audit/events/"+id+"?purpose="+strings.Repeat("x", 257), "X-Actor", anna).fails(400, "invalid_argument")
}

func TestAPaymentTokenIsForNobody(t *testing.T) {
	s := stocked(t)
	s.order("").is(201)
	r := s.get("/v1/audit/events/"+s.lastOf("type=order.placed"), "X-Actor", anna)
	body := r.is(200)
	if strings.Contains(r.body, "tok_secret") || body["data"].(map[string]any)["guest"].(map[string]any)["name"] != "Gus Guest" {
		t.Errorf("%s", r.body)
	}
	states := map[string]string{}
	for _, d := range body["personal_data"].([]any) {
		d := d.(map[string]any)
		states[d["field"].(string)] = d["state"].(string)
	}
	if states["data.payment_token"] != "sealed" || states["data.guest.name"] != "opened" || states["data.ship_to"] != "opened" {
		t.Errorf("%v", states)
	}
}

func TestTheForgottenStayForgotten(t *testing.T) {
	s := open(t)
	c := customer(s)
	id := s.lastOf("type=customer.opened")
	s.ask("POST", "/v1/customers/"+c+"/erase", "{}")
	if err := s.keys.Forget(t.Context(), events.CustomerSubject(c)); err != nil {
		t.Fatal(err)
	}
	r := s.get("/v1/audit/events/"+id, "X-Actor", anna)
	for _, d := range r.is(200)["personal_data"].([]any) {
		if d.(map[string]any)["state"] != "forgotten" {
			t.Errorf("%v", d)
		}
	}
	if shows(r.body) != nil || len(s.looks()) != 0 {
		t.Errorf("%d looks at nothing: %s", len(s.looks()), r.body)
	}
}

func TestADatumThatDoesNotOpenIsUnreadable(t *testing.T) {
	s := open(t)
	if _, _, err := s.keys.Key(t.Context(), "customer-c1"); err != nil {
		t.Fatal(err)
	}
	s.records("customer-c1", events.Meta{}, events.CustomerOpened{CustomerID: "c1", Country: "GB",
		Name: &events.Sealed{Subject: "customer-c1", Key: 1, Cipher: []byte("made up by somebody else")}})
	body := s.auditEvent(s.lastOf("type=customer.opened"), "X-Actor", anna)
	if d := body["personal_data"].([]any)[0].(map[string]any); d["state"] != "unreadable" || len(s.looks()) != 0 {
		t.Errorf("%v", d)
	}
}

func TestThePageOpensForWhoSaysWhoAndWhatFor(t *testing.T) {
	s := open(t)
	customer(s)
	path := "/audit/events/" + s.lastOf("type=customer.opened")
	form := func(staff, purpose string) string { return url.Values{"staff": {staff}, "purpose": {purpose}}.Encode() }
	const kind = "application/x-www-form-urlencoded"
	for _, c := range []struct {
		body, kind string
		code       int
	}{{form("", "p"), kind, 400}, {form("an na", "p"), kind, 400}, {form("anna", ""), kind, 400}, {form("anna", "p"), "text/plain", 400},
		{form("anna", strings.Repeat("p", 5000)), kind, 400}} {
		if r := s.post(path, c.body, "Content-Type", c.kind); r.code != c.code || shows(r.body) != nil {
			t.Errorf("%.40s as %s: %d", c.body, c.kind, r.code)
		}
	}
	if r := s.post(path, form("anna", "p"), "Content-Type", kind, "Sec-Fetch-Site", "cross-site"); r.code != 403 {
		t.Errorf("another site opened it: %d", r.code)
	}
	if n := len(s.looks()); n != 0 {
		t.Fatalf("%d looks were recorded of what was refused", n)
	}
	r := s.post(path, form("anna", "the parcel came back"), "Content-Type", kind)
	if r.code != 200 || len(shows(r.body)) == 0 || r.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d, shows %v, %v", r.code, shows(r.body), r.header)
	}
	if looks := s.looks(); len(looks) != 1 || looks[0].Actor.String() != anna {
		t.Errorf("looks: %v", looks)
	}
}
