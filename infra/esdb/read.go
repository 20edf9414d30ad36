package esdb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	client "github.com/EventStore/EventStore-Client-Go/v4/esdb"

	"tillstream/events"
)

// page is some events in a row, at most pageEventsMax and about pageBytesMax.
type page struct {
	events []*client.RecordedEvent
	end    bool // there was nothing after them
}

// Read implements commands.Store. An event that cannot be decoded ends it with an error: nothing may be decided
// without it.
func (s *Store) Read(ctx context.Context, stream string, from uint64) iter.Seq2[events.Recorded, error] {
	return func(yield func(events.Recorded, error) bool) {
		for {
			p, err := s.readStream(ctx, stream, client.Revision(from), client.Forwards, pageEventsMax)
			if err != nil {
				yield(events.Recorded{}, err)
				return
			}
			for _, e := range p.events {
				a, err := s.arrived(e)
				if err == nil && a.broken != nil {
					err = a.broken.Err
				}
				if err != nil {
					yield(events.Recorded{}, fmt.Errorf("read %s at revision %d: %w", stream, e.EventNumber, err))
					return
				}
				if !yield(a.fact, nil) {
					return
				}
				from = e.EventNumber + 1
			}
			if p.end {
				return
			}
		}
	}
}

func (s *Store) readStream(ctx context.Context, stream string, from client.StreamPosition, way client.Direction, limit uint64) (page, error) {
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	p, err := ask(ctx, s, func(ctx context.Context, c *client.Client) (page, error) {
		r, err := c.ReadStream(ctx, stream, client.ReadStreamOptions{Direction: way, From: from}, limit)
		if err != nil {
			return page{}, err
		}
		return collect(r, limit, pageBytesMax)
	})
	if codeOf(err) == client.ErrorCodeResourceNotFound {
		return page{end: true}, nil
	}
	if err != nil {
		return page{}, fmt.Errorf("read %s: %w", stream, err)
	}
	return p, nil
}

func (s *Store) readAll(ctx context.Context, from client.AllPosition, way client.Direction, limit uint64) (page, error) {
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	p, err := ask(ctx, s, func(ctx context.Context, c *client.Client) (page, error) {
		r, err := c.ReadAll(ctx, client.ReadAllOptions{Direction: way, From: from}, limit)
		if err != nil {
			return page{}, err
		}
		return collect(r, limit, pageBytesMax)
	})
	if err != nil {
		return page{}, fmt.Errorf("read the log: %w", err)
	}
	return p, nil
}

// collect takes a page off a read and ends it.
func collect(r *client.ReadStream, limit uint64, bytes int) (p page, err error) {
	defer r.Close()
	for size := 0; uint64(len(p.events)) < limit && size < bytes; {
		e, err := r.Recv()
		if errors.Is(err, io.EOF) {
			p.end = true
			return p, nil
		}
		if err != nil {
			return page{}, err
		}
		original := e.OriginalEvent()
		size += len(original.Data) + len(original.UserMetadata)
		p.events = append(p.events, original)
	}
	return p, nil
}

// positionOf finds where an event of a stream stands in the log.
func (s *Store) positionOf(ctx context.Context, stream string, revision uint64) (events.Position, error) {
	p, err := s.readStream(ctx, stream, client.Revision(revision), client.Forwards, 1)
	if err != nil {
		return 0, err
	}
	if len(p.events) == 0 {
		return 0, fmt.Errorf("%s has no revision %d", stream, revision)
	}
	return positionOf(p.events[0])
}

// Head is the position of the newest event that is not the store's own, 0 in an empty log. Where more than
// headSearchMax events of the store's own stand after it, it is that of the newest of them.
func (s *Store) Head(ctx context.Context) (events.Position, error) {
	var newest events.Position
	from := client.AllPosition(client.End{})
	for seen, limit := 0, uint64(1); seen < headSearchMax; limit = pageEventsMax {
		p, err := s.readAll(ctx, from, client.Backwards, limit)
		if err != nil {
			return 0, err
		}
		for _, e := range p.events {
			at := events.Position(e.Position.Commit)
			newest = max(newest, at)
			if !isSystem(e) {
				return at, nil
			}
		}
		seen += len(p.events)
		if len(p.events) == 0 {
			break
		}
		from = p.events[len(p.events)-1].Position
	}
	return newest, nil
}
