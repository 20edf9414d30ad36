package esdb

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	client "github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/grpc"
)

// errNotHeard ends calls whose connection broke: whether the store recorded anything is not known.
var errNotHeard = errors.New("the connection to the event store broke before it answered")

// appender is one long-lived BatchAppend stream with many appends in flight. Once broken it stays so: every append in
// flight fails, and the next one opens another.
type appender struct {
	node   *node
	stream grpc.ClientStream // of requests as messages and answers as bytes; nil: the store does not offer it
	cancel context.CancelFunc
	ended  context.Context // done when broken
	space  chan struct{}   // one token per append in flight
	queue  chan *frame     // to the one goroutine that sends
	origin [8]byte         // upper half of correlation ids
	heard  atomic.Int64    // unix nanoseconds of the newest answer
	proven atomic.Bool     // it has answered an append

	mu       sync.Mutex
	next     int64
	inFlight map[int64]*frame // by the lower half of their correlation id
	broken   error
}

var batchAppends = grpc.StreamDesc{ServerStreams: true, ClientStreams: true}

func openAppender(ctx context.Context, conf *client.Configuration) (*appender, error) {
	n, err := openNode(ctx, conf)
	if err != nil {
		return nil, err
	}
	a := &appender{node: n, space: make(chan struct{}, inFlightMax), queue: make(chan *frame, inFlightMax),
		inFlight: map[int64]*frame{}}
	rand.Read(a.origin[:]) // never fails
	a.ended, a.cancel = context.WithCancel(context.Background())
	if !n.batches {
		return a, nil
	}
	a.stream, err = n.conn.NewStream(a.ended, &batchAppends, streams.Streams_BatchAppend_FullMethodName, grpc.ForceCodecV2(asStored{}))
	if err != nil {
		a.close()
		return nil, fmt.Errorf("open a batch append stream: %w", err)
	}
	go a.send()
	go a.receive()
	return a, nil
}

func (a *appender) close() { a.fail(ErrClosed) }

// fail breaks the appender: all that is in flight ends with an unknown outcome.
func (a *appender) fail(why error) {
	a.mu.Lock()
	if a.broken != nil {
		a.mu.Unlock()
		return
	}
	a.broken = why
	orphans := a.inFlight
	a.inFlight = nil
	a.mu.Unlock()
	a.cancel()
	a.node.conn.Close()
	for _, f := range orphans {
		f.answered <- answer{err: fmt.Errorf("%w: %w", errNotHeard, why)}
	}
}

// append sends one append and waits for its answer, the end of the stream, or ctx.
func (a *appender) append(ctx context.Context, f *frame) (answer, error) {
	select {
	case a.space <- struct{}{}:
		defer func() { <-a.space }()
	case <-a.ended.Done():
		return answer{}, errNotHeard
	case <-ctx.Done():
		return answer{}, fmt.Errorf("%d appends are in flight: %w", inFlightMax, context.Cause(ctx))
	}
	began := time.Now()
	id, err := a.admit(f)
	if err != nil {
		return answer{}, err
	}
	select {
	case a.queue <- f:
	case r := <-f.answered: // by fail
		return r, r.err
	case <-ctx.Done():
	}
	select {
	case r := <-f.answered:
		return r, r.err
	case <-ctx.Done():
	}
	if !a.forget(id) {
		r := <-f.answered // on its way already
		return r, r.err
	}
	if waited := time.Since(began); waited >= hungAfter && a.heard.Load() < began.UnixNano() {
		a.fail(fmt.Errorf("the event store has said nothing for %v", waited.Round(time.Millisecond)))
	}
	return answer{}, context.Cause(ctx)
}

func (a *appender) admit(f *frame) (int64, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.broken != nil {
		return 0, fmt.Errorf("%w: %w", errNotHeard, a.broken)
	}
	a.next++
	a.inFlight[a.next] = f
	var id uuid.UUID
	copy(id[:8], a.origin[:])
	binary.BigEndian.PutUint64(id[8:], uint64(a.next))
	f.correlate(id)
	return a.next, nil
}

// forget takes an append out of those in flight; false says its answer is being delivered.
func (a *appender) forget(id int64) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	_, waiting := a.inFlight[id]
	delete(a.inFlight, id)
	return waiting
}

func (a *appender) send() {
	for {
		select {
		case f := <-a.queue:
			if err := f.send(a.stream); err != nil {
				return // receive hears the reason
			}
		case <-a.ended.Done():
			return
		}
	}
}

func (a *appender) receive() {
	var in message
	for {
		if err := a.stream.RecvMsg(&in); err != nil {
			a.fail(err)
			return
		}
		a.heard.Store(time.Now().UnixNano())
		to, said, err := parseAnswer(in)
		if err != nil {
			a.fail(err)
			return
		}
		if [8]byte(to[:8]) != a.origin {
			continue // an answer to nobody here
		}
		id := int64(binary.BigEndian.Uint64(to[8:]))
		a.mu.Lock()
		f := a.inFlight[id]
		delete(a.inFlight, id)
		a.mu.Unlock()
		if f != nil {
			f.answered <- said
		}
	}
}
