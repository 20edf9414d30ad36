package gateway_test

import (
	"strings"
	"testing"

	"tillstream/gateway"
)

// stocked is a shop with one product at 2.095 pounds, ten of them in the main warehouse.
func stocked(t testing.TB) *shop { return stockedWith(t, gateway.Options{}) }

func stockedWith(t testing.TB, o gateway.Options) *shop {
	s := openWith(t, o)
	s.post("/v1/products", `{"sku":" lamp-1 ","name":"Blue lamp","category":"lamps","kind":"goods"}`).is(201)
	s.post("/v1/prices", `{"sku":"LAMP-1","unit":{"amount":2095,"scale":3,"currency":"GBP"}}`).is(201)
	s.post("/v1/stock/receipts", `{"sku":"LAMP-1","warehouse":"MAIN","quantity":10}`).is(201)
	return s
}

func customer(s *shop) string {
	return s.post("/v1/customers", `{"name":"Ann Example","email":"Ann@Example.com","country":"GB","address":{"line1":"1 High Street","city":"Leeds"}}`).
		is(201)["customer_id"].(string)
}

func TestAShopIsRunByHTTP(t *testing.T) {
	s := stocked(t)
	id := customer(s)

	placed := s.post("/v1/orders", `{"customer_id":"`+id+`","currency":"GBP","lines":[{"sku":"lamp-1","quantity":3},{"sku":"LAMP-1","quantity":"1"}],
		"ship_to":{"line1":"1 High Street","country":"GB"},"payment":{"token":"tok_ok"}}`, "Idempotency-Key", "o1", "X-Actor", "customer:"+id)
	order := placed.is(201)["order_id"].(string)
	read := s.get("/v1/orders/"+order, "Consistency-Token", placed.header.Get("Consistency-Token"))

	body := read.is(200)
	if body["state"] != "placed" || len(body["lines"].([]any)) != 2 {
		t.Errorf("the order reads %s", read.body)
	}
	if !strings.Contains(read.body, `"gross":{"minor":839,"currency":"GBP"}`) { // 6.285 → 629, 2.095 → 210
		t.Errorf("the order costs otherwise: %s", read.body)
	}
	if read.header.Get("as_of_position") == "" || read.header.Get("lag_ms") == "" {
		t.Errorf("no word of where the view stands: %v", read.header)
	}
	if list := s.get("/v1/customers/" + id + "/orders").is(200); len(list["items"].([]any)) != 1 {
		t.Errorf("the customer has %v", list)
	}
	product := s.get("/v1/products/lamp-1").is(200)
	if product["availability"] != "in" || product["price"] == nil {
		t.Errorf("the product reads %v", product)
	}
	sales := s.get("/v1/analytics/sales?group_by=month,country&tz=Europe/London")
	if want := `{"items":[{"month":"2026-03","country":"GB","currency":"GBP","gross":{"minor":839,"currency":"GBP"}`; !strings.HasPrefix(sales.body, want) {
		t.Errorf("sales are %s", sales.body)
	}
}
