package gateway_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"tillstream/events"
	"tillstream/gateway"
	ordersv1 "tillstream/gateway/api/orders/v1"
)

// ordered places an order of three lamps, and answers its id.
func (s *shop) ordered() string {
	s.t.Helper()
	return s.order("").is(201)["order_id"].(string)
}

// told is the state of an order in a message of its stream.
func told(t testing.TB, data string) string {
	t.Helper()
	var o struct{ State string }
	if err := json.Unmarshal([]byte(data), &o); err != nil {
		t.Fatalf("%v: %s", err, data)
	}
	return o.State
}

func TestAnOrderIsToldEachTimeItChanges(t *testing.T) {
	s := stocked(t)
	id, other := s.ordered(), s.ordered()
	l := s.listen("/v1/orders/" + id + "/stream")
	if _, data := l.next("order"); told(t, data) != "placed" {
		t.Errorf("at first it is %s", data)
	}
	if page := s.get("/v1/orders/" + id).is(200); page["state"] != "placed" {
		t.Errorf("the page says %v", page["state"])
	}

	s.records("order-"+other, events.Meta{}, events.OrderConfirmed{OrderID: other}) // which is nothing to this listener
	var last string
	for _, step := range []struct {
		fact  events.Event
		state string
	}{{events.OrderConfirmed{OrderID: id}, "confirmed"}, {events.OrderShipped{OrderID: id}, "shipped"}, {events.OrderDelivered{OrderID: id}, "delivered"}} {
		s.records("order-"+id, events.Meta{}, step.fact)
		token, data := l.next("order")
		if told(t, data) != step.state {
			t.Errorf("after %s it is %s", step.fact.Type(), data)
		}
		if last = token; s.get("/v1/orders/"+id, "Consistency-Token", token).is(200)["state"] != step.state {
			t.Errorf("the token %s does not lead to %s", token, step.state)
		}
	}
	l.end()

	s.records("order-"+id, events.Meta{}, events.OrderClosed{OrderID: id})
	again := s.listen("/v1/orders/"+id+"/stream", "Last-Event-ID", last)
	if _, data := again.next("order"); told(t, data) != "closed" {
		t.Errorf("after a break it is %s", data)
	}
}

// What is told is the page, to the letter.
func TestTheStreamOfAnOrderTellsItsPage(t *testing.T) {
	s := stocked(t)
	id := s.ordered()
	_, data := s.listen("/v1/orders/" + id + "/stream").next("order")
	if page := strings.TrimSpace(s.get("/v1/orders/" + id).body); data != page {
		t.Errorf("the stream tells\n%s\nthe page is\n%s", data, page)
	}
}

func TestAStreamIsRefusedBeforeItBegins(t *testing.T) {
	s := stockedWith(t, gateway.Options{Listeners: 1})
	id := s.ordered()
	s.get("/v1/orders/none/stream").fails(404, "order_unknown")
	s.get("/v1/views/none/stream").fails(404, "view_unknown")
	s.get("/v1/orders/"+id+"/stream?colour=red").fails(400, "invalid_argument")
	s.get("/v1/orders/"+id+"/stream", "Last-Event-ID", "yesterday").fails(400, "token_invalid")
	s.get("/v1/orders/"+id+"/stream", "Last-Event-ID", "AQFvdGhlcg").fails(409, "token_of_another_log")
	s.log.hold(true)
	future := s.post("/v1/products", `{"sku":"NEW","name":"New","kind":"goods"}`).header.Get("Consistency-Token")
	s.get("/v1/orders/"+id+"/stream?max_wait=1ms", "Last-Event-ID", future).fails(504, "view_behind")
	s.get("/v1/views/orders/stream?max_wait=1ms&token="+future).fails(504, "view_behind")
	s.log.hold(false)

	l := s.listen("/v1/orders/" + id + "/stream")
	l.next("order")
	refused := s.get("/v1/orders/" + id + "/stream")
	if refused.fails(429, "busy"); refused.header.Get("Retry-After") == "" {
		t.Error("it does not say when to come back")
	}
	s.get("/v1/views/stream").fails(429, "busy")
	l.end()
	for s.g.Listening() > 0 { // until the server has seen that nobody listens
		s.get("/healthz").is(200)
	}
	s.listen("/v1/orders/" + id + "/stream").next("order")
}

func TestASignOfLifeComesWhereNothingHappens(t *testing.T) {
	s := stockedWith(t, gateway.Options{Beat: time.Millisecond})
	l := s.listen("/v1/orders/" + s.ordered() + "/stream")
	for beats := 0; beats < 3; {
		line, err := l.in.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if line == ": beat\n" {
			beats++
		}
	}
}

// Who reads slowly is told what is newest, not everything that was: what waits for it is bounded by its connection.
func TestASlowReaderIsToldTheNewest(t *testing.T) {
	s := stocked(t)
	line := strings.Repeat(`,{"sku":"LAMP-1","quantity":1}`, 400)
	s.post("/v1/stock/receipts", `{"sku":"LAMP-1","quantity":5000}`).is(201)
	id := s.post("/v1/orders", `{"guest":{"name":"Gus","email":"g@example.com"},"ship_to":{"line1":"2 Low Street","country":"GB"},"currency":"GBP",
		"payment":{"token":"t"},"lines":[`+line[1:]+`]}`).is(201)["order_id"].(string)
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.(*net.TCPConn).SetReadBuffer(64 << 10)
	fmt.Fprintf(conn, "GET /v1/orders/%s/stream HTTP/1.1\r\nHost: localhost\r\n\r\n", id)
	for s.g.Listening() == 0 {
		s.get("/healthz").is(200)
	}

	const changes = 100
	for n := range changes {
		s.records("order-"+id, events.Meta{}, events.OrderLineCancelled{OrderID: id, LineID: fmt.Sprint(n), Quantity: 1, Amount: events.Money{Minor: 1, Currency: "GBP"}})
	}
	s.records("order-"+id, events.Meta{}, events.OrderClosed{OrderID: id})
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	l := &listening{t: t, in: bufio.NewReader(answer.Body)}
	heard := 0
	for state := ""; state != "closed"; heard++ {
		_, data := l.next("order")
		state = told(t, data)
	}
	if heard > changes/2 {
		t.Errorf("it was told %d times of %d changes: they queued up", heard, changes)
	}
}

func TestAThousandListenEachToItsOwn(t *testing.T) {
	s := stocked(t)
	s.post("/v1/stock/receipts", `{"sku":"LAMP-1","quantity":5000}`).is(201)
	const listeners = 1000
	orders := make([]string, 10)
	for i := range orders {
		orders[i] = s.ordered()
	}
	streams := make([]*listening, listeners)
	for i := range streams {
		streams[i] = s.listen("/v1/orders/" + orders[i%len(orders)] + "/stream")
		streams[i].next("order")
	}
	for _, id := range orders {
		s.records("order-"+id, events.Meta{}, events.OrderConfirmed{OrderID: id})
	}
	var all sync.WaitGroup
	for i, l := range streams {
		all.Go(func() {
			_, data := l.next("order")
			if told(t, data) != "confirmed" || !strings.Contains(data, orders[i%len(orders)]) {
				t.Errorf("listener %d was told %s", i, data)
			}
		})
	}
	all.Wait()

	s.end()
	for _, l := range streams {
		if rest, err := io.ReadAll(l.in); err != nil {
			t.Fatalf("the stream did not end cleanly: %q, %v", rest, err)
		}
	}
}

func TestAnOrderIsHeardByGRPC(t *testing.T) {
	s := stocked(t)
	id := s.ordered()
	ctx, hangUp := context.WithCancel(t.Context())
	stream, err := ordersv1.NewOrdersClient(s.grpc).Watch(ctx, &ordersv1.WatchRequest{OrderId: id})
	if err != nil {
		t.Fatal(err)
	}
	if o, err := stream.Recv(); err != nil || o.State != "placed" {
		t.Fatalf("%v, %v", o, err)
	}
	s.records("order-"+id, events.Meta{}, events.OrderConfirmed{OrderID: id})
	if o, err := stream.Recv(); err != nil || o.State != "confirmed" {
		t.Errorf("%v, %v", o, err)
	}
	hangUp()
	if _, err := stream.Recv(); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("it ends with %v", err)
	}
}
