package projections

import (
	"context"
	"fmt"
	"sync"
	"time"

	"tillstream/events"
)

// ErrFenced says another projector moved the checkpoint of the same generation.
var ErrFenced = fmt.Errorf("another projector feeds this generation")

// Projector feeds one generation of one view, knows what its queries can see, and which of its keys are parked. All of it
// may be called by any goroutine; Advance, Reload and Flush take turns.
type Projector[V any] struct {
	view View[V]
	docs Documents[V]
	log  Log

	mending turn       // one operator at a time
	feeding turn       // held by whoever changes what the host keeps, and what stands from here to mu
	saved   Checkpoint // what docs keeps; behind at by events that changed nothing
	epoch   int        // counts how often the host had another state than was thought
	doubt   bool       // whether what an operator did was kept is unknown: the host is to be asked

	mu      sync.Mutex
	at      Checkpoint
	parked  map[string]waiting // changed by whoever holds feeding as well
	streams int                // of parked
	moved   chan struct{}      // closed and replaced whenever at moves
	heard   time.Time          // when at last moved
	watches *Watches
}

// turn is a lock that is not waited for beyond a context.
type turn chan struct{}

func (t turn) take(ctx context.Context) error {
	select {
	case t <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t turn) leave() { <-t }

// NewProjector takes up a generation where its checkpoint stands. It fails with ErrForeignLog when that is of another
// log.
func NewProjector[V any](ctx context.Context, view View[V], docs Documents[V], log Log, id events.LogID) (*Projector[V], error) {
	p := &Projector[V]{view: view, docs: docs, log: log, mending: make(turn, 1), feeding: make(turn, 1), moved: make(chan struct{}), watches: &Watches{}}
	if err := p.Reload(ctx, id); err != nil {
		return nil, err
	}
	return p, nil
}

// Reload takes the checkpoint from the host again: after ErrFenced, after a lost answer, and now and then, since a host
// that crashed may have lost what it kept last. A view whose host kept what it should stays where it stands; any other
// goes back to where its rows are.
func (p *Projector[V]) Reload(ctx context.Context, id events.LogID) error {
	if err := p.feeding.take(ctx); err != nil {
		return err
	}
	defer p.feeding.leave()
	return p.reload(ctx, id)
}

func (p *Projector[V]) reload(ctx context.Context, id events.LogID) error {
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
	if kept == p.saved && p.At().Log == id && !p.doubt {
		return nil
	}
	parked, err := p.loadParked(ctx)
	if err != nil {
		return fmt.Errorf("parked keys of %s: %w", p.view.Name, err)
	}
	p.saved, p.doubt = kept, false
	p.epoch++
	p.mu.Lock()
	p.parked, p.streams = parked, streamsAmong(parked)
	p.mu.Unlock()
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

// Watch begins to watch a key.
func (p *Projector[V]) Watch(key string) *Watch { return p.watching().Watch(key) }

// TellOf has the watchers in w, and no others, be told of what is folded from now on.
func (p *Projector[V]) TellOf(w *Watches) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.watches = w
}

func (p *Projector[V]) watching() *Watches {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.watches
}

func (p *Projector[V]) move(to Checkpoint) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at, p.heard = to, time.Now()
	close(p.moved)
	p.moved = make(chan struct{})
}

// Flush keeps the checkpoint where the view stands: at the end.
func (p *Projector[V]) Flush(ctx context.Context) error {
	if err := p.feeding.take(ctx); err != nil {
		return err
	}
	defer p.feeding.leave()
	if at := p.At(); at != p.saved {
		return p.keep(ctx, Batch[V]{To: at})
	}
	return nil
}

// keep keeps a batch after what was kept last. It is called by whoever holds feeding.
func (p *Projector[V]) keep(ctx context.Context, b Batch[V]) error {
	b.From = p.saved
	if err := p.docs.Keep(ctx, b); err != nil {
		p.doubt = p.doubt || b.Parked.Done != nil
		return fmt.Errorf("%s keeps %d values at %d: %w", p.view.Name, len(b.Changed), b.To.At, err)
	}
	p.saved = b.To
	p.settle(b.Parked)
	if b.Parked.Done != nil { // nothing moves: what an operator mended is seen at once
		touched(p.watching(), nil, b.Changed)
	}
	return nil
}
