package replay

import (
	"context"

	"tillstream/events"
	"tillstream/projections"
)

// Get implements projections.Reader.
func (s *Switchboard[V]) Get(ctx context.Context, key string) (value V, found bool, err error) {
	g, letGo, err := s.ask(ctx)
	if err != nil {
		return value, false, err
	}
	defer letGo()
	return g.rows.Get(ctx, key)
}

// GetMany implements projections.Reader.
func (s *Switchboard[V]) GetMany(ctx context.Context, keys []string) (map[string]V, error) {
	g, letGo, err := s.ask(ctx)
	if err != nil {
		return nil, err
	}
	defer letGo()
	return g.rows.GetMany(ctx, keys)
}

// List implements projections.Reader.
func (s *Switchboard[V]) List(ctx context.Context, q projections.Query) ([]projections.Row[V], error) {
	g, letGo, err := s.ask(ctx)
	if err != nil {
		return nil, err
	}
	defer letGo()
	return g.rows.List(ctx, q)
}

// Group implements projections.Reader.
func (s *Switchboard[V]) Group(ctx context.Context, by projections.Grouping) ([]projections.Group, error) {
	g, letGo, err := s.ask(ctx)
	if err != nil {
		return nil, err
	}
	defer letGo()
	return g.rows.Group(ctx, by)
}

// At implements projections.Served.
func (s *Switchboard[V]) At() projections.Checkpoint {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.served == nil {
		return projections.Checkpoint{Log: s.ID}
	}
	return s.served.at()
}

// AtOf is where the generation stands that answers ctx.
func (s *Switchboard[V]) AtOf(ctx context.Context) projections.Checkpoint {
	g, letGo, err := s.ask(ctx)
	if err != nil {
		return projections.Checkpoint{Log: s.ID}
	}
	defer letGo()
	return g.at()
}

// Wait implements projections.Served. A frozen generation never moves: who waits for it waits for another to be promoted.
func (s *Switchboard[V]) Wait(ctx context.Context, to events.Position) error {
	for {
		s.mu.Lock()
		g, switched := s.served, s.switched
		s.mu.Unlock()
		if g == nil {
			return s.unprepared()
		}
		if g.projector != nil || g.at().At >= to {
			break
		}
		select {
		case <-switched:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	g, letGo, err := s.ask(ctx)
	if err != nil {
		return err
	}
	defer letGo()
	if g.projector == nil {
		return nil
	}
	return g.projector.Wait(ctx, to)
}

// Watch implements projections.Served. A switch to another generation is told to everyone.
func (s *Switchboard[V]) Watch(key string) *projections.Watch { return s.watches.Watch(key) }

// IsParked tells whether a key of the generation that is served is parked.
func (s *Switchboard[V]) IsParked(key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.served != nil && s.served.projector != nil && s.served.projector.IsParked(key)
}

// ParkedCount counts what is parked in the generation that is served.
func (s *Switchboard[V]) ParkedCount() (keys, streams int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.served == nil || s.served.projector == nil {
		return 0, 0
	}
	return s.served.projector.ParkedCount()
}
