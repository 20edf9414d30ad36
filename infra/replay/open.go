package replay

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"tillstream/infra/postgres"
	"tillstream/projections"
)

// Serve adds a view: it is served from the generation that is registered as served, which follows the log if this binary's
// fold built it, and else is frozen; a view that has none gets one. Other generations of this fold that are live, or were
// all but built, follow the log too.
func Serve[V any](ctx context.Context, all *Views, declared projections.View[V]) (*Switchboard[V], error) {
	s := &Switchboard[V]{Parts: all.Parts, declared: declared, changing: make(turn, 1), switched: make(chan struct{})}
	if err := s.openAll(ctx); err != nil {
		return nil, fmt.Errorf("view %s: %w", declared.Name, err)
	}
	all.list = append(all.list, s)
	return s, nil
}

func (s *Switchboard[V]) openAll(ctx context.Context) error {
	_, err := postgres.Serve(ctx, s.DB, s.declared, s.Opener)
	var other *postgres.OtherVersionError
	if err != nil && !errors.As(err, &other) {
		return err
	}
	registered, err := s.DB.GenerationsOf(ctx, s.name())
	if err != nil {
		return err
	}
	for _, g := range registered {
		switch {
		case g.Fresh: // left by a comparison that was killed
			err = s.DB.Retire(ctx, g.ID)
		case g.Served:
			err = s.openServed(ctx, g)
		case (g.State == postgres.Live || g.CaughtUp) && len(s.changes(g)) == 0:
			err = s.openOther(ctx, g)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", g.Table, err)
		}
	}
	return nil
}

func (s *Switchboard[V]) openServed(ctx context.Context, g postgres.Generation) error {
	changes := s.changes(g)
	rows, err := postgres.OpenGeneration[V](ctx, s.DB, g.ID, s.Opener)
	var columns *postgres.ColumnsError
	if errors.As(err, &columns) {
		s.missing = &projections.UnpreparedError{View: s.name(), Declared: s.declared.Version, Why: columns.Error()}
		s.Logger.Warn("a view is not prepared: build its generation and promote it", "view", s.name(), "served", g.Table, "why", columns.Error())
		return nil
	}
	if err != nil {
		return err
	}
	opened := &generation[V]{Generation: g, rows: rows, changes: changes}
	if len(changes) == 0 {
		if err := s.follow(ctx, opened, s.Hub.Add); err != nil {
			return err
		}
		opened.projector.TellOf(&s.watches)
	} else {
		s.Logger.Warn("a view answers from a generation that is not fed any more: build the next and promote it", "view", s.name(), "served", g.Table,
			"at", g.Checkpoint.At, "changes", changes)
	}
	s.served, s.held = opened, append(s.held, opened)
	return nil
}

func (s *Switchboard[V]) openOther(ctx context.Context, g postgres.Generation) error {
	rows, err := postgres.OpenGeneration[V](ctx, s.DB, g.ID, s.Opener)
	if err != nil {
		return err
	}
	opened := &generation[V]{Generation: g, rows: rows}
	s.held = append(s.held, opened)
	return s.follow(ctx, opened, s.Hub.AddLate)
}

// changes lists why this binary's fold cannot go on with a generation.
func (s *Switchboard[V]) changes(g postgres.Generation) (list []string) {
	if g.Version != s.declared.Version {
		list = append(list, fmt.Sprintf("version %d, declared is %d", g.Version, s.declared.Version))
	}
	gone, come := postgres.ColumnsChanged(g, projections.Columns[V]())
	list = append(list, prefixed("column gone: ", gone)...)
	list = append(list, prefixed("column added: ", come)...)
	if g.Rules != nil {
		gone, come = differences(g.Rules, s.declared.Rules())
		list = append(list, prefixed("rule removed: ", gone)...)
		list = append(list, prefixed("rule added: ", come)...)
	}
	return list
}

func prefixed(prefix string, names []string) (list []string) {
	for _, name := range names {
		list = append(list, prefix+name)
	}
	return list
}

// differences lists what only the one has, and what only the other.
func differences(one, other []string) (only, others []string) {
	for _, name := range one {
		if !slices.Contains(other, name) {
			only = append(only, name)
		}
	}
	for _, name := range other {
		if !slices.Contains(one, name) {
			others = append(others, name)
		}
	}
	return only, others
}
