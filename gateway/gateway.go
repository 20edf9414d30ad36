// Package gateway is the edge of the shop: it turns REST and gRPC, from one definition, into commands and reads of views.
package gateway

import (
	"cmp"
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net"
	"net/netip"
	"strconv"
	"time"

	kgrpc "github.com/go-kratos/kratos/v2/transport/grpc"
	khttp "github.com/go-kratos/kratos/v2/transport/http"
	"github.com/prometheus/client_golang/prometheus"

	"google.golang.org/grpc"

	"tillstream/commands"
	"tillstream/events"
	"tillstream/projections"
)

// Deps is what the gateway works with; all of it must be there, but for Parked, Replays, Exports, Now, Log and Metrics.
type Deps struct {
	Handler    *commands.Handler
	Commands   *commands.Codec
	Histories  Histories
	Views      Views
	Keys       Keys
	Platform   Platform
	Parked     func(view, generation string) (ParkedView, bool) // nil: no operator can mend here; an empty generation is the served one
	Replays    Replays                                          // nil: views have one generation here
	Exports    Exports                                          // nil: analysts cannot connect to the database
	LogID      events.LogID
	BlindKey   [32]byte // compares personal data without knowing it; the same for ever
	RequestKey [32]byte // tells a repeated request from another; the same for ever
	Now        func() time.Time
	Log        *slog.Logger
	Metrics    *prometheus.Registry
}

// Views are what queries are answered from.
type Views struct {
	Products            projections.Served[projections.Product]
	ProductPages        projections.Served[projections.ProductPage]
	Prices              projections.Served[projections.Price]
	StockLevels         projections.Served[projections.StockLevel]
	StockMovements      projections.Served[projections.StockMovement]
	DailyStockMovements projections.Served[projections.DailyStockMovement]
	StockLedger         projections.Served[projections.StockEntry]
	Customers           projections.Served[projections.Customer]
	CustomerProfiles    projections.Served[projections.CustomerProfile] // what analysts read
	CustomerOrders      projections.Served[projections.CustomerOrder]
	Orders              projections.Served[projections.Order]
	OrderLines          projections.Served[projections.OrderLine]
	CreditNotes         projections.Served[projections.CreditNote]
	PaymentMovements    projections.Served[projections.PaymentMovement]
	SalesFacts          projections.Served[projections.SalesFact]
	LoyaltyAccounts     projections.Served[projections.LoyaltyAccount]
	LoyaltyStatement    projections.Served[projections.LoyaltyMovement]
	ProcessStatuses     projections.Served[projections.ProcessStatus]
	Imports             projections.Served[projections.Import]
	KeyedCommands       projections.Served[projections.KeyedCommand]
	AuditLog            projections.Served[projections.AuditEntry]
}

// Histories reads the log, for what no state and no view keeps.
type Histories interface {
	// Head is the position of the newest event of the log, 0 when there is none.
	Head(ctx context.Context) (events.Position, error)
	// Read yields the facts of a stream from a revision on, in order; nothing when there is no such stream.
	Read(ctx context.Context, stream string, from uint64) iter.Seq2[events.Recorded, error]
}

// Keys keeps one key per person.
type Keys interface {
	// Key answers the key that seals for subject now, and its number; a first one is durable before it is returned. It
	// fails with events.ErrForgotten for a subject that was forgotten.
	Key(ctx context.Context, subject string) (number int, key [32]byte, err error)
	// Open answers a key by number. It fails with events.ErrForgotten once it was deleted.
	Open(ctx context.Context, subject string, number int) ([32]byte, error)
	// Forget deletes every key of subject for ever; when it returns, the deletion is durable.
	Forget(ctx context.Context, subject string) error
}

// Options of a Gateway.
type Options struct {
	HTTP      string // host:port; port 0 takes a free one
	GRPC      string
	Warehouse string // of requests that name none; empty: MAIN

	Within    time.Duration // for one request, waiting for views included; 0: a minute
	Beat      time.Duration // between signs of life to who listens to an order or to views; 0: 15 seconds
	Listeners int           // who listen at once, at most; 0: 4,096

	KeysInMemory int // of the newest commands; older ones are looked up in a view. 0: 65,536
}

// Gateway serves the shop by HTTP and gRPC.
type Gateway struct {
	HTTP *khttp.Server
	GRPC *kgrpc.Server

	deps      Deps
	opts      Options
	log       *slog.Logger
	cursorKey []byte
	flights   flights
	asked     *asked
	heard     heard
	queries   map[string]bool  // methods that only read
	ways      []way            // all that is served by HTTP
	followers chan struct{}    // one for each who follows the audit log
	listeners chan struct{}    // one for each who listens to an order or to views
	byName    map[string]named // every view
	rates     rates
	metrics   *metrics
	closing   context.Context // ends when streams should
	close     context.CancelFunc
}

// Limits of connections.
const (
	requestWithin = 60 * time.Second
	stopWithin    = 10 * time.Second // for requests that are being answered
)

// New makes a Gateway; nothing listens until Run. It fails for an address beyond loopback: until accounts exist, whoever
// reaches it may do everything.
func New(d Deps, o Options) (*Gateway, error) {
	for _, address := range []string{o.HTTP, o.GRPC} {
		if err := CheckAddress(address); err != nil {
			return nil, err
		}
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Log == nil {
		d.Log = slog.Default()
	}
	if d.Metrics == nil {
		d.Metrics = prometheus.NewRegistry()
	}
	if o.Warehouse == "" {
		o.Warehouse = "MAIN"
	}
	if o.Within == 0 {
		o.Within = requestWithin
	}
	if o.Beat == 0 {
		o.Beat = beatDefault
	}
	if o.Listeners == 0 {
		o.Listeners = listenersMost
	}
	d.Views = d.Views.marked()
	g := &Gateway{deps: d, opts: o, log: d.Log, queries: map[string]bool{}, followers: make(chan struct{}, followersMost),
		listeners: make(chan struct{}, o.Listeners), byName: d.Views.byName()}
	var err error
	if g.cursorKey, err = hkdf.Key(sha256.New, d.RequestKey[:], nil, "cursor", 32); err != nil {
		return nil, fmt.Errorf("derive the key of cursors: %w", err)
	}
	if g.asked, err = newAsked(cmp.Or(o.KeysInMemory, askedMost), d.Histories.Head); err != nil {
		return nil, fmt.Errorf("remember keys: %w", err)
	}
	if g.metrics, err = newMetrics(d.Metrics, d.Platform); err != nil {
		return nil, err
	}
	g.closing, g.close = context.WithCancel(context.Background())
	g.serve()
	return g, nil
}

// CheckAddress wants host:port of this machine alone; port 0 takes a free one.
func CheckAddress(address string) error {
	host, port, err := net.SplitHostPort(address)
	if _, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil {
		return fmt.Errorf("%q is not an address: give host:port, such as 127.0.0.1:8080", address)
	}
	if ip, err := netip.ParseAddr(host); host == "localhost" || err == nil && ip.IsLoopback() {
		return nil
	}
	return fmt.Errorf("refuse to listen on %s: there are no accounts yet, so whoever reaches it may do everything; use 127.0.0.1 or [::1]", address)
}

// Run serves until ctx ends, then lets the requests at hand be answered, for ten seconds at most.
func (g *Gateway) Run(ctx context.Context) error {
	base := context.WithoutCancel(ctx)
	ended := make(chan error, 2)
	go func() { ended <- g.HTTP.Start(base) }()
	go func() { ended <- unlessStopped(g.GRPC.Start(base)) }()
	go g.sampleRates(g.closing)
	running := 2
	var err error
	select {
	case <-ctx.Done():
	case err = <-ended:
		running--
	}
	g.close()
	stopping, cancel := context.WithTimeout(base, stopWithin)
	defer cancel()
	err = errors.Join(err, g.HTTP.Stop(stopping), g.GRPC.Stop(stopping))
	for range running {
		err = errors.Join(err, <-ended)
	}
	return err
}

// unlessStopped forgives a server that was stopped before it had begun.
func unlessStopped(err error) error {
	if errors.Is(err, grpc.ErrServerStopped) {
		return nil
	}
	return err
}

// warehouse is the canonical code of a warehouse, the default one for none.
func (g *Gateway) warehouse(code string) string {
	if code == "" {
		code = g.opts.Warehouse
	}
	return events.Warehouse(code)
}
