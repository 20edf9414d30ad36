package commands

import (
	"context"
	"fmt"

	"tillstream/aggregates"
	"tillstream/events"
)

// decision is what a group comes to: the facts to append, and what each command is answered once they stand.
type decision[S aggregates.State[S, E], E events.Event] struct {
	drafts  []Draft
	bytes   int
	pending []pending[S, E]
	byID    map[string]int // command id → its place in pending
	rest    []*ask[S, E]   // did not fit: decided in the next group
}

type pending[S aggregates.State[S, E], E events.Event] struct {
	ask *ask[S, E]
	outcome
	settled bool // does not rest on the state decided on; Answer.At is already right
}

// deliver answers every command. Refusals wait for the append too: they were decided on facts not yet recorded.
func (d *decision[S, E]) deliver(at events.Position) {
	for _, p := range d.pending {
		if p.err == nil && !p.settled {
			p.At = at
		}
		p.ask.answer(p.outcome)
	}
}

// restsOnState tells whether any command was refused, or found its wish already true.
func (d *decision[S, E]) restsOnState() bool {
	for _, p := range d.pending {
		if !p.settled && p.ask.look == nil {
			return true
		}
	}
	return false
}

// decide asks every command of the group, in order, of a state that has the facts of those before it.
func (m *mailbox[S, E]) decide(ctx context.Context, group []*ask[S, E]) *decision[S, E] {
	d := &decision[S, E]{byID: make(map[string]int, len(group))}
	for i, a := range group {
		if len(d.drafts) > 0 && d.bytes > groupBytesMax {
			d.rest = group[i:]
			return d
		}
		p := pending[S, E]{ask: a}
		switch {
		case a.ctx.Err() != nil:
			p.err, p.settled = a.ctx.Err(), true
		case a.look != nil:
			a.look(m.state)
		default:
			p = m.decideOne(ctx, d, a)
		}
		d.pending = append(d.pending, p)
	}
	return d
}

func (m *mailbox[S, E]) decideOne(ctx context.Context, d *decision[S, E], a *ask[S, E]) (p pending[S, E]) {
	p.ask = a
	if i, asked := d.byID[a.meta.Command]; asked {
		p.outcome, p.settled = d.pending[i].outcome, d.pending[i].settled
		p.Replayed = p.err == nil
		if d.pending[i].ask.meta.Request != a.meta.Request {
			p.outcome = outcome{err: ErrReused}
		}
		return p
	}
	if known, ok := m.seen.byID[tagOf(a.meta.Command)]; ok {
		p.settled = true
		p.Answer, p.err = m.recall(ctx, known, a.meta.Request)
		return p
	}
	facts, err := a.cmd.Decide(m.state)
	if err == nil {
		err = m.record(d, a.meta, facts)
	}
	if p.err = err; err == nil {
		for _, e := range facts {
			p.Facts = append(p.Facts, e)
		}
	}
	d.byID[a.meta.Command] = len(d.pending)
	return p
}

// record adds facts to the decision and evolves the state by them.
func (m *mailbox[S, E]) record(d *decision[S, E], meta events.Meta, facts []E) error {
	if len(facts) == 0 {
		return nil
	}
	meta.Rec = events.Time(m.h.opts.Now())
	if meta.At = events.Time(meta.At); meta.At.IsZero() {
		meta.At = meta.Rec
	}
	metadata, err := events.EncodeMeta(meta)
	if err != nil {
		return fmt.Errorf("encode metadata: %w", err)
	}
	drafts := make([]Draft, len(facts))
	for i, e := range facts {
		data, err := events.Encode(e)
		if err != nil {
			return fmt.Errorf("encode %s: %w", e.Type(), err)
		}
		drafts[i] = Draft{events.EventID(meta.Command, m.stream, i), e.Type(), data, metadata}
		d.bytes += len(data) + len(metadata)
	}
	d.drafts = append(d.drafts, drafts...)
	for _, e := range facts {
		m.last++
		m.state = m.state.Evolve(e)
		m.seen.note(meta.Command, meta.Request, uint64(m.last), meta.Rec)
	}
	return nil
}

// recall rebuilds the answer of a command from the facts it recorded.
func (m *mailbox[S, E]) recall(ctx context.Context, known recorded, request string) (Answer, error) {
	if known.Request != tagOf(request) {
		return Answer{}, ErrReused
	}
	a := Answer{Replayed: true}
	for r, err := range m.h.store.Read(ctx, m.stream, known.First) {
		if err != nil {
			return Answer{}, err
		}
		a.Facts, a.At = append(a.Facts, r.Event), r.Position
		if len(a.Facts) == int(known.Count) {
			break
		}
	}
	return a, nil
}
