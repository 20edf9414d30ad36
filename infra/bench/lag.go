package bench

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"tillstream/infra/targets"
)

// LagOptions of Lag; the zero value measures as the project states its figures.
type LagOptions struct {
	Dir      string        // where the platform's data lies, in a folder that is removed afterwards; empty: the system's place for temporary files
	Rate     int           // commands a second, of an event each; 0: 500
	For      time.Duration // measured, in turns; 0: 30 s
	WarmUp   time.Duration // before each turn, not measured; 0: 3 s
	Progress func(what string)
}

// Bounds of LagOptions, and what is wanted.
const (
	lagRate     = 500
	rateMost    = 20_000
	lagFor      = 30 * time.Second
	lagWarmUp   = 3 * time.Second
	readyWithin = 2 * time.Minute // until the platform answers
	wantedLag   = 20              // milliseconds, of 99 in 100
	wantedRate  = 0.99            // of the rate that was asked for
)

func (o *LagOptions) complete() error {
	if o.Dir == "" {
		o.Dir = os.TempDir()
	}
	if o.Rate == 0 {
		o.Rate = lagRate
	}
	if o.For == 0 {
		o.For = lagFor
	}
	if o.WarmUp == 0 {
		o.WarmUp = lagWarmUp
	}
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	if o.Rate < 1 || o.Rate > rateMost {
		return fmt.Errorf("a rate of %d commands a second: ask for 1 to %d", o.Rate, rateMost)
	}
	return nil
}

// Lag measures how long it takes from the acknowledgement of a command until a query that carries its token shows what it
// recorded, on a whole platform of its own, at a steady rate: beside how long a bare subscription takes to hear of an
// append. A run in which a query did not show what it should has no figures.
func Lag(ctx context.Context, o LagOptions) (l Lags, err error) {
	if err := o.complete(); err != nil {
		return l, err
	}
	dir, err := os.MkdirTemp(o.Dir, "till-bench-")
	if err != nil {
		return l, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := os.Chmod(dir, 0o711); err != nil { // the private Postgres may run as another user
		return l, err
	}
	if l.Conditions, err = conditionsOf(dir); err != nil {
		return l, err
	}
	l.describe(o)
	p, err := openPlatform(ctx, filepath.Join(dir, "platform"), o.Progress)
	if err != nil {
		return l, err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	bare, err := openBare(ctx, filepath.Join(dir, "bare"))
	if err != nil {
		return l, err
	}
	defer func() { err = errors.Join(err, bare.close()) }()
	customers, err := openCustomers(ctx, p.where.GRPC, o)
	if err != nil {
		return l, err
	}
	defer customers.close()
	return l, l.run(ctx, o, customers, bare)
}

// run lets both go on in turns: what else the machine does then falls on both.
func (l *Lags) run(ctx context.Context, o LagOptions, c *customers, bare *bare) error {
	commands, appends := newPace(o), newPace(o)
	for turn := range turns {
		o.Progress(fmt.Sprintf("appends to a bare store, turn %d of %d", turn+1, turns))
		if err := appends.turn(ctx, bare.append); err != nil {
			return fmt.Errorf("append: %w", err)
		}
		o.Progress(fmt.Sprintf("commands to the platform, turn %d of %d", turn+1, turns))
		took, err := timed(func() error { return commands.turn(ctx, c.command) })
		if err != nil {
			return fmt.Errorf("ask: %w", err)
		}
		l.Took.add(took)
	}
	l.Commands, l.Events, l.PerSecond = commands.done.Load(), commands.all.Load(), float64(commands.done.Load())/o.For.Seconds()
	l.Rows = append(c.rows(), bare.rows()...)
	if err := c.verify(ctx); err != nil {
		l.Rows, l.Void = nil, err.Error()
		return nil
	}
	l.Goals = []Goal{atMost("milliseconds from acknowledged to visible, 99 of 100", l.Rows[0].P99, wantedLag),
		atLeast("commands a second by those asked for", l.PerSecond/float64(o.Rate), wantedRate)}
	return nil
}

// platform is all of till up in this process.
type platform struct {
	where targets.Where
	stop  context.CancelFunc
	ended chan error
}

func openPlatform(ctx context.Context, dir string, progress func(string)) (*platform, error) {
	ctx, stop := context.WithCancel(ctx)
	p := &platform{stop: stop, ended: make(chan error, 1)}
	up := make(chan targets.Where, 1)
	go func() {
		p.ended <- targets.Up(ctx, targets.Config{Data: dir, HTTP: "127.0.0.1:0", GRPC: "127.0.0.1:0", Warehouse: "MAIN", Version: "bench",
			Log: slog.New(slog.DiscardHandler), Progress: progress}, func(w targets.Where) { up <- w })
	}()
	late := time.NewTimer(readyWithin)
	defer late.Stop()
	select {
	case p.where = <-up:
		return p, nil
	case err := <-p.ended:
		stop()
		return nil, fmt.Errorf("start the platform: %w", err)
	case <-late.C:
		return nil, errors.Join(fmt.Errorf("the platform does not answer after %v", readyWithin), p.close())
	}
}

func (p *platform) close() error {
	p.stop()
	return <-p.ended
}
