package gateway_test

import (
	"reflect"
	"strings"
	"testing"

	"tillstream/events"
	"tillstream/gateway"
	parkedv1 "tillstream/gateway/api/parked/v1"
)

// poison registers a product whose name no host keeps, as another client of the log may.
func (s *shop) poison(sku string) {
	s.t.Helper()
	s.log.Record(string(events.Product(sku)), events.Meta{At: noon, Rec: noon}, events.ProductRegistered{SKU: sku, Name: "a\x00b", Kind: events.Goods})
	s.log.tell()
}

func items(t *testing.T, body map[string]any) (list []map[string]any) {
	t.Helper()
	all, _ := body["items"].([]any)
	for _, one := range all {
		list = append(list, one.(map[string]any))
	}
	return list
}

func TestAParkedKeyIsListedShownAndDroppedWithItsCount(t *testing.T) {
	s := open(t)
	s.poison("BAD/1")
	s.post("/v1/products", `{"sku":"GOOD","name":"Good","kind":"goods"}`).is(201)
	s.get("/v1/products/GOOD").is(200)

	list := s.get("/v1/views/products/parked").is(200)
	keys := items(t, list)
	if len(keys) != 1 || keys[0]["key"] != "BAD/1" || keys[0]["cause"] != "save" || keys[0]["facts"] != 1.0 || keys[0]["type"] != "product.registered" {
		t.Fatalf("parked are %v", list)
	}
	shown := s.get("/v1/views/products/parked/BAD%2F1").is(200)
	facts := shown["facts"].([]any)
	if shown["document"] != nil || len(facts) != 1 || facts[0].(map[string]any)["data"].(map[string]any)["sku"] != "BAD/1" {
		t.Errorf("shown is %v", shown)
	}

	s.post("/v1/views/products/parked/BAD/1/drop", `{}`).fails(400, "invalid_argument")
	details := s.post("/v1/views/products/parked/BAD/1/drop", `{"count":7}`).fails(409, "count_differs")
	if details["count"] != 1.0 {
		t.Errorf("it says %v", details)
	}
	done := s.post("/v1/views/products/parked/BAD/1/drop", `{"count":1,"why":"a test"}`, "X-Actor", "staff:anna").is(200)
	if done["facts"] != 1.0 {
		t.Errorf("it came to %v", done)
	}
	list = s.get("/v1/views/products/parked").is(200)
	operations := list["operations"].([]any)
	if len(items(t, list)) != 0 || len(operations) != 1 {
		t.Fatalf("then parked are %v", list)
	}
	if o := operations[0].(map[string]any); o["actor"] != "staff:anna" || o["why"] != "a test" || o["what"] != "drop" || o["outcome"] != "" {
		t.Errorf("the operation is kept as %v", o)
	}
	s.post("/v1/views/products/parked/BAD/1/drop", `{"count":1}`).fails(404, "parked_unknown")
}

func TestARetryOfAStreamHealsWhatItsEventsTouch(t *testing.T) {
	s := open(t)
	s.log.garble()
	s.log.Record("product-TORN", events.Meta{At: noon, Rec: noon}, events.ProductRegistered{SKU: "TORN", Name: "Torn", Kind: events.Goods},
		events.ProductDescribed{SKU: "TORN", Name: "Mended"})
	s.log.tell()
	shown := s.get("/v1/views/product_pages/parked/%3Cproduct-TORN%3E").is(200)
	fact := shown["facts"].([]any)[0].(map[string]any)
	if fact["data"] != nil || fact["stored"] != `{"garbled` || !strings.Contains(fact["error"].(string), "garbled") {
		t.Errorf("shown is %v", fact)
	}
	s.log.mend()
	if done := s.post("/v1/views/product_pages/parked/%3Cproduct-TORN%3E/retry", `{}`).is(200); done["healed"] != 1.0 || len(done["still"].([]any)) != 0 {
		t.Errorf("it came to %v", done)
	}
	if p := s.get("/v1/products/TORN").is(200); p["name"] != "Mended" {
		t.Errorf("the product is %v", p)
	}
}

func TestAnswersSayWhatTheyLack(t *testing.T) {
	s := stocked(t)
	lacks := func(path, want, keys string) {
		t.Helper()
		r := s.get(path)
		if got := r.header.Get("Parked"); got != want || r.header.Get("Parked-Keys") != keys {
			t.Errorf("%s: it lacks %q of %q", path, got, r.header.Get("Parked-Keys"))
		}
	}
	lacks("/v1/products/LAMP-1", "", "")
	s.log.Record("product-LAMP-1", events.Meta{At: noon, Rec: noon}, events.ProductDescribed{SKU: "LAMP-1", Name: "a\x00b"})
	s.log.tell()
	lacks("/v1/products/LAMP-1", "true", "product_pages/LAMP-1")
	lacks("/v1/products/other", "", "")
	lacks("/v1/customers", "", "")

	s.log.garble()
	s.log.Record("stock-MAIN/X", events.Meta{At: noon, Rec: noon}, events.StockReceived{SKU: "X", Warehouse: "MAIN", Quantity: 1})
	s.log.tell()
	lacks("/v1/stock?sku=LAMP-1&warehouse=MAIN", "maybe", "")
}

func TestViewsSayHowMuchIsParked(t *testing.T) {
	s := open(t)
	s.poison("BAD")
	for _, v := range items(t, s.get("/v1/views").is(200)) {
		if v["name"] == "products" && v["parked"] != 1.0 {
			t.Errorf("it says %v", v)
		}
	}
	if metrics := s.get("/metrics").body; !strings.Contains(metrics, `till_view_parked{view="products"} 1`) {
		t.Error("metrics do not say so")
	}
}

func TestParkedKeysPage(t *testing.T) {
	s := open(t)
	for _, sku := range []string{"C", "A", "B"} {
		s.poison(sku)
	}
	var seen []string
	for cursor, n := "", 0; n < 3; n++ {
		page := s.get("/v1/views/products/parked?limit=1&cursor=" + cursor).is(200)
		seen = append(seen, items(t, page)[0]["key"].(string))
		cursor = page["next_cursor"].(string)
	}
	if !reflect.DeepEqual(seen, []string{"A", "B", "C"}) {
		t.Errorf("the pages are %v", seen)
	}
}

func TestOperatorsMendByGRPCAsWell(t *testing.T) {
	s := open(t)
	s.poison("BAD")
	list, err := parkedv1.NewParkedClient(s.grpc).List(t.Context(), &parkedv1.ListRequest{View: "products", Generation: "products_1"})
	if err != nil || len(list.Items) != 1 {
		t.Errorf("%v, %v", list, err)
	}
}

// A view that is added is marked as the others are.
func TestEveryViewMarksItsAnswers(t *testing.T) {
	s := open(t)
	marked := reflect.ValueOf(gateway.Marked(s.deps.Views))
	for i := range marked.NumField() {
		if kind := marked.Field(i).Elem().Type().String(); !strings.HasPrefix(kind, "gateway.marking[") {
			t.Errorf("%s is %s", marked.Type().Field(i).Name, kind)
		}
	}
}
