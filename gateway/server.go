package gateway

import (
	"context"
	"net/http"
	"strings"
	"time"

	klog "github.com/go-kratos/kratos/v2/log"
	"github.com/go-kratos/kratos/v2/middleware"
	"github.com/go-kratos/kratos/v2/transport"
	kgrpc "github.com/go-kratos/kratos/v2/transport/grpc"
	khttp "github.com/go-kratos/kratos/v2/transport/http"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
)

// Limits of a connection by HTTP.
const (
	headersWithin = 5 * time.Second
	idleWithin    = 2 * time.Minute
)

// Limits of a connection by gRPC.
const (
	messageMost = 4 << 20 // bytes
	streamsMost = 256     // calls at once on one connection
)

// serve makes the two servers and mounts every service on both.
func (g *Gateway) serve() {
	kratosLogged.Do(func() { klog.SetLogger(kratosLog{g.log}) })
	var routes []route
	services := g.services()
	for _, s := range services {
		routes = append(routes, routesOf(s)...)
	}
	for _, r := range routes {
		if r.isQuery() {
			g.queries[r.method] = true
		}
	}
	g.HTTP = khttp.NewServer(khttp.Address(g.opts.HTTP), khttp.Timeout(g.opts.Within), khttp.StrictSlash(false),
		khttp.Filter(g.observeHTTP, g.guard), khttp.Middleware(g.asCall),
		khttp.ErrorEncoder(g.writeProblem),
		khttp.NotFoundHandler(http.HandlerFunc(g.noRoute)), khttp.MethodNotAllowedHandler(http.HandlerFunc(g.noRoute)))
	g.HTTP.ReadHeaderTimeout, g.HTTP.ReadTimeout = headersWithin, requestWithin
	g.HTTP.IdleTimeout, g.HTTP.MaxHeaderBytes = idleWithin, headerRead
	for _, r := range routes {
		g.mount(g.HTTP, r)
	}
	g.mountAudit(g.HTTP)
	g.mountExports(g.HTTP)
	g.mountListeners(g.HTTP)
	g.mountWeb(g.HTTP)
	g.mountPages(g.HTTP)
	g.ways = waysOf(g.HTTP)

	g.GRPC = kgrpc.NewServer(kgrpc.Address(g.opts.GRPC), kgrpc.Timeout(g.opts.Within), kgrpc.Middleware(g.asCall),
		kgrpc.UnaryInterceptor(g.observeUnary), kgrpc.StreamInterceptor(g.observeStream),
		kgrpc.Options(grpc.MaxRecvMsgSize(messageMost), grpc.MaxConcurrentStreams(streamsMost)))
	for _, s := range services {
		g.GRPC.RegisterService(s.desc, s.impl)
	}
	g.registerInner(g.GRPC)
}

// asCall is the middleware of both transports: it reads who asks for what, names commands, and turns errors into
// problems.
func (g *Gateway) asCall(next middleware.Handler) middleware.Handler {
	return func(ctx context.Context, in any) (any, error) {
		tr, ok := transport.FromServerContext(ctx)
		message, isMessage := in.(proto.Message)
		if !ok || !isMessage || !strings.HasPrefix(tr.Operation(), "/tillstream.") {
			return next(ctx, in)
		}
		answer, err := g.answer(ctx, tr, message, next)
		if err != nil {
			return nil, problemOf(ctx, g.log, err)
		}
		return answer, nil
	}
}

func (g *Gateway) answer(ctx context.Context, tr transport.Transporter, in proto.Message, next middleware.Handler) (any, error) {
	c, err := readCall(tr.Operation(), tr.RequestHeader().Get, tr.ReplyHeader().Set)
	if err != nil {
		return nil, err
	}
	ctx = withCall(ctx, c)
	if g.queries[c.method] {
		return next(ctx, in)
	}
	if err := checkRequired(in); err != nil {
		return nil, err
	}
	if c.at, err = g.businessTime(c.actor, tr.RequestHeader().Get(headerAt)); err != nil {
		return nil, err
	}
	return g.asCommand(ctx, c, tr.RequestHeader().Values(headerKey), in, func(ctx context.Context) (any, error) { return next(ctx, in) })
}
