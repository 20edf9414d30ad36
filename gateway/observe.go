package gateway

import (
	"context"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"tillstream/projections"
)

// metrics counts requests, by method and outcome alone.
type metrics struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec

	unreadable prometheus.Counter
}

func newMetrics(registry *prometheus.Registry, platform Platform) (*metrics, error) {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "till_requests_total",
			Help: "Requests answered, by route and status."}, []string{"transport", "route", "code"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "till_request_seconds",
			Help: "Time to answer.", Buckets: prometheus.ExponentialBuckets(0.0005, 2, 17)}, []string{"transport", "route"}),
		unreadable: prometheus.NewCounter(prometheus.CounterOpts{Name: "till_persons_unreadable_total",
			Help: "Persons left out of an answer because their key is damaged or missing; the log names its file."}),
	}
	for _, c := range []prometheus.Collector{m.requests, m.seconds, m.unreadable, viewMetrics{platform}} {
		if err := registry.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// headerStale says of an answer that a view of it is not fed any more: it was built by a fold of another version.
const headerStale = "Stale"

// viewMetrics tells where each view stands when it is asked.
type viewMetrics struct{ platform Platform }

var (
	viewPosition = prometheus.NewDesc("till_view_position", "Position that queries of the view can see.", []string{"view"}, nil)
	viewLag      = prometheus.NewDesc("till_view_lag_events", "Events of the log that the view does not show.", []string{"view"}, nil)
	viewParked   = prometheus.NewDesc("till_view_parked", "Keys and streams of the view that are parked.", []string{"view"}, nil)
	viewLagTime  = prometheus.NewDesc("till_view_lag_seconds", "How far the view is behind the log.", []string{"view"}, nil)
)

// Describe implements prometheus.Collector.
func (viewMetrics) Describe(ch chan<- *prometheus.Desc) {
	ch <- viewPosition
	ch <- viewLag
	ch <- viewLagTime
	ch <- viewParked
}

// Collect implements prometheus.Collector.
func (m viewMetrics) Collect(ch chan<- prometheus.Metric) {
	for _, v := range m.platform.Views() {
		ch <- prometheus.MustNewConstMetric(viewPosition, prometheus.GaugeValue, float64(v.Position), v.Name)
		ch <- prometheus.MustNewConstMetric(viewLag, prometheus.GaugeValue, float64(v.LagEvents), v.Name)
		ch <- prometheus.MustNewConstMetric(viewParked, prometheus.GaugeValue, float64(v.Parked), v.Name)
		ch <- prometheus.MustNewConstMetric(viewLagTime, prometheus.GaugeValue, v.Lag.Seconds(), v.Name)
	}
}

// seen is what is learned of a request on its way, for its line in the log. Nothing a person wrote is in it.
type seen struct {
	route, reason string
	connection    context.Context // ends when the client is gone, not when its request takes long
}

type seenKey struct{}

func noteRoute(ctx context.Context, route string) {
	if s, ok := ctx.Value(seenKey{}).(*seen); ok {
		s.route = route
	}
}

// connectionOf is the context of the connection that a request by HTTP came by.
func connectionOf(ctx context.Context) context.Context {
	if s, ok := ctx.Value(seenKey{}).(*seen); ok && s.connection != nil {
		return s.connection
	}
	return ctx
}

func noteReason(ctx context.Context, reason string) {
	if s, ok := ctx.Value(seenKey{}).(*seen); ok {
		s.reason = reason
	}
}

// recorder remembers the status of an answer, and says in its head when it is stale.
type recorder struct {
	http.ResponseWriter
	ctx  context.Context
	code int
}

func (r *recorder) WriteHeader(code int) {
	r.begin(code)
	r.ResponseWriter.WriteHeader(code)
}

func (r *recorder) Write(b []byte) (int, error) {
	r.begin(http.StatusOK)
	return r.ResponseWriter.Write(b)
}

func (r *recorder) begin(code int) {
	if r.code != 0 {
		return
	}
	r.code = code
	if len(projections.StaleViews(r.ctx)) > 0 {
		r.Header().Set(headerStale, "true")
	}
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// observeHTTP counts, times and logs every request, and answers for one that panics.
func (g *Gateway) observeHTTP(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, release := projections.Pinned(r.Context())
		defer release()
		start, s, rec := time.Now(), &seen{route: "none", connection: r.Context()}, &recorder{ResponseWriter: w, ctx: ctx}
		r = r.WithContext(context.WithValue(ctx, seenKey{}, s))
		defer func() {
			fault := recover()
			if fault == http.ErrAbortHandler {
				defer panic(fault) // the connection is broken on purpose
			} else if fault != nil {
				g.fault(r.Context(), s.route, fault)
				if rec.code == 0 {
					g.writeProblem(rec, r, internalProblem())
				}
			}
			g.observed(r.Context(), "http", r.Method, s, strconv.Itoa(rec.code), kindOf(r.Header.Get(headerActor)), time.Since(start))
		}()
		next.ServeHTTP(rec, r)
	})
}

func (g *Gateway) observed(ctx context.Context, transport, verb string, s *seen, code, kind string, took time.Duration) {
	g.metrics.requests.WithLabelValues(transport, s.route, code).Inc()
	g.metrics.seconds.WithLabelValues(transport, s.route).Observe(took.Seconds())
	g.log.LogAttrs(ctx, slog.LevelDebug, "request", slog.String("verb", verb), slog.String("route", s.route),
		slog.String("code", code), slog.String("reason", s.reason), slog.Duration("took", took), slog.String("actor_kind", kind))
}

func (g *Gateway) fault(ctx context.Context, route string, fault any) {
	g.log.ErrorContext(ctx, "a request panicked", "route", route, "fault", fault, "stack", string(debug.Stack()))
}

// kindOf is the kind of an actor that is well formed; its id is nobody's business here.
func kindOf(header string) string {
	a, err := actorOf(header)
	if err != nil {
		return "unreadable"
	}
	return a.Kind
}

// observeUnary does the same for gRPC.
func (g *Gateway) observeUnary(ctx context.Context, in any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (answer any, err error) {
	start := time.Now()
	defer func() {
		if fault := recover(); fault != nil {
			g.fault(ctx, info.FullMethod, fault)
			err = internalProblem()
		}
		g.observedGRPC(ctx, info.FullMethod, err, start)
	}()
	ctx, release := projections.Pinned(ctx)
	defer release()
	answer, err = next(ctx, in)
	if len(projections.StaleViews(ctx)) > 0 {
		_ = grpc.SetHeader(ctx, metadata.Pairs(headerStale, "true")) // it can only be too late
	}
	return answer, err
}

// observeStream does the same for streams.
func (g *Gateway) observeStream(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) (err error) {
	start := time.Now()
	defer func() {
		if fault := recover(); fault != nil {
			g.fault(stream.Context(), info.FullMethod, fault)
			err = internalProblem()
		}
		g.observedGRPC(stream.Context(), info.FullMethod, err, start)
	}()
	ctx, release := projections.Pinned(stream.Context())
	defer release()
	return next(srv, pinnedStream{stream, ctx})
}

// pinnedStream is a stream whose views are answered from one generation each.
type pinnedStream struct {
	grpc.ServerStream
	ctx context.Context
}

// Context implements grpc.ServerStream.
func (s pinnedStream) Context() context.Context { return s.ctx }

func (g *Gateway) observedGRPC(ctx context.Context, method string, err error, start time.Time) {
	md, _ := metadata.FromIncomingContext(ctx)
	s, code := &seen{route: method}, codes.OK
	if err != nil {
		st, _ := status.FromError(err)
		code = st.Code()
	}
	if p, is := err.(*Problem); is {
		s.reason = p.Reason
	}
	g.observed(ctx, "grpc", "", s, code.String(), kindOf(strings.Join(md.Get(headerActor), "")), time.Since(start))
}
