package replay

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"tillstream/events"
	replayv1 "tillstream/gateway/api/replay/v1"
	"tillstream/projections"
)

const (
	stillFor   = 10 * time.Second // without progress: then it says why
	speedsMost = 20               // moments over which the speed is told, tellEvery apart
)

// Phases of a rebuild, as operators are told.
const (
	phaseReading   = "reading"
	phaseComparing = "comparing"
	phaseCauses    = "looking for causes"
	phaseDone      = "done"
)

// progress is how far long work is, for whoever asks.
type progress struct {
	mu      sync.Mutex
	told    replayv1.Progress
	begun   time.Time
	first   uint64 // events at the first move
	still   time.Time
	waiting []string // what for, the innermost last
	problem string   // why the last attempt failed
	speeds  []moment
}

type moment struct {
	at     time.Time
	events uint64
}

func newProgress(view string) *progress {
	now := time.Now()
	return &progress{told: replayv1.Progress{View: view, Phase: phaseReading}, begun: now, still: now}
}

func (p *progress) of(generation string) { p.change(func() { p.told.Generation = generation }) }

func (p *progress) isOf(generation string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.told.Generation == generation
}

func (p *progress) phase(name string) {
	p.change(func() {
		p.told.Phase, p.still, p.speeds, p.told.Events, p.told.Of = name, time.Now(), nil, 0, 0
	})
}

func (p *progress) change(do func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	do()
}

func (p *progress) towards(head events.Position, of uint64) {
	p.change(func() { p.told.Head, p.told.Of = uint64(head), max(of, p.told.Of) })
}

// moved notes that work goes on.
func (p *progress) moved(at projections.Checkpoint) {
	p.change(func() {
		if p.speeds == nil {
			p.begun, p.first = time.Now(), at.Count
		}
		p.told.Position, p.problem = uint64(at.At), ""
		p.count(at.Count)
	})
}

// counted notes that so many units are done.
func (p *progress) counted(done, of uint64) {
	p.change(func() {
		p.told.Of = max(of, done)
		p.count(done)
	})
}

func (p *progress) count(done uint64) {
	p.told.Events, p.told.Of, p.still = done, max(p.told.Of, done), time.Now()
	if n := len(p.speeds); n == 0 || time.Since(p.speeds[n-1].at) >= tellEvery {
		p.speeds = append(p.speeds, moment{time.Now(), done})
		p.speeds = p.speeds[max(0, len(p.speeds)-speedsMost):]
	}
}

func (p *progress) failed(err error) { p.change(func() { p.problem = err.Error() }) }

func (p *progress) done(at projections.Checkpoint) {
	p.change(func() {
		p.told.Phase, p.told.Done, p.told.Position = phaseDone, true, uint64(at.At)
		p.count(at.Count)
	})
}

// waits notes what is waited for from now on, until it is there.
func (p *progress) waits(what string) (there func()) {
	p.change(func() { p.waiting = append(p.waiting, what) })
	return func() {
		p.change(func() {
			if n := len(p.waiting); n > 0 {
				p.waiting = p.waiting[:n-1]
			}
		})
	}
}

// average is the events per second since the first move.
func (p *progress) average() float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	took := time.Since(p.begun)
	if took < time.Second || p.told.Events <= p.first {
		return 0 // too short to say
	}
	return float64(p.told.Events-p.first) / took.Seconds()
}

// message is what is told now.
func (p *progress) message() *replayv1.Progress {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := &replayv1.Progress{View: p.told.View, Generation: p.told.Generation, Phase: p.told.Phase, Events: p.told.Events, Of: p.told.Of,
		Position: p.told.Position, Head: p.told.Head, Done: p.told.Done}
	if n := len(p.speeds); n > 0 {
		if took := time.Since(p.speeds[0].at); took > 0 {
			m.PerSecond = uint64(float64(m.Events-p.speeds[0].events) / took.Seconds())
		}
	}
	if m.PerSecond > 0 && !m.Done {
		left := int64(float64(m.Of-m.Events) / float64(m.PerSecond) * 1000)
		m.LeftMs = &left
	}
	if time.Since(p.still) >= stillFor && !m.Done {
		m.Waiting = p.why()
	}
	return m
}

func (p *progress) why() string {
	switch n := len(p.waiting); {
	case p.problem != "":
		return "the view cannot go on: " + p.problem
	case n > 0:
		return "waits for " + p.waiting[n-1]
	}
	return "the fold"
}

// watched is a host whose delays are told.
type watched[V any] struct {
	projections.Documents[V]
	progress atomic.Pointer[progress]
}

// Load implements projections.Documents.
func (w *watched[V]) Load(ctx context.Context, keys []string) (map[string]projections.Doc[V], error) {
	defer w.progress.Load().waits(fmt.Sprintf("Postgres, which loads %d keys", len(keys)))()
	return w.Documents.Load(ctx, keys)
}

// Keep implements projections.Documents.
func (w *watched[V]) Keep(ctx context.Context, b projections.Batch[V]) error {
	defer w.progress.Load().waits(fmt.Sprintf("Postgres, which keeps %d values", len(b.Changed)))()
	return w.Documents.Keep(ctx, b)
}

// Checkpoint implements projections.Documents.
func (w *watched[V]) Checkpoint(ctx context.Context) (projections.Checkpoint, error) {
	defer w.progress.Load().waits("Postgres, for the checkpoint")()
	return w.Documents.Checkpoint(ctx)
}

// pace keeps a rate.
type pace struct {
	rate int64 // events per second; 0: none
	next time.Time
}

func newPace(rate int64) *pace { return &pace{rate: rate, next: time.Now()} }

func (p *pace) page() int {
	if p.rate == 0 {
		return pageEvents
	}
	return int(min(pageEvents, max(1, p.rate/pagesPerSec)))
}

// wait lets so many events pass.
func (p *pace) wait(ctx context.Context, n uint64, told *progress) error {
	if p.rate == 0 {
		return nil
	}
	p.next = p.next.Add(time.Duration(float64(n) / float64(p.rate) * float64(time.Second)))
	pause := time.Until(p.next)
	if pause <= 0 {
		p.next = time.Now() // what was missed is not made up for
		return nil
	}
	defer told.waits(fmt.Sprintf("the rate limit of %d events/s", p.rate))()
	select {
	case <-time.After(pause):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
