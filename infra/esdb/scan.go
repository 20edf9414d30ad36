package esdb

import (
	"context"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"sync"

	client "github.com/EventStore/EventStore-Client-Go/v4/esdb"

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
		var both sync.WaitGroup
		defer both.Wait()
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		raw, decoded := make(chan scanned, scanAhead), make(chan scanned, scanAhead)
		both.Go(func() { s.readAhead(ctx, after, upTo, uint64(min(pageEvents, scanEventsMax)), raw) })
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
	events   []*client.RecordedEvent
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
func (s *Store) readAhead(ctx context.Context, after, upTo events.Position, most uint64, to chan<- scanned) {
	defer close(to)
	for after < upTo {
		p, err := s.rawAfter(ctx, after, upTo, most)
		if err == nil && p.interval.To == after {
			return
		}
		p.err = err
		if !send(ctx, to, p) || err != nil {
			return
		}
		after = p.interval.To
	}
}

func (s *Store) rawAfter(ctx context.Context, after, upTo events.Position, most uint64) (scanned, error) {
	p := scanned{interval: projections.Interval{From: after, To: after}}
	from := client.AllPosition(client.Start{})
	if after > 0 {
		from = client.Position{Commit: uint64(after), Prepare: uint64(after)}
		most++ // the one at after comes again
	}
	read, err := s.readAllOf(ctx, from, client.Forwards, most, scanBytesMax)
	if err != nil {
		return p, err
	}
	p.events = read.events
	for i, e := range read.events {
		switch at := events.Position(e.Position.Commit); {
		case at > upTo:
			p.events, p.interval.To = read.events[:i], upTo
			return p, nil
		default:
			p.interval.To = max(at, after)
		}
	}
	return p, nil
}

// decodeAhead decodes pages, each of them by all processors.
func (s *Store) decodeAhead(ctx context.Context, heard func(string) bool, from <-chan scanned, to chan<- scanned) {
	defer close(to)
	for p := range from {
		if p.err == nil {
			p.err = s.decodePage(&p, heard)
		}
		p.events = nil
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
	var all sync.WaitGroup
	n := 0
	for part := range slices.Chunk(p.events, size) {
		into, err := &intervals[n], &errs[n]
		into.From, into.To = p.interval.From, p.interval.To
		n++
		all.Go(func() { *err = s.decodeInto(into, part, heard) })
	}
	all.Wait()
	for i, one := range intervals {
		if errs[i] != nil {
			return errs[i]
		}
		p.interval.Facts = append(p.interval.Facts, one.Facts...)
		p.interval.Broken = append(p.interval.Broken, one.Broken...)
	}
	return nil
}

func (s *Store) decodeInto(i *projections.Interval, part []*client.RecordedEvent, heard func(string) bool) error {
	i.Facts = make([]events.Recorded, 0, len(part))
	for _, e := range part {
		at := events.Position(e.Position.Commit)
		switch {
		case at <= i.From || isSystem(e):
		case heard(e.EventType) || !s.codec.Knows(e.EventType):
			a, err := s.arrived(e)
			if err != nil {
				return err
			}
			a.addTo(i)
		default:
			at, err := positionOf(e)
			if err != nil {
				return err
			}
			i.Facts = append(i.Facts, events.Recorded{Event: projections.Unheard(e.EventType), Stream: e.StreamID, Revision: e.EventNumber, Position: at})
		}
	}
	return nil
}
