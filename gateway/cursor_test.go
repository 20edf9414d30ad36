package gateway_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"
)

// catalog is a shop with n products P000, P001, …, every second of the category odd.
func catalog(t testing.TB, n int) *shop {
	s := open(t)
	for i := range n {
		category := []string{"even", "odd"}[i%2]
		s.post("/v1/products", fmt.Sprintf(`{"sku":"P%03d","name":"P","kind":"goods","category":%q}`, i, category)).is(201)
	}
	return s
}

// walk reads a list to its end and answers the SKUs in their order.
func (s *shop) walk(path string, between func()) (skus []string) {
	s.t.Helper()
	for cursor := ""; ; {
		body := s.get(path + "&cursor=" + url.QueryEscape(cursor)).is(200)
		for _, item := range body["items"].([]any) {
			skus = append(skus, item.(map[string]any)["sku"].(string))
		}
		if cursor = body["next_cursor"].(string); cursor == "" {
			return skus
		}
		between()
	}
}

func TestAListGoesOnWhereItWasWhileDataChanges(t *testing.T) {
	s := catalog(t, 20)
	added := 0
	skus := s.walk("/v1/products?limit=3", func() {
		s.post("/v1/products", fmt.Sprintf(`{"sku":"A%d","name":"before","kind":"goods"}`, added)).is(201)
		added++
	})
	if strings.Join(skus, " ") != "P000 P001 P002 P003 P004 P005 P006 P007 P008 P009 P010 P011 P012 P013 P014 P015 P016 P017 P018 P019" {
		t.Errorf("the list is %v", skus)
	}
	if odd := s.walk("/v1/products?limit=4&category=odd", func() {}); len(odd) != 10 {
		t.Errorf("the odd ones are %v", odd)
	}
}

func TestPricesPageWithinAPriceList(t *testing.T) {
	s := open(t)
	for i := range 7 {
		for _, sku := range []string{"A", "B"} {
			s.post("/v1/prices", fmt.Sprintf(`{"sku":%q,"unit":{"amount":%d,"scale":0,"currency":"GBP"},"valid_from":"2026-03-0%dT00:00:00Z"}`, sku, i+1, i+1)).is(201)
		}
	}
	if skus := s.walk("/v1/prices?limit=4", func() {}); strings.Join(skus, "") != "AAAAAAABBBBBBB" {
		t.Errorf("prices are of %v", skus)
	}
	if held := s.walk("/v1/prices?limit=1&at=2026-03-03T12:00:00Z", func() {}); strings.Join(held, "") != "AB" {
		t.Errorf("then held %v", held)
	}
}

func TestSalesPageBehindTheirKeys(t *testing.T) {
	s := traded(t)
	if skus := s.walk("/v1/analytics/sales?group_by=sku&limit=1", func() {}); strings.Join(skus, " ") != "BULB LAMP-1" {
		t.Errorf("sales are of %v", skus)
	}
}

func TestACursorBelongsToItsQuery(t *testing.T) {
	s := catalog(t, 4)
	cursor := s.get("/v1/products?limit=1&category=odd").is(200)["next_cursor"].(string)

	s.get("/v1/products?limit=2&category=odd&cursor=" + cursor).is(200) // another size of page is the same list
	s.get("/v1/products?category=even&cursor="+cursor).fails(400, "cursor_invalid")
	s.get("/v1/products?cursor="+cursor).fails(400, "cursor_invalid")
	s.get("/v1/stock?cursor="+cursor).fails(400, "cursor_invalid")
	raw, _ := base64.RawURLEncoding.DecodeString(cursor)
	for i := range raw {
		changed := append([]byte(nil), raw...)
		changed[i] ^= 1
		s.get("/v1/products?category=odd&cursor="+base64.RawURLEncoding.EncodeToString(changed)).fails(400, "cursor_invalid")
	}
	for _, limit := range []string{"-1", "501", "x", "1.5"} {
		s.get("/v1/products?limit="+limit).fails(400, "invalid_argument")
	}
}

// call asks the gateway without a network.
func (s *shop) call(verb, target, body string) *httptest.ResponseRecorder {
	r, err := http.NewRequest(verb, "http://127.0.0.1/", strings.NewReader(body))
	if err != nil {
		return nil
	}
	u, err := url.ParseRequestURI(target)
	if err != nil || u.Host != "" {
		return nil
	}
	r.URL.Path, r.URL.RawPath, r.URL.RawQuery, r.RequestURI = u.Path, u.RawPath, u.RawQuery, target
	w := httptest.NewRecorder()
	s.g.HTTP.ServeHTTP(w, r)
	return w
}

// sane checks what is true of every answer.
func sane(t *testing.T, w *httptest.ResponseRecorder) {
	t.Helper()
	if w == nil || w.Code < 300 {
		return
	}
	var p struct {
		Code    int
		Reason  string
		Message string
		Details map[string]any
	}
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.Code != w.Code || p.Reason == "" || p.Message == "" || p.Details == nil {
		t.Fatalf("%d is no problem: %s", w.Code, w.Body)
	}
	if w.Code >= 500 || !utf8.Valid(w.Body.Bytes()) {
		t.Fatalf("%d: %s", w.Code, w.Body)
	}
}

// FuzzCursor: no cursor but our own is understood, and none breaks anything.
func FuzzCursor(f *testing.F) {
	s := catalog(f, 3)
	own := s.get("/v1/products?limit=1").is(200)["next_cursor"].(string)
	for _, seed := range []string{"", own, own[:len(own)-1], "AQ", "AQAAAAAAAAAAAAAAAFtd", "%00", "💡"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, cursor string) {
		w := s.call("GET", "/v1/products?cursor="+url.QueryEscape(cursor), "")
		sane(t, w)
		if ok := cursor == "" || cursor == own; (w.Code == 200) != ok {
			t.Fatalf("%q is answered %d", cursor, w.Code)
		}
	})
}

// FuzzRequest: whatever comes is answered, and never with a fault of ours.
func FuzzRequest(f *testing.F) {
	s := stocked(f)
	id := customer(s)
	for _, cmd := range everyCommand(id) {
		f.Add("POST", cmd.path, cmd.body)
	}
	for _, path := range []string{"/v1/products/LAMP-1", "/v1/orders?from=2026-03-01T00:00:00Z&limit=3", "/v1/prices?at=x", "/v1/analytics/sales?group_by=day,sku&tz=Asia/Tokyo",
		"/v1/stock/movements?sku=%00", "/v1/customers?name=a%25", "/v1/orders/x?until=settled&max_wait=0s", "/v1//x", "/docs/../v1", "/v1/products?token=AQ&token=AQ", "/v1/products/a%2Fb"} {
		f.Add("GET", path, "")
	}
	f.Fuzz(func(t *testing.T, verb, target, body string) {
		if strings.HasPrefix(target, "/docs") || strings.HasPrefix(target, "/metrics") || strings.Contains(target, "max_wait") && !strings.Contains(target, "max_wait=0s") {
			return
		}
		sane(t, s.call(verb, target, body))
	})
}
