package gateway_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"tillstream/events"
	"tillstream/gateway/wirejson"
)

// Whatever SKU a product can be registered under, its path leads to it.
func TestEveryProductIsReachedByItsPath(t *testing.T) {
	s := open(t)
	taken := map[string]bool{}
	reaches := func(t *rapid.T, sku string) {
		body := `{"sku":` + quoted(sku) + `,"name":"A","kind":"goods"}`
		r := s.post("/v1/products", body)
		switch canonical := events.SKU(sku); {
		case r.code == 409 && taken[canonical]:
			return
		case r.code == 400:
			if canonical != "" && canonical != "." && canonical != ".." && utf8.RuneCountInString(canonical) <= 64 && !strings.ContainsFunc(canonical, unprintable) {
				t.Fatalf("%q is refused: %s", sku, r.body)
			}
		case r.code != 201:
			t.Fatalf("%q: %d %s", sku, r.code, r.body)
		default:
			taken[canonical] = true
			path := "/v1/products/" + url.PathEscape(sku)
			if got := s.get(path); got.code != 200 || got.is(200)["sku"] != canonical {
				t.Fatalf("%s: %d %s", path, got.code, got.body)
			}
			if got := s.post(path+"/describe", `{"name":"B"}`); got.code != 200 || got.is(200)["sku"] != canonical {
				t.Fatalf("%s/describe: %d %s", path, got.code, got.body)
			}
		}
	}
	letters := rapid.SampledFrom([]rune("/.%2FfA?#&=+;:@ -~'\"\\\u00e9\u4e2d"))
	rapid.Check(t, func(t *rapid.T) { reaches(t, string(rapid.SliceOfN(letters, 1, 6).Draw(t, "sku"))) })
	rapid.Check(t, func(t *rapid.T) { reaches(t, rapid.String().Draw(t, "sku")) })
}

func unprintable(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError }

func quoted(s string) string { return string(wirejson.AppendString(nil, s)) }

func TestASKUMayHoldASlashInThePathAsItIs(t *testing.T) {
	s := open(t)
	s.post("/v1/products", `{"sku":"a/b","name":"A","kind":"goods"}`).is(201)
	s.get("/v1/products/a/b").is(200)
	s.get("/v1/products/A%2fB").is(200)
	s.get("/v1/products//a/b").fails(404, "route_unknown")
	s.get("/v1/products/a/./b").fails(404, "route_unknown")
	s.get("/v1/products/a%252Fb").fails(404, "product_unknown")
	s.post("/v1/products", `{"sku":"..","name":"A","kind":"goods"}`).fails(400, "invalid_argument")
}

func TestAHeadIsAnsweredAsAGetWithoutItsBody(t *testing.T) {
	s := stocked(t)
	for path, code := range map[string]int{"/v1/products/LAMP-1": 200, "/v1/products/none": 404, "/healthz": 200, "/openapi.yaml": 200, "/audit": 200, "/docs": 200} {
		r := s.ask(http.MethodHead, path, "")
		if r.code != code || r.body != "" || r.header.Get("Content-Type") != s.get(path).header.Get("Content-Type") {
			t.Errorf("%s: %d %v %s", path, r.code, r.header, r.body)
		}
	}
	s.log.hold(true) // nothing new: the stream would go on
	s.ask(http.MethodHead, "/v1/audit/stream", "")
}

func TestAWrongVerbIsToldTheRightOnes(t *testing.T) {
	s := open(t)
	for path, allow := range map[string]string{"/healthz": "GET, HEAD", "/readyz": "GET, HEAD", "/openapi.yaml": "GET, HEAD", "/audit": "GET, HEAD",
		"/v1/products": "GET, HEAD, POST", "/v1/products/a%2Fb": "GET, HEAD", "/v1/customers/c": "DELETE, GET, HEAD", "/v1/stock/receipts": "POST"} {
		r := s.ask(http.MethodPut, path, "")
		r.fails(405, "method_not_allowed")
		if got := r.header.Get("Allow"); got != allow {
			t.Errorf("%s allows %s, not %s", path, got, allow)
		}
	}
	s.ask(http.MethodPut, "/v1/nothing", "").fails(404, "route_unknown")
}

func TestAHeadWithoutEndIsRefused(t *testing.T) {
	s := open(t)
	s.get("/v1/products?category="+strings.Repeat("x", 1<<15)).fails(431, "head_too_large")
	s.get("/v1/products", "X-Long", strings.Repeat("x", 200<<10)).fails(431, "head_too_large")
	s.get("/v1/products", "X-Long", strings.Repeat("x", 30<<10)).is(200)
}
