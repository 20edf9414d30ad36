package projections

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"tillstream/events"
)

// scansMost is how often the end of the log is caught up with before the feed of the view has to wait for a scan.
const scansMost = 8

// takingUp puts, in place of a parked stream, the keys that its facts touch. Facts of other streams were folded into
// these keys meanwhile, out of order: so each is parked with all facts that ever touched it, to be folded anew.
type takingUp[V any] struct {
	p         *Projector[V]
	stream    ParkedKey
	by        Operator
	histories map[string][]events.Position
}

// takeUp answers the keys that go on without the stream: those its facts touch, and those that waited for it.
func (p *Projector[V]) takeUp(ctx context.Context, stream ParkedKey, by Operator) ([]string, error) {
	t := takingUp[V]{p: p, stream: stream, by: by, histories: map[string][]events.Position{}}
	facts, err := t.read(ctx)
	if err != nil {
		return nil, err
	}
	var scanned events.Position
	for range scansMost {
		at := p.At().At
		if at == scanned {
			break
		}
		if err := t.scan(ctx, scanned, at); err != nil {
			return nil, err
		}
		scanned = at
	}
	if err := p.feeding.take(ctx); err != nil {
		return nil, err
	}
	defer p.feeding.leave()
	if err := p.reload(ctx, p.At().Log); err != nil {
		return nil, err
	}
	switch now, err := p.parkedKey(ctx, stream.Key); {
	case err != nil:
		return nil, err
	case now.Facts != facts:
		return nil, fmt.Errorf("more facts of the stream came to be parked meanwhile: %w", errLost)
	}
	if err := t.scan(ctx, scanned, p.At().At); err != nil {
		return nil, err
	}
	return t.keep(ctx, facts)
}

// read decodes what the stream remembers, and notes which keys that touches.
func (t *takingUp[V]) read(ctx context.Context) (facts int, err error) {
	for after, more := events.Position(0), true; more; {
		positions, err := t.p.docs.Remembered(ctx, t.stream.Key, after, mendPage)
		if err != nil {
			return 0, err
		}
		for _, at := range positions {
			still, err := t.note(ctx, at)
			if err != nil {
				return 0, err
			}
			if still != nil {
				return 0, t.stays(ctx, *still)
			}
			after = at
		}
		facts += len(positions)
		more = len(positions) == mendPage
	}
	return facts, nil
}

func (t *takingUp[V]) note(ctx context.Context, at events.Position) (still *ParkedKey, err error) {
	r, still, err := t.p.factAt(ctx, at)
	if err != nil || still != nil {
		return still, err
	}
	named, seeks, fault := t.p.view.namedBy(r)
	if fault == nil && len(seeks) > 0 {
		fault = recovered(Failed{"which values it reaches depends on what an index held then: build the view anew"})
	}
	if fault != nil {
		k := fault.parked(t.stream.Key, KeysFailed, r)
		return &k, nil
	}
	for _, one := range named {
		t.histories[one.key] = nil
	}
	return nil, nil
}

func (t *takingUp[V]) stays(ctx context.Context, why ParkedKey) error {
	k := t.stream
	k.Cause, k.Failed, k.Wire = why.Cause, why.Failed, why.Wire
	k.Error, k.Stack, k.Tries = cut(why.Error, errorMost), cut(why.Stack, stackMost), k.Tries+1
	if err := t.p.feeding.take(ctx); err != nil {
		return err
	}
	defer t.p.feeding.leave()
	if err := t.p.reload(ctx, t.p.At().Log); err != nil {
		return err
	}
	if _, err := t.p.parkedKey(ctx, k.Key); err != nil {
		return err
	}
	change := Parked{Parked: []ParkedKey{k}, Done: t.by.did(Retry, k.Key, 0, k.Error)}
	if err := t.p.keep(ctx, Batch[V]{Parked: change, To: t.p.At()}); err != nil {
		return err
	}
	return &StillParkedError{k}
}

// scan adds to the history of each key what the log holds between two positions.
func (t *takingUp[V]) scan(ctx context.Context, after, upTo events.Position) error {
	if len(t.histories) == 0 || after >= upTo {
		return nil
	}
	for page, err := range t.p.log.Between(ctx, after, upTo) {
		if err == nil {
			err = page.stops()
		}
		if err != nil {
			return fmt.Errorf("%s reads the log after %d: %w", t.p.view.Name, after, err)
		}
		for _, r := range page.Facts {
			if err := t.add(r); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *takingUp[V]) add(r events.Recorded) error {
	if !t.p.view.Hears(r.Type()) {
		return nil
	}
	named, seeks, fault := t.p.view.namedBy(r)
	if fault != nil {
		return nil // another parked stream
	}
	var keys []string
	for _, one := range named {
		keys = append(keys, one.key)
	}
	if len(seeks) > 0 { // it may reach any of them
		keys = slices.Collect(maps.Keys(t.histories))
	}
	for _, key := range keys {
		if _, ours := t.histories[key]; !ours {
			continue
		}
		if t.histories[key] = append(t.histories[key], r.Position); len(t.histories[key]) > RememberedMost {
			return tooManyError(t.p.view.Name, fmt.Sprintf("%d facts of %q", RememberedMost+1, key), RememberedMost)
		}
	}
	return nil
}

// keep puts the keys in place of the stream. It is called while the feed waits.
func (t *takingUp[V]) keep(ctx context.Context, facts int) ([]string, error) {
	change := Parked{Released: []string{t.stream.Key}, Remembered: t.histories, Done: t.by.did(Retry, t.stream.Key, facts, "")}
	keys := slices.Sorted(maps.Keys(t.histories))
	for _, key := range keys {
		change.Released = append(change.Released, key)
		change.Parked = append(change.Parked, ParkedKey{Key: key, Cause: FoldedAnew, Failed: t.stream.Failed, Wire: t.stream.Wire,
			Error: "it is to be folded anew, since the stream " + t.stream.Key + " was mended", Since: t.stream.Since})
	}
	err := t.p.eachParked(ctx, func(k ParkedKey) {
		if _, anew := t.histories[k.Key]; !anew && k.Follows == t.stream.Key {
			k.Follows = ""
			keys, change.Parked = append(keys, k.Key), append(change.Parked, k)
		}
	})
	if err != nil {
		return nil, err
	}
	if n := len(t.p.parked) + len(t.histories); n > ParkedMost {
		return nil, tooManyError(t.p.view.Name, fmt.Sprintf("%d keys", n), ParkedMost)
	}
	return keys, t.p.keep(ctx, Batch[V]{Parked: change, To: t.p.At()})
}
