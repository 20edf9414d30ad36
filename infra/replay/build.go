package replay

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tillstream/events"
	replayv1 "tillstream/gateway/api/replay/v1"
	"tillstream/infra/postgres"
	"tillstream/projections"
)

// Limits of building.
const (
	pageEvents  = 4096 // events folded and kept at once; fewer under a rate limit
	pagesPerSec = 4    // under a rate limit
	tellEvery   = 500 * time.Millisecond
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

// building is a rebuild that runs.
type building struct {
	progress *progress
	stop     context.CancelFunc
	ended    chan struct{}
	err      error // once ended
}

// begin starts building in the background, until ctx ends. There is one at a time.
func (s *Switchboard[V]) begin(ctx context.Context, o options) (*building, error) {
	ctx, stop := context.WithCancel(ctx)
	b := &building{progress: newProgress(s.name()), stop: stop, ended: make(chan struct{})}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.building != nil {
		stop()
		return nil, refuse("replay_running", "%s is being built already: listen with \"till replay status\", or stop that first", s.name())
	}
	s.building = b
	go func() {
		defer stop()
		_, b.err = s.build(ctx, o, b.progress)
		s.mu.Lock()
		s.building = nil
		s.mu.Unlock()
		close(b.ended)
	}()
	return b, nil
}

// apply builds while the caller listens.
func (s *Switchboard[V]) apply(ctx context.Context, o options, tell func(*replayv1.Progress) error) error {
	if o.rate < 0 {
		return refuse("invalid_argument", "a rate of %d: give events per second, or 0 for no limit", o.rate)
	}
	b, err := s.begin(ctx, o)
	if err != nil {
		return err
	}
	return b.listen(tell)
}

// listen tells how far it is until it has ended. When nobody can be told any more, building stops.
func (b *building) listen(tell func(*replayv1.Progress) error) error {
	tick := time.NewTicker(tellEvery)
	defer tick.Stop()
	for {
		select {
		case <-b.ended:
			if b.err != nil {
				return b.err
			}
			return tell(b.progress.message())
		case <-tick.C:
			if err := tell(b.progress.message()); err != nil {
				b.stop()
				<-b.ended
				return err
			}
		}
	}
}

// start builds until it is done, or stopped.
func (s *Switchboard[V]) start(ctx context.Context, o options) error {
	_, err := s.begin(context.WithoutCancel(ctx), o)
	return err
}

func (s *Switchboard[V]) stop(ctx context.Context) error {
	s.mu.Lock()
	b := s.building
	s.mu.Unlock()
	if b == nil {
		return refuse("replay_idle", "%s is not being built", s.name())
	}
	b.stop()
	select {
	case <-b.ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// close stops building, at the end of the process.
func (s *Switchboard[V]) close() {
	s.mu.Lock()
	b := s.building
	s.mu.Unlock()
	if b != nil {
		b.stop()
		<-b.ended
	}
}

// build brings the next generation up to the end of the log and has it follow.
func (s *Switchboard[V]) build(ctx context.Context, o options, p *progress) (*generation[V], error) {
	g, err := s.next(ctx, o, p)
	if err != nil {
		return nil, err
	}
	p.of(g.Table)
	if s.follows(g) {
		p.done(g.at())
		return g, nil
	}
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
	if !o.fresh {
		if err := s.DB.MarkCaughtUp(ctx, g.ID, p.average()); err != nil {
			return nil, err
		}
		s.mu.Lock()
		g.CaughtUp = true
		s.mu.Unlock()
		if err := s.follow(ctx, g, s.Hub.AddLate); err != nil {
			return nil, err
		}
	}
	p.done(g.at())
	return g, nil
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
