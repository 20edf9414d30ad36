package replay

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tillstream/events"
	"tillstream/infra/postgres"
	"tillstream/projections"
)

// Limits of building.
const (
	pageEvents  = 4096                   // events folded and kept at once; fewer under a rate limit
	pagesPerSec = 4                      // under a rate limit
	retryFirst  = 100 * time.Millisecond // doubling to retryAtMost while a generation cannot go on
	retryAtMost = 5 * time.Second
	flushWithin = 5 * time.Second
	fencedMost  = 5 // times in a row that another is found to feed the generation
	passesMost  = 100
)

// options of a rebuild.
type options struct {
	rate  int64 // events per second at most; 0: no limit
	anew  bool  // whatever was begun
	fresh bool  // to be compared with, not followed
}

// build brings the next generation up to the end of the log and has it follow.
func (s *Switchboard[V]) build(ctx context.Context, o options, p *progress) (*generation[V], error) {
	g, err := s.next(ctx, o, p)
	if err != nil {
		return nil, err
	}
	p.of(g.Table)
	if s.follows(g) {
		return g, nil
	}
	p.reads(g.at())
	defer func() {
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushWithin)
		defer cancel()
		if err := g.projector.Flush(last); err != nil {
			s.Logger.Warn("a checkpoint was not kept; the events since are read again", "generation", g.Table, "err", err)
		}
	}()
	if err := s.catchUp(ctx, g, o, p); err != nil {
		return nil, err
	}
	if o.fresh {
		return g, nil
	}
	return g, s.finish(ctx, g, p)
}

// finish makes of a generation that has the log one that can answer, and has it follow. What is recorded while its indexes
// are made, the feed brings.
func (s *Switchboard[V]) finish(ctx context.Context, g *generation[V], p *progress) error {
	p.phase(phaseIndexing, 0)
	err := g.rows.Index(ctx, func(index string) (made func()) {
		p.moves()
		return p.waits("Postgres, which makes " + index)
	})
	if err != nil {
		return err
	}
	if err := s.DB.MarkCaughtUp(ctx, g.ID, p.average()); err != nil {
		return err
	}
	s.mu.Lock()
	g.CaughtUp = true
	s.mu.Unlock()
	return s.follow(ctx, g, s.Hub.AddLate)
}

func (s *Switchboard[V]) follows(g *generation[V]) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return g.follower != nil
}

// next answers the generation to build: one that was begun, if its rules are those of this binary, else a new one.
func (s *Switchboard[V]) next(ctx context.Context, o options, p *progress) (*generation[V], error) {
	rows, err := s.begun(ctx, o)
	if err != nil {
		return nil, err
	}
	if g := s.find(rows.Generation().Table); g != nil {
		if g.watched != nil {
			g.watched.progress.Store(p)
			return g, g.projector.Reload(ctx, s.ID)
		}
		return g, nil
	}
	g := &generation[V]{Generation: rows.Generation(), rows: rows, watched: &watched[V]{Documents: rows}}
	g.watched.progress.Store(p)
	if g.projector, err = projections.NewProjector(ctx, s.declared, g.watched, s.Log, s.ID); err != nil {
		return nil, err
	}
	s.add(g)
	return g, nil
}

func (s *Switchboard[V]) begun(ctx context.Context, o options) (*postgres.Rows[V], error) {
	if o.anew || o.fresh {
		return postgres.BuildAnew(ctx, s.DB, s.declared, s.Opener, o.fresh)
	}
	return postgres.Build(ctx, s.DB, s.declared, s.Opener)
}

// catchUp folds the log into a generation until what is left is so little that the feed can bring it.
func (s *Switchboard[V]) catchUp(ctx context.Context, g *generation[V], o options, p *progress) error {
	pace := newPace(o.rate)
	for range passesMost {
		from := g.at().Count
		head, err := s.head(ctx, p)
		if err != nil {
			return err
		}
		if g.at().At >= head {
			return nil
		}
		if err := s.foldTo(ctx, g, head, pace, p); err != nil {
			return err
		}
		if g.at().Count-from <= pageEvents {
			return nil
		}
	}
	return fmt.Errorf("%s does not catch up: the log grows as fast as it is folded", g.Table)
}

func (s *Switchboard[V]) head(ctx context.Context, p *progress) (events.Position, error) {
	defer p.waits("the event store, for the end of the log")()
	head, err := s.Log.Head(ctx)
	if err != nil {
		return 0, fmt.Errorf("look for the end of the log: %w", err)
	}
	p.towards(head, s.Hub.Head().Count)
	return head, nil
}

// foldTo folds the log up to a position, trying again for ever what may pass.
func (s *Switchboard[V]) foldTo(ctx context.Context, g *generation[V], upTo events.Position, pace *pace, p *progress) error {
	fenced := 0
	for pause := retryFirst; ; pause = min(2*pause, retryAtMost) {
		before := g.at().At
		err := s.fold(ctx, g, upTo, pace, p)
		if err == nil || ctx.Err() != nil || forGood(err) {
			return err
		}
		if g.at().At > before {
			pause, fenced = retryFirst, 0
		}
		if errors.Is(err, projections.ErrFenced) {
			if fenced++; fenced > fencedMost {
				return fmt.Errorf("%s is built by another process: %w", g.Table, err)
			}
		}
		s.Logger.Warn("a generation that is built cannot go on", "generation", g.Table, "at", g.at().At, "err", err)
		p.failed(err)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := g.projector.Reload(ctx, s.ID); err != nil {
			p.failed(err)
		}
	}
}

// forGood tells errors that trying again does not mend.
func forGood(err error) bool {
	return errors.Is(err, events.ErrUnknownType) || errors.Is(err, projections.ErrForeignLog)
}

func (s *Switchboard[V]) fold(ctx context.Context, g *generation[V], upTo events.Position, pace *pace, p *progress) error {
	after := g.at().At
	arrived := p.waits(fmt.Sprintf("the event store, for what follows %d", after))
	for page, err := range s.Log.Scan(ctx, after, upTo, pace.page(), s.declared.Hears) {
		arrived()
		if err != nil {
			return err
		}
		if err := pace.wait(ctx, page.Count(), p); err != nil {
			return err
		}
		if err := g.projector.Advance(ctx, page); err != nil {
			return err
		}
		p.moved(g.at())
		arrived = p.waits(fmt.Sprintf("the event store, for what follows %d", page.To))
	}
	arrived()
	if at := g.at().At; at < upTo {
		return fmt.Errorf("the log ends at %d, it was to reach %d", at, upTo)
	}
	return nil
}
