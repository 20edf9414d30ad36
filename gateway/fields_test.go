package gateway_test

import (
	"strings"
	"testing"
)

// Each mistake is named by the path of its field as it stands in the request.
func TestAMistakeIsNamedByItsField(t *testing.T) {
	s := stocked(t)
	id := customer(s)
	const price, order = `{"sku":"LAMP-1","unit":`, `{"guest":{"name":"G","email":"g@example.com"},"ship_to":{"country":"GB"},"payment":{"token":"t"},`
	for _, c := range []struct{ path, body, field, says string }{
		{"/v1/products", `{"sku":"A\ud800","name":"A","kind":"goods"}`, "sku", "half of a surrogate pair"},
		{"/v1/products", `{"name":"A","kind":"goods"}`, "sku", "is required"},
		{"/v1/products", `{"sku":"A","name":" ","kind":"goods"}`, "name", "is required"},
		{"/v1/products", `{"sku":"A","name":"A","kind":"cup"}`, "kind", "must be goods or service"},
		{"/v1/prices", price + `null}`, "unit", "is required"},
		{"/v1/prices", price + `{"scale":2,"currency":"GBP"}}`, "unit.amount", "is required"},
		{"/v1/prices", price + `{"amount":null,"scale":2,"currency":"GBP"}}`, "unit.amount", "is required"},
		{"/v1/prices", price + `{"amount":5,"currency":"GBP"}}`, "unit.scale", "is required"},
		{"/v1/prices", price + `{"amount":5,"scale":2}}`, "unit.currency", "is required"},
		{"/v1/prices", price + `{"amount":5,"scale":2,"currency":"gbp"}}`, "unit.currency", `"gbp" is not an ISO 4217 currency code`},
		{"/v1/prices", price + `{"amount":5,"scale":7,"currency":"GBP"}}`, "unit.scale", "at most 6"},
		{"/v1/prices", price + `{"amount":-5,"scale":2,"currency":"GBP"}}`, "unit.amount", "negative"},
		{"/v1/prices", `{"sku":"LAMP-1","warehouse":"a b","unit":{"amount":0,"scale":0,"currency":"GBP"}}`, "warehouse", "code of a warehouse"},
		{"/v1/stock/adjustments", `{"sku":"LAMP-1","quantity":0,"reason":"lost"}`, "quantity", "is 0"},
		{"/v1/stock/adjustments", `{"sku":"LAMP-1","quantity":-9223372036854775808,"reason":"lost"}`, "quantity", "from -1000000000 to 1000000000"},
		{"/v1/stock/receipts", `{"sku":"LAMP-1"}`, "quantity", "from 1 to"},
		{"/v1/stock/counts", `{"sku":"LAMP-1"}`, "counted", "is required"},
		{"/v1/stock/transfers", `{"sku":"LAMP-1","to":"NORTH","quantity":1}`, "from", "is required"},
		{"/v1/stock/transfers", `{"sku":"LAMP-1","from":"a b","to":"NORTH","quantity":1}`, "from", "code of a warehouse"},
		{"/v1/stock/transfers", `{"sku":"LAMP-1","from":"MAIN","to":"a b","quantity":1}`, "to", "code of a warehouse"},
		{"/v1/customers", `{"name":"A","email":"a","country":"GB"}`, "email", "must be an e-mail address"},
		{"/v1/customers/" + id + "/describe", `{"country":"GB"}`, "name", "is required"},
		{"/v1/customers/" + id + "/describe", `{"name":"A"}`, "country", "is required"},
		{"/v1/orders", order + `"currency":"gbp","lines":[{"sku":"LAMP-1","quantity":1}]}`, "currency", `"gbp" is not an ISO 4217 currency code`},
		{"/v1/orders", order + `"lines":[{"sku":"LAMP-1","quantity":1}]}`, "currency", "is required"},
		{"/v1/orders", order + `"currency":"GBP","lines":[{"sku":"LAMP-1","quantity":1},{"sku":"","quantity":1}]}`, "lines[1].sku", "is required"},
		{"/v1/orders", order + `"currency":"GBP","lines":[{"sku":"LAMP-1","quantity":0}]}`, "lines[0].quantity", "is 0"},
		{"/v1/orders", order + `"currency":"GBP","lines":[{"sku":"LAMP-1","quantity":1000000001}]}`, "lines[0].quantity", "from 1 to"},
		{"/v1/orders", order + `"currency":"GBP","lines":[{"sku":"LAMP-1","quantity":1,"warehouse":"a b"}]}`, "lines[0].warehouse", "code of a warehouse"},
		{"/v1/orders", order + `"currency":"GBP","warehouse":"a b","lines":[{"sku":"LAMP-1","quantity":1}]}`, "warehouse", "code of a warehouse"},
	} {
		r := s.post(c.path, c.body)
		details := r.fails(400, "invalid_argument")
		if message, _ := r.is(400)["message"].(string); details["field"] != c.field || !strings.HasPrefix(message, c.field+" ") || !strings.Contains(message, c.says) {
			t.Errorf("%s %s\nsays %s, not %s … %s", c.path, c.body, r.body, c.field, c.says)
		}
	}
	for query, says := range map[string]string{
		"/v1/products?limit=0":                    "from 1 to 500",
		"/v1/products?limit=-1":                   "from 1 to 500",
		"/v1/products?limit=501":                  "from 1 to 500",
		"/v1/orders?state=xyz":                    "placed confirmed partially_shipped shipped delivered closed cancelled",
		"/v1/stock/movements?kind=xyz":            "received adjusted committed",
		"/v1/processes?state=xyz":                 "waiting done",
		"/v1/loyalty/" + id + "/statement?kind=x": "earned activated",
	} {
		r := s.get(query)
		r.fails(400, "invalid_argument")
		if !strings.Contains(r.body, says) {
			t.Errorf("%s says %s", query, r.body)
		}
	}
}

func TestAKeyIsGivenOnceAndNotBlank(t *testing.T) {
	s := stocked(t)
	for _, keys := range [][]string{{""}, {" "}, {"a", "a"}, {"a", "b"}} {
		r := s.postWith("/v1/stock/receipts", `{"sku":"LAMP-1","quantity":1}`, map[string][]string{"Idempotency-Key": keys})
		if details := r.fails(400, "invalid_argument"); details["field"] != "Idempotency-Key" {
			t.Errorf("%q: %v", keys, details)
		}
	}
}
