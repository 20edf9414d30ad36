package eventstore

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"golang.org/x/sync/semaphore"

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
		server: s.server, ctx: ctx,
		in:      receiver{stream: stream},
		slots:   semaphore.NewWeighted(maxBatchInFlight),
		open:    map[[16]byte]*batchItem{},
		answers: answerQueue{ready: make(chan struct{}, 1)},
	}
	sending := make(chan error, 1)
	go func() {
		err := b.send(stream)
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
	ctx     context.Context
	in      receiver
	slots   *semaphore.Weighted
	answers answerQueue

	mu   sync.Mutex
	open map[[16]byte]*batchItem // by correlation id, while parts are missing
}

// batchItem is one append of the call and, in the end, its answer.
type batchItem struct {
	proposal
	correlation []byte // as it came, for the answer
	identifier  []byte // of the stream, as it came
	deadline    time.Time
	timeout     *time.Timer
	refused     error // why the append never reached the log
}

func (b *batchAppend) receive() error {
	for {
		message, err := b.in.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		req, err := parseBatchRequest(message)
		if err != nil {
			return err
		}
		if err := b.take(req); err != nil {
			return err
		}
	}
}

// take adds a part. An append that was answered already, be it by its deadline, takes no more parts.
func (b *batchAppend) take(req batchRequest) error {
	item := b.claim(req.id)
	if item == nil {
		if req.options == nil {
			return nil
		}
		if err := b.slots.Acquire(b.ctx, 1); err != nil {
			return err
		}
		item = &batchItem{correlation: req.correlation}
		if err := item.begin(req, b.server.options.MaxAppendSize); err != nil {
			b.refuse(item, err)
			return nil
		}
	}
	err := req.eachProposed(item.add)
	switch {
	case err != nil:
		b.refuse(item, err)
		return nil
	case !req.final:
		b.keep(req.id, item)
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

func (i *batchItem) begin(req batchRequest, maxAppendSize int) error {
	o, err := parseAppendOptions(req.options)
	i.identifier = o.identifier
	if err != nil {
		return err
	}
	name, err := writableStream(o.name)
	if err != nil {
		return err
	}
	now := time.Now()
	if i.deadline, err = o.deadline(now); err != nil {
		return err
	}
	if !i.deadline.After(now) {
		return expired()
	}
	i.proposal = newProposal(name, o.expected, eventlog.SizeHint(name, req.count, req.size), maxAppendSize)
	return nil
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
	item.refused = err
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

func (b *batchAppend) send(stream streams.Streams_BatchAppendServer) error {
	var items []*batchItem
	var out batchFrame
	for {
		items = b.answers.take(items[:0])
		for i, item := range items {
			if err := stream.SendMsg(out.response(item)); err != nil {
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
