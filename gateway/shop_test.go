package gateway_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
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
	"tillstream/events"
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
	s.deps.Views = s.views()
	s.serve(o)
	return s
}

const logID = "log-of-the-test"

func (s *shop) views() gateway.Views {
	return gateway.Views{
		Products:        serve(s, projections.Products),
		Prices:          serve(s, projections.Prices),
		StockLevels:     serve(s, projections.StockLevels),
		StockMovements:  serve(s, projections.StockMovements),
		Customers:       serve(s, projections.Customers),
		CustomerOrders:  serve(s, projections.CustomerOrders),
		Orders:          serve(s, projections.Orders),
		OrderLines:      serve(s, projections.OrderLines),
		CreditNotes:     serve(s, projections.CreditNotes),
		SalesFacts:      serve(s, projections.SalesFacts),
		LoyaltyAccounts: serve(s, projections.LoyaltyAccounts),
		Imports:         serve(s, projections.Imports),
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
	p, err := projections.NewProjector(s.t.Context(), view, host, nil, logID)
	if err != nil {
		s.t.Fatal(err)
	}
	s.log.views = append(s.log.views, follower{view.Name, p})
	return served[V]{host, p}
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

// clock stands still until it is told.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

type follower struct {
	name string
	advancer
}

type advancer interface {
	Advance(context.Context, projections.Interval) error
	At() projections.Checkpoint
}

// feed is a log that tells the views of what is recorded before the append is acknowledged, unless it is held.
type feed struct {
	*commandtest.Memory
	mu    sync.Mutex
	views []follower
	held  bool
	told  events.Position

	reading   func(ctx context.Context, stream string) error // asked before each read
	appending func(stream string) error                      // asked before each append
	broken    string                                         // a stream that nothing can be appended to
}

func (f *feed) breaks(stream string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.broken = stream
}

func (f *feed) Read(ctx context.Context, stream string, from uint64) iter.Seq2[events.Recorded, error] {
	return func(yield func(events.Recorded, error) bool) {
		if f.reading != nil {
			if err := f.reading(ctx, stream); err != nil {
				yield(events.Recorded{}, err)
				return
			}
		}
		f.Memory.Read(ctx, stream, from)(yield)
	}
}

func (f *feed) Append(ctx context.Context, stream string, after int64, facts []commands.Draft) (commands.Appended, error) {
	f.mu.Lock()
	refuse, broken := f.appending, f.broken
	f.mu.Unlock()
	if stream == broken {
		return commands.Appended{}, fmt.Errorf("the connection is cut: %w", commands.ErrNotRecorded)
	}
	if refuse != nil {
		if err := refuse(stream); err != nil {
			return commands.Appended{}, err
		}
	}
	a, err := f.Memory.Append(ctx, stream, after, facts)
	if err == nil {
		f.tell()
	}
	return a, err
}

// hold keeps news from the views, or lets them hear again.
func (f *feed) hold(held bool) {
	f.mu.Lock()
	f.held = held
	f.mu.Unlock()
	f.tell()
}

func (f *feed) tell() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.held {
		return
	}
	facts := f.All()[f.told:]
	to := f.told + events.Position(len(facts))
	for _, v := range f.views {
		if err := v.Advance(context.Background(), projections.Interval{Log: logID, From: f.told, To: to, Facts: facts}); err != nil {
			panic(err)
		}
	}
	f.told = to
}

// people keeps keys in memory.
type people struct {
	mu        sync.Mutex
	keys      map[string][32]byte
	forgotten map[string]bool
	fail      error
}

func (p *people) Key(_ context.Context, subject string) (int, [32]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.forgotten[subject] {
		return 0, [32]byte{}, events.ErrForgotten
	}
	if _, known := p.keys[subject]; !known {
		var key [32]byte
		_, _ = rand.Read(key[:])
		p.keys[subject] = key
	}
	return 1, p.keys[subject], p.fail
}

func (p *people) Open(_ context.Context, subject string, _ int) ([32]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	key, known := p.keys[subject]
	if !known {
		return key, events.ErrForgotten
	}
	return key, nil
}

func (p *people) Forget(_ context.Context, subject string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.keys, subject)
	if p.forgotten == nil {
		p.forgotten = map[string]bool{}
	}
	p.forgotten[subject] = true
	return nil
}

// plain is the opened column of a customer.
func (p *people) plain(v any, c projections.Column) string {
	customer, is := v.(projections.Customer)
	if !is {
		return ""
	}
	sealed := map[string]*events.Sealed{events.FieldName: customer.Name, events.FieldEmail: customer.Email}[c.Opens]
	if sealed == nil {
		return ""
	}
	key, err := p.Open(context.Background(), sealed.Subject, sealed.Key)
	if err != nil {
		return ""
	}
	text, _ := sealed.Open(key, c.Opens)
	return string(text)
}

// platform tells of the views of a shop.
type platform struct{ log *feed }

func (p platform) Ready() error {
	p.log.mu.Lock()
	defer p.log.mu.Unlock()
	if p.log.held {
		return errors.New("products does not serve: it is held")
	}
	return nil
}

func (p platform) Views() (list []gateway.ViewStatus) {
	for _, v := range p.log.views {
		head := events.Position(len(p.log.All()))
		list = append(list, gateway.ViewStatus{Name: v.name, Version: 1, Generation: v.name + "_1", Position: v.At().At,
			Events: v.At().Count, LagEvents: uint64(head - v.At().At), Source: "test", Serving: true})
	}
	return list
}

func (p platform) View(name string) gateway.ViewStatus {
	for _, v := range p.Views() {
		if v.Name == name {
			return v
		}
	}
	return gateway.ViewStatus{}
}

func (p platform) Status(context.Context) (gateway.PlatformStatus, error) {
	n := len(p.log.All())
	return gateway.PlatformStatus{Versions: map[string]string{"till": "test"}, Head: events.Position(n), Events: uint64(n),
		Source: "test", Since: noon, Providers: map[string]string{"event store": "memory"}, StartedAt: noon}, nil
}

type locked struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *locked) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(b)
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
