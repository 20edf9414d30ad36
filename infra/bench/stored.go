package bench

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"time"

	client "github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"google.golang.org/grpc"

	"tillstream/commands"
	"tillstream/events"
	"tillstream/infra/esdb"
	"tillstream/infra/eventstore"
)

const connectWithin = 10 * time.Second

// server is an event store, or one that stores nothing, on a free port.
type server struct {
	store *eventstore.Server // nil: it stores nothing
	grpc  *grpc.Server
	ended chan error
	addr  net.Addr
}

func serveStore(dir string) (*server, error) {
	store, err := eventstore.Open(filepath.Join(dir, "store"), eventstore.Options{})
	if err != nil {
		return nil, err
	}
	s, err := serve(store.Register)
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	s.store = store
	return s, nil
}

func serveNoop() (*server, error) { return serve(new(noop).register) }

func serve(register func(*grpc.Server)) (*server, error) {
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &server{grpc: grpc.NewServer(eventstore.ServerOptions()...), ended: make(chan error, 1), addr: lis.Addr()}
	register(s.grpc)
	go func() { s.ended <- s.grpc.Serve(lis) }()
	return s, nil
}

func (s *server) close() error {
	s.grpc.Stop()
	err := <-s.ended
	if s.store != nil {
		err = errors.Join(err, s.store.Close())
	}
	return err
}

// single appends by the official client.
type single struct {
	*server
	client *client.Client
}

func openSingleStore(ctx context.Context, dir string) (subject, error) {
	s, err := serveStore(dir)
	if err != nil {
		return nil, err
	}
	return newSingle(s)
}

func openSingleNoop(context.Context, string) (subject, error) {
	s, err := serveNoop()
	if err != nil {
		return nil, err
	}
	return newSingle(s)
}

func newSingle(s *server) (subject, error) {
	conf, err := client.ParseConnectionString(eventstore.ConnectionString(s.addr))
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	conf.Logger = client.NoopLogging()
	c, err := client.NewClient(conf)
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	return &single{s, c}, nil
}

func (s *single) append(ctx context.Context, e event) error {
	expected := client.ExpectedRevision(client.NoStream{})
	if e.n > 0 {
		expected = client.Revision(e.n - 1)
	}
	_, err := s.client.AppendToStream(ctx, streamOf(e.writer), client.AppendToStreamOptions{ExpectedRevision: expected},
		client.EventData{EventID: e.id, EventType: eventType, ContentType: client.ContentTypeJson, Data: e.data})
	return err
}

func (s *single) verify(ctx context.Context, counts []uint64) error {
	return s.verifyStored(ctx, counts)
}

func (s *single) close() error { return errors.Join(s.client.Close(), s.server.close()) }

// batch appends by the platform's adapter, on one BatchAppend stream.
type batch struct {
	*server
	adapter *esdb.Store
}

func openBatchStore(ctx context.Context, dir string) (subject, error) {
	s, err := serveStore(dir)
	if err != nil {
		return nil, err
	}
	return newBatch(ctx, s)
}

func openBatchNoop(ctx context.Context, _ string) (subject, error) {
	s, err := serveNoop()
	if err != nil {
		return nil, err
	}
	return newBatch(ctx, s)
}

func newBatch(ctx context.Context, s *server) (subject, error) {
	a, err := dialAdapter(ctx, s)
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	return &batch{s, a}, nil
}

func dialAdapter(ctx context.Context, s *server) (*esdb.Store, error) {
	ctx, cancel := context.WithTimeout(ctx, connectWithin)
	defer cancel()
	quiet := esdb.Options{Log: slog.New(slog.DiscardHandler)}
	return esdb.Dial(ctx, eventstore.ConnectionString(s.addr), events.Catalog(), quiet)
}

func (b *batch) append(ctx context.Context, e event) error {
	_, err := b.record(ctx, e)
	return err
}

// record answers where the event stands.
func (b *batch) record(ctx context.Context, e event) (position uint64, err error) {
	facts := [1]commands.Draft{{ID: e.id.String(), Type: eventType, Data: e.data}}
	done, err := b.adapter.Append(ctx, streamOf(e.writer), int64(e.n)-1, facts[:])
	return uint64(done.Position), err
}

func (b *batch) verify(ctx context.Context, counts []uint64) error {
	return b.verifyStored(ctx, counts)
}

func (b *batch) close() error { return errors.Join(b.adapter.Close(), b.server.close()) }

// verifyStored reads every writer's stream back; nothing else may be in the log.
func (s *server) verifyStored(ctx context.Context, counts []uint64) error {
	if s.store == nil {
		return nil // nothing was to be stored
	}
	reader, err := dialAdapter(ctx, s)
	if err != nil {
		return err
	}
	defer reader.Close()
	next := make([]uint64, len(counts))
	for e, err := range reader.RawEvents(ctx, esdb.RawQuery{}) {
		if err != nil {
			return fmt.Errorf("read back: %w", err)
		}
		writer, n, err := whose(e.Data)
		switch {
		case err != nil:
			return fmt.Errorf("%s at revision %d: %w", e.Stream, e.Revision, err)
		case writer >= len(counts) || e.Stream != streamOf(writer) || e.ID != idOf(writer, n).String() || e.Revision != n || next[writer] != n:
			return fmt.Errorf("%s has event %d of writer %d at revision %d, where event %d was expected", e.Stream, n, writer, e.Revision, next[min(writer, len(counts)-1)])
		}
		next[writer]++
	}
	return sameCounts(next, counts)
}

func sameCounts(stored, acknowledged []uint64) error {
	for w := range acknowledged {
		if stored[w] != acknowledged[w] {
			return fmt.Errorf("writer %d: %d events were acknowledged, %d are stored", w, acknowledged[w], stored[w])
		}
	}
	return nil
}

// tally checks values that carry nothing but their data.
type tally struct{ next []uint64 }

func (t *tally) visit(data []byte) error {
	writer, n, err := whose(data)
	if err != nil {
		return err
	}
	if writer >= len(t.next) || t.next[writer] != n {
		return fmt.Errorf("event %d of writer %d is out of order", n, writer)
	}
	t.next[writer]++
	return nil
}
