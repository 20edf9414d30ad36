package feed

import (
	"context"
	"slices"
	"time"

	"tillstream/projections"
)

// Add makes f follow from its checkpoint on.
func (h *Hub) Add(f Follower) { h.add(f, false) }

// AddLate makes f follow without the hub beginning where f stands: what f has missed, it reads from the store alone.
func (h *Hub) AddLate(f Follower) { h.add(f, true) }

func (h *Hub) add(f Follower, late bool) {
	added := &following{Follower: f, late: late, queue: make(chan projections.Interval, queueMax), since: time.Now(), current: time.Now(),
		ended: make(chan struct{})}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.followers = append(slices.Clip(h.followers), added)
	if h.run != nil && h.run.Err() == nil {
		h.start(added)
	}
}

// Remove ends the following of f. When it returns f has kept its checkpoint, if it could, and is told nothing more.
func (h *Hub) Remove(f Follower) {
	h.mu.Lock()
	at := slices.IndexFunc(h.followers, func(one *following) bool { return one.Follower == f })
	if at < 0 {
		h.mu.Unlock()
		return
	}
	removed := h.followers[at]
	h.followers = slices.Delete(slices.Clone(h.followers), at, at+1)
	h.mu.Unlock()
	if removed.stop != nil {
		removed.stop()
		<-removed.ended
	}
}

func (h *Hub) following() []*following {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.followers
}

// begin starts everyone who was added. It is the earliest checkpoint, but for those of late ones, that the hub begins at:
// the count of events up to there is known, so counts are exact from there on.
func (h *Hub) begin(ctx context.Context) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.run, h.head = ctx, projections.Checkpoint{Log: h.id}
	known := false
	for _, f := range h.followers {
		if at := f.At(); !f.late && (!known || at.At < h.head.At) {
			h.head, known = at, true
		}
	}
	for _, f := range h.followers {
		h.start(f)
	}
	h.running.Go(func() { h.beat(ctx) })
}

// start is called with the mutex held.
func (h *Hub) start(f *following) {
	ctx, stop := context.WithCancel(h.run)
	f.stop = stop
	h.running.Go(func() {
		defer close(f.ended)
		defer stop()
		h.feed(ctx, f)
	})
}

// end waits for everyone, once the context has ended: nobody is added from then on.
func (h *Hub) end() {
	_ = h.following() // whoever was being added is among them now
	h.running.Wait()
}
