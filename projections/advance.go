package projections

import (
	"context"
	"errors"
	"fmt"
)

// Advance is the only way into a view: live, repeated and replayed events all pass here. Deliveries may come in any
// order and any number of times: what was told before is dropped, what was told out of turn is read from the log. What
// cannot be folded or kept parks its key, and nothing else.
func (p *Projector[V]) Advance(ctx context.Context, told Interval) error {
	if err := p.feeding.take(ctx); err != nil {
		return err
	}
	defer p.feeding.leave()
	if p.doubt {
		if err := p.reload(ctx, p.At().Log); err != nil {
			return err
		}
	}
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
	if err := page.stops(); err != nil {
		return err
	}
	if err := page.inOrder(); err != nil {
		return fmt.Errorf("%s was given a malformed interval: %w", p.view.Name, err)
	}
	if at := p.At().At; page.From != at {
		return fmt.Errorf("%s stands at %d and was given what follows %d", p.view.Name, at, page.From)
	}
	return p.attempt(ctx, page)
}

// attempt applies an interval. When the host refuses what it makes of it, each half is attempted, down to the single fact
// whose keys are parked one by one: the guilty alone, and at the fact that made them so.
func (p *Projector[V]) attempt(ctx context.Context, page Interval) error {
	for refused := map[string]*DataError{}; ; {
		b := &batch[V]{p: p, folding: newFolding(p.view, nil), refused: refused}
		err := b.apply(ctx, page)
		var data *DataError
		if !errors.As(err, &data) {
			return err
		}
		if page.Count() > 1 {
			first, second := page.halves()
			if err := p.attempt(ctx, first); err != nil {
				return err
			}
			return p.attempt(ctx, second)
		}
		key := data.Key
		if folded, opened := b.folding.origin[key]; opened {
			key = folded
		}
		if refused[key] != nil {
			return err // it was not even sent again: the host is wrong
		}
		refused[key] = data
	}
}

// unsavedMax is how many events that change nothing a checkpoint may lag behind: a restart reads them again.
const unsavedMax = 4096
