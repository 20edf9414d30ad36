package eventstore

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"golang.org/x/sync/semaphore"
	"google.golang.org/genproto/googleapis/rpc/status"

	"tillstream/infra/eventstore/eventlog"
)

const (
	// maxBatchInFlight bounds the appends of one BatchAppend call that are not answered yet; further ones are not
	// received until then.
	maxBatchInFlight = 4096
	// maxBatchOpen bounds those of them whose last part has not come yet.
	maxBatchOpen = 64
)

// BatchAppend takes appends, each in one part or several, and answers each when it is on disk.
func (s *streamsService) BatchAppend(stream streams.Streams_BatchAppendServer) error {
	ctx, cancel := context.WithCancel(stream.Context())
	defer cancel()
	b := &batchAppend{
		server: s.server, stream: stream, ctx: ctx,
		slots:   semaphore.NewWeighted(maxBatchInFlight),
		open:    map[[16]byte]*batchItem{},
		answers: answerQueue{ready: make(chan struct{}, 1)},
	}
	sending := make(chan error, 1)
	go func() {
		err := b.send()
		if err != nil {
			cancel() // the receiving side may wait for a slot
		}
		sending <- err
	}()
	err := b.receive()
	if err == nil {
		err = b.drain()
	}
	cancel()
	if sendErr := <-sending; sendErr != nil && !errors.Is(sendErr, context.Canceled) {
		err = sendErr
	}
	return answer(err, stream.SetTrailer)
}

// batchAppend is one BatchAppend call. An append holds a slot from its first part until its answer is sent.
type batchAppend struct {
	server  *Server
	stream  streams.Streams_BatchAppendServer
	ctx     context.Context
	slots   *semaphore.Weighted
	answers answerQueue

	mu   sync.Mutex
	open map[[16]byte]*batchItem // by correlation id, while parts are missing
}

// batchItem is one append of the call and, in the end, its answer.
type batchItem struct {
	*proposal
	correlation *shared.UUID
	stream      *shared.StreamIdentifier
	deadline    time.Time
	timeout     *time.Timer
	refused     *status.Status // the answer of an append that never reached the log
}

func (b *batchAppend) receive() error {
	for {
		req, err := b.stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := b.take(req); err != nil {
			return err
		}
	}
}

// take adds a part. An append that was answered already, be it by its deadline, takes no more parts.
func (b *batchAppend) take(req *streams.BatchAppendReq) error {
	id, err := parseID(req.GetCorrelationId())
	if err != nil {
		return err
	}
	item := b.claim(id)
	if item == nil {
		if req.GetOptions() == nil {
			return nil
		}
		if err := b.slots.Acquire(b.ctx, 1); err != nil {
			return err
		}
		if item, err = b.begin(req); err != nil {
			b.refuse(item, err)
			return nil
		}
	}
	for _, m := range req.GetProposedMessages() {
		if err := item.add(m); err != nil {
			b.refuse(item, err)
			return nil
		}
	}
	if !req.GetIsFinal() {
		b.keep(id, item)
		return nil
	}
	return b.submit(item)
}

// claim takes an open append out of the reach of its deadline while a part is added.
func (b *batchAppend) claim(id [16]byte) *batchItem {
	b.mu.Lock()
	defer b.mu.Unlock()
	item := b.open[id]
	if item != nil {
		delete(b.open, id)
		item.timeout.Stop()
	}
	return item
}

func (b *batchAppend) begin(req *streams.BatchAppendReq) (*batchItem, error) {
	o := req.GetOptions()
	item := &batchItem{correlation: req.GetCorrelationId(), stream: o.GetStreamIdentifier()}
	name, err := writableStream(o.GetStreamIdentifier())
	if err != nil {
		return item, err
	}
	expected, err := batchExpectation(o)
	if err != nil {
		return item, err
	}
	now := time.Now()
	item.deadline = batchDeadline(o, now)
	if !item.deadline.After(now) {
		return item, expired()
	}
	item.proposal = newProposal(name, expected, b.server.options.MaxAppendSize)
	return item, nil
}

// keep waits for further parts, until the append's deadline.
func (b *batchAppend) keep(id [16]byte, item *batchItem) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.open) >= maxBatchOpen {
		b.refuse(item, invalid("more than %d appends whose last part is missing", maxBatchOpen))
		return
	}
	b.open[id] = item
	item.timeout = time.AfterFunc(time.Until(item.deadline), func() {
		b.mu.Lock()
		mine := b.open[id] == item
		if mine {
			delete(b.open, id)
		}
		b.mu.Unlock()
		if mine {
			b.refuse(item, expired())
		}
	})
}

func (b *batchAppend) submit(item *batchItem) error {
	a := item.append
	a.Deadline = item.deadline
	a.Done = func(*eventlog.Append) { b.answers.put(item) }
	return b.server.log.Submit(b.ctx, a)
}

func (b *batchAppend) refuse(item *batchItem, err error) {
	item.refused = refusedStatus(err, b.server.options.MaxAppendSize)
	b.answers.put(item)
}

// drain waits until all that was taken is answered. Appends whose last part never came are forgotten.
func (b *batchAppend) drain() error {
	b.mu.Lock()
	for id, item := range b.open {
		item.timeout.Stop()
		delete(b.open, id)
		b.slots.Release(1)
	}
	b.mu.Unlock()
	return b.slots.Acquire(b.ctx, maxBatchInFlight)
}

func (b *batchAppend) send() error {
	var items []*batchItem
	for {
		items = b.answers.take(items[:0])
		for i, item := range items {
			if err := b.stream.Send(item.response()); err != nil {
				return err
			}
			items[i] = nil
			b.slots.Release(1)
		}
		if len(items) > 0 {
			continue
		}
		select {
		case <-b.answers.ready:
		case <-b.ctx.Done():
			return b.ctx.Err()
		}
	}
}

// answerQueue holds the answers not sent yet. The slots bound it, so put never has to wait: the log's writer calls it.
type answerQueue struct {
	mu    sync.Mutex
	items []*batchItem
	ready chan struct{}
}

func (q *answerQueue) put(item *batchItem) {
	q.mu.Lock()
	q.items = append(q.items, item)
	q.mu.Unlock()
	select {
	case q.ready <- struct{}{}:
	default:
	}
}

func (q *answerQueue) take(dst []*batchItem) []*batchItem {
	q.mu.Lock()
	defer q.mu.Unlock()
	dst = append(dst, q.items...)
	clear(q.items)
	q.items = q.items[:0]
	return dst
}
