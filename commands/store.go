package commands

import (
	"context"
	"iter"

	"tillstream/events"
)

// Store is the part of the event store that commands need.
type Store interface {
	// Read yields the facts of a stream from a revision on, in order; nothing when there is no such stream.
	Read(ctx context.Context, stream string, from uint64) iter.Seq2[events.Recorded, error]
	// Append records facts after the given last revision (-1: the stream must not exist), all or none. It fails with a
	// *ConflictError when the stream ends elsewhere. Asked again with the same ids and revision, it answers as the first
	// time and records nothing. Any other error leaves the outcome unknown, unless it wraps ErrNotRecorded.
	Append(ctx context.Context, stream string, after int64, facts []Draft) (Appended, error)
}

// Draft is a fact about to be recorded, in its stored form.
type Draft struct {
	ID       string
	Type     string
	Data     []byte
	Metadata []byte
}

// Appended says where the last of the appended facts stands.
type Appended struct {
	Position events.Position
	Revision uint64
}

// Snapshots keeps disposable snapshots of long streams. Losing any of them costs time, never truth.
type Snapshots interface {
	Load(ctx context.Context, stream string) (snapshot []byte, found bool, err error)
	Save(ctx context.Context, stream string, snapshot []byte) error
}
