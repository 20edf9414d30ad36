package esdb

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"sync"

	"tillstream/events"
	"tillstream/projections"
)

// Limits of Scan: what it holds in memory, whatever the length of the log.
const (
	scanEventsMax = 8192    // of a page
	scanBytesMax  = 4 << 20 // one event may exceed it alone
	scanAhead     = 2       // pages read, and pages decoded, before they are asked for
)

// Scan is Between for who reads a long way: pages are of at most pageEvents events or 4 MiB, the next ones are read and
// decoded meanwhile, and of events that heard does not want only the type is read. One whose type this binary does not
// know is broken, wanted or not.
func (s *Store) Scan(ctx context.Context, after, upTo events.Position, pageEvents int, heard func(wire string) bool) iter.Seq2[projections.Interval, error] {
	return func(yield func(projections.Interval, error) bool) {
		id, err := s.knownLog(ctx)
		if err != nil {
			yield(projections.Interval{}, err)
			return
		}
		reader, err := s.openPages(ctx)
		if err != nil {
			yield(projections.Interval{}, err)
			return
		}
		defer reader.close()
		var both sync.WaitGroup
		defer both.Wait()
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		raw, decoded := make(chan scanned, scanAhead), make(chan scanned, scanAhead)
		both.Go(func() { reader.readAhead(ctx, after, upTo, uint64(min(pageEvents, scanEventsMax)), raw) })
		both.Go(func() { s.decodeAhead(ctx, heard, raw, decoded) })
		for p := range decoded {
			p.interval.Log = id
			if p.err != nil {
				p.interval, p.err = projections.Interval{}, fmt.Errorf("read the log between %d and %d: %w", after, upTo, p.err)
			}
			if !yield(p.interval, p.err) || p.err != nil {
				return
			}
		}
		if ctx.Err() != nil {
			yield(projections.Interval{}, context.Cause(ctx))
		}
	}
}

// scanned is a page on its way.
type scanned struct {
	leaf     *leaf
	events   []stored // of the leaf
	interval projections.Interval
	err      error
}

func send(ctx context.Context, to chan<- scanned, p scanned) bool {
	select {
	case to <- p:
		return true
	case <-ctx.Done():
		return false
	}
}

// readAhead reads pages until the end, or the first error.
func (p *pages) readAhead(ctx context.Context, after, upTo events.Position, most uint64, to chan<- scanned) {
	defer close(to)
	for after < upTo {
		page, err := p.after(ctx, after, upTo, most)
		if err == nil && page.interval.To == after {
			return
		}
		page.err = err
		if !send(ctx, to, page) || err != nil {
			return
		}
		after = page.interval.To
	}
}

func (p *pages) after(ctx context.Context, after, upTo events.Position, most uint64) (scanned, error) {
	page := scanned{interval: projections.Interval{From: after, To: after}}
	if after > 0 {
		most++ // the one at after comes again
	}
	l, err := p.read(ctx, after, most, scanBytesMax)
	if err != nil {
		return page, err
	}
	page.leaf, page.events = l, l.events
	for i := range page.events {
		at := events.Position(page.events[i].commit)
		if at > upTo {
			page.events, page.interval.To = page.events[:i], upTo
			return page, nil
		}
		page.interval.To = max(at, after)
	}
	return page, nil
}

// decodeAhead decodes pages, each of them by all processors.
func (s *Store) decodeAhead(ctx context.Context, heard func(string) bool, from <-chan scanned, to chan<- scanned) {
	defer close(to)
	for p := range from {
		if p.err == nil {
			p.err = s.decodePage(&p, heard)
			p.leaf.free()
		}
		p.leaf, p.events = nil, nil
		if !send(ctx, to, p) || p.err != nil {
			return
		}
	}
}

// decodePage fills in the interval of a page.
func (s *Store) decodePage(p *scanned, heard func(string) bool) error {
	parts := runtime.GOMAXPROCS(0)
	size := max(1, (len(p.events)+parts-1)/parts)
	intervals, errs := make([]projections.Interval, parts), make([]error, parts)
	facts := make([]events.Recorded, len(p.events))
	var all sync.WaitGroup
	n := 0
	for part := range slices.Chunk(p.events, size) {
		into, err := &intervals[n], &errs[n]
		into.From, into.To, into.Facts = p.interval.From, p.interval.To, facts[n*size:n*size:n*size+len(part)]
		n++
		all.Go(func() { *err = s.decodeInto(into, part, heard) })
	}
	all.Wait()
	n = 0
	for i, one := range intervals {
		if errs[i] != nil {
			return errs[i]
		}
		n += copy(facts[n:], one.Facts) // onto themselves, but for what is behind something left out
		p.interval.Broken = append(p.interval.Broken, one.Broken...)
	}
	p.interval.Facts = facts[:n]
	return nil
}

// decodeInto adds what a part of a page holds. Nothing of it lies in the page's own memory.
func (s *Store) decodeInto(i *projections.Interval, part []stored, heard func(string) bool) error {
	unheard := map[string]events.Event{}
	for n := range part {
		e := &part[n]
		at := events.Position(e.commit)
		switch {
		case at <= i.From || isSystemType(e.wire):
		case heard(e.wire) || !s.codec.Knows(e.wire):
			a, err := s.arrived(e.record())
			if err != nil {
				return err
			}
			if a.broken != nil {
				a.broken.Data = bytes.Clone(a.broken.Data)
			}
			a.addTo(i)
		case e.commit != e.prepare:
			_, err := positionOf(e.record())
			return err
		default:
			event, known := unheard[e.wire]
			if !known {
				event = projections.Unheard(e.wire)
				unheard[e.wire] = event
			}
			i.Facts = append(i.Facts, events.Recorded{Event: event, Position: at})
		}
	}
	return nil
}
