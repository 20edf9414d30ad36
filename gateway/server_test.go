package gateway_test

import (
	"context"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	khttp "github.com/go-kratos/kratos/v2/transport/http"

	"tillstream/gateway"
)

func TestNothingListensBeyondLoopback(t *testing.T) {
	s := open(t)
	for address, ok := range map[string]bool{"127.0.0.1:0": true, "localhost:0": true, "[::1]:0": true, "127.9.9.9:0": true,
		":8080": false, "0.0.0.0:8080": false, "[::]:80": false, "192.168.0.1:80": false, "example.com:80": false, "8080": false, "": false} {
		s.deps.Metrics = nil
		_, err := gateway.New(s.deps, gateway.Options{HTTP: address, GRPC: "127.0.0.1:0"})
		if (err == nil) != ok {
			t.Errorf("%q: %v", address, err)
		}
		if _, err := gateway.New(s.deps, gateway.Options{HTTP: "127.0.0.1:0", GRPC: address}); (err == nil) != ok {
			t.Errorf("%q for gRPC: %v", address, err)
		}
	}
}

func TestTheDocumentationNeedsNoNetwork(t *testing.T) {
	s := open(t)
	page := s.get("/docs")
	if page.code != 200 || !strings.Contains(page.body, "/openapi.yaml") {
		t.Fatalf("%d %s", page.code, page.body)
	}
	assets := regexp.MustCompile(`(?:src|href)="([^"]+)"`).FindAllStringSubmatch(page.body, -1)
	if len(assets) < 3 {
		t.Fatalf("the page loads %v", assets)
	}
	for _, m := range assets {
		u, err := url.Parse(m[1])
		if err != nil || u.Host != "" {
			t.Errorf("the page loads %s from elsewhere", m[1])
			continue
		}
		if r := s.get((&url.URL{Path: "/docs/"}).ResolveReference(u).Path); r.code != 200 {
			t.Errorf("%s is not there: %d", m[1], r.code)
		}
	}
	if spec := s.get("/openapi.yaml"); spec.code != 200 || !strings.HasPrefix(spec.body, "openapi: 3.") {
		t.Errorf("%d %.60s", spec.code, spec.body)
	}
}

func TestEveryRouteIsDescribed(t *testing.T) {
	s := open(t)
	spec := s.get("/openapi.yaml").body
	n := 0
	err := s.g.HTTP.WalkRoute(func(r khttp.RouteInfo) error {
		path := strings.ReplaceAll(r.Path, ":.+}", "}")
		if strings.HasPrefix(path, "/v1/") {
			if n++; !strings.Contains(spec, "\n    "+path+":\n") {
				t.Errorf("%s %s is not described", r.Method, path)
			}
		}
		return nil
	})
	if err != nil || n < 30 {
		t.Errorf("%d routes, %v", n, err)
	}
}

func TestMetricsCountByRoute(t *testing.T) {
	s := stocked(t)
	s.get("/v1/products/LAMP-1").is(200)
	s.get("/v1/products/none").is(404)
	s.get("/elsewhere/ann@example.com").is(404)
	body := s.get("/metrics").body
	for _, line := range []string{
		`till_requests_total{code="200",route="/v1/products/{sku}",transport="http"} 1`,
		`till_requests_total{code="404",route="/v1/products/{sku}",transport="http"} 1`,
		`till_requests_total{code="404",route="none",transport="http"} 1`,
		`till_view_position{view="products"} 3`,
		`till_view_lag_events{view="products"} 0`,
	} {
		if !strings.Contains(body, line+"\n") {
			t.Errorf("no %s in\n%s", line, body)
		}
	}
	if strings.Contains(body, "ann@") {
		t.Error("a path is told whole")
	}
}

func TestARequestAtHandIsAnsweredBeforeTheEnd(t *testing.T) {
	s := open(t)
	reading, goOn := make(chan struct{}), make(chan struct{})
	s.log.reading = func(context.Context, string) error {
		close(reading)
		<-goOn
		return nil
	}
	answer := make(chan reply, 1)
	go func() { answer <- s.post("/v1/products", `{"sku":"A","name":"A","kind":"goods"}`) }()
	<-reading
	ended := make(chan struct{})
	go func() { s.end(); close(ended) }()
	close(goOn)
	(<-answer).is(201)
	<-ended
}

func TestHeadersThatAreNotUnderstoodAreRefused(t *testing.T) {
	s := open(t)
	for name, values := range map[string][]string{
		"X-Actor":          {"anna", ":x", "Staff:anna", "staff:an na", "staff:" + strings.Repeat("x", 65)},
		"Max-Wait":         {"soon", "31s", "-1s"},
		"X-Correlation-Id": {"a b", strings.Repeat("x", 65)},
	} {
		for _, value := range values {
			s.get("/v1/products", name, value).fails(400, "invalid_argument")
		}
	}
	s.get("/v1/products", "Traceparent", "nonsense").is(200)
	s.get("/v1/products?max_wait=2s&max_wait=3s").fails(400, "invalid_argument")
	s.get("/v1/products?colour=red").fails(400, "invalid_argument")
	s.post("/v1/products?dry_run=true", `{}`).fails(400, "invalid_argument")
}

func TestWhoAskedIsRecorded(t *testing.T) {
	s := open(t)
	trace := "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	s.post("/v1/products", `{"sku":"A","name":"A","kind":"goods"}`, "X-Actor", "staff:anna", "X-Correlation-Id", "case-7", "Traceparent", trace).is(201)
	s.post("/v1/products", `{"sku":"B","name":"B","kind":"goods"}`).is(201)

	facts := s.log.All()
	if m := facts[0].Meta; m.Actor.String() != "staff:anna" || m.Correlation != "case-7" || m.Trace != trace || m.Origin != "api" || m.Command == "" || m.Request == "" {
		t.Errorf("%+v", m)
	}
	if m := facts[1].Meta; m.Actor.String() != "anonymous:" || m.Correlation == "" || m.Correlation == "case-7" || m.Trace != "" {
		t.Errorf("%+v", m)
	}
}

func TestABrowserIsNotLedHereByOtherSites(t *testing.T) {
	s := open(t)
	for _, c := range []struct {
		host, site string
		code       int
	}{{"127.0.0.1:8080", "", 200}, {"localhost", "same-origin", 200}, {"[::1]:1", "none", 200}, {"shop.example:8080", "", 403},
		{"127.0.0.1", "cross-site", 403}, {"127.0.0.1", "same-site", 403}, {"127.0.0.1.example.com", "", 403}} {
		r := httptest.NewRequest("GET", "/v1/products", nil)
		r.Host = c.host
		r.Header.Set("Sec-Fetch-Site", c.site)
		w := httptest.NewRecorder()
		s.g.HTTP.ServeHTTP(w, r)
		if w.Code != c.code {
			t.Errorf("%s, %s: %d", c.host, c.site, w.Code)
		}
	}
}
