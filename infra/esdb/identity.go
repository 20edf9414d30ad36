package esdb

import (
	"context"
	"errors"
	"fmt"

	client "github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"

	"tillstream/commands"
	"tillstream/events"
	"tillstream/projections"
)

// identityAttemptsMax bounds the races to name a log; one is enough unless a restore renames it at the same time.
const identityAttemptsMax = 5

// OpenLog tells which log this is. A log without identity is given one; processes that race to do so agree.
func (s *Store) OpenLog(ctx context.Context) (events.LogID, error) {
	for range identityAttemptsMax {
		id, err := s.identity(ctx)
		if err != nil {
			return "", err
		}
		if id != "" {
			s.logID.Store(&id)
			return id, nil
		}
		opened, err := s.opened()
		if err != nil {
			return "", err
		}
		_, err = s.Append(ctx, string(events.Log()), -1, []commands.Draft{opened})
		if conflict := (*commands.ConflictError)(nil); err != nil && !errors.As(err, &conflict) {
			return "", fmt.Errorf("give the log an identity: %w", err)
		}
	}
	return "", fmt.Errorf("%s holds no identity: it was not written by this platform; use an event store of its own", events.Log())
}

// knownLog is the identity of the log, asked of the store once.
func (s *Store) knownLog(ctx context.Context) (events.LogID, error) {
	if id := s.logID.Load(); id != nil {
		return *id, nil
	}
	return s.OpenLog(ctx)
}

// sameLog makes sure that what is behind the connection is still the log that a consumer stands in at a position.
func (s *Store) sameLog(ctx context.Context, id events.LogID, at events.Position) error {
	now, err := s.identity(ctx)
	if err != nil {
		return err
	}
	if now != id {
		return fmt.Errorf("the event store at %s now holds the log %q, not %q: %w", s.address, now, id, projections.ErrForeignLog)
	}
	end, err := s.end(ctx)
	if err != nil {
		return err
	}
	if at > end {
		return fmt.Errorf("position %d is beyond the end %d of the log %q: %w", at, end, id, projections.ErrForeignLog)
	}
	return nil
}

// end is the position of the very last event, the store's own included.
func (s *Store) end(ctx context.Context) (events.Position, error) {
	p, err := s.readAll(ctx, client.End{}, client.Backwards, 1)
	if err != nil || len(p.events) == 0 {
		return 0, err
	}
	return events.Position(p.events[0].Position.Commit), nil
}

// identity is the newest identity in the log, empty when it has none.
func (s *Store) identity(ctx context.Context) (id events.LogID, err error) {
	for r, err := range s.Read(ctx, string(events.Log()), 0) {
		if err != nil {
			return "", fmt.Errorf("read the identity of the log: %w", err)
		}
		if opened, ok := r.Event.(events.LogOpened); ok {
			id = opened.LogID
		}
	}
	return id, nil
}

func (s *Store) opened() (commands.Draft, error) {
	e := events.LogOpened{LogID: events.LogID(uuid.NewString())}
	data, err := events.Encode(e)
	if err != nil {
		return commands.Draft{}, err
	}
	now := events.Time(s.opts.Now())
	command := events.FreshCommandID()
	metadata, err := events.EncodeMeta(events.Meta{
		Command: command, Actor: events.Actor{Kind: "system"}, At: now, Rec: now, Origin: events.FromAPI})
	if err != nil {
		return commands.Draft{}, err
	}
	return commands.Draft{ID: events.EventID(command, string(events.Log()), 0), Type: e.Type(), Data: data, Metadata: metadata}, nil
}
