// Package feed brings the log to everyone in a process who follows it: one subscription, each event decoded once.
package feed

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"tillstream/events"
	"tillstream/projections"
)

// Limits of a Hub.
const (
	queueMax    = 64                     // intervals waiting for one follower
	mergeMax    = 4096                   // facts a follower is told at once, when several intervals wait
	blockFor    = 100 * time.Millisecond // a slow follower holds the feed back so long, then it reads the store itself
	beatEvery   = 500 * time.Millisecond // an empty interval, so that the last loss is noticed too
	lookEvery   = time.Second            // whether the rows a follower stands on are still there: its host may have crashed
	retryFirst  = 100 * time.Millisecond // doubling to retryAtMost while a follower fails
	retryAtMost = 5 * time.Second
	flushWithin = 5 * time.Second
)

// Follower is a consumer of the log with a checkpoint of its own; a projections.Projector is one.
type Follower interface {
	Name() string
	At() projections.Checkpoint
	Advance(ctx context.Context, told projections.Interval) error
	Reload(ctx context.Context, id events.LogID) error
	Flush(ctx context.Context) error
}

// Source is one ordered feed of the whole log.
type Source interface {
	// Follow delivers every interval after a position, in order and without gaps, until the context ends or deliver
	// fails. It reconnects by itself.
	Follow(ctx context.Context, after events.Position, deliver func(projections.Interval) error) error
}

// Hub hands the intervals of a Source to its followers, each at its own pace.
type Hub struct {
	source Source
	id     events.LogID
	log    *slog.Logger

	mu        sync.Mutex
	head      projections.Checkpoint // the last event the source delivered
	delivered time.Time
	followers []*following    // replaced, never changed
	run       context.Context // of Run; nil: not yet
	running   sync.WaitGroup
}

// New makes a hub on the log named id.
func New(source Source, id events.LogID, log *slog.Logger) *Hub {
	return &Hub{source: source, id: id, log: log}
}

// Run follows the log until the context ends, then lets every follower keep its checkpoint.
func (h *Hub) Run(ctx context.Context) error {
	running, stop := context.WithCancel(ctx)
	defer stop()
	h.begin(running)
	err := h.source.Follow(running, h.Head().At, func(i projections.Interval) error { return h.deliver(running, i) })
	stop()
	h.end()
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func (h *Hub) deliver(ctx context.Context, i projections.Interval) error {
	now := time.Now()
	followers := h.following()
	for _, f := range followers {
		if f.At().At >= i.From {
			f.reached(now)
		}
	}
	h.mu.Lock()
	h.head.At, h.head.Count, h.delivered = i.To, h.head.Count+i.Count(), now
	h.mu.Unlock()
	patience := time.NewTimer(blockFor)
	defer patience.Stop()
	for _, f := range followers {
		if err := f.offer(ctx, i, patience); err != nil {
			return err
		}
	}
	return nil
}

// beat tells followers where the log ends while nothing happens: whoever lost an interval reads it from the store.
func (h *Hub) beat(ctx context.Context) {
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		head := h.Head()
		for _, f := range h.following() {
			if f.At().At >= head.At {
				f.reached(time.Now())
			} else {
				select {
				case f.queue <- projections.Interval{Log: h.id, From: head.At, To: head.At}:
				default:
				}
			}
		}
	}
}

// feed advances one follower until the context ends. A failure is told again, after a pause, for ever: a view that
// cannot go on says why, and goes on by itself when the reason is gone.
func (h *Hub) feed(ctx context.Context, f *following) {
	defer func() {
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushWithin)
		defer cancel()
		if err := f.Flush(last); err != nil {
			h.log.Warn("a checkpoint was not kept; the events since are read again", "view", f.Name(), "err", err)
		}
	}()
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case told := <-f.queue:
			h.tell(ctx, f, f.merge(told))
		case <-look.C:
			f.note(f.Reload(ctx, h.id)) // one that went back is told by the next beat where the log ends
		}
	}
}

func (h *Hub) tell(ctx context.Context, f *following, told projections.Interval) {
	for pause := retryFirst; ; pause = min(2*pause, retryAtMost) {
		err := f.Advance(ctx, told)
		f.note(err)
		if err == nil || ctx.Err() != nil {
			return
		}
		h.log.Error("a view cannot go on", "view", f.Name(), "at", f.At().At, "err", err)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
		if errors.Is(err, projections.ErrFenced) {
			if err := f.Reload(ctx, h.id); err != nil {
				f.note(err)
			}
		}
	}
}

// Head is the end of the log as far as it was heard.
func (h *Hub) Head() projections.Checkpoint {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.head
}
