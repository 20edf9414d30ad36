package esdb_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/serverfeatures"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"tillstream/infra/eventstore"
)

// faults stand between a real event store and its clients.
type faults struct {
	mu     sync.Mutex
	stream grpc.StreamServerInterceptor
	unary  grpc.UnaryServerInterceptor
}

func (f *faults) set(stream grpc.StreamServerInterceptor, unary grpc.UnaryServerInterceptor) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stream, f.unary = stream, unary
}

func (f *faults) options() []grpc.ServerOption {
	return append(eventstore.ServerOptions(),
		grpc.StreamInterceptor(func(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, h grpc.StreamHandler) error {
			f.mu.Lock()
			i := f.stream
			f.mu.Unlock()
			if i == nil {
				return h(srv, ss)
			}
			return i(srv, ss, info, h)
		}),
		grpc.UnaryInterceptor(func(ctx context.Context, req any, info *grpc.UnaryServerInfo, h grpc.UnaryHandler) (any, error) {
			f.mu.Lock()
			i := f.unary
			f.mu.Unlock()
			if i == nil {
				return h(ctx, req)
			}
			return i(ctx, req, info, h)
		}))
}

// machine is an event store that can be cut off and come back at the same address.
type machine struct {
	t      *testing.T
	store  *eventstore.Server
	faults faults
	addr   string
	server *grpc.Server
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	store, err := eventstore.Open(t.TempDir(), eventstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	m := &machine{t: t, store: store, addr: "127.0.0.1:0"}
	m.start()
	t.Cleanup(func() {
		m.stop()
		if err := m.store.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

func (m *machine) start() {
	m.t.Helper()
	lis, err := net.Listen("tcp", m.addr)
	if err != nil {
		m.t.Fatal(err)
	}
	m.addr = lis.Addr().String()
	m.server = grpc.NewServer(m.faults.options()...)
	m.store.Register(m.server)
	go m.server.Serve(lis)
}

func (m *machine) stop() { m.server.Stop() }

func (m *machine) connection() string { return fmt.Sprintf("esdb://%s?tls=false", m.addr) }

// withoutBatchAppend makes a store as old as those that do not offer it.
func withoutBatchAppend(ctx context.Context, req any, info *grpc.UnaryServerInfo, h grpc.UnaryHandler) (any, error) {
	resp, err := h(ctx, req)
	if methods, ok := resp.(*serverfeatures.SupportedMethods); ok {
		methods.Methods = nil
	}
	return resp, err
}

// silent lets a store receive batch appends, do them, and never answer.
func silent(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, h grpc.StreamHandler) error {
	if strings.HasSuffix(info.FullMethod, "/BatchAppend") {
		ss = mute{ss}
	}
	return h(srv, ss)
}

type mute struct{ grpc.ServerStream }

func (mute) SendMsg(any) error { return nil }

// cutAfter ends each stream of batch appends when it has received so many.
func cutAfter(n int64) grpc.StreamServerInterceptor {
	return func(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, h grpc.StreamHandler) error {
		if strings.HasSuffix(info.FullMethod, "/BatchAppend") {
			ss = &cut{ServerStream: ss, left: n}
		}
		return h(srv, ss)
	}
}

type cut struct {
	grpc.ServerStream
	left int64
}

func (c *cut) RecvMsg(m any) error {
	if atomic.AddInt64(&c.left, -1) < 0 {
		return status.Error(codes.Unavailable, "the cable was pulled")
	}
	return c.ServerStream.RecvMsg(m)
}

// rewritten changes the messages of a kind that a store sends.
func rewritten[M any, P interface {
	*M
	proto.Message
}](method string, change func(P)) grpc.StreamServerInterceptor {
	return func(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, h grpc.StreamHandler) error {
		if strings.HasSuffix(info.FullMethod, "/"+method) {
			ss = &rewriter[M, P]{ss, change}
		}
		return h(srv, ss)
	}
}

type rewriter[M any, P interface {
	*M
	proto.Message
}] struct {
	grpc.ServerStream
	change func(P)
}

func (r *rewriter[M, P]) SendMsg(m any) error {
	wire, err := proto.Marshal(m.(proto.Message))
	if err != nil {
		return err
	}
	changed := P(new(M))
	if err := proto.Unmarshal(wire, changed); err != nil {
		return err
	}
	r.change(changed)
	return r.ServerStream.SendMsg(changed)
}

// hung lets a store receive reads and never answer.
func hung(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, h grpc.StreamHandler) error {
	if strings.HasSuffix(info.FullMethod, "/Read") {
		<-ss.Context().Done()
		return ss.Context().Err()
	}
	return h(srv, ss)
}
