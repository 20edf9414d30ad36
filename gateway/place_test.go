package gateway_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"tillstream/events"
)

func TestAnOrderTakesThePriceThatHolds(t *testing.T) {
	s := stocked(t)
	set := func(amount int, window string) {
		s.post("/v1/prices", fmt.Sprintf(`{"sku":"LAMP-1","unit":{"amount":%d,"scale":2,"currency":"GBP"},%s}`, amount, window)).is(201)
	}
	price := func() any {
		return s.order("").is(201)["lines"].([]any)[0].(map[string]any)["unit"].(map[string]any)["amount"]
	}
	set(150, `"valid_from":"2026-03-01T13:00:00Z","valid_until":"2026-03-01T14:00:00Z"`)
	set(300, `"valid_from":"2026-04-01T00:00:00Z"`)

	for _, at := range []struct {
		passed time.Duration
		want   float64
	}{{0, 2095}, {59 * time.Minute, 2095}, {time.Minute, 150}, {59 * time.Minute, 150}, {time.Minute, 2095}, {30 * 24 * time.Hour, 2095}, {24 * time.Hour, 300}} {
		s.now.pass(at.passed)
		if got := price(); got != at.want {
			t.Errorf("at %s it costs %v, not %v", s.now.Now(), got, at.want)
		}
	}
}

func TestAnOrderTakesThePriceOfItsWarehouse(t *testing.T) {
	s := stocked(t)
	s.post("/v1/prices", `{"sku":"LAMP-1","warehouse":"north","unit":{"amount":1,"scale":0,"currency":"GBP"}}`).is(201)

	body := s.order(`"currency":"GBP","warehouse":"North"`).is(201)
	if line := body["lines"].([]any)[0].(map[string]any); line["warehouse"] != "NORTH" || line["gross"].(map[string]any)["minor"] != 300.0 {
		t.Errorf("the line is %v", line)
	}
	details := s.order(`"currency":"GBP","warehouse":"SOUTH"`).fails(409, "price_unknown")
	if details["sku"] != "LAMP-1" || details["warehouse"] != "SOUTH" || details["line"] != 0.0 {
		t.Errorf("it does not say of what: %v", details)
	}
}

func TestWhatAnOrderNeeds(t *testing.T) {
	s := stocked(t)
	id := customer(s)
	s.post("/v1/products", `{"sku":"OLD","name":"Old","kind":"goods"}`).is(201)
	s.post("/v1/products/OLD/discontinue", ``).is(200)
	s.post("/v1/products", `{"sku":"GIFT","name":"Gift","kind":"service"}`).is(201)
	s.post("/v1/prices", `{"sku":"GIFT","unit":{"amount":0,"scale":0,"currency":"GBP"}}`).is(201)
	base := map[string]string{"customer_id": `"` + id + `"`, "currency": `"GBP"`, "lines": `[{"sku":"LAMP-1","quantity":1}]`, "payment": `{"token":"t"}`}
	for name, c := range map[string]struct {
		change map[string]string
		code   int
		reason string
		field  string
	}{
		"a buyer":               {map[string]string{"customer_id": ""}, 400, "invalid_argument", "customer_id"},
		"one buyer":             {map[string]string{"guest": `{"name":"G","email":"g@x.org"}`}, 400, "invalid_argument", "guest"},
		"a known customer":      {map[string]string{"customer_id": `"none"`}, 409, "customer_unknown", ""},
		"a currency":            {map[string]string{"currency": ""}, 400, "invalid_argument", "currency"},
		"lines":                 {map[string]string{"lines": `[]`}, 400, "invalid_argument", "lines"},
		"a SKU":                 {map[string]string{"lines": `[{"quantity":1}]`}, 400, "invalid_argument", "lines[0].sku"},
		"units":                 {map[string]string{"lines": `[{"sku":"LAMP-1"}]`}, 400, "invalid_argument", "lines[0].quantity"},
		"a known product":       {map[string]string{"lines": `[{"sku":"NONE","quantity":1}]`}, 409, "product_unknown", ""},
		"a product on sale":     {map[string]string{"lines": `[{"sku":"OLD","quantity":1}]`}, 409, "product_discontinued", ""},
		"a payment":             {map[string]string{"payment": ""}, 400, "invalid_argument", "payment.token"},
		"a guest's country":     {map[string]string{"customer_id": "", "guest": `{"name":"G","email":"g@x.org"}`}, 400, "invalid_argument", "ship_to.country"},
		"a guest's e-mail":      {map[string]string{"customer_id": "", "guest": `{"name":"G"}`}, 400, "invalid_argument", "guest.email"},
		"a short address":       {map[string]string{"ship_to": `"` + strings.Repeat("x", 1001) + `"`}, 400, "invalid_argument", "ship_to"},
		"nothing, when free":    {map[string]string{"payment": "", "lines": `[{"sku":"GIFT","quantity":2}]`}, 201, "", ""},
		"nothing but the least": {nil, 201, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			var fields []string
			for _, field := range []string{"customer_id", "guest", "ship_to", "currency", "lines", "payment"} {
				value, changed := c.change[field]
				if !changed {
					value = base[field]
				}
				if value != "" {
					fields = append(fields, fmt.Sprintf("%q:%s", field, value))
				}
			}
			facts := len(s.log.All())
			r := s.post("/v1/orders", "{"+strings.Join(fields, ",")+"}")
			if c.code == 201 {
				if country := s.get("/v1/orders/" + r.is(201)["order_id"].(string)).is(200)["country"]; country != "GB" {
					t.Errorf("the order goes to %v", country)
				}
				return
			}
			if details := r.fails(c.code, c.reason); c.field != "" && details["field"] != c.field {
				t.Errorf("it names %v", details)
			}
			if len(s.log.All()) != facts {
				t.Error("a refusal left something behind")
			}
		})
	}
}

func TestAnOrderMayHaveFifteenHundredLines(t *testing.T) {
	s := stocked(t)
	for i := range 100 {
		sku := fmt.Sprintf("S%02d", i)
		s.log.Record("product-"+sku, events.Meta{}, events.ProductRegistered{SKU: sku, Name: strings.Repeat("ñ", 200), Kind: events.Goods})
		s.log.Record("price-MAIN/"+sku, events.Meta{}, events.PriceSet{PriceID: sku, SKU: sku, Warehouse: "MAIN", Unit: events.UnitPrice{Amount: int64(i), Scale: 3, Currency: "GBP"}, ValidFrom: noon})
	}
	lines := make([]string, 1500)
	for i := range lines {
		lines[i] = fmt.Sprintf(`{"sku":"S%02d","quantity":%d}`, i%100, i+1)
	}
	body := s.order(`"currency":"GBP","lines":[`+strings.Join(lines, ",")+`]`, "Idempotency-Key", "big")
	body.fails(400, "invalid_argument") // lines twice
	placed := s.post("/v1/orders", `{"guest":{"name":"Gus","email":"gus@example.com"},"ship_to":{"country":"GB"},"currency":"GBP","payment":{"token":"t"},"lines":[`+strings.Join(lines, ",")+`]}`).is(201)

	got := s.get("/v1/orders/" + placed["order_id"].(string)).is(200)["lines"].([]any)
	ids, sum := map[string]bool{}, 0.0
	for i, l := range got {
		line := l.(map[string]any)
		if line["sku"] != fmt.Sprintf("S%02d", i%100) || line["quantity"] != float64(i+1) {
			t.Fatalf("line %d is %v", i, line)
		}
		ids[line["line_id"].(string)] = true
		sum += line["gross"].(map[string]any)["minor"].(float64)
	}
	if len(ids) != 1500 || sum != placed["totals"].(map[string]any)["gross"].(map[string]any)["minor"].(float64) {
		t.Errorf("%d different lines, %v in all", len(ids), sum)
	}
}

func TestAnOrderIsWaitedFor(t *testing.T) {
	s := stocked(t)
	id := s.order("").is(201)["order_id"].(string)
	steps := []events.Event{events.OrderConfirmed{OrderID: id}, events.OrderShipped{OrderID: id}, events.OrderDelivered{OrderID: id}, events.OrderClosed{OrderID: id}}
	for until, after := range map[string]int{"placed": 0, "confirmed": 1, "shipped": 2, "delivered": 3, "settled": 0, "closed": 4} {
		t.Run(until, func(t *testing.T) {
			s := stocked(t)
			id := s.order("").is(201)["order_id"].(string)
			answer := make(chan reply, 1)
			go func() { answer <- s.get("/v1/orders/" + id + "?until=" + until + "&max_wait=30s") }()
			for _, step := range steps[:after] {
				s.log.Record("order-"+id, events.Meta{}, withOrder(step, id))
				s.log.tell()
			}
			state := (<-answer).is(200)["state"].(string)
			if after > 0 && !slices.Contains([]string{"confirmed", "shipped", "delivered", "closed"}[after-1:], state) {
				t.Errorf("it is %s", state)
			}
		})
	}
	s.get("/v1/orders/"+id+"?until=eaten").fails(400, "invalid_argument")
}

func withOrder(e events.Event, id string) events.Event {
	switch e.(type) {
	case events.OrderConfirmed:
		return events.OrderConfirmed{OrderID: id}
	case events.OrderShipped:
		return events.OrderShipped{OrderID: id}
	case events.OrderDelivered:
		return events.OrderDelivered{OrderID: id}
	}
	return events.OrderClosed{OrderID: id}
}
