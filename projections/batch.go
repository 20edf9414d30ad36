package projections

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"tillstream/events"
)

// batch is an interval on its way into a view: what it changes, and what it parks.
type batch[V any] struct {
	p       *Projector[V]
	refused map[string]*DataError // what the host said of keys when this was tried before
	steps   []step[V]
	folding *folding[V]
	parking parking
}

// step is one fact of a batch with what it touches.
type step[V any] struct {
	fact    *events.Recorded
	touches []touch[V]
	seeks   []Entry
	behind  string // the key of the parked stream that the fact belongs to
}

func (b *batch[V]) apply(ctx context.Context, page Interval) error {
	b.parking = newParking(b.p.view.Name, b.p.parked)
	from := b.p.At()
	to := Checkpoint{from.Log, page.To, from.Count + page.Count()}
	b.read(page)
	if err := b.load(ctx); err != nil {
		return err
	}
	for _, s := range b.steps {
		b.fold(s)
	}
	if b.parking.err != nil {
		return b.parking.err
	}
	if len(b.folding.changed) > 0 || !b.parking.change.Empty() || to.Count-b.p.saved.Count >= unsavedMax {
		kept := Batch[V]{b.folding.changed, b.folding.docs, b.folding.moves(b.folding.docs), b.parking.change, Checkpoint{}, to}
		if err := b.p.keep(ctx, kept); err != nil {
			return err
		}
	}
	b.p.move(to)
	touched(b.p.watching(), b.steps, b.folding.changed)
	return nil
}

// read finds out what the facts touch. Where that cannot be told, the stream is parked.
func (b *batch[V]) read(page Interval) {
	broken := page.Broken
	b.steps = make([]step[V], 0, len(page.Facts))
	for i := range page.Facts {
		r := &page.Facts[i]
		for len(broken) > 0 && broken[0].Position < r.Position {
			b.unreadable(broken[0])
			broken = broken[1:]
		}
		if b.p.view.Hears(r.Type()) {
			b.route(r)
		}
	}
	for _, one := range broken {
		b.unreadable(one)
	}
}

func (b *batch[V]) unreadable(e Broken) {
	if b.p.view.Hears(e.Wire) {
		b.parking.put(ParkedKey{Key: StreamKey(e.Stream), Cause: Unreadable, Failed: e.Position, Wire: e.Wire, Error: e.Err.Error()})
	}
}

func (b *batch[V]) route(r *events.Recorded) {
	touches, seeks, failed := b.p.view.namedBy(*r)
	if failed != nil {
		b.parking.put(failed.parked(StreamKey(r.Stream), KeysFailed, *r))
		return
	}
	s := step[V]{fact: r, touches: touches, seeks: seeks}
	if b.parking.count > 0 {
		if stream := StreamKey(r.Stream); b.parking.has(stream) {
			s.behind = stream
		}
	}
	b.steps = append(b.steps, s)
}

// load loads what the facts touch at once; parked keys are not needed.
func (b *batch[V]) load(ctx context.Context) (err error) {
	keys, seeks := map[string]struct{}{}, map[Entry]struct{}{}
	for _, s := range b.steps {
		for _, t := range s.touches {
			keys[t.key] = struct{}{}
		}
		for _, e := range s.seeks {
			seeks[e] = struct{}{}
		}
	}
	if len(seeks) > 0 {
		if b.folding.found, err = b.p.docs.Indexed(ctx, slices.Collect(maps.Keys(seeks))); err != nil {
			return fmt.Errorf("%s looks into its indexes: %w", b.p.view.Name, err)
		}
		for _, found := range b.folding.found {
			for _, key := range found {
				keys[key] = struct{}{}
			}
		}
	}
	for key := range keys {
		if b.parking.has(key) {
			delete(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	if b.folding.docs, err = b.p.docs.Load(ctx, slices.Collect(maps.Keys(keys))); err != nil {
		return fmt.Errorf("%s loads %d keys: %w", b.p.view.Name, len(keys), err)
	}
	return nil
}

// fold folds one fact into what it touches, or has it remembered.
func (b *batch[V]) fold(s step[V]) {
	if len(s.seeks) > 0 {
		b.parking.everyKeyRemembers(s.fact.Position)
	}
	for _, t := range b.folding.indexed(*s.fact, s.touches) {
		switch {
		case b.parking.has(t.key):
			b.parking.remember(t.key, s.fact.Position)
		case s.behind != "":
			b.parking.put(ParkedKey{Key: t.key, Cause: Behind, Follows: s.behind, Failed: s.fact.Position, Wire: s.fact.Type(),
				Error: "the fact belongs to the parked stream " + s.behind})
		case b.refused[t.key] != nil:
			b.parking.put(ParkedKey{Key: t.key, Cause: SaveFailed, Failed: s.fact.Position, Wire: s.fact.Type(), Error: b.refused[t.key].Error()})
		default:
			if failed := b.folding.into(t, *s.fact); failed != nil {
				b.parking.put(failed.parked(t.key, FoldFailed, *s.fact))
			}
		}
	}
}

func (f *fault) parked(key string, cause Cause, r events.Recorded) ParkedKey {
	return ParkedKey{Key: key, Cause: cause, Failed: r.Position, Wire: r.Type(), Error: f.Error(), Stack: f.stack}
}
