package esdb

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// lazy is one thing that all callers use at once, opened by the first who needs it and again after it broke. There
// is at most one attempt to open it at a time, with a growing pause between attempts that fail.
type lazy[T comparable] struct {
	open    func(context.Context) (T, error)
	dispose func(T)
	ctx     context.Context // ends with shut
	cancel  context.CancelFunc

	mu      sync.Mutex
	now     T
	there   bool
	opening *opening
	pause   time.Duration // before the next attempt
	opened  int
	since   time.Time // there, or not there, since
	why     error     // why it is not there
}

type opening struct {
	done chan struct{} // closed when the attempt is over
	err  error
}

func newLazy[T comparable](open func(context.Context) (T, error), dispose func(T)) *lazy[T] {
	ctx, cancel := context.WithCancel(context.Background())
	return &lazy[T]{open: open, dispose: dispose, ctx: ctx, cancel: cancel, since: time.Now()}
}

// get waits until the thing is there, the attempt to open it has failed, or ctx ends.
func (s *lazy[T]) get(ctx context.Context) (T, error) {
	for {
		s.mu.Lock()
		if s.there {
			now := s.now
			s.mu.Unlock()
			return now, nil
		}
		var none T
		if s.ctx.Err() != nil {
			s.mu.Unlock()
			return none, ErrClosed
		}
		if s.opening == nil {
			s.opening = &opening{done: make(chan struct{})}
			go s.try(s.opening, s.pause)
		}
		attempt := s.opening
		s.mu.Unlock()
		select {
		case <-attempt.done:
			if attempt.err != nil {
				return none, attempt.err
			}
		case <-ctx.Done():
			return none, context.Cause(ctx)
		}
	}
}

func (s *lazy[T]) try(o *opening, pause time.Duration) {
	defer close(o.done)
	if pause > 0 {
		sleep(s.ctx, pause/2+rand.N(pause))
	}
	ctx, cancel := context.WithTimeout(s.ctx, openWithin)
	defer cancel()
	opened, err := s.open(ctx)
	if err == nil && s.ctx.Err() != nil {
		s.dispose(opened)
		err = ErrClosed
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opening, o.err = nil, err
	if err != nil {
		s.pause, s.why = min(max(2*s.pause, pauseMin), pauseMax), err
		return
	}
	s.now, s.there, s.why, s.since = opened, true, nil, time.Now()
	s.opened++
}

// works says that what get returned has served: the next break is mended at once.
func (s *lazy[T]) works() {
	s.mu.Lock()
	s.pause = 0
	s.mu.Unlock()
}

// drop takes a broken thing out of use, if it is still in use.
func (s *lazy[T]) drop(broken T, why error) {
	s.mu.Lock()
	current := s.there && s.now == broken
	if current {
		var none T
		s.now, s.there, s.why, s.since = none, false, why, time.Now()
		s.pause = max(s.pause, pauseMin)
	}
	s.mu.Unlock()
	if current {
		s.dispose(broken)
	}
}

func (s *lazy[T]) shut() {
	s.cancel()
	s.mu.Lock()
	current, there := s.now, s.there
	s.there = false
	s.mu.Unlock()
	if there {
		s.dispose(current)
	}
}

// condition is what a lazy thing shows of itself.
type condition struct {
	there  bool
	since  time.Time // there, or not there
	why    error     // why it is not there
	opened int       // times it was opened
}

// peek tells the state without changing it.
func (s *lazy[T]) peek() (T, condition) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now, condition{s.there, s.since, s.why, s.opened}
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
