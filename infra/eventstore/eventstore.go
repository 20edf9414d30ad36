// Package eventstore is an EventStoreDB in a process: its gRPC protocol over an event log in one directory.
package eventstore

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/serverfeatures"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"

	"tillstream/infra/eventstore/eventlog"
)

// DefaultMaxAppendSize is KurrentDB's: 1 MiB over the events of one append, each counted as its data, its metadata
// and two bytes per character of its type.
const DefaultMaxAppendSize = 1 << 20

const (
	// maxMessageSize is what the official clients are ready to receive and KurrentDB to take.
	maxMessageSize = 17 << 20
	// maxStreamName bounds the bytes of a stream's name, which is part of a key.
	maxStreamName = 4096
	// maxAppendWait bounds how long an append waits to be taken up by the writer when its client sets no deadline.
	maxAppendWait = 30 * time.Second
	// maxCalls bounds the calls under way on one connection; a client waits with further ones.
	maxCalls = 10_000
	// silence is how long a connection may be silent before it is asked whether it lives, and how long the answer may
	// take: KurrentDB's ten seconds. A vanished subscriber is noticed by it.
	silence = 10 * time.Second
	// closeGrace is how long Close lets calls finish before it cuts them.
	closeGrace = 2 * time.Second
)

// Options of Open; the zero value is a store on disk with KurrentDB's limits.
type Options struct {
	FS            vfs.FS // nil: the disk
	MaxAppendSize int    // bytes per append; 0: DefaultMaxAppendSize
	MaxGroup      int    // appends per fsync; 0: eventlog.DefaultGroupAppends
	MaxGroupBytes int    // bytes per fsync; 0: eventlog.DefaultGroupBytes
	Logger        *slog.Logger
	Now           func() time.Time // nil: the clock
}

// Server is an open event store. Serve it, or register it with a gRPC server made with ServerOptions.
type Server struct {
	log     *eventlog.Log
	options Options

	mu     sync.Mutex
	served []*grpc.Server
	closed bool
}

// Open opens or creates the store in dir. It is refused, by name, when another process holds the directory or a file
// in it is damaged.
func Open(dir string, o Options) (*Server, error) {
	if o.MaxAppendSize <= 0 {
		o.MaxAppendSize = DefaultMaxAppendSize
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	log, err := eventlog.Open(dir, eventlog.Options{
		FS: o.FS, GroupAppends: o.MaxGroup, GroupBytes: o.MaxGroupBytes, Logger: o.Logger, Now: o.Now,
	})
	if err != nil {
		return nil, err
	}
	return &Server{log: log, options: o}, nil
}

// Used says whether dir was ever opened as a store.
func Used(dir string) (bool, error) { return eventlog.Used(vfs.Default, dir) }

// ServerOptions are what a gRPC server needs so that official clients can live with it: message sizes, and leave
// to send the keepalive pings they send.
func ServerOptions() []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.MaxRecvMsgSize(maxMessageSize),
		grpc.MaxConcurrentStreams(maxCalls),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: silence, Timeout: silence}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: time.Second, PermitWithoutStream: true}),
		grpc.InitialWindowSize(1 << 20),
		grpc.InitialConnWindowSize(4 << 20),
	}
}

// Register adds the store's services to g.
func (s *Server) Register(g *grpc.Server) {
	streams.RegisterStreamsServer(g, &streamsService{server: s})
	gossip.RegisterGossipServer(g, &gossipService{instance: uuid.New()})
	serverfeatures.RegisterServerFeaturesServer(g, &featuresService{})
}

// Serve answers clients on lis until Close or an error; it returns nil after Close.
func (s *Server) Serve(lis net.Listener) error {
	g := grpc.NewServer(ServerOptions()...)
	s.Register(g)
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return errors.Join(fmt.Errorf("serve event store on %s: it is closed", lis.Addr()), lis.Close())
	}
	s.served = append(s.served, g)
	s.mu.Unlock()
	if err := g.Serve(lis); err != nil {
		return fmt.Errorf("serve event store on %s: %w", lis.Addr(), err)
	}
	return nil
}

// Stopped is closed when the store can no longer work, for the reason Err gives, or is closed.
func (s *Server) Stopped() <-chan struct{} { return s.log.Stopped() }

// Err is the reason for which the store has stopped by itself; nil while it works.
func (s *Server) Err() error { return s.log.Err() }

// Head is the position of the newest event on disk, 0 in an empty store.
func (s *Server) Head() uint64 { return s.log.Head() }

// Close ends the calls that Serve answers, subscriptions at once and the others within two seconds, finishes appends in
// progress and gives the directory up.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed = true
	served := s.served
	s.served = nil
	s.mu.Unlock()

	// Appends under way are answered by the log before it closes; subscriptions hear of its end.
	err := s.log.Close()
	for _, g := range served {
		stop(g)
	}
	return err
}

func stop(g *grpc.Server) {
	cut := time.AfterFunc(closeGrace, g.Stop)
	defer cut.Stop()
	g.GracefulStop()
}
