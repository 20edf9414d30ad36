package feed

import (
	"context"
	"sync"
	"time"

	"tillstream/projections"
)

// following is a follower with the intervals that wait for it, and how it fares.
type following struct {
	Follower
	queue chan projections.Interval
	left  bool          // the last offer was refused: nobody waits for it again until it takes one
	late  bool          // the hub does not begin where it stands
	stop  func()        // ends the following; nil: the hub does not run
	ended chan struct{} // closed when nothing is told any more

	mu      sync.Mutex
	err     error
	since   time.Time // when err came or went
	current time.Time // when it was last seen at the head
}

func (f *following) note(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if (err == nil) != (f.err == nil) {
		f.since = time.Now()
	}
	f.err = err
}

// offer puts an interval into the queue. A full queue is waited for while patience lasts, once: after that the follower
// is left behind, and reads from the store what it did not take.
func (f *following) offer(ctx context.Context, i projections.Interval, patience *time.Timer) error {
	select {
	case f.queue <- i:
		f.left = false
		return nil
	default:
	}
	if f.left {
		return nil
	}
	select {
	case f.queue <- i:
	case <-patience.C:
		f.left = true
		patience.Reset(0) // over for the others too
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// reached notes that the follower stands at the head.
func (f *following) reached(now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.current = now
}

// merge joins told with the intervals that wait behind it, as long as they follow on each other, so that a view that
// is behind writes fewer and larger batches.
func (f *following) merge(told projections.Interval) projections.Interval {
	owned := false
	for len(told.Facts) < mergeMax {
		select {
		case next := <-f.queue:
			if next.To <= told.To {
				continue
			}
			if next.From > told.To {
				// Something between was lost; an interval that covers the loss makes the follower read it.
				return projections.Interval{Log: told.Log, From: next.To, To: next.To}
			}
			if !owned {
				told.Facts, owned = append(told.Facts[:0:0], told.Facts...), true
				told.Broken = append(told.Broken[:0:0], told.Broken...)
			}
			more := next.Beyond(told.To)
			told.Facts, told.Broken, told.To = append(told.Facts, more.Facts...), append(told.Broken, more.Broken...), next.To
		default:
			return told
		}
	}
	return told
}

// State is how a follower fares.
type State struct {
	Name   string
	At     projections.Checkpoint
	Lag    uint64        // events not yet applied, counted
	Behind time.Duration // since when it has not been at the head; 0 when it is there
	Err    error         // why it cannot go on; nil when it can
	Since  time.Time     // since when
}

// States lists every follower, in the order in which they were added.
func (h *Hub) States() []State {
	head, now := h.Head(), time.Now()
	followers := h.following()
	states := make([]State, len(followers))
	for i, f := range followers {
		at := f.At()
		f.mu.Lock()
		current := f.current
		states[i] = State{Name: f.Name(), At: at, Err: f.err, Since: f.since}
		f.mu.Unlock()
		if head.At > at.At {
			states[i].Lag, states[i].Behind = head.Count-at.Count, now.Sub(current)
		}
	}
	return states
}
