package proof

import (
	"encoding/json"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"tillstream/infra/targets/tilltest"
)

// What the persons of this test tell of themselves. Each is a word of its own, so that each trace tells what was left.
const (
	aName, anEmail   = "Quetzalli Zwyxhaven", "Quetzalli.Jynxmoor@Vexelby-Post.example"
	aStreet, aCity   = "17 Kwyzzle Terrace", "Bexwuthering"
	aPhone           = "+44 7700 900461"
	aShipStreet      = "92 Plumquatch Wharf"
	aFormerName      = "Quetzalli Ojxnotter"
	aToken           = "tok_Hx7vKqWz93Lm"
	aGuest           = "Bartholomex Uvwyngate"
	aGuestEmail      = "barth.uvw@Pellquox-Net.example"
	aGuestStreet     = "4 Ghyxlow Cross"
	aGuestToken      = "tok_Gq8sJxYv55Np"
	misspeltEmail    = "somebody.wuxtable(at)nowhere"
	unreadablePerson = "Mordaxquill"
)

// The promise to a person: what the shop is told lies in its files sealed, but for the columns by which staff search,
// and once the person is forgotten it lies nowhere.
func TestPersonsAreNowhereInTheFilesButWhereStaffSearch(t *testing.T) {
	data := dataDir(t, "data")
	till := tilltest.Start(t, data, "--verbose")
	if r := tilltest.Run(t.Context(), t, "import", "online-retail", excerpt(t, days(1)), "--data", data, "--quiet"); r.Code != 0 {
		t.Fatalf("the import ended with %d: %s", r.Code, r.Err)
	}
	s := &personalShop{till: till}
	s.furnish(t)
	s.open(t)
	s.misspell(t)
	s.isReadable(t)

	sealedOnly := tracesOf(aShipStreet, aFormerName, aToken, aGuest, aGuestEmail, aGuestStreet, aGuestToken, misspeltEmail, unreadablePerson)
	opened := tracesOf(aName, anEmail, aStreet, aCity)
	files := openedFiles(t, till)
	isNowhere(t, "while the platform runs", till, sealedOnly)
	isOnlyIn(t, "while the platform runs", files, till, opened)
	till.Kill(t)
	nothing(t, "after everything was killed", sealedOnly.under(t, data))
	isOnlyIn(t, "after everything was killed", files, till, opened)
	till = tilltest.Start(t, data, "--verbose")
	s.till = till
	s.isReadable(t)
	files = openedFiles(t, till)
	isNowhere(t, "after a restart", till, sealedOnly)
	till.Stop(t) // which writes what a table that is not logged holds in memory
	nothing(t, "after a clean end", sealedOnly.under(t, data))
	if there := isOnlyIn(t, "after a clean end", files, till, opened); there < len(opened.texts) {
		t.Errorf("%d of %d texts are where staff search: this search would not find what is there", there, len(opened.texts))
	}
	till = tilltest.Start(t, data, "--verbose")
	s.till = till
	s.isReadable(t)

	s.erase(t)
	all := tracesOf(append(append(sealedOnly.texts, opened.texts...), aPhone)...)
	isNowhere(t, "once the person is forgotten", till, all)
	s.open(t) // a late repeat, under the same keys
	s.isErased(t)
	isNowhere(t, "after a late repeat", till, all)
	till.Stop(t)
	nothing(t, "after a clean end", all.under(t, data))
	till = tilltest.Start(t, data, "--verbose")
	s.till = till
	s.isErased(t)
	till.Kill(t)
	nothing(t, "after another kill", all.under(t, data))
	till = tilltest.Start(t, data, "--verbose")
	s.till = till
	s.isErased(t)
	isNowhere(t, "after another start", till, all)
}

// nothing fails with what was found.
func nothing(t *testing.T, when string, found map[string][]string) {
	t.Helper()
	for file, what := range found {
		t.Errorf("%s %s holds %s", when, file, strings.Join(what, ", "))
	}
}

// isNowhere looks into every file of the platform, and into all that it has printed.
func isNowhere(t *testing.T, when string, till *tilltest.Till, texts *traces) {
	t.Helper()
	flush(t, till)
	nothing(t, when, texts.under(t, till.Data))
	isNotPrinted(t, when, till, texts)
}

func isNotPrinted(t *testing.T, when string, till *tilltest.Till, texts *traces) {
	t.Helper()
	for _, printed := range []*tilltest.Output{till.Log, till.Out} {
		if found := texts.in([]byte(printed.String())); len(found) > 0 {
			t.Errorf("%s the platform has printed %s", when, strings.Join(found, ", "))
		}
	}
}

// isOnlyIn allows texts in some files alone, and answers how many are there.
func isOnlyIn(t *testing.T, when string, files []string, till *tilltest.Till, texts *traces) (there int) {
	t.Helper()
	found := texts.under(t, till.Data)
	for _, file := range files {
		for read, what := range found {
			if read == file || strings.HasPrefix(read, file+".") { // further segments
				there += len(what)
				delete(found, read)
			}
		}
	}
	nothing(t, when, found)
	isNotPrinted(t, when, till, texts)
	return there
}

// flush makes the database write what it has in memory of logged tables.
func flush(t *testing.T, till *tilltest.Till) {
	t.Helper()
	if _, err := database(t, till.Data).Exec(t.Context(), "CHECKPOINT"); err != nil {
		t.Fatal(err)
	}
}

// openedFiles names the files of all tables of opened columns, relative to the data directory.
func openedFiles(t *testing.T, till *tilltest.Till) (files []string) {
	t.Helper()
	rows, err := database(t, till.Data).Query(t.Context(), `SELECT pg_relation_filepath(f) FROM pg_class c, LATERAL (VALUES (c.oid), (c.reltoastrelid)) AS v (f)
		WHERE c.relnamespace = 'tillstream'::regnamespace AND c.relkind = 'r' AND c.relname LIKE '%\_opened' AND f <> 0`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var path string
		if err := rows.Scan(&path); err != nil {
			t.Fatal(err)
		}
		files = append(files, filepath.Join("postgres", "cluster", path))
	}
	if len(files) == 0 {
		t.Fatal("there are no opened columns")
	}
	return files
}

// personalShop is a shop with a customer and a guest.
type personalShop struct {
	till                   *tilltest.Till
	customer, order, guest string // ids
	last                   reply
}

func key(k string) map[string]string { return map[string]string{"Idempotency-Key": k} }

func (s *personalShop) furnish(t *testing.T) {
	t.Helper()
	must(t, s.till, "POST", "/v1/products", nil, object{"sku": "LAMP", "name": "Lamp", "kind": "goods"})
	must(t, s.till, "POST", "/v1/prices", nil, object{"sku": "LAMP", "unit": pounds(9990)})
	must(t, s.till, "POST", "/v1/stock/receipts", nil, object{"sku": "LAMP", "quantity": 100})
}

// open opens an account whose owner changes their name and orders, and lets a guest order. Repeated, it names the same.
func (s *personalShop) open(t *testing.T) {
	t.Helper()
	address := object{"line1": aStreet, "city": aCity, "phone": aPhone, "country": "GB"}
	opened := must(t, s.till, "POST", "/v1/customers", key("account"), object{"name": aFormerName, "email": anEmail, "country": "GB", "address": address})
	id, _ := opened.json["customer_id"].(string)
	if s.customer != "" && s.customer != id {
		t.Fatalf("a repeat opened another account")
	}
	if s.customer == "" {
		must(t, s.till, "POST", "/v1/customers/"+id+"/describe", key("married"), object{"name": aName, "country": "GB", "address": address})
	}
	s.customer = id
	order := object{"customer_id": id, "ship_to": object{"line1": aShipStreet, "country": "GB"}, "currency": "GBP", "lines": []object{{"sku": "LAMP", "quantity": 1}}, "payment": object{"token": aToken}}
	s.order, _ = must(t, s.till, "POST", "/v1/orders", key("order"), order).json["order_id"].(string)
	s.last = must(t, s.till, "POST", "/v1/orders", key("guest"), object{"guest": object{"name": aGuest, "email": aGuestEmail},
		"ship_to": object{"line1": aGuestStreet, "country": "GB"}, "currency": "GBP", "lines": []object{{"sku": "LAMP", "quantity": 2}},
		"payment": object{"token": aGuestToken}})
	s.guest, _ = s.last.json["order_id"].(string)
}

// misspell sends personal data that cannot be taken: it must not be printed with the reason.
func (s *personalShop) misspell(t *testing.T) {
	t.Helper()
	for body, want := range map[string]int{
		`{"name": "` + unreadablePerson + `", "email": "` + anEmail + `", "country": "GB"}`:       409, // taken
		`{"name": "` + unreadablePerson + `", "email": "` + misspeltEmail + `", "country": "GB"}`: 400,
		`{"name": {"first": "` + unreadablePerson + `"}, "email": "x@example.org"}`:               400,
		`{"nickname": "` + unreadablePerson + `"}`:                                                400,
		`{"name": "` + unreadablePerson:                                                           400,
	} {
		if r := call(t, s.till, "POST", "/v1/customers", nil, body); r.status != want {
			t.Errorf("%s was answered %d: %s", body, r.status, r.text)
		}
	}
	call(t, s.till, "GET", "/v1/customers/"+url.PathEscape(unreadablePerson), nil, nil)
	call(t, s.till, "GET", "/v1/nothing?name="+url.QueryEscape(unreadablePerson), nil, nil)
}

// isReadable checks that who may read does: by id, by search, on the order's page.
func (s *personalShop) isReadable(t *testing.T) {
	t.Helper()
	c := must(t, s.till, "GET", "/v1/customers/"+s.customer, after(s.last), nil)
	if c.json["name"] != aName || c.json["email"] != anEmail || !strings.Contains(c.text, aStreet) {
		t.Errorf("the account reads %s", c.text)
	}
	for _, q := range []string{"name=" + url.QueryEscape("zwyxhaven"), "email=" + url.QueryEscape(anEmail)} {
		if found := must(t, s.till, "GET", "/v1/customers?"+q, nil, nil); !strings.Contains(found.text, s.customer) {
			t.Errorf("a search for %s finds %s", q, found.text)
		}
	}
	if o := must(t, s.till, "GET", "/v1/orders/"+s.order, nil, nil); !strings.Contains(o.text, aShipStreet) {
		t.Errorf("the order reads %s", o.text)
	}
	if o := must(t, s.till, "GET", "/v1/orders/"+s.guest, nil, nil); !strings.Contains(o.text, aGuest) || !strings.Contains(o.text, aGuestStreet) {
		t.Errorf("the guest's order reads %s", o.text)
	}
}

func (s *personalShop) erase(t *testing.T) {
	t.Helper()
	s.last = must(t, s.till, "DELETE", "/v1/customers/"+s.customer, nil, nil)
	s.isErased(t)
}

// isErased checks that nobody reads the person any more, and that what others need is still there.
func (s *personalShop) isErased(t *testing.T) {
	t.Helper()
	mine := tracesOf(aName, aFormerName, anEmail, aStreet, aCity, aPhone, aShipStreet, aToken)
	c := must(t, s.till, "GET", "/v1/customers/"+s.customer, after(s.last), nil)
	if c.json["erased"] != true || c.json["name"] != nil || c.json["email"] != nil {
		t.Errorf("the account reads %s", c.text)
	}
	for _, path := range []string{"/v1/customers/" + s.customer, "/v1/orders/" + s.order, "/v1/customers?name=" + url.QueryEscape("zwyxhaven"),
		"/v1/customers?email=" + url.QueryEscape(anEmail), "/v1/customers/" + s.customer + "/orders", "/v1/customers?limit=500"} {
		r := must(t, s.till, "GET", path, after(s.last), nil)
		if found := mine.in([]byte(r.text)); len(found) > 0 {
			t.Errorf("%s still answers %s", path, strings.Join(found, ", "))
		}
	}
	var found struct{ Items []json.RawMessage }
	r := must(t, s.till, "GET", "/v1/customers?email="+url.QueryEscape(anEmail), nil, nil)
	if err := json.Unmarshal([]byte(r.text), &found); err != nil || len(found.Items) > 0 {
		t.Errorf("a search for the address finds %s, %v", r.text, err)
	}
	o := must(t, s.till, "GET", "/v1/orders/"+s.order, nil, nil)
	if lines, is := o.json["lines"].([]any); !is || len(lines) != 1 || o.json["ship_to"] != nil {
		t.Errorf("the order reads %s", o.text)
	}
	if other := must(t, s.till, "GET", "/v1/orders/"+s.guest, nil, nil); !strings.Contains(other.text, aGuest) {
		t.Errorf("the guest's order reads %s", other.text)
	}
}
