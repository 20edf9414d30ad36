// Package contract is the specification of an event store that speaks the EventStoreDB protocol, as its official Go
// client sees it: the same tests run against the embedded store and against a real KurrentDB.
package contract

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"testing"
	"time"

	client "github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"
)

// within bounds each test: one that waits for what never comes fails by then.
const within = 20 * time.Second

// Run tests the store at a connection string. Streams and event types are named anew in each run, and nothing is
// assumed about what else the store holds.
func Run(t *testing.T, connection string) {
	s := &subject{connection: connection, run: runName()}
	s.Client = s.dial(t, connection)
	for name, group := range map[string]func(*testing.T, *subject){
		"append":        appends,
		"idempotence":   idempotence,
		"delete":        deletes,
		"tombstone":     tombstones,
		"metadata":      metadata,
		"read stream":   streamReads,
		"read all":      allReads,
		"subscribe":     streamSubscriptions,
		"subscribe all": allSubscriptions,
		"filter":        filters,
		"links":         links,
		"limits":        limits,
		"batch append":  batchAppends,
		"discovery":     discovery,
	} {
		t.Run(name, func(t *testing.T) { group(t, s) })
	}
}

// subject is the store under test.
type subject struct {
	*client.Client
	connection string
	run        string
	streams    atomic.Int64
}

func runName() string {
	var b [6]byte
	rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

func (s *subject) dial(t *testing.T, connection string) *client.Client {
	t.Helper()
	conf, err := client.ParseConnectionString(connection)
	if err != nil {
		t.Fatal(err)
	}
	conf.Logger = client.NoopLogging()
	c, err := client.NewClient(conf)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// stream names a stream that does not exist yet.
func (s *subject) stream() string { return fmt.Sprintf("contract_%s-%d", s.run, s.streams.Add(1)) }

// eventType names a type that nobody else uses.
func (s *subject) eventType(name string) string { return "contract." + s.run + "." + name }

func bounded(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), within)
	t.Cleanup(cancel)
	return ctx
}

// proposed makes n events with ids of their own.
func (s *subject) proposed(n int) []client.EventData {
	list := make([]client.EventData, n)
	for i := range list {
		list[i] = client.EventData{
			EventID:     uuid.New(),
			EventType:   s.eventType("happened"),
			ContentType: client.ContentTypeJson,
			Data:        fmt.Appendf(nil, `{"n":%d}`, i),
			Metadata:    fmt.Appendf(nil, `{"m":%d}`, i),
		}
	}
	return list
}

// append appends and fails the test if that fails.
func (s *subject) append(t *testing.T, stream string, expected client.ExpectedRevision, events ...client.EventData) *client.WriteResult {
	t.Helper()
	result, err := s.AppendToStream(bounded(t), stream, client.AppendToStreamOptions{ExpectedRevision: expected}, events...)
	if err != nil {
		t.Fatalf("append %d events to %s: %v", len(events), stream, err)
	}
	return result
}

// filled is a new stream with n events.
func (s *subject) filled(t *testing.T, n int) (stream string, events []client.EventData) {
	t.Helper()
	stream, events = s.stream(), s.proposed(n)
	s.append(t, stream, client.NoStream{}, events...)
	return stream, events
}

// read reads a stream whole; a missing one has no events.
func (s *subject) read(t *testing.T, stream string, o client.ReadStreamOptions, count uint64) []*client.ResolvedEvent {
	t.Helper()
	r, err := s.ReadStream(bounded(t), stream, o, count)
	if err != nil {
		t.Fatalf("read %s: %v", stream, err)
	}
	return drain(t, r)
}

func drain(t *testing.T, r *client.ReadStream) (events []*client.ResolvedEvent) {
	t.Helper()
	defer r.Close()
	for {
		e, err := r.Recv()
		if errors.Is(err, io.EOF) || code(err) == client.ErrorCodeResourceNotFound {
			return events
		}
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
	}
}

// readError is how a read ends.
func (s *subject) readError(t *testing.T, stream string) error {
	t.Helper()
	r, err := s.ReadStream(bounded(t), stream, client.ReadStreamOptions{}, 10)
	if err != nil {
		return err
	}
	defer r.Close()
	for {
		if _, err := r.Recv(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// code is the client's own classification of an error, ErrorCodeUnknown where it has none.
func code(err error) client.ErrorCode {
	var e *client.Error
	if errors.As(err, &e) {
		return e.Code()
	}
	return client.ErrorCodeUnknown
}

func mustFail(t *testing.T, err error, want client.ErrorCode, what string) {
	t.Helper()
	if err == nil || code(err) != want {
		t.Errorf("%s: %v, not error code %d", what, err, want)
	}
}

// ids lists event ids in order.
func ids(events []*client.ResolvedEvent) []uuid.UUID {
	list := make([]uuid.UUID, len(events))
	for i, e := range events {
		list[i] = e.OriginalEvent().EventID
	}
	return list
}

func mustBe(t *testing.T, what string, got []*client.ResolvedEvent, want ...client.EventData) {
	t.Helper()
	have, wanted := ids(got), make([]uuid.UUID, len(want))
	for i, e := range want {
		wanted[i] = e.EventID
	}
	if fmt.Sprint(have) != fmt.Sprint(wanted) {
		t.Errorf("%s: %d events %v, not the %d events %v", what, len(have), have, len(wanted), wanted)
	}
}

// reversed is a list from its end.
func reversed[E any](list []E) []E {
	back := make([]E, 0, len(list))
	for i := range list {
		back = append(back, list[len(list)-1-i])
	}
	return back
}
