package gateway_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"tillstream/commands"
	"tillstream/commands/commandtest"
	"tillstream/gateway"
	"tillstream/projections"
	"tillstream/projections/projectiontest"
)

// shop is a gateway over real decisions and real folds, with a log and views in memory.
type shop struct {
	t     testing.TB
	log   *feed
	keys  *people
	now   *clock
	deps  gateway.Deps
	g     *gateway.Gateway
	base  string // http://127.0.0.1:…
	grpc  *grpc.ClientConn
	lines *bytes.Buffer // what was logged
	end   func()        // ends the gateway, as at the end of the test
}

// noon is when a shop of a test opens.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func open(t testing.TB) *shop { return openWith(t, gateway.Options{}) }

func openWith(t testing.TB, o gateway.Options) *shop {
	s := &shop{t: t, keys: &people{keys: map[string][32]byte{}}, now: &clock{at: noon}, lines: &bytes.Buffer{}}
	s.log = &feed{Memory: commandtest.NewMemory()}
	slogger := slog.New(slog.NewJSONHandler(&locked{w: s.lines}, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s.deps = gateway.Deps{
		Handler:  commands.NewHandler(s.log, commands.Options{Now: s.now.Now, Log: slogger, LogID: logID}),
		Commands: commands.Catalog(), Histories: s.log, Keys: s.keys, Platform: platform{s.log}, LogID: logID,
		BlindKey: [32]byte{1}, RequestKey: [32]byte{2}, Now: s.now.Now, Log: slogger, Metrics: prometheus.NewRegistry(),
	}
	s.deps.Views, s.deps.Parked, s.deps.Replays = s.views(), s.parked, operations{}
	s.deps.Exports = &shelf{}
	s.serve(o)
	return s
}

const logID = "log-of-the-test"

func (s *shop) views() gateway.Views {
	return gateway.Views{
		Products:            serve(s, projections.Products),
		ProductPages:        serve(s, projections.ProductPages),
		Prices:              serve(s, projections.Prices),
		StockLevels:         serve(s, projections.StockLevels),
		StockMovements:      serve(s, projections.StockMovements),
		DailyStockMovements: serve(s, projections.DailyStockMovements),
		StockLedger:         serve(s, projections.StockLedger),
		Customers:           serve(s, projections.Customers),
		CustomerProfiles:    serve(s, projections.CustomerProfiles),
		CustomerOrders:      serve(s, projections.CustomerOrders),
		Orders:              serve(s, projections.Orders),
		OrderLines:          serve(s, projections.OrderLines),
		PaymentMovements:    serve(s, projections.PaymentMovements),
		CreditNotes:         serve(s, projections.CreditNotes),
		SalesFacts:          serve(s, projections.SalesFacts),
		LoyaltyAccounts:     serve(s, projections.LoyaltyAccounts),
		LoyaltyStatement:    serve(s, projections.LoyaltyStatement),
		ProcessStatuses:     serve(s, projections.ProcessStatuses),
		Imports:             serve(s, projections.Imports),
		KeyedCommands:       serve(s, projections.KeyedCommands),
		AuditLog:            serve(s, projections.AuditLog),
	}
}

// served is a view that is fed as soon as something is recorded.
type served[V any] struct {
	*projectiontest.Memory[V]
	*projections.Projector[V]
}

func serve[V any](s *shop, view projections.View[V]) served[V] {
	s.t.Helper()
	host := projectiontest.Opening(func(v V, c projections.Column) string { return s.keys.plain(v, c) })
	host.Refuse(func(_ string, v V) error { // as PostgreSQL does
		if b, _ := json.Marshal(v); bytes.Contains(b, []byte(`\u0000`)) {
			return errors.New("text with a NUL character")
		}
		return nil
	})
	p, err := projections.NewProjector(s.t.Context(), view, host, s.log, logID)
	if err != nil {
		s.t.Fatal(err)
	}
	s.log.views = append(s.log.views, follower{view.Name, p})
	return served[V]{host, p}
}

// parked is gateway.Deps.Parked.
func (s *shop) parked(view, generation string) (gateway.ParkedView, bool) {
	for _, v := range s.log.views {
		if v.name == view && (generation == "" || generation == view+"_1") {
			return v, true
		}
	}
	return nil, false
}

func (s *shop) serve(o gateway.Options) {
	s.t.Helper()
	o.HTTP, o.GRPC = "127.0.0.1:0", "127.0.0.1:0"
	g, err := gateway.New(s.deps, o)
	if err != nil {
		s.t.Fatal(err)
	}
	httpAt, grpcAt, err := g.Listen()
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- g.Run(ctx) }()
	s.g, s.base = g, "http://"+httpAt
	if s.grpc, err = grpc.NewClient(grpcAt, grpc.WithTransportCredentials(insecure.NewCredentials())); err != nil {
		s.t.Fatal(err)
	}
	conn := s.grpc
	s.end = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			s.t.Errorf("the gateway did not end cleanly: %v", err)
		}
		_ = conn.Close()
	})
	s.t.Cleanup(s.end)
}

// reply is what came back.
type reply struct {
	t      testing.TB
	code   int
	header http.Header
	body   string
}

// ask sends a request; headers come in pairs.
func (s *shop) ask(verb, path, body string, headers ...string) reply {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), verb, s.base+path, bytes.NewReader([]byte(body)))
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		s.t.Fatal(err)
	}
	return replyOf(s.t, answer)
}

// postWith sends a request whose headers may be there several times.
func (s *shop) postWith(path, body string, header http.Header) reply {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.base+path, bytes.NewReader([]byte(body)))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header = header
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		s.t.Fatal(err)
	}
	return replyOf(s.t, answer)
}

// read reads an answer off a connection.
func read(t testing.TB, conn io.Reader) reply {
	t.Helper()
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	return replyOf(t, answer)
}

func replyOf(t testing.TB, answer *http.Response) reply {
	t.Helper()
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{t, answer.StatusCode, answer.Header, string(b)}
}

func (s *shop) get(path string, headers ...string) reply {
	s.t.Helper()
	return s.ask(http.MethodGet, path, "", headers...)
}

func (s *shop) post(path, body string, headers ...string) reply {
	s.t.Helper()
	return s.ask(http.MethodPost, path, body, headers...)
}

// is checks the status and answers the body.
func (r reply) is(code int) map[string]any {
	r.t.Helper()
	if r.code != code {
		r.t.Fatalf("answered %d, not %d: %s", r.code, code, r.body)
	}
	var body map[string]any
	if err := json.Unmarshal([]byte(r.body), &body); err != nil {
		r.t.Fatalf("no JSON object: %s", r.body)
	}
	return body
}

// fails checks a problem, whole.
func (r reply) fails(code int, reason string) map[string]any {
	r.t.Helper()
	body := r.is(code)
	if body["reason"] != reason || body["code"] != float64(code) || body["message"] == "" {
		r.t.Fatalf("failed otherwise than %s: %s", reason, r.body)
	}
	details, is := body["details"].(map[string]any)
	if !is || len(body) != 4 {
		r.t.Fatalf("a problem has code, reason, message and details: %s", r.body)
	}
	return details
}
