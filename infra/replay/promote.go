package replay

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tillstream/infra/postgres"
)

// Limits of switching.
const (
	holdWithin = 10 * time.Second // the served generation stands still at most so long
	idleWithin = 55 * time.Second // for requests that still read what is to be dropped
	learnEvery = 200 * time.Millisecond
)

// promote has another generation answer: for everyone who asks from then on, and for nobody who is being answered. The
// name is empty for the last that was built.
func (s *Switchboard[V]) promote(ctx context.Context, name string) (string, error) {
	next, err := s.toPromote(name)
	if err != nil {
		return "", err
	}
	if err := s.changing.take(ctx); err != nil {
		return "", err
	}
	defer s.changing.leave()
	return next.Table, s.switchTo(ctx, next)
}

func (s *Switchboard[V]) toPromote(name string) (*generation[V], error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var next *generation[V]
	for _, g := range s.held {
		if g != s.served && !g.Fresh && (g.Table == name || name == "" && g.State == postgres.Building) {
			next = g
		}
	}
	switch {
	case next == nil && s.served != nil && s.served.Table == name:
		return nil, refuse("generation_served", "%s answers already", name)
	case next == nil && name == "":
		return nil, refuse("generation_unknown", "%s has no generation that was built beside the one that answers: run \"till replay apply %s\"", s.name(), s.name())
	case next == nil:
		return nil, refuse("generation_unknown", "%s has no generation %q that this binary could answer from", s.name(), name)
	case next.follower == nil:
		return nil, refuse("generation_behind", "%s is not built to the end of the log: run \"till replay apply %s\"", next.Table, s.name())
	}
	return next, nil
}

// rollback has the generation answer that did before.
func (s *Switchboard[V]) rollback(ctx context.Context) (string, error) {
	if err := s.changing.take(ctx); err != nil {
		return "", err
	}
	defer s.changing.leave()
	registered, err := s.DB.GenerationsOf(ctx, s.name())
	if err != nil {
		return "", err
	}
	var last postgres.Generation
	for _, g := range registered {
		if !g.Served && g.State == postgres.Live && g.Promoted.After(last.Promoted) {
			last = g
		}
	}
	if last.ID == 0 {
		return "", refuse("generation_unknown", "no generation of %s answered before this one, or it was retired", s.name())
	}
	g := s.find(last.Table)
	if g == nil || !s.follows(g) {
		return "", refuse("generation_behind", "%s answered before; version %d of the fold built it, which this binary has not, so that it was not fed since: deploy the binary that has it",
			last.Table, last.Version)
	}
	return g.Table, s.switchTo(ctx, g)
}

// switchTo lets what answers stand still until next has come as far, and switches the register, the names that follow it,
// and the readers of this process.
func (s *Switchboard[V]) switchTo(ctx context.Context, next *generation[V]) error {
	ctx, cancel := context.WithTimeout(ctx, holdWithin)
	defer cancel()
	s.mu.Lock()
	before := s.served
	s.mu.Unlock()
	if before == next {
		return refuse("generation_served", "%s answers already", next.Table)
	}
	if before != nil {
		letGo, err := s.hold(ctx, before)
		if err != nil {
			return err
		}
		defer letGo()
		if err := next.projector.Wait(ctx, before.at().At); err != nil {
			return refuse("generation_behind", "%s stands at %d, %s which answers at %d: wait until it has caught up", next.Table, next.at().At, before.Table, before.at().At)
		}
	}
	if err := next.projector.Flush(ctx); err != nil {
		return err
	}
	if err := s.register(ctx, next); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	next.State, next.Promoted = postgres.Live, time.Now()
	next.projector.TellOf(&s.watches)
	s.served, s.missing = next, nil
	s.watches.TellAll()
	close(s.switched)
	s.switched = make(chan struct{})
	s.Logger.Info("another generation of a view answers", "view", s.name(), "generation", next.Table, "at", next.at().At)
	return nil
}

// hold has what answers stand still where it is, kept, until letGo; one that is frozen does anyway.
func (s *Switchboard[V]) hold(ctx context.Context, g *generation[V]) (letGo func(), err error) {
	if g.projector == nil {
		return func() {}, nil
	}
	if err := g.follower.moves.take(ctx); err != nil {
		return nil, fmt.Errorf("hold %s where it stands: %w", g.Table, err)
	}
	if err := g.projector.Flush(ctx); err != nil {
		g.follower.moves.leave()
		return nil, err
	}
	return g.follower.moves.leave, nil
}

// register switches the register. When the answer is lost, the register says what came of it.
func (s *Switchboard[V]) register(ctx context.Context, next *generation[V]) error {
	err := s.DB.Promote(ctx, next.ID)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, postgres.ErrBehind):
		return refuse("generation_behind", "%s", err)
	}
	known, cancel := context.WithTimeout(context.WithoutCancel(ctx), holdWithin)
	defer cancel()
	for {
		list, asked := s.DB.GenerationsOf(known, s.name())
		for _, g := range list {
			if asked == nil && g.ID == next.ID && g.Served {
				return nil
			}
		}
		if asked == nil {
			return err
		}
		select {
		case <-time.After(learnEvery):
		case <-known.Done():
			return fmt.Errorf("whether %s answers from the next start on is not known, ask again: %w", next.Table, err)
		}
	}
}

// retire drops a generation that does not answer, once nobody is answered from it any more.
func (s *Switchboard[V]) retire(ctx context.Context, name string) error {
	if err := s.changing.take(ctx); err != nil {
		return err
	}
	defer s.changing.leave()
	registered, err := s.DB.GenerationsOf(ctx, s.name())
	if err != nil {
		return err
	}
	for _, g := range registered {
		switch {
		case g.Table == name && g.Served:
			return refuse("generation_served", "%s answers: promote another first", name)
		case g.Table == name:
			return s.drop(ctx, g)
		}
	}
	return refuse("generation_unknown", "%s has no generation %q", s.name(), name)
}

func (s *Switchboard[V]) drop(ctx context.Context, g postgres.Generation) error {
	if open := s.find(g.Table); open != nil {
		s.mu.Lock()
		built := s.building != nil && s.building.progress.isOf(g.Table)
		s.mu.Unlock()
		if built {
			return refuse("replay_running", "%s is being built: stop that first", g.Table)
		}
		if err := s.unread(ctx, open); err != nil {
			return err
		}
		if open.follower != nil {
			s.Hub.Remove(open.follower)
		}
		s.forget(open)
	}
	return s.DB.Retire(ctx, g.ID)
}

// unread waits until no request reads a generation.
func (s *Switchboard[V]) unread(ctx context.Context, g *generation[V]) error {
	ctx, cancel := context.WithTimeout(ctx, idleWithin)
	defer cancel()
	s.mu.Lock()
	readers := g.readers
	if readers > 0 && g.idle == nil {
		g.idle = make(chan struct{})
	}
	idle := g.idle
	s.mu.Unlock()
	if readers == 0 {
		return nil
	}
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return refuse("generation_read", "%d requests are still answered from %s: retire it later", readers, g.Table)
	}
}
