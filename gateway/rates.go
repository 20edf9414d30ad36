package gateway

import (
	"context"
	"sync"
	"time"
)

// Over how long a rate is told.
const (
	sampleEvery = time.Second // without I/O
	samplesMost = 11          // ten seconds
)

// rates knows how fast views move.
type rates struct {
	mu      sync.Mutex
	samples map[string][]sample // by view, the oldest first
}

// sample is how far a generation had come at a time.
type sample struct {
	at         time.Time
	generation string
	events     uint64
}

// note keeps where views stand.
func (r *rates) note(at time.Time, views []ViewStatus) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.samples == nil {
		r.samples = map[string][]sample{}
	}
	for _, v := range views {
		kept := append(r.samples[v.Name], sample{at, v.Generation, v.Events})
		r.samples[v.Name] = kept[max(0, len(kept)-samplesMost):]
	}
}

// perSecond is how many events a view moved by in a second, lately; 0 while that is not known, or another generation
// answers since.
func (r *rates) perSecond(view string) uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	kept := r.samples[view]
	if len(kept) < 2 {
		return 0
	}
	first, last := kept[0], kept[len(kept)-1]
	took := last.at.Sub(first.at).Seconds()
	if first.generation != last.generation || last.events < first.events || took <= 0 {
		return 0
	}
	return uint64(float64(last.events-first.events)/took + 0.5)
}

// sampleRates notes where views stand until ctx ends.
func (g *Gateway) sampleRates(ctx context.Context) {
	tick := time.NewTicker(sampleEvery)
	defer tick.Stop()
	for {
		g.rates.note(g.deps.Now(), g.deps.Platform.Views())
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
