package gateway_test

import (
	"bufio"
	"context"
	"net/http"
	"strings"
	"testing"

	"tillstream/events"
	auditv1 "tillstream/gateway/api/audit/v1"
)

// listening is a stream of server-sent events.
type listening struct {
	t   testing.TB
	in  *bufio.Reader
	end func()
}

func (s *shop) listen(path string, headers ...string) *listening {
	s.t.Helper()
	ctx, cancel := context.WithCancel(s.t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.base+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil || answer.StatusCode != 200 || !strings.HasPrefix(answer.Header.Get("Content-Type"), "text/event-stream") {
		s.t.Fatalf("%v, %v", answer, err)
	}
	l := &listening{s.t, bufio.NewReader(answer.Body), func() { cancel(); _ = answer.Body.Close() }}
	s.t.Cleanup(l.end)
	return l
}

// next is the id and the data of the next message of a kind.
func (l *listening) next(kind string) (id, data string) {
	l.t.Helper()
	for of := ""; ; {
		line, err := l.in.ReadString('\n')
		if err != nil {
			l.t.Fatalf("the stream ended: %v", err)
		}
		name, value, _ := strings.Cut(strings.TrimRight(line, "\n"), ": ")
		switch name {
		case "id":
			id = value
		case "event":
			of = value
		case "data":
			data = value
		case "":
			if of == kind {
				return id, data
			}
			of = ""
		}
	}
}

func received(sku string) events.Event {
	return events.StockReceived{SKU: sku, Warehouse: "MAIN", Quantity: 1}
}

func TestTheLogIsFollowedByServerSentEvents(t *testing.T) {
	s := open(t)
	s.records("stock-MAIN/A", events.Meta{}, received("A"), received("A"))
	l := s.listen("/v1/audit/stream")
	l.next("beat") // it is heard from here on

	s.records("stock-MAIN/A", events.Meta{}, received("A"))
	if id, data := l.next("fact"); id != "3" || !strings.Contains(data, `"sentence":"1 × A came in at MAIN"`) {
		t.Errorf("%s %s", id, data)
	}
	l.end()

	s.records("stock-MAIN/B", events.Meta{}, received("B"))
	again := s.listen("/v1/audit/stream", "Last-Event-ID", "3")
	if id, data := again.next("fact"); id != "4" || !strings.Contains(data, "stock-MAIN/B") {
		t.Errorf("after a break: %s %s", id, data)
	}
	narrow := s.listen("/v1/audit/stream?after=1&stream=stock-MAIN/B")
	if id, _ := narrow.next("fact"); id != "4" {
		t.Errorf("of one stream: %s", id)
	}
	s.get("/v1/audit/stream", "Last-Event-ID", "here").fails(400, "invalid_argument")
	s.get("/v1/audit/stream?colour=red").fails(400, "invalid_argument")
}

func TestTheLogIsFollowedAndReadByPrograms(t *testing.T) {
	s := open(t)
	s.records("stock-MAIN/A", events.Meta{Actor: events.Actor{Kind: "staff", ID: "anna"}}, received("A"))
	client := auditv1.NewAuditClient(s.grpc)
	follow, err := client.Follow(t.Context(), &auditv1.FollowRequest{Actor: "staff"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := follow.Header(); err != nil { // it is heard from here on
		t.Fatal(err)
	}
	all, err := client.Export(t.Context(), &auditv1.ListRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if e, err := all.Recv(); err != nil || e.Position != 1 || e.Actor.Id != "anna" {
		t.Errorf("%v %v", e, err)
	}
	followed, err := client.Follow(t.Context(), &auditv1.FollowRequest{After: 1})
	if err != nil {
		t.Fatal(err)
	}
	s.records("stock-MAIN/B", events.Meta{}, received("B"))
	if e, err := followed.Recv(); err != nil || e.Stream != "stock-MAIN/B" {
		t.Errorf("%v %v", e, err)
	}
}
