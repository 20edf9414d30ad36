package replay

import (
	"sync"
	"time"

	"tillstream/events"
	replayv1 "tillstream/gateway/api/replay/v1"
	"tillstream/projections"
)

const (
	stillFor   = 10 * time.Second // without progress: then it says why
	speedsMost = 20               // moments over which the speed is told, tellEvery apart

	averageLeast = time.Second // a rebuild that was shorter says nothing of the speed
)

// Phases of a rebuild, as operators are told.
const (
	phaseReading   = "reading"
	phaseIndexing  = "indexing"
	phaseComparing = "comparing"
	phaseCauses    = "looking for causes"
	phaseDone      = "done"
)

// progress is how far long work is, for whoever asks.
type progress struct {
	mu      sync.Mutex
	told    replayv1.Progress
	begun   time.Time // reading
	first   uint64    // events when it was begun
	read    uint64    // events in the end
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

// phase begins another kind of work, whose units are counted anew; of is how many there will be, 0 where none are counted.
func (p *progress) phase(name string, of uint64) {
	p.change(func() {
		p.told.Phase, p.told.Events, p.told.Of = name, 0, of
		p.still, p.speeds = time.Now(), nil
	})
}

func (p *progress) change(do func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	do()
}

// reads begins reading where a generation stands.
func (p *progress) reads(at projections.Checkpoint) {
	p.phase(phaseReading, 0)
	p.change(func() {
		p.begun, p.first, p.read = time.Now(), at.Count, at.Count
		p.told.Position = uint64(at.At)
		p.count(at.Count)
	})
}

func (p *progress) towards(head events.Position, of uint64) {
	p.change(func() { p.told.Head, p.told.Of = uint64(head), max(of, p.told.Of) })
}

// moved notes that reading goes on.
func (p *progress) moved(at projections.Checkpoint) {
	p.change(func() {
		p.told.Position, p.problem, p.read = uint64(at.At), "", at.Count
		p.count(at.Count)
	})
}

// counted notes that so many units are done.
func (p *progress) counted(done uint64) { p.change(func() { p.count(done) }) }

func (p *progress) count(done uint64) {
	p.told.Events, p.told.Of, p.still = done, max(p.told.Of, done), time.Now()
	if n := len(p.speeds); n == 0 || time.Since(p.speeds[n-1].at) >= tellEvery {
		p.speeds = append(p.speeds, moment{time.Now(), done})
		p.speeds = p.speeds[max(0, len(p.speeds)-speedsMost):]
	}
}

// moves notes that work goes on that has no units.
func (p *progress) moves() { p.change(func() { p.still = time.Now() }) }

func (p *progress) failed(err error) { p.change(func() { p.problem = err.Error() }) }

// done is told last, with the units of the last phase.
func (p *progress) done(at events.Position) {
	p.change(func() { p.told.Phase, p.told.Done, p.told.Position, p.still = phaseDone, true, uint64(at), time.Now() })
}

// built is told last of a rebuild, with all of its events and its speed over all.
func (p *progress) built(at projections.Checkpoint) {
	average := p.average()
	p.change(func() {
		p.told.Events, p.told.Of, p.told.PerSecond, p.speeds = at.Count, at.Count, uint64(average), nil
	})
	p.done(at.At)
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

// average is the events per second of a whole rebuild, its indexes included.
func (p *progress) average() float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	took := time.Since(p.begun)
	if took < averageLeast || p.read <= p.first {
		return 0
	}
	return float64(p.read-p.first) / took.Seconds()
}

// message is what is told now.
func (p *progress) message() *replayv1.Progress {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := &replayv1.Progress{View: p.told.View, Generation: p.told.Generation, Phase: p.told.Phase, Events: p.told.Events, Of: p.told.Of,
		Position: p.told.Position, Head: p.told.Head, PerSecond: p.told.PerSecond, Done: p.told.Done}
	if len(p.speeds) > 0 {
		until := time.Now()
		if m.Done {
			until = p.still
		}
		if took := until.Sub(p.speeds[0].at); took > 0 {
			m.PerSecond = uint64(float64(m.Events-p.speeds[0].events) / took.Seconds())
		}
	}
	if m.PerSecond > 0 && m.Of > 0 && !m.Done {
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
