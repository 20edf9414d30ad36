package gateway_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tillstream/commands"
	"tillstream/events"
	"tillstream/gateway"
)

const lamp, mug = `{"sku":"LAMP-1","quantity":1}`, `{"sku":"MUG","quantity":1}`

func (s *shop) receive(body, key string) reply {
	s.t.Helper()
	return s.post("/v1/stock/receipts", body, "Idempotency-Key", key, "Max-Wait", "10s")
}

// receiveAtOnce waits for no view.
func (s *shop) receiveAtOnce(body, key string) reply {
	s.t.Helper()
	return s.post("/v1/stock/receipts", body, "Idempotency-Key", key, "Max-Wait", "5ms")
}

func TestAKeyIsKnownForEveryStreamAfterARestart(t *testing.T) {
	s := stocked(t)
	first := s.receive(lamp, "k")
	first.is(201)
	for range 2 {
		s = s.again()
		s.receive(mug, "k").fails(422, "idempotency_key_reused")
		if r := s.receive(lamp, "k"); r.code != 201 || r.body != first.body || r.header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("the honest retry is answered %d %v %s", r.code, r.header, r.body)
		}
	}
	s.receive(mug, "k2").is(201)
}

func TestNoKeyIsTakenForNewWhileTheViewOfKeysLags(t *testing.T) {
	s := stocked(t)
	s.log.hold(true)
	s.receive(lamp, "k").is(201) // known in memory
	s.receive(lamp, "k").is(201)
	s.receive(mug, "k").fails(422, "idempotency_key_reused")

	s = s.again()
	for _, key := range []string{"k", "k2"} {
		if details := s.receiveAtOnce(mug, key).fails(504, "view_behind"); details["view"] != "keyed_commands" {
			t.Errorf("%v", details)
		}
	}
	s.post("/v1/stock/receipts", mug).is(201) // no key, no wait
	s.log.hold(false)
	s.receive(mug, "k").fails(422, "idempotency_key_reused")
	s.receive(mug, "k2").is(201)
}

func TestAKeyThatMemoryLostIsKnownToTheView(t *testing.T) {
	s := stockedWith(t, gateway.Options{KeysInMemory: 2})
	s.log.hold(true)
	defer s.log.hold(false)
	for _, key := range []string{"first", "second", "third"} {
		s.log.hold(key == "first") // the view shows all that was in memory before
		s.receive(lamp, key).is(201)
	}
	s.receive(mug, "first").fails(422, "idempotency_key_reused")
	s.log.hold(true)
	for i := range 3 {
		s.receive(lamp, fmt.Sprint("more ", i)).is(201)
	}
	s.receiveAtOnce(mug, "more 0").fails(504, "view_behind") // not taken for new
}

func TestARequestIsAnsweredAgainLongAfterItsStreamForgotIt(t *testing.T) {
	s := stocked(t)
	first := s.receive(lamp, "k")
	first.is(201)
	s.now.pass(25 * time.Hour)
	for i := range 1001 {
		_, err := commands.Handle(t.Context(), s.deps.Handler, events.Meta{Command: fmt.Sprint(i), Origin: events.FromImport},
			commands.ReceiveStock{SKU: "LAMP-1", Warehouse: "MAIN", Quantity: 1})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, shop := range []*shop{s, s.again()} {
		facts := len(s.log.All())
		r := shop.receive(lamp, "k")
		if r.code != 201 || r.body != first.body || r.header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("%d %v %s", r.code, r.header, r.body)
		}
		if len(s.log.All()) != facts {
			t.Error("it was received twice")
		}
	}
}

func TestAKeyOfUnknownOutcomeIsKept(t *testing.T) {
	s := stockedWith(t, gateway.Options{Within: time.Second})
	s.log.mu.Lock()
	s.log.appending = func(string) error { return fmt.Errorf("no answer") }
	s.log.mu.Unlock()
	s.receiveAtOnce(lamp, "k").fails(http.StatusServiceUnavailable, "outcome_unknown")
	s.receiveAtOnce(mug, "k").fails(422, "idempotency_key_reused")
}

// Whatever the view of keys has heard, whatever memory holds, and however often the platform starts anew: a key stands
// for the first request that was recorded under it.
func TestAKeyStandsForItsFirstRequest(t *testing.T) {
	refused := 0
	rapid.Check(t, func(rt *rapid.T) {
		s := openWith(t, gateway.Options{KeysInMemory: 2})
		defer func() { s.log.hold(false); s.end() }()
		first := map[string]string{}
		for range rapid.IntRange(1, 14).Draw(rt, "steps") {
			switch rapid.IntRange(0, 5).Draw(rt, "step") {
			case 0:
				s.end()
				s = s.againWith(gateway.Options{KeysInMemory: 2})
			case 1:
				s.log.hold(rapid.Bool().Draw(rt, "held"))
			default:
				key := rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(rt, "key")
				body := rapid.SampledFrom([]string{lamp, mug}).Draw(rt, "body")
				before, was := first[key]
				facts := len(s.log.All())
				r := s.receiveAtOnce(body, key)
				recorded := len(s.log.All()) - facts
				switch {
				case r.code >= 503: // it may be known to the view alone
				case was && before != body:
					r.fails(422, "idempotency_key_reused")
					refused++
				case r.code != 201 || was == (recorded > 0):
					rt.Fatalf("%s under %s, first %q: %d %s, %d facts", body, key, before, r.code, r.body, recorded)
				case !was:
					first[key] = body
				}
				if r.code != 201 && recorded > 0 {
					rt.Fatalf("a refusal left %d facts", recorded)
				}
			}
		}
	})
	if refused == 0 {
		t.Error("no key was used for another request")
	}
}

func TestATokenOfNothingIsRefusedAtOnce(t *testing.T) {
	s := stocked(t)
	head := uint64(len(s.log.All()))
	s.get("/v1/products?max_wait=30s&token="+token(head+1, logID)).fails(409, "token_beyond_log")
	s.get("/v1/products?max_wait=30s&token=" + token(head, logID)).is(200)
	s.get("/v1/products?token="+token(head, "\x00\x01garbage")).fails(400, "token_invalid")
	s.get("/v1/products?token="+token(head, "")).fails(400, "token_invalid")
	s.get("/v1/products?token="+token(head, "another")).fails(409, "token_of_another_log")

	s.log.hold(true)
	s.log.Record("product-LATE", events.Meta{}, events.ProductRegistered{SKU: "LATE", Name: "Late", Kind: events.Goods}) // by another process
	s.get("/v1/products?max_wait=1ms&token="+token(head+1, logID)).fails(504, "view_behind")
	s.get("/v1/products?max_wait=30s&token="+token(head+2, logID)).fails(409, "token_beyond_log")
}
