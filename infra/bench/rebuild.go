package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"tillstream/projections"
)

// RebuildOptions of Rebuild; the zero value measures as the project states its figures.
type RebuildOptions struct {
	Dir      string   // where store and database lie, in a folder that is removed afterwards; empty: the system's place for temporary files
	Events   int64    // of the made-up shop; 0: 2,000,000
	Views    []string // nil: sales_facts
	Progress func(what string)
}

// Bounds of RebuildOptions, and what is wanted of a rebuild.
const (
	rebuildEvents  = 2_000_000
	eventsMin      = 1000
	eventsMax      = 100_000_000
	rebuiltDefault = "sales_facts"
	wantedEvents   = 50_000 // a second
	wantedOfCopy   = 0.4
	wantedFlat     = 1.15 // peak memory of the last third, by that of the second
)

func (o *RebuildOptions) complete() error {
	if o.Dir == "" {
		o.Dir = os.TempDir()
	}
	if o.Events == 0 {
		o.Events = rebuildEvents
	}
	if len(o.Views) == 0 {
		o.Views = []string{rebuiltDefault}
	}
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	if o.Events < eventsMin || o.Events > eventsMax {
		return fmt.Errorf("a log of %d events: ask for %d to %d", o.Events, eventsMin, eventsMax)
	}
	for _, name := range o.Views {
		if _, known := declared(name); !known {
			return fmt.Errorf("there is no view %q: docs/views.md lists them", name)
		}
	}
	return nil
}

func declared(view string) (projections.Declared, bool) {
	all := projections.Views()
	at := slices.IndexFunc(all, func(d projections.Declared) bool { return d.Name == view })
	if at < 0 {
		return projections.Declared{}, false
	}
	return all[at], true
}

// Rebuild measures building views anew, as till replay apply does it, from the log of a made-up shop: beside reading and
// decoding that log alone, and COPY of the same rows. A view that was not folded to its end has no figures.
func Rebuild(ctx context.Context, o RebuildOptions) (r Rebuilds, err error) {
	if err := o.complete(); err != nil {
		return r, err
	}
	dir, err := os.MkdirTemp(o.Dir, "till-bench-")
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := os.Chmod(dir, 0o711); err != nil { // the private Postgres may run as another user
		return r, err
	}
	if r.Conditions, err = conditionsOf(dir); err != nil {
		return r, err
	}
	r.Workload, r.Conditions.Client = "rebuild", "store, views and the rebuild in one process; the store over gRPC on loopback, Postgres of its own over a socket"
	if r.Log, err = write(ctx, dir, o); err != nil {
		return r, err
	}
	o.Progress("opening store and database")
	h, err := openHouse(ctx, dir, o.Progress)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	for _, view := range o.Views {
		row, err := h.measure(ctx, view, r.Log, o.Progress)
		if err != nil {
			return r, fmt.Errorf("%s: %w", view, err)
		}
		r.Views = append(r.Views, row)
	}
	if len(r.Views) == 1 {
		r.Goals = r.Views[0].goals()
	}
	return r, nil
}

// write makes the log, in a store that is closed afterwards.
func write(ctx context.Context, dir string, o RebuildOptions) (log Filled, err error) {
	s, err := serveStore(dir)
	if err != nil {
		return log, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	store, err := dialAdapter(ctx, s)
	if err != nil {
		return log, err
	}
	defer store.Close()
	if _, err := store.OpenLog(ctx); err != nil {
		return log, err
	}
	every := newEvery(o.Events)
	return fill(ctx, store, o.Events, func(done int64) {
		if every.passed(done) {
			o.Progress(fmt.Sprintf("writing the log of a shop: %d of %d events", done, o.Events))
		}
	})
}
