package proof

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	client "github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"

	statusv1 "tillstream/gateway/api/status/v1"
	"tillstream/infra/targets/tilltest"
)

// foreigner is a client of the log that knows nothing of this platform.
type foreigner struct {
	*client.Client
	metadata []byte // of a fact of the platform's own
}

func foreign(t *testing.T, till *tilltest.Till) foreigner {
	t.Helper()
	config, err := client.ParseConnectionString(till.Store)
	if err != nil {
		t.Fatal(err)
	}
	config.Logger = client.NoopLogging()
	c, err := client.NewClient(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	log := stored(t, openLog(t, till))
	return foreigner{c, log[len(log)-1].Metadata}
}

func (f foreigner) append(t *testing.T, stream, wire, data string) {
	t.Helper()
	_, err := f.AppendToStream(t.Context(), stream, client.AppendToStreamOptions{ExpectedRevision: client.Any{}}, client.EventData{
		EventID: uuid.New(), EventType: wire, ContentType: client.ContentTypeJson, Data: []byte(data), Metadata: f.metadata})
	if err != nil {
		t.Fatal(err)
	}
}

// parkedIn lists what is parked in a view, each with its cause and how many facts it remembers.
func parkedIn(t *testing.T, till *tilltest.Till, view string) (list []string) {
	t.Helper()
	r := tilltest.Run(t.Context(), t, "parked", "list", view, "--json", "--data", till.Data)
	if r.Code != 0 {
		t.Fatalf("till parked list ended with %d: %s", r.Code, r.Err)
	}
	for line := range strings.Lines(r.Out) {
		var k struct {
			Key, Cause string
			Facts      int
		}
		if err := json.Unmarshal([]byte(line), &k); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		list = append(list, fmt.Sprintf("%s %s %d", k.Key, k.Cause, k.Facts))
	}
	return list
}

func wantParkedIn(t *testing.T, till *tilltest.Till, view string, want ...string) {
	t.Helper()
	if got := parkedIn(t, till, view); !slices.Equal(got, want) {
		t.Errorf("parked in %s are %q, not %q", view, got, want)
	}
}

// awaitLog waits until the platform has heard all of the log, and every view shows it: after a start the platform may not
// know yet where the log ends.
func awaitLog(t *testing.T, till *tilltest.Till) {
	t.Helper()
	head, err := openLog(t, till).Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for heard := statusv1.NewStatusClient(till.Conn(t)); ; awaitViews(t, till) {
		p, err := heard.Get(t.Context(), &statusv1.GetRequest{})
		if err != nil {
			t.Fatal(err)
		}
		if p.Log.Head >= uint64(head) {
			awaitViews(t, till)
			return
		}
	}
}

const garbled = `{"sku":"LAMP","name":{"of":"what?"}}`

// TestPoisonOfAForeignClientStopsItsKeysAlone is what an operator goes through when another program appends to the log what
// the platform cannot read, and what its views cannot keep.
func TestPoisonOfAForeignClientStopsItsKeysAlone(t *testing.T) {
	till := tilltest.Start(t, dataDir(t, "data"))
	for _, sku := range []string{"LAMP", "CHAIR"} {
		must(t, till, "POST", "/v1/products", nil, object{"sku": sku, "name": "A good " + sku, "kind": "goods"})
	}
	other := foreign(t, till)
	other.append(t, "product-LAMP", "product.described", garbled)
	other.append(t, "product-LAMP", "product.described", `{"sku":"LAMP","name":"Readable again"}`)
	other.append(t, "product-NUL", "product.registered", `{"sku":"NUL","name":"a\u0000b","kind":"goods"}`)
	shown := must(t, till, "POST", "/v1/products", nil, object{"sku": "TABLE", "name": "A table", "kind": "goods"})
	awaitLog(t, till)

	want := []string{"<product-LAMP> unreadable 1", "LAMP behind 1", "NUL save 1"}
	wantParkedIn(t, till, "products", want...)
	wantParkedIn(t, till, "product_pages", want...)
	wantParkedIn(t, till, "orders")
	till.Kill(t)
	till = tilltest.Start(t, till.Data)
	awaitLog(t, till)
	wantParkedIn(t, till, "products", want...)

	if r := must(t, till, "GET", "/v1/products/TABLE", after(shown), nil); r.json["name"] != "A table" || r.header.Get("Parked") == "true" {
		t.Errorf("a product that has nothing to do with it is %s, %v", r.text, r.header)
	}
	lamp := must(t, till, "GET", "/v1/products/LAMP", nil, nil)
	if lamp.json["name"] != "A good LAMP" || lamp.header.Get("Parked") != "true" || lamp.header.Get("Parked-Keys") != "product_pages/LAMP" {
		t.Errorf("the parked product is %s, and of it is said %q, %q", lamp.text, lamp.header.Get("Parked"), lamp.header.Get("Parked-Keys"))
	}
	isShown(t, till)
	isMended(t, till)
}

// isShown proves that an operator finds out why.
func isShown(t *testing.T, till *tilltest.Till) {
	t.Helper()
	stream := "/v1/views/products/parked/" + url.PathEscape("<product-LAMP>")
	why := must(t, till, "GET", stream, nil, nil)
	if !strings.Contains(why.text, "product.described") || !strings.Contains(why.text, `\"what?\"`) {
		t.Errorf("of the stream is shown %s", why.text)
	}
	r := tilltest.Run(t.Context(), t, "parked", "show", "products", "LAMP", "--data", till.Data)
	if r.Code != 0 || !strings.Contains(r.Out, "A good LAMP") || !strings.Contains(r.Out, "Readable again") || !strings.Contains(r.Out, "<product-LAMP>") {
		t.Errorf("of the key is shown (%d) %s%s", r.Code, r.Out, r.Err)
	}
	if list := must(t, till, "GET", "/v1/views/products/parked", nil, nil); len(list.json["items"].([]any)) != 3 {
		t.Errorf("listed are %s", list.text)
	}
	status := tilltest.Run(t.Context(), t, "status", "--json", "--data", till.Data)
	var p struct {
		Views []struct {
			Name   string
			Parked json.Number
		}
	}
	if err := json.Unmarshal([]byte(status.Out), &p); err != nil {
		t.Fatal(err)
	}
	for _, v := range p.Views {
		if v.Name == "products" && v.Parked != "3" {
			t.Errorf("status counts %s parked", v.Parked)
		}
	}
}

// isMended proves that what can be healed is, and the rest is dropped with its count.
func isMended(t *testing.T, till *tilltest.Till) {
	t.Helper()
	run := func(code int, says string, args ...string) {
		t.Helper()
		r := tilltest.Run(t.Context(), t, append([]string{"parked", "--data", till.Data}, args...)...)
		if r.Code != code || !strings.Contains(r.Out+r.Err, says) {
			t.Errorf("%q ended with %d and said %s%s", args, r.Code, r.Out, r.Err)
		}
	}
	nul := "/v1/views/products/parked/NUL/"
	if r := call(t, till, "POST", nul+"retry", nil, object{}); r.status != 409 || r.json["reason"] != "still_parked" {
		t.Errorf("a retry of what cannot be kept is answered %d: %s", r.status, r.text)
	}
	run(1, "retry or drop that first", "retry", "products", "LAMP")
	run(1, "still fails", "retry", "products", "<product-LAMP>")
	run(1, "parked still", "retry", "products", "--all")
	run(2, "name one KEY", "retry", "products")
	run(1, "1 facts would be forgotten", "drop", "products", "<product-LAMP>", "--count", "2")
	run(0, "goes on", "drop", "products", "<product-LAMP>", "--count", "1", "--as", "staff:anna", "--why", "not ours")
	run(0, "goes on", "drop", "product_pages", "<product-LAMP>", "--count", "1")
	wantParkedIn(t, till, "products", "NUL save 1")
	if r := call(t, till, "POST", nul+"drop", nil, object{"count": 2}); r.status != 409 || r.json["reason"] != "count_differs" {
		t.Errorf("a drop that counts wrongly is answered %d: %s", r.status, r.text)
	}
	must(t, till, "POST", nul+"drop", nil, object{"count": 1})
	wantParkedIn(t, till, "products")

	lamp := must(t, till, "GET", "/v1/products/LAMP", nil, nil)
	if lamp.json["name"] != "Readable again" || lamp.header.Get("Parked") != "" {
		t.Errorf("the product that went on is %s, and of it is said %q", lamp.text, lamp.header.Get("Parked-Keys"))
	}
	foreign(t, till).append(t, "product-LAMP", "product.described", `{"sku":"LAMP","name":"As new"}`)
	awaitLog(t, till)
	if lamp := must(t, till, "GET", "/v1/products/LAMP", nil, nil); lamp.json["name"] != "As new" {
		t.Errorf("what came later is not folded: %s", lamp.text)
	}
	list := must(t, till, "GET", "/v1/views/products/parked", nil, nil)
	for _, said := range []string{`"staff:anna"`, `"not ours"`} {
		if !bytes.Contains([]byte(list.text), []byte(said)) {
			t.Errorf("the operations kept are %s", list.text)
		}
	}
}
