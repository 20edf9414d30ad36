package bench

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"tillstream/events"
	replayv1 "tillstream/gateway/api/replay/v1"
)

const (
	pageEvents   = 4096 // of the limits that read: as a rebuild reads
	sampleEvery  = 20 * time.Millisecond
	measureMost  = 2 * time.Hour // of one view with its limits
	ownEventsLog = 1             // the log's identity is its first event
)

// timed runs something and answers what it took.
func timed(do func() error) (t Took, err error) {
	began, own, children := time.Now(), cpuTime(), childrenTime()
	err = do()
	return Took{Seconds: time.Since(began).Seconds(), Own: (cpuTime() - own).Seconds(), Children: (childrenTime() - children).Seconds()}, err
}

// measure rebuilds a view and measures its limits after it.
func (h *house) measure(ctx context.Context, view string, log Filled, tell func(string)) (r Rebuilt, err error) {
	ctx, cancel := context.WithTimeout(ctx, measureMost)
	defer cancel()
	r.View, r.bytes = view, log.Bytes
	is, _ := declared(view)
	hears := func(wire string) bool { return is.Wires == nil || slices.Contains(is.Wires, wire) }

	tell(view + ": building it anew")
	if err := h.settle(ctx); err != nil {
		return r, err
	}
	var last *replayv1.Progress
	if r.Apply, err = timed(func() (err error) { last, r.Peak, err = h.apply(ctx, view, log.Events); return err }); err != nil {
		return r, err
	}
	r.Generation, r.Events = last.Generation, last.Events
	if r.Rows, r.TableBytes, err = h.sizeOf(ctx, r.Generation); err != nil {
		return r, err
	}
	if want := uint64(log.Events + ownEventsLog); r.Events != want || last.Position != last.Head {
		r.Void = fmt.Sprintf("%d of %d events were folded, up to %d of %d", r.Events, want, last.Position, last.Head)
		return r, nil
	}
	tell(view + ": reading and decoding alone")
	if r.Read, err = timed(func() (err error) { r.Heard, err = h.read(ctx, last.Head, hears); return err }); err != nil {
		return r, err
	}
	if r.ReadAll, err = timed(func() (err error) {
		_, err = h.read(ctx, last.Head, func(string) bool { return true })
		return err
	}); err != nil {
		return r, err
	}
	tell(view + ": COPY of the same rows")
	if r.Copy, r.CopyBare, err = h.copies(ctx, r.Generation, r.Rows); err != nil {
		return r, err
	}
	return r, h.views.Retire(ctx, view, r.Generation)
}

// settle lets go of what was there before: of memory here, of changed pages there.
func (h *house) settle(ctx context.Context) error {
	debug.FreeOSMemory()
	if _, err := h.conn.Exec(ctx, "CHECKPOINT"); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	return nil
}

// apply is what till replay apply asks the platform to do.
func (h *house) apply(ctx context.Context, view string, of int64) (last *replayv1.Progress, peak [3]int64, err error) {
	sampled, stop := context.WithCancel(ctx)
	var third atomic.Int32
	var sampler sync.WaitGroup
	sampler.Go(func() { peaks(sampled, &third, &peak) })
	err = h.views.Apply(ctx, &replayv1.ApplyRequest{View: view, Anew: true}, func(p *replayv1.Progress) error {
		last = p
		third.Store(int32(min(2, 3*int64(p.Events)/of)))
		return nil
	})
	stop()
	sampler.Wait()
	if err == nil && (last == nil || !last.Done) {
		err = errors.New("the rebuild ended without being done")
	}
	return last, peak, err
}

// peaks keeps the most memory that was held in each third, until ctx ends.
func peaks(ctx context.Context, third *atomic.Int32, peak *[3]int64) {
	tick := time.NewTicker(sampleEvery)
	defer tick.Stop()
	for {
		at := third.Load()
		peak[at] = max(peak[at], resident())
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// read reads the whole log as a rebuild does, and folds nothing.
func (h *house) read(ctx context.Context, head uint64, hears func(string) bool) (heard uint64, err error) {
	for page, err := range h.store.Scan(ctx, 0, events.Position(head), pageEvents, hears) {
		if err != nil {
			return heard, err
		}
		for i := range page.Facts {
			if hears(page.Facts[i].Type()) {
				heard++
			}
		}
	}
	return heard, nil
}

// every tells when another twentieth is done; it may be asked by several goroutines.
type every struct {
	step int64
	next atomic.Int64
}

func newEvery(of int64) *every {
	e := &every{step: max(1, of/20)}
	e.next.Store(e.step)
	return e
}

func (e *every) passed(done int64) bool {
	next := e.next.Load()
	return done >= next && e.next.CompareAndSwap(next, done-done%e.step+e.step)
}
