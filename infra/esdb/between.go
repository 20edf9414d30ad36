package esdb

import (
	"context"
	"fmt"
	"iter"

	client "github.com/EventStore/EventStore-Client-Go/v4/esdb"

	"tillstream/events"
	"tillstream/projections"
)

var _ projections.Log = (*Store)(nil)

// Between implements projections.Log: it reads (after, upTo] as intervals of at most 512 events or 1 MiB. Where the log
// ends before upTo the last interval ends there too. An error is the last item.
func (s *Store) Between(ctx context.Context, after, upTo events.Position) iter.Seq2[projections.Interval, error] {
	return func(yield func(projections.Interval, error) bool) {
		id, err := s.knownLog(ctx)
		if err != nil {
			yield(projections.Interval{}, err)
			return
		}
		for after < upTo {
			i, err := s.interval(ctx, after, upTo)
			if err != nil {
				yield(projections.Interval{}, fmt.Errorf("read the log between %d and %d: %w", after, upTo, err))
				return
			}
			i.Log = id
			if i.To == after || !yield(i, nil) {
				return
			}
			after = i.To
		}
	}
}

// interval reads the next page after a position.
func (s *Store) interval(ctx context.Context, after, upTo events.Position) (projections.Interval, error) {
	i := projections.Interval{From: after, To: after}
	from := client.AllPosition(client.Start{})
	if after > 0 {
		from = client.Position{Commit: uint64(after), Prepare: uint64(after)}
	}
	p, err := s.readAll(ctx, from, client.Forwards, pageEventsMax+1) // the one at after comes again
	if err != nil {
		return i, err
	}
	for _, e := range p.events {
		at := events.Position(e.Position.Commit)
		switch {
		case at <= after:
			continue
		case at > upTo:
			i.To = upTo
			return i, nil
		}
		i.To = at
		if isSystem(e) {
			continue
		}
		a, err := s.arrived(e)
		if err != nil {
			return i, err
		}
		a.addTo(&i)
	}
	return i, nil
}

// EventAt implements projections.Log. It fails where the log has no event.
func (s *Store) EventAt(ctx context.Context, position events.Position) (projections.Interval, error) {
	i := projections.Interval{From: position - 1, To: position}
	id, err := s.knownLog(ctx)
	if err != nil {
		return i, err
	}
	i.Log = id
	p, err := s.readAll(ctx, client.Position{Commit: uint64(position), Prepare: uint64(position)}, client.Forwards, 1)
	if err != nil {
		return i, fmt.Errorf("read the log at %d: %w", position, err)
	}
	if len(p.events) == 0 || events.Position(p.events[0].Position.Commit) != position {
		return i, fmt.Errorf("the log has no event at position %d", position)
	}
	a, err := s.arrived(p.events[0])
	if err != nil {
		return i, err
	}
	a.addTo(&i)
	return i, nil
}
