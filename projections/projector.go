package projections

import (
	"context"
	"fmt"
	"sync"
	"time"

	"tillstream/events"
)

// Documents is what a host offers to hold one generation of a view. A batch is loaded at once and saved at once.
type Documents[V any] interface {
	// Load answers what is known of the keys, tombstones included; a key never seen is absent.
	Load(ctx context.Context, keys []string) (map[string]Doc[V], error)
	// Save keeps changed documents and the checkpoint together. It fails with ErrFenced when the checkpoint kept is not
	// from: another projector feeds the generation.
	Save(ctx context.Context, changed map[string]Doc[V], from, to Checkpoint) error
	// Checkpoint answers what Save kept last; the zero Checkpoint for a new generation.
	Checkpoint(ctx context.Context) (Checkpoint, error)
}

// ErrFenced says another projector moved the checkpoint of the same generation.
var ErrFenced = fmt.Errorf("another projector feeds this generation")

// Projector feeds one generation of one view and knows what its queries can see. Advance is called by one goroutine;
// everything else may be called by any.
type Projector[V any] struct {
	view View[V]
	docs Documents[V]
	log  Log

	saved Checkpoint // what docs keeps; behind at by events that changed nothing

	mu    sync.Mutex
	at    Checkpoint
	moved chan struct{} // closed and replaced whenever at moves
	heard time.Time     // when at last moved
}

// NewProjector takes up a generation where its checkpoint stands. It fails with ErrForeignLog when that is of another
// log.
func NewProjector[V any](ctx context.Context, view View[V], docs Documents[V], log Log, id events.LogID) (*Projector[V], error) {
	p := &Projector[V]{view: view, docs: docs, log: log, moved: make(chan struct{})}
	if err := p.Reload(ctx, id); err != nil {
		return nil, err
	}
	return p, nil
}

// Reload takes the checkpoint from the host again: after ErrFenced, after a lost answer, and now and then, since a host
// that crashed may have lost what it kept last. A view whose host kept what it should stays where it stands; any other
// goes back to where its rows are. It is called by the goroutine that calls Advance.
func (p *Projector[V]) Reload(ctx context.Context, id events.LogID) error {
	kept, err := p.docs.Checkpoint(ctx)
	if err != nil {
		return fmt.Errorf("checkpoint of %s: %w", p.view.Name, err)
	}
	at := kept
	if at == (Checkpoint{}) {
		at.Log = id
	}
	if at.Log != id {
		return fmt.Errorf("%s stands at %d of log %s, this is log %s: %w", p.view.Name, at.At, at.Log, id, ErrForeignLog)
	}
	if kept == p.saved && p.At().Log == id {
		return nil
	}
	p.saved = kept
	p.move(at)
	return nil
}

// Name is the view's.
func (p *Projector[V]) Name() string { return p.view.Name }

// Version is the view's declared version.
func (p *Projector[V]) Version() int { return p.view.Version }

// At is where the view stands: what its queries can see.
func (p *Projector[V]) At() Checkpoint {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.at
}

// Heard is when the view last moved.
func (p *Projector[V]) Heard() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.heard
}

// Wait returns nil once queries of the view can see position to. It is woken, never polls, and ends with the context.
func (p *Projector[V]) Wait(ctx context.Context, to events.Position) error {
	for {
		p.mu.Lock()
		at, moved := p.at.At, p.moved
		p.mu.Unlock()
		if at >= to {
			return nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (p *Projector[V]) move(to Checkpoint) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at, p.heard = to, time.Now()
	close(p.moved)
	p.moved = make(chan struct{})
}

// Advance is the only way into a view: live, repeated and replayed events all pass here. Deliveries may come in any
// order and any number of times: what was told before is dropped, what was told out of turn is read from the log.
func (p *Projector[V]) Advance(ctx context.Context, told Interval) error {
	at := p.At()
	switch {
	case told.Log != at.Log:
		return fmt.Errorf("%s follows log %s, it was told of log %s: %w", p.view.Name, at.Log, told.Log, ErrForeignLog)
	case told.To <= at.At:
		return nil
	case told.From <= at.At:
		return p.apply(ctx, told.Beyond(at.At))
	}
	for page, err := range p.log.Between(ctx, at.At, told.To) {
		if err != nil {
			return fmt.Errorf("%s reads the log after %d: %w", p.view.Name, p.At().At, err)
		}
		if page.To <= p.At().At {
			continue
		}
		if err := p.apply(ctx, page.Beyond(p.At().At)); err != nil {
			return err
		}
	}
	if at := p.At(); at.At < told.To {
		return fmt.Errorf("%s was told of position %d, the log of %s ends its answer at %d", p.view.Name, told.To, at.Log, at.At)
	}
	return nil
}

func (p *Projector[V]) apply(ctx context.Context, page Interval) error {
	if err := page.stops(p.view.Hears); err != nil {
		return err
	}
	if err := page.inOrder(); err != nil {
		return fmt.Errorf("%s was given a malformed interval: %w", p.view.Name, err)
	}
	from := p.At()
	if page.From != from.At {
		return fmt.Errorf("%s stands at %d and was given what follows %d", p.view.Name, from.At, page.From)
	}
	to := Checkpoint{from.Log, page.To, from.Count + page.Count()}
	batch := page.Facts[:0:0]
	for _, r := range page.Facts {
		if p.view.Hears(r.Type()) {
			batch = append(batch, r)
		}
	}
	changed := map[string]Doc[V]{}
	if keys := p.view.Touched(batch); len(keys) > 0 {
		docs, err := p.docs.Load(ctx, keys)
		if err != nil {
			return fmt.Errorf("%s loads %d keys: %w", p.view.Name, len(keys), err)
		}
		changed = p.view.Fold(docs, batch)
	}
	if len(changed) > 0 || to.Count-p.saved.Count >= unsavedMax {
		if err := p.save(ctx, changed, to); err != nil {
			return err
		}
	}
	p.move(to)
	return nil
}

// unsavedMax is how many events that change nothing a checkpoint may lag behind: a restart reads them again.
const unsavedMax = 4096

func (p *Projector[V]) save(ctx context.Context, changed map[string]Doc[V], to Checkpoint) error {
	if err := p.docs.Save(ctx, changed, p.saved, to); err != nil {
		return fmt.Errorf("%s saves %d keys at %d: %w", p.view.Name, len(changed), to.At, err)
	}
	p.saved = to
	return nil
}

// Flush keeps the checkpoint where the view stands. It is called by the goroutine that calls Advance, at the end.
func (p *Projector[V]) Flush(ctx context.Context) error {
	if at := p.At(); at != p.saved {
		return p.save(ctx, nil, at)
	}
	return nil
}
