package commands

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"tillstream/aggregates"
	"tillstream/events"
)

// ask is one command, or one look, that waits for its answer.
type ask[S aggregates.State[S, E], E events.Event] struct {
	ctx  context.Context
	meta events.Meta
	cmd  Command[S, E]
	look func(S)
	done chan outcome // of capacity 1
}

// errPanicked says a decision met a fault of the program, not a rule of the shop.
var errPanicked = errors.New("a decision panicked")

type outcome struct {
	Answer
	err error
}

// mailbox decides the commands of one stream, in order, on one state. Everything below mu is touched only by the
// goroutine that runs it, of which there is at most one.
type mailbox[S aggregates.State[S, E], E events.Event] struct {
	h      *Handler
	stream string
	held   atomic.Int64 // weight counted in h.seen

	mu      sync.Mutex
	waiting []*ask[S, E]
	running bool

	loaded   bool
	state    S
	last     int64 // revision of the last fact in state; -1: none
	at       events.Position
	seen     seen
	snapshot int64 // revision of the newest snapshot; 0: none
}

func (m *mailbox[S, E]) name() string { return m.stream }

func (m *mailbox[S, E]) weight() int { return int(m.held.Load()) }

func (m *mailbox[S, E]) idle() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return !m.running
}

func (m *mailbox[S, E]) put(a *ask[S, E]) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.waiting) >= waitingMax {
		return false
	}
	m.waiting = append(m.waiting, a)
	if !m.running {
		m.running = true
		go m.run()
	}
	return true
}

// take removes the next group from the queue; none left ends the run.
func (m *mailbox[S, E]) take() []*ask[S, E] {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := min(len(m.waiting), groupMax)
	if n == 0 {
		m.running, m.waiting = false, nil
		return nil
	}
	group := m.waiting[:n:n]
	m.waiting = m.waiting[n:]
	return group
}

func (m *mailbox[S, E]) putBack(rest []*ask[S, E]) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.waiting = append(rest, m.waiting...)
}

func (m *mailbox[S, E]) run() {
	for group := m.take(); group != nil; group = m.take() {
		m.serve(group)
		m.keepSnapshot()
		m.weigh()
	}
}

// weigh tells the Handler how many command ids this mailbox holds.
func (m *mailbox[S, E]) weigh() {
	now := int64(m.seen.len())
	if grown := now - m.held.Swap(now); grown != 0 {
		m.h.mu.Lock()
		if e, open := m.h.open[m.stream]; open && e.Value == any(m) {
			m.h.seen += int(grown)
		}
		m.h.mu.Unlock()
	}
}

// serve answers a group. What one command may have caused, a fault or facts that the store refuses, must not become the
// answer of the others: each is then asked alone.
func (m *mailbox[S, E]) serve(group []*ask[S, E]) {
	err := m.serveTogether(group)
	if err == nil {
		return
	}
	m.drop()
	alone := errors.Is(err, errPanicked) || errors.Is(err, ErrNotRecorded)
	if !alone || len(group) == 1 {
		fail(group, err)
		return
	}
	for i := range group {
		m.serve(group[i : i+1])
	}
}

// serveTogether decides a group until its facts are appended, and answers all of it, or fails and answers none of it.
func (m *mailbox[S, E]) serveTogether(group []*ask[S, E]) (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), storeWithin)
	defer cancel()
	defer m.recovered(&err)
	newest, base := fresh(group), int64(0)
	for attempt := 1; attempt <= attemptsMax; attempt++ {
		newest = newest || !m.loaded
		if err := m.load(ctx, newest); err != nil {
			return err
		}
		d := m.decide(ctx, group)
		if len(d.drafts) == 0 && !newest && d.restsOnState() {
			d, err = m.decideNewest(ctx, group)
			if err != nil {
				return err
			}
		}
		after := m.last - int64(len(d.drafts))
		if attempt == 1 {
			base = after
		}
		err := m.append(ctx, after, d.drafts)
		if err == nil {
			m.putBack(d.rest)
			d.deliver(m.at)
			return nil
		}
		if conflict := (*ConflictError)(nil); !errors.As(err, &conflict) {
			return err
		}
		m.drop()
		pause(ctx, attempt)
	}
	return m.lostRace(ctx, base)
}

// decideNewest decides again on the state as it is in the store. A group that appends is told by the store when its
// state was old; one that only refuses, or finds its wish already true, is not, and would repeat old news.
func (m *mailbox[S, E]) decideNewest(ctx context.Context, group []*ask[S, E]) (*decision[S, E], error) {
	if err := m.load(ctx, true); err != nil {
		return nil, err
	}
	return m.decide(ctx, group), nil
}

// recovered turns a panic of a Decide, an Evolve or a Store into an error.
func (m *mailbox[S, E]) recovered(err *error) {
	if fault := recover(); fault != nil {
		m.h.opts.Log.Error("a decision panicked", "stream", m.stream, "fault", fault, "stack", string(debug.Stack()))
		*err = fmt.Errorf("%w: %v", errPanicked, fault)
	}
}

// fresh tells whether any of the group needs the state as it is in the store, not as this process left it.
func fresh[S aggregates.State[S, E], E events.Event](group []*ask[S, E]) bool {
	for _, a := range group {
		if a.look != nil {
			return true
		}
	}
	return false
}

// append records the drafts, asking the identical request again until the outcome is known or the group's time is over.
func (m *mailbox[S, E]) append(ctx context.Context, after int64, drafts []Draft) error {
	if len(drafts) == 0 {
		return nil
	}
	for attempt := 1; ; attempt++ {
		call, cancel := context.WithTimeout(ctx, callWithin)
		appended, err := m.h.store.Append(call, m.stream, after, drafts)
		cancel()
		var conflict *ConflictError
		switch {
		case err == nil:
			m.at = appended.Position
			return nil
		case errors.As(err, &conflict), errors.Is(err, ErrNotRecorded):
			return err
		case ctx.Err() != nil:
			return fmt.Errorf("%w: append to %s: %w", ErrUnknownOutcome, m.stream, err)
		}
		pause(ctx, attempt)
	}
}

// pause waits 1 ms, doubling to 1 s, with jitter, so that racing processes fall out of step.
func pause(ctx context.Context, attempt int) {
	longest := time.Millisecond << min(attempt, 10)
	select {
	case <-time.After(rand.N(longest)):
	case <-ctx.Done():
	}
}

func (m *mailbox[S, E]) drop() {
	var zero S
	m.loaded, m.state, m.last, m.at, m.seen, m.snapshot = false, zero, -1, 0, seen{}, 0
}

// lostRace names the facts that came after base.
func (m *mailbox[S, E]) lostRace(ctx context.Context, base int64) error {
	lost := &LostRaceError{Stream: m.stream, Attempts: attemptsMax}
	for r, err := range m.h.store.Read(ctx, m.stream, uint64(base+1)) {
		if err != nil || len(lost.Between) == betweenNamedMax {
			break
		}
		lost.Between = append(lost.Between, r.Type())
	}
	return lost
}

func fail[S aggregates.State[S, E], E events.Event](group []*ask[S, E], err error) {
	for _, a := range group {
		a.answer(outcome{err: err})
	}
}

// answer is heard once: a second one finds the channel full and is dropped.
func (a *ask[S, E]) answer(o outcome) {
	select {
	case a.done <- o:
	default:
	}
}
