package esdb

import (
	"context"
	"sync"

	"tillstream/events"
	"tillstream/projections"
)

// Limits of an interval, and of what waits to be taken into the next one.
const (
	intervalEventsMax = 512
	intervalBytesMax  = 1 << 20 // one event may exceed it alone
	backlogEventsMax  = 1024
	backlogBytesMax   = 2 << 20 // likewise
)

// arrival is one event of the log: a fact, or broken.
type arrival struct {
	fact   events.Recorded
	broken *projections.Broken
	size   int
}

func (a *arrival) at() events.Position {
	if a.broken != nil {
		return a.broken.Position
	}
	return a.fact.Position
}

func (a *arrival) addTo(i *projections.Interval) {
	if a.broken != nil {
		i.Broken = append(i.Broken, *a.broken)
		return
	}
	i.Facts = append(i.Facts, a.fact)
}

// backlog holds what has arrived and was not taken yet. One goroutine adds, another takes.
type backlog struct {
	mu       sync.Mutex
	changed  chan struct{} // of capacity 1: wakes the one who takes
	room     chan struct{} // of capacity 1: wakes the one who adds
	waiting  []arrival
	bytes    int
	to       events.Position // how far the log is known
	taken    events.Position // how far it was taken
	finished error           // why nothing more will arrive
}

func newBacklog(from events.Position) *backlog {
	return &backlog{changed: make(chan struct{}, 1), room: make(chan struct{}, 1), to: from, taken: from}
}

func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// add waits while the backlog is full. Events up to the known end are repeats and are dropped.
func (b *backlog) add(ctx context.Context, a arrival) error {
	for !b.put(a) {
		select {
		case <-b.room:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

func (b *backlog) put(a arrival) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if a.at() <= b.to {
		return true
	}
	if n := len(b.waiting); n > 0 && (n == backlogEventsMax || b.bytes+a.size > backlogBytesMax) {
		return false
	}
	b.waiting = append(b.waiting, a)
	b.bytes += a.size
	b.to = a.at()
	wake(b.changed)
	return true
}

// advance says that there is nothing to deliver up to a position.
func (b *backlog) advance(to events.Position) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if to > b.to {
		b.to = to
		wake(b.changed)
	}
}

func (b *backlog) finish(why error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.finished = why
	wake(b.changed)
}

// take waits until there is something to deliver, and takes what has arrived: it never waits for more.
func (b *backlog) take(ctx context.Context) (projections.Interval, error) {
	for {
		i, ready, finished := b.cut()
		if ready || finished != nil {
			return i, finished
		}
		select {
		case <-b.changed:
		case <-ctx.Done():
			return projections.Interval{}, context.Cause(ctx)
		}
	}
}

func (b *backlog) cut() (i projections.Interval, ready bool, finished error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.to == b.taken {
		return i, false, b.finished
	}
	i.From, i.To = b.taken, b.to
	n, size := 0, 0
	for n < len(b.waiting) && n < intervalEventsMax && (n == 0 || size+b.waiting[n].size <= intervalBytesMax) {
		size += b.waiting[n].size
		b.waiting[n].addTo(&i)
		n++
	}
	if n < len(b.waiting) {
		i.To = b.waiting[n-1].at()
	}
	clear(b.waiting[:n])
	b.waiting = b.waiting[n:]
	if len(b.waiting) == 0 {
		b.waiting = nil
	}
	b.bytes -= size
	b.taken = i.To
	wake(b.room)
	return i, true, nil
}
