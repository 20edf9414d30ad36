// Package replay keeps the generations of every view: it feeds them, answers from one, builds the next beside it, compares
// and switches.
package replay

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"slices"

	"tillstream/events"
	"tillstream/gateway"
	replayv1 "tillstream/gateway/api/replay/v1"
	"tillstream/infra/feed"
	"tillstream/infra/postgres"
	"tillstream/projections"
)

// Log is the event store as a rebuild reads it.
type Log interface {
	projections.Log
	// Head is the position of the newest event.
	Head(ctx context.Context) (events.Position, error)
	// Scan is Between for who reads a long way: in pages of at most so many events, decoded where heard says so. The others
	// are facts of which only the type is known.
	Scan(ctx context.Context, after, upTo events.Position, pageEvents int, heard func(wire string) bool) iter.Seq2[projections.Interval, error]
}

// Parts is what views stand on.
type Parts struct {
	DB     *postgres.DB
	Log    Log
	ID     events.LogID
	Hub    *feed.Hub
	Opener postgres.Opener
	Logger *slog.Logger
	Disk   string // directory of the database, where it is on this machine; empty: it is not
}

// Views are all views of a process. Switchboards are added before it is used.
type Views struct {
	Parts
	list []view
}

var _ gateway.Replays = (*Views)(nil)

// view is a Switchboard, whatever its values are.
type view interface {
	name() string
	status(ctx context.Context) ([]*replayv1.Generation, error)
	standing() Standing
	fed(generation string) (gateway.ParkedView, bool)
	plan(ctx context.Context) (*replayv1.ReplayPlan, error)
	apply(ctx context.Context, o options, tell func(*replayv1.Progress) error) error
	start(ctx context.Context, o options) error
	stop(ctx context.Context) error
	verify(ctx context.Context, in *replayv1.VerifyRequest, tell func(*replayv1.Progress) error) (*replayv1.Verdict, error)
	promote(ctx context.Context, generation string) (string, error)
	rollback(ctx context.Context) (string, error)
	retire(ctx context.Context, generation string) error
	close()
}

// Close stops what is being built.
func (all *Views) Close() error {
	for _, v := range all.list {
		v.close()
	}
	return nil
}

// refuse says that what an operator asked for cannot be done.
func refuse(reason, format string, args ...any) error {
	return &gateway.ReplayError{Reason: reason, Message: fmt.Sprintf(format, args...)}
}

func (all *Views) view(name string) (view, error) {
	at := slices.IndexFunc(all.list, func(v view) bool { return v.name() == name })
	if at < 0 {
		return nil, refuse("view_unknown", "there is no view %q: look at /v1/views", name)
	}
	return all.list[at], nil
}

// Standings lists where every view stands, in the order of their names.
func (all *Views) Standings() []Standing {
	list := make([]Standing, len(all.list))
	for i, v := range all.list {
		list[i] = v.standing()
	}
	slices.SortFunc(list, func(a, b Standing) int { return compareText(a.View, b.View) })
	return list
}

// Parked answers a generation of a view that is fed here; an empty one is that which is served.
func (all *Views) Parked(name, generation string) (gateway.ParkedView, bool) {
	v, err := all.view(name)
	if err != nil {
		return nil, false
	}
	return v.fed(generation)
}

// Generations implements gateway.Replays.
func (all *Views) Generations(ctx context.Context, name string) (list []*replayv1.Generation, err error) {
	if name != "" {
		v, err := all.view(name)
		if err != nil {
			return nil, err
		}
		return v.status(ctx)
	}
	for _, v := range all.list {
		some, err := v.status(ctx)
		if err != nil {
			return nil, err
		}
		list = append(list, some...)
	}
	slices.SortStableFunc(list, func(a, b *replayv1.Generation) int { return compareText(a.View, b.View) })
	return list, nil
}

// Plan implements gateway.Replays.
func (all *Views) Plan(ctx context.Context, name string) (*replayv1.ReplayPlan, error) {
	v, err := all.view(name)
	if err != nil {
		return nil, err
	}
	return v.plan(ctx)
}

// Apply implements gateway.Replays.
func (all *Views) Apply(ctx context.Context, in *replayv1.ApplyRequest, tell func(*replayv1.Progress) error) error {
	v, err := all.view(in.View)
	if err != nil {
		return err
	}
	return v.apply(ctx, options{rate: in.Rate, anew: in.Anew}, tell)
}

// Start implements gateway.Replays.
func (all *Views) Start(ctx context.Context, in *replayv1.ApplyRequest) error {
	v, err := all.view(in.View)
	if err != nil {
		return err
	}
	return v.start(ctx, options{rate: in.Rate, anew: in.Anew})
}

// Stop implements gateway.Replays.
func (all *Views) Stop(ctx context.Context, name string) error {
	v, err := all.view(name)
	if err != nil {
		return err
	}
	return v.stop(ctx)
}

// Verify implements gateway.Replays.
func (all *Views) Verify(ctx context.Context, in *replayv1.VerifyRequest, tell func(*replayv1.Progress) error) (*replayv1.Verdict, error) {
	v, err := all.view(in.View)
	if err != nil {
		return nil, err
	}
	return v.verify(ctx, in, tell)
}

// Promote implements gateway.Replays.
func (all *Views) Promote(ctx context.Context, name, generation string) (*replayv1.Generation, error) {
	return all.changed(ctx, name, func(v view) (string, error) { return v.promote(ctx, generation) })
}

// Rollback implements gateway.Replays.
func (all *Views) Rollback(ctx context.Context, name string) (*replayv1.Generation, error) {
	return all.changed(ctx, name, func(v view) (string, error) { return v.rollback(ctx) })
}

func (all *Views) changed(ctx context.Context, name string, change func(view) (string, error)) (*replayv1.Generation, error) {
	v, err := all.view(name)
	if err != nil {
		return nil, err
	}
	changed, err := change(v)
	if err != nil {
		return nil, err
	}
	list, err := v.status(ctx)
	for _, g := range list {
		if g.Name == changed {
			return g, nil
		}
	}
	return nil, err
}

// Retire implements gateway.Replays.
func (all *Views) Retire(ctx context.Context, name, generation string) error {
	v, err := all.view(name)
	if err != nil {
		return err
	}
	return v.retire(ctx, generation)
}
