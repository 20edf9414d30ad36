package commands

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"tillstream/aggregates"
	"tillstream/events"
)

// errPanicked says a decision met a fault of the program, not a rule of the shop.
var errPanicked = errors.New("a decision panicked")

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
