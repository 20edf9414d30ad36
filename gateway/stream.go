package gateway

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	khttp "github.com/go-kratos/kratos/v2/transport/http"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	ordersv1 "tillstream/gateway/api/orders/v1"
	statusv1 "tillstream/gateway/api/status/v1"
	"tillstream/gateway/wirejson"
)

// Limits of those who listen.
const (
	listenersMost = 4096             // at once
	listenFor     = 15 * time.Minute // then the stream ends, and the listener comes back with its Last-Event-ID
	beatDefault   = 15 * time.Second // a sign of life where nothing happens: a connection that is gone is noticed by it
	writeWithin   = 30 * time.Second // who takes nothing for so long is gone
)

// teller tells one listener what something has become. Whoever tells waits until it is taken and looks at what is newest
// only then: nothing queues up for a slow listener. It fails once the listener is gone.
type teller interface {
	// tell sends a message under a name, with the Consistency-Token of what it shows.
	tell(event, token string, m proto.Message) error
	// beat sends a sign of life.
	beat() error
}

// listens counts a listener in, until left. It fails when there are as many as may be.
func (g *Gateway) listens() (left func(), err error) {
	select {
	case g.listeners <- struct{}{}:
		return func() { <-g.listeners }, nil
	default:
		return nil, problem(http.StatusTooManyRequests, "busy", "%d listen already: ask again later", cap(g.listeners)).with("retry_after", 10)
	}
}

// serverSent tells a listener by server-sent events. The head of the answer is sent with the first of them, so that until then
// an error is answered as one.
type serverSent struct {
	w     http.ResponseWriter
	out   *http.ResponseController
	begun bool
}

func (s *serverSent) tell(event, token string, m proto.Message) error {
	text := fmt.Sprintf("event: %s\ndata: %s\n\n", event, wirejson.Marshal(m))
	if token != "" {
		text = "id: " + token + "\n" + text
	}
	return s.write(text)
}

func (s *serverSent) beat() error { return s.write(": beat\n\n") }

func (s *serverSent) write(text string) error {
	if !s.begun {
		s.begun = true
		h := s.w.Header()
		h.Set("Content-Type", "text/event-stream; charset=utf-8")
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Accel-Buffering", "no") // a proxy between would keep news back
		text = "retry: 1000\n\n" + text
	}
	if err := s.out.SetWriteDeadline(time.Now().Add(writeWithin)); err != nil {
		return err
	}
	if _, err := io.WriteString(s.w, text); err != nil {
		return err
	}
	return s.out.Flush()
}

// problem is told to who hears already, under a name of its own.
func (s *serverSent) problem(p *Problem) error {
	return s.write(fmt.Sprintf("event: problem\ndata: %s\n\n", p.json()))
}

// mountListeners serves by HTTP what tells news.
func (g *Gateway) mountListeners(server *khttp.Server) {
	orders, status := ordersService{Gateway: g}, statusService{Gateway: g}
	g.mountListening(server, "/v1/orders/{order_id}/stream", func() proto.Message { return &ordersv1.WatchRequest{} },
		func(ctx context.Context, in proto.Message, to teller) error {
			return orders.watch(ctx, in.(*ordersv1.WatchRequest), to)
		})
	g.mountListening(server, "/v1/views/stream", func() proto.Message { return &statusv1.ViewsRequest{} },
		func(ctx context.Context, _ proto.Message, to teller) error { return status.watchViews(ctx, to) })
	g.mountListening(server, "/v1/views/{view}/stream", func() proto.Message { return &statusv1.WatchViewRequest{} },
		func(ctx context.Context, in proto.Message, to teller) error {
			return status.watchView(ctx, in.(*statusv1.WatchViewRequest), to)
		})
}

// mountListening serves a query by server-sent events, beyond the time that other requests have.
func (g *Gateway) mountListening(server *khttp.Server, path string, request func() proto.Message, listen func(context.Context, proto.Message, teller) error) {
	g.mountStream(server, path, request, func(ctx context.Context, in proto.Message, w http.ResponseWriter, r *http.Request) error {
		to := &serverSent{w: w, out: http.NewResponseController(w)}
		if err := to.out.SetReadDeadline(time.Time{}); err != nil { // which is there for the request alone
			return err
		}
		if last := r.Header.Get("Last-Event-ID"); last != "" {
			callOf(ctx).token = last
		}
		ctx, cancel := g.lasting(ctx)
		defer cancel()
		err := listen(ctx, in, to)
		switch {
		case err == nil, ctx.Err() != nil: // it is over, or nobody listens any more
			return nil
		case !to.begun:
			return err
		}
		p := problemOf(ctx, g.log, err)
		noteReason(ctx, p.Reason)
		_ = to.problem(p)
		return nil
	})
}

// lasting is the context of a stream: it ends with the connection, with the platform, and after listenFor, but not with
// the time that one request has.
func (g *Gateway) lasting(ctx context.Context) (context.Context, context.CancelFunc) {
	connection := connectionOf(ctx)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), listenFor)
	gone := context.AfterFunc(connection, cancel)
	closing := context.AfterFunc(g.closing, cancel)
	return ctx, func() { gone(); closing(); cancel() }
}

// called tells a listener by gRPC, which has signs of life of its own.
type called struct{ grpc.ServerStream }

func (c called) tell(_, _ string, m proto.Message) error { return c.SendMsg(m) }

func (called) beat() error { return nil }

// listenByGRPC is listening by a call that streams.
func (g *Gateway) listenByGRPC(stream grpc.ServerStream, method string, listen func(context.Context, teller) error) error {
	ctx, err := g.begin(stream, method)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, listenFor)
	defer cancel()
	defer context.AfterFunc(g.closing, cancel)()
	if err := listen(ctx, called{stream}); err != nil && ctx.Err() == nil {
		return problemOf(ctx, g.log, err)
	}
	return nil
}
