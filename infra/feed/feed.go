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
	followers []*following
}

// New makes a hub on the log named id.
func New(source Source, id events.LogID, log *slog.Logger) *Hub {
	return &Hub{source: source, id: id, log: log}
}

// Add makes f follow from its checkpoint on. Followers are added before Run.
func (h *Hub) Add(f Follower) {
	h.followers = append(h.followers, &following{Follower: f, queue: make(chan projections.Interval, queueMax), since: time.Now(), current: time.Now()})
}

// Run follows the log until the context ends, then lets every follower keep its checkpoint.
func (h *Hub) Run(ctx context.Context) error {
	h.head = h.start()
	var running sync.WaitGroup
	for _, f := range h.followers {
		running.Go(func() { h.feed(ctx, f) })
	}
	beats, stop := context.WithCancel(ctx)
	running.Go(func() { h.beat(beats) })
	err := h.source.Follow(ctx, h.head.At, func(i projections.Interval) error { return h.deliver(ctx, i) })
	stop()
	running.Wait()
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// start is the earliest checkpoint: the count of events up to there is known, so counts are exact from there on.
func (h *Hub) start() projections.Checkpoint {
	earliest := projections.Checkpoint{Log: h.id}
	for i, f := range h.followers {
		if at := f.At(); i == 0 || at.At < earliest.At {
			earliest = at
		}
	}
	return earliest
}

func (h *Hub) deliver(ctx context.Context, i projections.Interval) error {
	now := time.Now()
	for _, f := range h.followers {
		if f.At().At >= i.From {
			f.reached(now)
		}
	}
	h.mu.Lock()
	h.head.At, h.head.Count, h.delivered = i.To, h.head.Count+i.Count(), now
	h.mu.Unlock()
	patience := time.NewTimer(blockFor)
	defer patience.Stop()
	for _, f := range h.followers {
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
		for _, f := range h.followers {
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
