// Package bench measures named workloads beside the limits they cannot pass, in the same run.
package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Options of Append; the zero value measures as the project states its figures.
type Options struct {
	Dir      string            // where the stores lie, in a folder that is removed afterwards; empty: the system's place for temporary files
	Duration time.Duration     // measured, for each row, in turns; 0: 3 s
	WarmUp   time.Duration     // before each turn, not measured; 0: 500 ms
	Writers  []int             // nil: 1, 8, 64
	Payload  int               // bytes of an event's data; 0: 256
	Progress func(what string) // told at each turn
}

// Bounds of Options.
const (
	payloadMin = 64 // room for what tells one event from another
	payloadMax = 512 << 10
	writersMax = 1024
	turns      = 3
	settle     = 10 * time.Second // for the calls in flight when a turn is over
)

func (o *Options) complete() error {
	if o.Dir == "" {
		o.Dir = os.TempDir()
	}
	if o.Duration == 0 {
		o.Duration = 3 * time.Second
	}
	if o.WarmUp == 0 {
		o.WarmUp = 500 * time.Millisecond
	}
	if o.Writers == nil {
		o.Writers = []int{1, 8, 64}
	}
	if o.Payload == 0 {
		o.Payload = 256
	}
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	for _, w := range o.Writers {
		if w < 1 || w > writersMax {
			return fmt.Errorf("%d writers: ask for 1 to %d", w, writersMax)
		}
	}
	if o.Payload < payloadMin || o.Payload > payloadMax {
		return fmt.Errorf("a payload of %d bytes: ask for %d to %d", o.Payload, payloadMin, payloadMax)
	}
	return nil
}

// The subjects of the append workload, as rows name them.
const (
	SingleStore = "AppendToStream"
	SingleNoop  = "AppendToStream, no-op server"
	BatchStore  = "batch append"
	BatchNoop   = "batch append, no-op server"
	RawPebble   = "raw Pebble, same grouping"
	RawFile     = "write + fdatasync"
)

// subject is something that appends. append returns when the event is stored, as far as the subject stores; each
// writer calls it for its events 0, 1, 2, … in order. verify makes sure that exactly counts[w] events of each writer w
// are there, unchanged and in order.
type subject interface {
	append(ctx context.Context, e event) error
	verify(ctx context.Context, counts []uint64) error
	close() error
}

// Append measures appends to an event store of its own: by the official client and by the platform's adapter, each
// beside a server that stores nothing, raw Pebble, and plain writes. What is stored is read back after each row; a row
// that lost or doubled anything has no figures.
func Append(ctx context.Context, o Options) (table Table, err error) {
	if err := o.complete(); err != nil {
		return table, err
	}
	dir, err := os.MkdirTemp(o.Dir, "till-bench-")
	if err != nil {
		return table, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if table.Conditions, err = conditionsOf(dir); err != nil {
		return table, err
	}
	table.describe(o)

	for i, writers := range o.Writers {
		place := filepath.Join(dir, fmt.Sprint(i))
		if err := os.Mkdir(place, 0o700); err != nil {
			return table, err
		}
		rows, err := appendRows(ctx, place, writers, o)
		if err = errors.Join(err, os.RemoveAll(place)); err != nil {
			return table, fmt.Errorf("%d writers: %w", writers, err)
		}
		table.Rows = append(table.Rows, rows...)
	}
	table.reach(SingleStore, SingleNoop, 0.6)
	table.reach(BatchStore, RawPebble, 0.5)
	return table, nil
}

var appendSubjects = []struct {
	name string
	open func(ctx context.Context, dir string) (subject, error)
}{
	{SingleStore, openSingleStore}, {SingleNoop, openSingleNoop}, {BatchStore, openBatchStore},
	{BatchNoop, openBatchNoop}, {RawPebble, openRawPebble}, {RawFile, openRawFile},
}

// appendRows measures every subject with a number of writers, in turns: what else the machine does then falls on all.
func appendRows(ctx context.Context, dir string, writers int, o Options) (rows []Row, err error) {
	var runs []*run
	defer func() {
		for _, r := range runs {
			err = errors.Join(err, r.subject.close())
		}
	}()
	for i, s := range appendSubjects {
		place := filepath.Join(dir, fmt.Sprint(i))
		if err := os.Mkdir(place, 0o700); err != nil {
			return nil, err
		}
		opened, err := s.open(ctx, place)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
		runs = append(runs, newRun(s.name, opened, writers, o.Payload))
	}
	for turn := range turns {
		for _, r := range runs {
			o.Progress(fmt.Sprintf("%s, %d writers, turn %d of %d", r.name, writers, turn+1, turns))
			if err := r.turn(ctx, o.WarmUp, o.Duration/turns); err != nil {
				return nil, fmt.Errorf("%s: %w", r.name, err)
			}
		}
	}
	for _, r := range runs {
		row, err := r.row(ctx)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.name, err)
		}
		rows = append(rows, row)
	}
	return rows, nil
}
