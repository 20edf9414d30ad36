package projections

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"tillstream/events"
)

// Operator is somebody who does something about a parked key.
type Operator struct {
	Actor events.Actor
	Why   string
}

// Mended is what came of a retry or a drop.
type Mended struct {
	Healed int         // keys that are parked no more, and whole
	Facts  int         // that were folded, or forgotten
	Still  []ParkedKey // of a stream: those of its keys that are parked still, at most stillMost
}

const stillMost = 100

// ParkedFact is what can be said of a remembered fact.
type ParkedFact struct {
	Position events.Position
	Fact     *events.Recorded // nil: it cannot be read
	Broken   *Broken
}

// Shown is a parked key with what there is to find out why.
type Shown struct {
	ParkedKey
	Facts    []ParkedFact    // the first of those it remembers; the one it failed on is among them, or behind them
	Document json.RawMessage // the value before all of them; nil: there was none
}

// factsShown is how many facts are shown of a parked key.
const factsShown = 20

// parkedKey is what the host keeps of a parked key. It fails with ErrNotParked.
func (p *Projector[V]) parkedKey(ctx context.Context, key string) (ParkedKey, error) {
	found, err := p.docs.Parked(ctx, key, 1)
	switch {
	case err != nil:
		return ParkedKey{}, fmt.Errorf("parked keys of %s: %w", p.view.Name, err)
	case len(found) == 0 || found[0].Key != key:
		return ParkedKey{}, fmt.Errorf("%q of %s: %w", key, p.view.Name, ErrNotParked)
	}
	return found[0], nil
}

// ListParked lists parked keys in the order of their bytes, from a key on.
func (p *Projector[V]) ListParked(ctx context.Context, from string, limit int) ([]ParkedKey, error) {
	return p.docs.Parked(ctx, from, limit)
}

// ParkedOperations lists what operators did about parked keys last, the newest first.
func (p *Projector[V]) ParkedOperations(ctx context.Context, limit int) ([]Operation, error) {
	return p.docs.Operations(ctx, limit)
}

// ShowParked tells why a key is parked. It fails with ErrNotParked.
func (p *Projector[V]) ShowParked(ctx context.Context, key string) (Shown, error) {
	entry, err := p.parkedKey(ctx, key)
	if err != nil {
		return Shown{}, err
	}
	s := Shown{ParkedKey: entry}
	positions, err := p.docs.Remembered(ctx, key, 0, factsShown)
	if err != nil {
		return s, err
	}
	for _, at := range positions {
		one, err := p.log.EventAt(ctx, at)
		if err != nil {
			return s, fmt.Errorf("read position %d of the log: %w", at, err)
		}
		s.Facts = append(s.Facts, shownFact(at, one))
	}
	docs, err := p.docs.Load(ctx, []string{key})
	if doc, there := docs[key]; there && err == nil {
		s.Document, err = json.Marshal(doc.Value)
	}
	return s, err
}

func shownFact(at events.Position, one Interval) ParkedFact {
	f := ParkedFact{Position: at}
	if len(one.Facts) == 1 {
		f.Fact = &one.Facts[0]
	}
	if len(one.Broken) == 1 {
		f.Broken = &one.Broken[0]
		f.Broken.Data = []byte(cut(string(f.Broken.Data), shownMost))
	}
	return f
}

// RetryParked folds what a key remembers, in order, and has it go on: at once, or not at all. A stream is taken up
// again: the keys its facts touch are folded anew from their first fact on, and those that waited for it go on. It fails
// with ErrNotParked, a *FollowsError, or a *StillParkedError.
func (p *Projector[V]) RetryParked(ctx context.Context, key string, by Operator) (Mended, error) {
	if err := p.mending.take(ctx); err != nil {
		return Mended{}, err
	}
	defer p.mending.leave()
	entry, err := p.parkedKey(ctx, key)
	if err != nil {
		return Mended{}, err
	}
	if entry.Follows != "" && p.IsParked(entry.Follows) {
		return Mended{}, &FollowsError{entry.Follows}
	}
	if entry.IsStream() {
		keys, err := p.takeUp(ctx, entry, by)
		if err != nil {
			return Mended{}, err
		}
		return p.mendAll(ctx, keys, by)
	}
	facts, err := p.mend(ctx, key, by)
	var still *StillParkedError
	switch {
	case errors.As(err, &still) && still.Follows != "":
		return Mended{}, &FollowsError{still.Follows}
	case err != nil:
		return Mended{}, err
	}
	return Mended{Healed: 1, Facts: facts}, nil
}

// mendAll retries keys one by one; those that fail stay parked.
func (p *Projector[V]) mendAll(ctx context.Context, keys []string, by Operator) (m Mended, err error) {
	for _, key := range keys {
		facts, err := p.mend(ctx, key, by)
		var still *StillParkedError
		switch {
		case errors.As(err, &still):
			if len(m.Still) < stillMost {
				m.Still = append(m.Still, still.ParkedKey)
			}
		case err != nil:
			return m, err
		default:
			m.Healed++
			m.Facts += facts
		}
	}
	return m, nil
}

// DropParked forgets what a key remembers and has it go on from the value it has: the facts are missing from it for ever,
// or until the view is built anew. What waited for a dropped stream is retried. Count confirms how many facts are
// forgotten. It fails with ErrNotParked or a *CountError.
func (p *Projector[V]) DropParked(ctx context.Context, key string, count int, by Operator) (Mended, error) {
	if err := p.mending.take(ctx); err != nil {
		return Mended{}, err
	}
	defer p.mending.leave()
	waiting, err := p.drop(ctx, key, count, by)
	if err != nil {
		return Mended{}, err
	}
	m, err := p.mendAll(ctx, waiting, by)
	m.Facts += count
	return m, err
}

// drop answers the keys that waited for the dropped one.
func (p *Projector[V]) drop(ctx context.Context, key string, count int, by Operator) ([]string, error) {
	if err := p.feeding.take(ctx); err != nil {
		return nil, err
	}
	defer p.feeding.leave()
	if err := p.reload(ctx, p.At().Log); err != nil {
		return nil, err
	}
	entry, err := p.parkedKey(ctx, key)
	if err != nil {
		return nil, err
	}
	if entry.Facts != count {
		return nil, &CountError{entry.Facts}
	}
	change := Parked{Released: []string{key}, Done: by.did(Drop, key, count, "")}
	var waiting []string
	err = p.eachParked(ctx, func(k ParkedKey) {
		if k.Follows == key {
			k.Follows = ""
			waiting, change.Parked = append(waiting, k.Key), append(change.Parked, k)
		}
	})
	if err != nil {
		return nil, err
	}
	return waiting, p.keep(ctx, Batch[V]{Parked: change, To: p.At()})
}

func (o Operator) did(what, key string, facts int, outcome string) *Operation {
	return &Operation{What: what, Key: key, Actor: o.Actor, Why: o.Why, Facts: facts, Outcome: outcome,
		At: time.Now().UTC().Truncate(time.Microsecond)}
}
