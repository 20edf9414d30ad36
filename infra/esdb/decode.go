package esdb

import (
	"fmt"
	"strings"

	client "github.com/EventStore/EventStore-Client-Go/v4/esdb"

	"tillstream/events"
	"tillstream/projections"
)

// PositionError says that the log has a record whose commit and prepare positions differ: one written by an explicit
// transaction, of which several events may share a position. Positions could not order such a log.
type PositionError struct {
	Stream          string
	Revision        uint64
	Commit, Prepare uint64
}

func (e *PositionError) Error() string {
	return fmt.Sprintf("%s at revision %d has commit position %d and prepare position %d: a log written by explicit "+
		"transactions cannot be followed, copy it into a new one", e.Stream, e.Revision, e.Commit, e.Prepare)
}

func positionOf(e *client.RecordedEvent) (events.Position, error) {
	if e.Position.Commit != e.Position.Prepare {
		return 0, &PositionError{e.StreamID, e.EventNumber, e.Position.Commit, e.Position.Prepare}
	}
	return events.Position(e.Position.Commit), nil
}

// arrived decodes one event. What cannot be decoded is broken, which is no error; the error is a *PositionError.
func (s *Store) arrived(e *client.RecordedEvent) (arrival, error) {
	a := arrival{size: len(e.Data) + len(e.UserMetadata)}
	at, err := positionOf(e)
	if err != nil {
		return a, err
	}
	a.fact = events.Recorded{ID: e.EventID.String(), Stream: e.StreamID, Revision: e.EventNumber, Position: at}
	if err := s.decode(e, &a.fact); err != nil {
		a.broken = &projections.Broken{Wire: e.EventType, Stream: e.StreamID, Revision: e.EventNumber, ID: a.fact.ID, Position: at, Data: e.Data, Err: err}
	}
	return a, nil
}

// decode fills in event and metadata. Its error wraps events.ErrUnknownType when the log is newer than this binary.
func (s *Store) decode(e *client.RecordedEvent, r *events.Recorded) (err error) {
	if r.Event, err = s.codec.Decode(e.EventType, e.Data); err != nil {
		return err
	}
	r.Meta, err = events.DecodeMeta(e.UserMetadata)
	if err != nil && r.Meta.V > events.MetaVersion {
		return fmt.Errorf("%w: %s: %w", events.ErrUnknownType, e.EventType, err)
	}
	return err
}

// isSystem tells the store's own events from everybody else's.
func isSystem(e *client.RecordedEvent) bool { return isSystemType(e.EventType) }

func isSystemType(wire string) bool { return strings.HasPrefix(wire, "$") }
