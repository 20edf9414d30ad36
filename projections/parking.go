package projections

import (
	"context"
	"fmt"
	"time"

	"tillstream/events"
)

// waiting is what a projector knows of a parked key at any time.
type waiting struct {
	stream  bool
	follows string
	failed  events.Position
	facts   int
	last    events.Position // remembered in this batch; 0: none yet
}

// parking is what a batch makes of the parked keys.
type parking struct {
	view   string
	known  map[string]waiting // before the batch; not changed
	now    map[string]waiting // of those that the batch changes
	count  int
	change Parked
	err    error // a limit was reached
}

func newParking(view string, known map[string]waiting) parking {
	return parking{view: view, known: known, now: map[string]waiting{}, count: len(known)}
}

func (p *parking) waiting(key string) (waiting, bool) {
	if w, changed := p.now[key]; changed {
		return w, true
	}
	w, is := p.known[key]
	return w, is
}

func (p *parking) has(key string) bool {
	_, is := p.waiting(key)
	return is
}

// put parks a key, unless it is parked already, and has it remember the fact.
func (p *parking) put(k ParkedKey) {
	if !p.has(k.Key) {
		if p.count++; p.count > ParkedMost {
			p.err = tooManyError(p.view, fmt.Sprintf("%d keys", p.count), ParkedMost)
		}
		k.Error, k.Stack, k.Since = cut(k.Error, errorMost), cut(k.Stack, stackMost), time.Now().UTC().Truncate(time.Microsecond)
		p.change.Parked = append(p.change.Parked, k)
		p.now[k.Key] = waiting{stream: k.IsStream(), follows: k.Follows, failed: k.Failed}
	}
	p.remember(k.Key, k.Failed)
}

func (p *parking) remember(key string, at events.Position) {
	w, _ := p.waiting(key)
	if w.last == at {
		return
	}
	if w.facts++; w.facts > RememberedMost {
		p.err = tooManyError(p.view, fmt.Sprintf("%d facts of %q", w.facts, key), RememberedMost)
	}
	w.last = at
	p.now[key] = w
	if p.change.Remembered == nil {
		p.change.Remembered = map[string][]events.Position{}
	}
	p.change.Remembered[key] = append(p.change.Remembered[key], at)
}

// everyKeyRemembers lets every parked key remember a fact that goes where an index says.
func (p *parking) everyKeyRemembers(at events.Position) {
	for _, all := range []map[string]waiting{p.known, p.now} {
		for key, w := range all {
			if !w.stream {
				p.remember(key, at)
			}
		}
	}
}

// settle is what is known once a host has kept it.
func (p *Projector[V]) settle(change Parked) {
	if change.Empty() {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, key := range change.Released {
		delete(p.parked, key)
	}
	for _, k := range change.Parked {
		p.parked[k.Key] = waiting{stream: k.IsStream(), follows: k.Follows, failed: k.Failed, facts: p.parked[k.Key].facts}
	}
	for key, positions := range change.Remembered {
		w := p.parked[key]
		w.facts += len(positions)
		p.parked[key] = w
	}
	p.streams = streamsAmong(p.parked)
}

// pageOfParked is how many parked keys are read at once.
const pageOfParked = 500

// loadParked reads what the host keeps parked.
func (p *Projector[V]) loadParked(ctx context.Context) (map[string]waiting, error) {
	all := map[string]waiting{}
	err := p.eachParked(ctx, func(k ParkedKey) {
		all[k.Key] = waiting{stream: k.IsStream(), follows: k.Follows, failed: k.Failed, facts: k.Facts}
	})
	return all, err
}

func (p *Projector[V]) eachParked(ctx context.Context, do func(ParkedKey)) error {
	for from, more := "", true; more; {
		page, err := p.docs.Parked(ctx, from, pageOfParked)
		if err != nil {
			return err
		}
		for _, k := range page {
			do(k)
			from = NextKey(k.Key)
		}
		more = len(page) == pageOfParked
	}
	return nil
}

// NextKey is the least key after one.
func NextKey(key string) string { return key + "\x00" }

// IsParked tells whether a key is parked: what the view answers of it lacks facts.
func (p *Projector[V]) IsParked(key string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, is := p.parked[key]
	return is
}

// ParkedCount is how many keys are parked, and how many streams beside them: facts of those may be missing anywhere.
func (p *Projector[V]) ParkedCount() (keys, streams int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.parked) - p.streams, p.streams
}

func streamsAmong(parked map[string]waiting) (n int) {
	for _, w := range parked {
		if w.stream {
			n++
		}
	}
	return n
}
