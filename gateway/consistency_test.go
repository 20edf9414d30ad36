package gateway_test

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// ofOperators are the services that tell how views themselves stand: there is nothing they could wait for.
var ofOperators = []string{"Parked", "Replay", "Status"}

// ofTables lists which tables can be taken out, whatever is in them.
const ofTables = "/v1/analytics/export"

// queries are the paths that the protos bind to GET and that are answered from views, with every name in them filled in.
func queries() (paths []string) {
	name := regexp.MustCompile(`\{[a-z_]+\}`)
	protoregistry.GlobalFiles.RangeFiles(func(f protoreflect.FileDescriptor) bool {
		for i := range f.Services().Len() {
			service := f.Services().Get(i)
			if !strings.HasPrefix(string(service.FullName()), "tillstream.") || slices.Contains(ofOperators, string(service.Name())) {
				continue
			}
			for n := range service.Methods().Len() {
				rule, _ := proto.GetExtension(service.Methods().Get(n).Options(), annotations.E_Http).(*annotations.HttpRule)
				for _, r := range append([]*annotations.HttpRule{rule}, rule.GetAdditionalBindings()...) {
					if get := r.GetGet(); get != "" && get != ofTables {
						paths = append(paths, name.ReplaceAllString(strings.ReplaceAll(get, "{table}", "sales"), "LAMP-1"))
					}
				}
			}
		}
		return true
	})
	return paths
}

// A query that is added to the protos is asked here as well.
func TestEveryQueryWaitsForATokenAndSaysWhatItLacks(t *testing.T) {
	s := stocked(t)
	s.log.hold(true)
	token := s.post("/v1/products", `{"sku":"NEW","name":"New","kind":"goods"}`).header.Get("Consistency-Token")
	paths := queries()
	if len(paths) < 20 {
		t.Fatalf("only %d queries were found: %v", len(paths), paths)
	}
	for _, path := range paths {
		r := s.get(path+"?max_wait=1ms", "Consistency-Token", token)
		if r.code != http.StatusGatewayTimeout {
			t.Errorf("%s does not wait: %d %.200s", path, r.code, r.body)
			continue
		}
		if details := r.fails(504, "view_behind"); details["lag_events"] != 1.0 || details["view"] == nil {
			t.Errorf("%s does not say what it lacks: %v", path, details)
		}
	}
}

func TestAQueryAfterACommandIsNeverStale(t *testing.T) {
	s := open(t)
	for n := range 1000 {
		sku := "SKU-" + strings.Repeat("X", n%7) + string(rune('A'+n%26)) + strings.Repeat("Y", n/26)
		s.post("/v1/products", `{"sku":"`+sku+`","name":"One","kind":"goods"}`).is(201)
		s.log.hold(true) // what follows is acknowledged before any view hears of it
		described := s.post("/v1/products/"+sku+"/describe", `{"name":"Two"}`)
		described.is(200)
		var heard sync.WaitGroup
		heard.Go(func() { s.log.hold(false) }) // before, while or after the query begins to wait
		r := s.get("/v1/products/"+sku+"?max_wait=30s", "Consistency-Token", described.header.Get("Consistency-Token"))
		heard.Wait()
		if body := r.is(200); body["name"] != "Two" || r.header.Get("As-Of-Position") == "" || r.header.Get("Lag-Ms") == "" {
			t.Fatalf("%s reads %s, %v", sku, r.body, r.header)
		}
	}
}

func TestAListKeepsItsPlaceWhileDataChanges(t *testing.T) {
	s := open(t)
	for _, sku := range []string{"B", "D", "F", "H"} {
		s.post("/v1/products", `{"sku":"`+sku+`","name":"One","kind":"goods"}`).is(201)
	}
	first := s.get("/v1/products?limit=2").is(200)
	for _, sku := range []string{"A", "E"} { // before the place, and behind it
		s.post("/v1/products", `{"sku":"`+sku+`","name":"New","kind":"goods"}`).is(201)
	}
	s.post("/v1/products/B/describe", `{"name":"Two"}`).is(200)
	var seen []string
	for _, one := range append(items(t, first), items(t, s.get("/v1/products?limit=2&cursor="+first["next_cursor"].(string)).is(200))...) {
		seen = append(seen, one["sku"].(string))
	}
	if got := strings.Join(seen, " "); got != "B D E F" {
		t.Errorf("the two pages are of %s", got)
	}
}
