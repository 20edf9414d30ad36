package commands

import (
	"context"
	"sync"
	"sync/atomic"

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
