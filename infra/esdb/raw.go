package esdb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"strings"
	"time"

	client "github.com/EventStore/EventStore-Client-Go/v4/esdb"

	"tillstream/events"
)

// RawQuery asks for events as they are stored.
type RawQuery struct {
	Stream string   // empty: the whole log, without the store's own events
	Types  []string // wire names, or beginnings of them that end in *; none: all
	From   uint64   // first revision of a stream, or first position of the log
	Limit  uint64   // events; 0: all there are
	Follow bool     // then wait for more, until ctx ends
}

// RawEvent is one event as it is stored. Data and Metadata are JSON: what is stored in another form is a JSON string
// of its base64.
type RawEvent struct {
	Position events.Position `json:"position"`
	Stream   string          `json:"stream"`
	Revision uint64          `json:"revision"`
	ID       string          `json:"id"`
	Type     string          `json:"type"`
	Recorded time.Time       `json:"recorded"` // by the store's clock
	Data     json.RawMessage `json:"data"`
	Metadata json.RawMessage `json:"metadata,omitempty"`
}

// RawEvents reads events in order without decoding them. The error is the last item; a missing stream has no events.
func (s *Store) RawEvents(ctx context.Context, q RawQuery) iter.Seq2[RawEvent, error] {
	return func(yield func(RawEvent, error) bool) {
		c := cursor{q: q, next: q.From, yield: yield}
		for {
			p, err := s.rawPage(ctx, q, c.next)
			if err != nil {
				yield(RawEvent{}, err)
				return
			}
			if !c.all(p.events) {
				return
			}
			if p.end {
				break
			}
		}
		if q.Follow {
			s.rawFollow(ctx, &c)
		}
	}
}

func (s *Store) rawPage(ctx context.Context, q RawQuery, from uint64) (page, error) {
	if q.Stream != "" {
		return s.readStream(ctx, q.Stream, client.Revision(from), client.Forwards, pageEventsMax)
	}
	if from == 0 {
		return s.readAll(ctx, client.Start{}, client.Forwards, pageEventsMax)
	}
	return s.readAll(ctx, client.Position{Commit: from, Prepare: from}, client.Forwards, pageEventsMax)
}

// rawFollow hears what comes, subscribing again after the last event whenever the connection breaks.
func (s *Store) rawFollow(ctx context.Context, c *cursor) {
	for pause := time.Duration(0); ctx.Err() == nil; pause = min(max(2*pause, pauseMin), pauseMax) {
		sleep(ctx, pause/2+rand.N(pause+1))
		before := c.next
		sub, err := s.subscribeWith(ctx, func(ctx context.Context, cl *client.Client) (*client.Subscription, error) {
			return c.subscribe(ctx, cl)
		})
		if err != nil {
			s.opts.Log.Warn("the event store is not heard; subscribing again", "err", err)
			continue
		}
		more := c.hear(sub)
		sub.end()
		if !more {
			return
		}
		if c.next > before {
			pause = 0
		}
	}
	c.yield(RawEvent{}, context.Cause(ctx))
}

// cursor is how far a query has come.
type cursor struct {
	q     RawQuery
	next  uint64 // first revision or position not yet seen
	given uint64
	yield func(RawEvent, error) bool
}

func (c *cursor) subscribe(ctx context.Context, cl *client.Client) (*client.Subscription, error) {
	last := c.next - 1 // subscriptions begin after a place, reads begin at one
	switch {
	case c.q.Stream != "" && c.next == 0:
		return cl.SubscribeToStream(ctx, c.q.Stream, client.SubscribeToStreamOptions{From: client.Start{}})
	case c.q.Stream != "":
		return cl.SubscribeToStream(ctx, c.q.Stream, client.SubscribeToStreamOptions{From: client.Revision(last)})
	case c.next == 0:
		return cl.SubscribeToAll(ctx, client.SubscribeToAllOptions{From: client.Start{}, Filter: notSystem, MaxSearchWindow: searchWindow, CheckpointInterval: 1})
	}
	return cl.SubscribeToAll(ctx, client.SubscribeToAllOptions{From: client.Position{Commit: last, Prepare: last},
		Filter: notSystem, MaxSearchWindow: searchWindow, CheckpointInterval: 1})
}

// hear gives events until the subscription drops (true) or the reader has enough (false).
func (c *cursor) hear(sub *subscription) bool {
	for {
		e := sub.Recv()
		switch {
		case e.SubscriptionDropped != nil:
			return true
		case e.EventAppeared != nil && !c.one(e.EventAppeared.OriginalEvent()):
			return false
		}
	}
}

func (c *cursor) all(list []*client.RecordedEvent) bool {
	for _, e := range list {
		if !c.one(e) {
			return false
		}
	}
	return true
}

// one gives an event to the reader, if it was asked for; false ends the query.
func (c *cursor) one(e *client.RecordedEvent) bool {
	at := e.Position.Commit
	if c.q.Stream != "" {
		at = e.EventNumber
	}
	if at < c.next {
		return true
	}
	c.next = at + 1
	if c.q.Stream == "" && isSystem(e) || !c.wanted(e.EventType) {
		return true
	}
	c.given++
	return c.yield(rawOf(e), nil) && c.given != c.q.Limit
}

func (c *cursor) wanted(wire string) bool {
	for _, t := range c.q.Types {
		if beginning, open := strings.CutSuffix(t, "*"); wire == t || open && strings.HasPrefix(wire, beginning) {
			return true
		}
	}
	return len(c.q.Types) == 0
}

func rawOf(e *client.RecordedEvent) RawEvent {
	return RawEvent{Position: events.Position(e.Position.Commit), Stream: e.StreamID, Revision: e.EventNumber, ID: e.EventID.String(),
		Type: e.EventType, Recorded: e.CreatedDate, Data: asJSON(e.Data), Metadata: asJSON(e.UserMetadata)}
}

func asJSON(b []byte) json.RawMessage {
	if len(b) == 0 || json.Valid(b) {
		return b
	}
	quoted, _ := json.Marshal(b) // base64; bytes always marshal
	return quoted
}

// ErrNoSuchEvent says that no event stands at the given place.
var ErrNoSuchEvent = errors.New("no such event")

// RawAt reads the one event at a revision of a stream. It fails with ErrNoSuchEvent where there is none.
func (s *Store) RawAt(ctx context.Context, stream string, revision uint64) (RawEvent, error) {
	p, err := s.readStream(ctx, stream, client.Revision(revision), client.Forwards, 1)
	if err != nil {
		return RawEvent{}, err
	}
	if len(p.events) == 0 || p.events[0].EventNumber != revision {
		return RawEvent{}, fmt.Errorf("%s at revision %d: %w", stream, revision, ErrNoSuchEvent)
	}
	return rawOf(p.events[0]), nil
}
