package replay

import (
	"context"

	"tillstream/infra/feed"
	"tillstream/projections"
)

// turn is a lock that is not waited for beyond a context.
type turn chan struct{}

func (t turn) take(ctx context.Context) error {
	select {
	case t <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (t turn) leave() { <-t }

// follower is a generation as the hub feeds it. It can be held where it stands for a moment.
type follower[V any] struct {
	*projections.Projector[V]
	name  string
	moves turn
}

// Name is the generation's: a view may have several that follow.
func (f *follower[V]) Name() string { return f.name }

// Advance implements feed.Follower.
func (f *follower[V]) Advance(ctx context.Context, told projections.Interval) error {
	if err := f.moves.take(ctx); err != nil {
		return err
	}
	defer f.moves.leave()
	return f.Projector.Advance(ctx, told)
}

// follow has a generation follow the log from its checkpoint on.
func (s *Switchboard[V]) follow(ctx context.Context, g *generation[V], add func(feed.Follower)) error {
	if g.projector == nil {
		p, err := projections.NewProjector(ctx, s.declared, g.rows, s.Log, s.ID)
		if err != nil {
			return err
		}
		g.projector = p
	}
	f := &follower[V]{Projector: g.projector, name: g.Table, moves: make(turn, 1)}
	s.mu.Lock()
	g.follower = f
	s.mu.Unlock()
	add(f)
	return nil
}
