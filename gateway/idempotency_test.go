package gateway_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"tillstream/commands"
	"tillstream/gateway"
)

// again is the same shop after its process was replaced: what is not in the log and the views is gone.
func (s *shop) again() *shop { return s.againWith(gateway.Options{}) }

func (s *shop) againWith(o gateway.Options) *shop {
	s.t.Helper()
	next := *s
	next.deps.Handler = commands.NewHandler(s.log, commands.Options{Now: s.now.Now, LogID: logID})
	next.deps.Metrics = prometheus.NewRegistry()
	next.serve(o)
	return &next
}

// asked twice says how every command with a body is asked, of a shop with a lamp and a customer.
func everyCommand(customer string) map[string]struct{ path, body string } {
	return map[string]struct{ path, body string }{
		"register":   {"/v1/products", `{"sku":"A","name":"A","kind":"goods"}`},
		"describe":   {"/v1/products/LAMP-1/describe", `{"name":"Green lamp"}`},
		"categorise": {"/v1/products/LAMP-1/categorise", `{"category":"green"}`},
		"set price":  {"/v1/prices", `{"sku":"LAMP-1","unit":{"amount":1999,"scale":3,"currency":"GBP"}}`},
		"receive":    {"/v1/stock/receipts", `{"sku":"LAMP-1","quantity":5}`},
		"adjust":     {"/v1/stock/adjustments", `{"sku":"LAMP-1","quantity":-2,"reason":"broken"}`},
		"transfer":   {"/v1/stock/transfers", `{"sku":"LAMP-1","from":"main","to":"north","quantity":4}`},
		"count":      {"/v1/stock/counts", `{"sku":"LAMP-1","counted":3}`},
		"backorder":  {"/v1/stock/backorders", `{"sku":"LAMP-1","limit":7}`},
		"open":       {"/v1/customers", `{"name":"Bea","email":"bea@example.com","country":"FR"}`},
		"redescribe": {"/v1/customers/" + customer + "/describe", `{"name":"Ann Other","country":"GB"}`},
		"place": {"/v1/orders", `{"customer_id":"` + customer + `","currency":"GBP","lines":[{"sku":"LAMP-1","quantity":2}],
			"ship_to":"1 High Street","payment":{"token":"tok"}}`},
	}
}

// spoil changes the world so that any decision made now would come out otherwise.
func (s *shop) spoil() {
	s.t.Helper()
	s.post("/v1/prices", `{"sku":"LAMP-1","unit":{"amount":9,"scale":0,"currency":"GBP"},"valid_from":"2026-03-01T11:59:59Z"}`).is(201)
	s.post("/v1/products/LAMP-1/discontinue", `{"reason":"sold out"}`).is(200)
	s.post("/v1/stock/counts", `{"sku":"LAMP-1","counted":0}`).is(201)
	s.now.pass(60_000_000_000)
}

func TestTheSameKeyAndBodyGetTheSameAnswer(t *testing.T) {
	for name := range everyCommand("") {
		t.Run(name, func(t *testing.T) {
			s := stocked(t)
			cmd := everyCommand(customer(s))[name]
			first := s.post(cmd.path, cmd.body, "Idempotency-Key", "k 1", "X-Actor", "staff:anna")
			if first.code >= 300 || first.header.Get("Consistency-Token") == "" || first.header.Get("Idempotency-Replayed") != "" {
				t.Fatalf("the first answer is %d %v %s", first.code, first.header, first.body)
			}
			s.spoil()
			facts := len(s.log.All())
			for _, shop := range []*shop{s, s.again()} {
				// The body means the same; only its writing differs.
				second := shop.post(cmd.path, " "+cmd.body+"\n", "Idempotency-Key", "k 1", "X-Actor", "staff:anna")
				if second.code != first.code || second.body != first.body || second.header.Get("Idempotency-Replayed") != "true" {
					t.Errorf("asked again it answers %d %s\nnot %d %s", second.code, second.body, first.code, first.body)
				}
			}
			if now := len(s.log.All()); now != facts {
				t.Errorf("asked again it recorded %d facts more", now-facts)
			}
		})
	}
}

func TestAKeyIsOneRequestOfOneActor(t *testing.T) {
	s := stocked(t)
	receive := func(body, key, actor string) reply {
		return s.post("/v1/stock/receipts", body, "Idempotency-Key", key, "X-Actor", actor)
	}
	receive(`{"sku":"LAMP-1","quantity":1}`, "k", "staff:anna").is(201)

	receive(`{"sku":"LAMP-1","quantity":2}`, "k", "staff:anna").fails(422, "idempotency_key_reused")
	receive(`{"sku":"OTHER","quantity":1}`, "k", "staff:anna").fails(422, "idempotency_key_reused") // another stream
	if r := receive(`{"sku":"LAMP-1","quantity":1}`, "k", "staff:bert"); r.code != 201 || r.header.Get("Idempotency-Replayed") != "" {
		t.Errorf("the key of another: %d %v", r.code, r.header)
	}
	if r := receive(`{"sku":"LAMP-1","quantity":1}`, "k2", "staff:anna"); r.code != 201 || r.header.Get("Idempotency-Replayed") != "" {
		t.Errorf("another key: %d %v", r.code, r.header)
	}
	if level := s.get("/v1/stock?sku=LAMP-1").is(200)["items"].([]any)[0].(map[string]any); level["on_hand"] != 13.0 {
		t.Errorf("on hand: %v", level)
	}
	for _, key := range []string{strings.Repeat("k", 256), "a\tb", "ñ"} {
		receive(`{"sku":"LAMP-1","quantity":1}`, key, "").fails(400, "invalid_argument")
	}
	if r := receive(`{"sku":"LAMP-1","quantity":1}`, strings.Repeat("k", 255), ""); r.code != 201 {
		t.Errorf("the longest key: %s", r.body)
	}
}

func TestARefusalIsDecidedAnew(t *testing.T) {
	s := stocked(t)
	ask := func() reply {
		return s.post("/v1/stock/adjustments", `{"sku":"LAMP-1","quantity":-11,"reason":"lost"}`, "Idempotency-Key", "k")
	}
	ask().fails(409, "stock_insufficient")
	s.post("/v1/stock/receipts", `{"sku":"LAMP-1","quantity":1}`).is(201)
	ask().is(201)
}

func TestATransferThatWasCutOffIsCompleted(t *testing.T) {
	s := stocked(t)
	ask := func() reply {
		return s.post("/v1/stock/transfers", `{"sku":"LAMP-1","from":"MAIN","to":"NORTH","quantity":4}`, "Idempotency-Key", "k")
	}
	s.log.breaks("stock-NORTH/LAMP-1")
	ask().fails(http.StatusInternalServerError, "internal")
	s.log.breaks("")

	r := ask()
	r.is(201)
	if r.header.Get("Idempotency-Replayed") != "" {
		t.Error("it was not done before")
	}
	items := s.get("/v1/stock?sku=LAMP-1").is(200)["items"].([]any)
	if len(items) != 2 || items[0].(map[string]any)["on_hand"] != 6.0 || items[1].(map[string]any)["on_hand"] != 4.0 {
		t.Errorf("stock is %v", items)
	}
}
