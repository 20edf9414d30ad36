package gateway_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"tillstream/aggregates"
	"tillstream/commands"
	"tillstream/events"
	"tillstream/gateway"
)

var update = flag.Bool("update", false, "write docs/errors.md")

const errorsPage = "../docs/errors.md"

func TestErrorsPageIsFresh(t *testing.T) {
	want := gateway.ErrorsPage()
	if *update {
		if err := os.WriteFile(errorsPage, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(errorsPage); err != nil || string(got) != want {
		t.Fatalf("docs/errors.md is old: go test ./gateway -run Errors -update (%v)", err)
	}
}

// Every reason that is written down in the code of decisions and of the gateway is on the page.
func TestNoReasonIsMissingOnTheErrorsPage(t *testing.T) {
	page := gateway.ErrorsPage()
	stated := regexp.MustCompile(`(?:reject\(|short\(s, |tooMany\(|doneBefore\(|problem\([\w.]+, |notFound\()"([a-z_]+)"`)
	found := 0
	for _, dir := range []string{".", "../commands"} {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range stated.FindAllStringSubmatch(string(source), -1) {
				if found++; !strings.Contains(page, "| `"+m[1]+"` |") {
					t.Errorf("%s states %s, which docs/errors.md does not list", file, m[1])
				}
			}
		}
	}
	if found < 60 {
		t.Errorf("only %d reasons were found in the code: the pattern is old", found)
	}
}

// reach says how to meet each reason by HTTP, and the status it is met with.
var reach = map[string]struct {
	code int
	ask  func(*shop) reply
}{
	"invalid_argument": {400, func(s *shop) reply { return s.post("/v1/products", `{"sku":"A","size":1}`) }},
	"lines_too_many": {400, func(s *shop) reply {
		line := `,{"sku":"A","quantity":1}`
		return s.post("/v1/orders", `{"customer_id":"c","currency":"GBP","lines":[`+strings.Repeat(line, 1501)[1:]+`]}`)
	}},
	"cursor_invalid":        {400, func(s *shop) reply { return s.get("/v1/products?cursor=AQ") }},
	"token_invalid":         {400, func(s *shop) reply { return s.get("/v1/products?token=%20") }},
	"body_unreadable":       {400, cutOff},
	"foreign_site":          {403, func(s *shop) reply { return s.post("/v1/products", `{}`, "Sec-Fetch-Site", "cross-site") }},
	"business_time_refused": {403, func(s *shop) reply { return s.order("", "Business-Time", "2026-02-01T12:00:00Z") }},
	"past_too_long": {409, func(s *shop) reply {
		id := s.order("").is(201)["order_id"].(string)
		s.log.Record("order-"+id, events.Meta{}, slices.Repeat([]events.Event{events.OrderLineCancelled{OrderID: id}}, 20_000)...)
		return s.get("/v1/orders/" + id + "?known_at=2026-03-01T12:00:00Z")
	}},
	"product_unknown":     {404, func(s *shop) reply { return s.get("/v1/products/none") }},
	"price_unknown":       {404, func(s *shop) reply { return s.post("/v1/prices/none/withdraw", `{"sku":"LAMP-1"}`) }},
	"customer_unknown":    {404, func(s *shop) reply { return s.get("/v1/customers/none") }},
	"order_unknown":       {404, func(s *shop) reply { return s.get("/v1/orders/none") }},
	"credit_note_unknown": {404, func(s *shop) reply { return s.get("/v1/credit-notes/none") }},
	"event_unknown":       {404, func(s *shop) reply { return s.get("/v1/audit/events/none") }},
	"table_unknown":       {404, func(s *shop) reply { return s.get("/v1/analytics/export/none") }},
	"view_unknown":        {404, func(s *shop) reply { return s.get("/v1/views/none/parked") }},
	"parked_unknown":      {404, func(s *shop) reply { return s.post("/v1/views/products/parked/LAMP-1/retry", `{}`) }},
	"route_unknown":       {404, func(s *shop) reply { return s.get("/v2/products") }},
	"method_not_allowed":  {405, func(s *shop) reply { return s.ask("DELETE", "/v1/products", "") }},
	"sku_taken":           {409, func(s *shop) reply { return s.post("/v1/products", `{"sku":"lamp-1","name":"Other","kind":"goods"}`) }},
	"product_discontinued": {409, func(s *shop) reply {
		s.post("/v1/products/LAMP-1/discontinue", `{}`).is(200)
		return s.post("/v1/products/LAMP-1/describe", `{"name":"New"}`)
	}},
	"price_list_full": {409, func(s *shop) reply {
		list := make([]events.Event, 10_000)
		for i := range list {
			list[i] = events.PriceSet{PriceID: fmt.Sprint(i), SKU: "FULL", Warehouse: "MAIN", ValidFrom: noon.Add(time.Duration(i)), Unit: events.UnitPrice{Currency: "EUR"}}
		}
		s.log.Record("price-MAIN/FULL", events.Meta{}, list...)
		return s.post("/v1/prices", `{"sku":"FULL","unit":{"amount":1,"scale":0,"currency":"GBP"}}`)
	}},
	"currency_mismatch": {409, func(s *shop) reply { return s.order(`"currency":"EUR"`) }},
	"stock_insufficient": {409, func(s *shop) reply {
		return s.post("/v1/stock/adjustments", `{"sku":"LAMP-1","quantity":-11,"reason":"lost"}`)
	}},
	"stock_beyond_limit": {409, func(s *shop) reply {
		s.log.Record("stock-MAIN/FULL", events.Meta{}, events.StockReceived{SKU: "FULL", Warehouse: "MAIN", Quantity: 1_000_000_000_000})
		return s.post("/v1/stock/receipts", `{"sku":"FULL","quantity":1}`)
	}},
	"count_below_reserved": {409, func(s *shop) reply {
		s.reserve(10)
		return s.post("/v1/stock/counts", `{"sku":"LAMP-1","counted":9}`)
	}},
	"backorder_in_use": {409, func(s *shop) reply {
		s.post("/v1/stock/backorders", `{"sku":"LAMP-1","limit":5}`).is(200)
		s.reserve(12)
		return s.post("/v1/stock/backorders", `{"sku":"LAMP-1","limit":1}`)
	}},
	"email_taken": {409, func(s *shop) reply {
		customer(s)
		return s.post("/v1/customers", `{"name":"Other","email":" ANN@example.com","country":"GB"}`)
	}},
	"customer_erased": {409, func(s *shop) reply {
		id := customer(s)
		s.post("/v1/customers/"+id+"/erase", "").is(200)
		return s.post("/v1/customers/"+id+"/describe", `{"name":"Ann","country":"GB"}`)
	}},
	"order_of_customer": {409, func(s *shop) reply {
		placed := s.post("/v1/orders", `{"customer_id":"`+customer(s)+`","currency":"GBP","lines":[{"sku":"LAMP-1","quantity":1}],"payment":{"token":"t"}}`)
		return s.post("/v1/orders/"+placed.is(201)["order_id"].(string)+"/forget-guest", "")
	}},
	"command_in_flight":    {409, inFlight},
	"lost_race":            {409, lostRace},
	"token_of_another_log": {409, func(s *shop) reply { return s.get("/v1/products", "Consistency-Token", "AQFvdGhlcg") }},
	"token_beyond_log": {409, func(s *shop) reply {
		return s.get("/v1/products?max_wait=30s&token=" + token(1_000_000, logID))
	}},
	"still_parked": {409, func(s *shop) reply {
		s.poison("BAD")
		return s.post("/v1/views/products/parked/BAD/retry", `{}`)
	}},
	"parked_behind_stream": {409, func(s *shop) reply {
		s.log.garble()
		s.log.Record("product-TORN", events.Meta{}, events.ProductRegistered{SKU: "TORN", Name: "Torn", Kind: events.Goods}, events.ProductDiscontinued{SKU: "TORN"})
		s.log.tell()
		return s.post("/v1/views/products/parked/TORN/retry", `{}`)
	}},
	"generation_unknown": {404, replaying("generation_unknown")},
	"generation_behind":  {409, replaying("generation_behind")},
	"generation_served":  {409, replaying("generation_served")},
	"generation_read":    {409, replaying("generation_read")},
	"replay_running":     {409, replaying("replay_running")},
	"replay_idle":        {409, replaying("replay_idle")},
	"view_unprepared":    {503, func(s *shop) reply { return s.post("/v1/views/products/verify", `{}`) }},
	"count_differs": {409, func(s *shop) reply {
		s.poison("BAD")
		return s.post("/v1/views/products/parked/BAD/drop", `{"count":2}`)
	}},
	"body_too_large": {413, func(s *shop) reply { return s.post("/v1/prices", `{"sku":"`+strings.Repeat("A", 1<<16)+`"}`) }},
	"idempotency_key_reused": {422, func(s *shop) reply {
		s.post("/v1/products", `{"sku":"A","name":"A","kind":"goods"}`, "Idempotency-Key", "k").is(201)
		return s.post("/v1/products", `{"sku":"A","name":"B","kind":"goods"}`, "Idempotency-Key", "k")
	}},
	"busy":           {429, crowded},
	"head_too_large": {431, func(s *shop) reply { return s.get("/v1/products", "X-Long", strings.Repeat("x", 1<<15)) }},
	"internal": {500, func(s *shop) reply {
		s.log.reading = func(context.Context, string) error { return errors.New("a disk is on fire") }
		return s.post("/v1/products", `{"sku":"B","name":"B","kind":"goods"}`)
	}},
	"person_unreadable": {500, func(s *shop) reply {
		id := customer(s)
		s.keys.damage(events.CustomerSubject(id), "/data/keys/3f/3fa9")
		return s.get("/v1/customers/" + id)
	}},
	"outcome_unknown": {503, func(s *shop) reply {
		s.log.appending = func(string) error { return errors.New("no answer") }
		return s.post("/v1/products", `{"sku":"B","name":"B","kind":"goods"}`)
	}},
	"out_of_time": {503, func(s *shop) reply {
		s.log.hold(true)
		token := s.post("/v1/products", `{"sku":"B","name":"B","kind":"goods"}`).header.Get("Consistency-Token")
		return s.get("/v1/products?max_wait=30s&token=" + token)
	}},
	"unavailable": {503, func(s *shop) reply {
		s.log.reading = func(context.Context, string) error { return status.Error(codes.Unavailable, "connection refused") }
		return s.post("/v1/products", `{"sku":"B","name":"B","kind":"goods"}`)
	}},
	"not_ready": {503, func(s *shop) reply {
		s.log.hold(true)
		return s.get("/readyz")
	}},
	"view_behind": {504, func(s *shop) reply {
		s.log.hold(true)
		token := s.post("/v1/products", `{"sku":"B","name":"B","kind":"goods"}`).header.Get("Consistency-Token")
		return s.get("/v1/products?max_wait=1ms&token=" + token)
	}},
	"order_not_there_yet": {504, func(s *shop) reply {
		id := s.order("").is(201)["order_id"].(string)
		return s.get("/v1/orders/" + id + "?until=shipped&max_wait=1ms")
	}},
}

func TestEveryReasonIsReachedByHTTP(t *testing.T) {
	listed := map[string]bool{}
	for _, r := range gateway.Reasons {
		listed[r.Name] = true
		t.Run(r.Name, func(t *testing.T) {
			t.Parallel()
			way, known := reach[r.Name]
			if !known || !strings.Contains(r.Codes, fmt.Sprint(way.code)) {
				t.Fatalf("no test reaches it with a status of %s", r.Codes)
			}
			within := time.Second
			if r.Name == "lost_race" {
				within = 0 // sixteen tries take seconds
			}
			s := stockedWith(t, gateway.Options{Within: within})
			answer := way.ask(s)
			answer.fails(way.code, r.Name)
			if way.code == 429 || way.code == 503 {
				if answer.header.Get("Retry-After") != "1" {
					t.Error("it does not say when to ask again")
				}
			}
		})
	}
	for name := range reach {
		if !listed[name] {
			t.Errorf("%s is reached and not listed", name)
		}
	}
}

// token is what a command would answer with that recorded something at a position of a log.
func token(at uint64, log string) string {
	return base64.RawURLEncoding.EncodeToString(append(binary.AppendUvarint([]byte{1}, at), log...))
}

// reserve promises lamps to an order.
func (s *shop) reserve(units int64) {
	s.t.Helper()
	_, err := commands.Handle(s.t.Context(), s.deps.Handler, events.Meta{Command: events.FreshCommandID()}, commands.ReserveStock{SKU: "LAMP-1",
		Warehouse: "MAIN", OrderID: "o", Lines: []events.LineQuantity{{LineID: "l", Quantity: units}}})
	if err != nil {
		s.t.Fatal(err)
	}
}

// order asks for three lamps for a guest; more replaces what it says.
func (s *shop) order(more string, headers ...string) reply {
	s.t.Helper()
	if more == "" {
		more = `"currency":"GBP"`
	}
	return s.post("/v1/orders", `{"guest":{"name":"Gus Guest","email":"gus@example.com"},"ship_to":{"line1":"2 Low Street","country":"GB"},
		"lines":[{"sku":"LAMP-1","quantity":3}],"payment":{"token":"tok_secret"},`+more+`}`, headers...)
}

// cutOff promises a body and hangs up in the middle of it.
func cutOff(s *shop) reply {
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.base, "http://"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST /v1/products HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		s.t.Fatal(err)
	}
	return read(s.t, conn)
}

// inFlight asks while the same command waits for its stream to be read.
func inFlight(s *shop) reply {
	reading, go_ := make(chan struct{}), make(chan struct{})
	var once sync.Once
	s.log.reading = func(_ context.Context, stream string) error {
		if stream == "product-SLOW" {
			once.Do(func() { close(reading) })
			<-go_
		}
		return nil
	}
	ask := func() reply {
		return s.post("/v1/products", `{"sku":"SLOW","name":"Slow","kind":"goods"}`, "Idempotency-Key", "slow")
	}
	first := make(chan reply, 1)
	go func() { first <- ask() }()
	<-reading
	second := ask()
	close(go_)
	(<-first).is(201)
	return second
}

func lostRace(s *shop) reply {
	s.log.appending = func(stream string) error {
		if stream == "product-HOT" {
			return &commands.ConflictError{Stream: stream, Expected: -1, Actual: 5}
		}
		return nil
	}
	return s.post("/v1/products", `{"sku":"HOT","name":"Hot","kind":"goods"}`)
}

// crowded asks where as many wait as may.
func crowded(s *shop) reply {
	go_ := make(chan struct{})
	s.log.reading = func(_ context.Context, stream string) error {
		if stream == "product-CROWD" {
			<-go_
		}
		return nil
	}
	var crowd sync.WaitGroup
	defer crowd.Wait()
	defer close(go_)
	full := make(chan struct{})
	var once sync.Once
	for range 5000 {
		crowd.Go(func() {
			_, _, err := commands.Look(s.t.Context(), s.deps.Handler, events.Product("CROWD"), func(aggregates.Product) bool { return true })
			if errors.Is(err, commands.ErrBusy) {
				once.Do(func() { close(full) })
			}
		})
	}
	<-full
	return s.post("/v1/products", `{"sku":"CROWD","name":"Crowd","kind":"goods"}`)
}

func TestProblemsAreTheSameByGRPC(t *testing.T) {
	// see TestTheSameMethodByGRPC for the whole way; here: nothing inside is told
	s := stocked(t)
	s.log.reading = func(context.Context, string) error { return errors.New("/secret/path is on fire") }
	answer := s.post("/v1/products", `{"sku":"B","name":"B","kind":"goods"}`)
	answer.fails(http.StatusInternalServerError, "internal")
	if strings.Contains(answer.body, "secret") || !bytes.Contains(s.lines.Bytes(), []byte("/secret/path")) {
		t.Errorf("what happened belongs into the log, not to the client: %s", answer.body)
	}
}
