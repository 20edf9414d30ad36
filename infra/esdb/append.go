package esdb

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	client "github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/google/uuid"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"tillstream/commands"
	"tillstream/events"
)

// wrongRevision says where the stream really ends, -1 when there is none.
type wrongRevision struct{ actual int64 }

func (w wrongRevision) Error() string { return fmt.Sprintf("the stream ends at revision %d", w.actual) }

// Append implements commands.Store.
func (s *Store) Append(ctx context.Context, stream string, after int64, facts []commands.Draft) (commands.Appended, error) {
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	if err := checkAppend(stream, facts); err != nil {
		return commands.Appended{}, err
	}
	a, err := s.appendOnce(ctx, stream, after, facts)
	if err != nil {
		if w := (wrongRevision{}); errors.As(err, &w) {
			return commands.Appended{}, &commands.ConflictError{Stream: stream, Expected: after, Actual: w.actual}
		}
		return commands.Appended{}, fmt.Errorf("append %d facts to %s: %w", len(facts), stream, err)
	}
	done := commands.Appended{Position: events.Position(a.position.Commit), Revision: uint64(after + int64(len(facts)))}
	if a.position.Commit == 0 || a.position.Commit != a.position.Prepare {
		// Recorded, but the answer has no position of its own: that of the last fact as it is read is.
		if done.Position, err = s.positionOf(ctx, stream, done.Revision); err != nil {
			return commands.Appended{}, fmt.Errorf("append to %s: recorded, but where is not known: %w", stream, err)
		}
	}
	return done, nil
}

func checkAppend(stream string, facts []commands.Draft) error {
	size := 0
	for i := range facts {
		size += len(facts[i].Data) + len(facts[i].Metadata)
	}
	switch {
	case stream == "" || strings.HasPrefix(stream, "$"):
		return fmt.Errorf("append to %q: %w: not a stream of the shop", stream, commands.ErrNotRecorded)
	case len(facts) == 0:
		return fmt.Errorf("append to %s: %w: no facts were given", stream, commands.ErrNotRecorded)
	case size > appendBytesMax:
		return fmt.Errorf("append to %s: %w: %d bytes at once, at most %d are accepted: ask for less in one command",
			stream, commands.ErrNotRecorded, size, appendBytesMax)
	}
	return nil
}

func (s *Store) appendOnce(ctx context.Context, stream string, after int64, facts []commands.Draft) (answer, error) {
	a, err := s.appender.get(ctx)
	if err != nil {
		return answer{}, fmt.Errorf("reach the event store at %s: %w", s.address, err)
	}
	if a.stream == nil {
		return s.appendSingle(ctx, a, stream, after, facts)
	}
	f, err := s.frameOf(ctx, stream, after, facts)
	if err != nil {
		return answer{}, err
	}
	r, err := a.append(ctx, f)
	if a.ended.Err() != nil {
		s.appender.drop(a, errNotHeard)
		return r, err
	}
	if err == nil || answered(err) {
		f.free()
		if !a.proven.Load() && a.proven.CompareAndSwap(false, true) {
			s.appender.works()
		}
	}
	return r, err
}

// answered tells the store's own refusals from the want of an answer.
func answered(err error) bool {
	return errors.As(err, new(wrongRevision)) || errors.Is(err, commands.ErrNotRecorded)
}

// refusal turns the protocol's error into ours: a wrong revision, ErrNotRecorded where the store is certain, and
// otherwise an unknown outcome.
func refusal(st *spb.Status) error {
	for _, detail := range st.GetDetails() {
		said, err := detail.UnmarshalNew()
		if err != nil {
			continue
		}
		switch d := said.(type) {
		case *shared.WrongExpectedVersion:
			if _, some := d.GetCurrentStreamRevisionOption().(*shared.WrongExpectedVersion_CurrentStreamRevision); some {
				return wrongRevision{int64(d.GetCurrentStreamRevision())}
			}
			return wrongRevision{-1}
		case *shared.StreamDeleted:
			return fmt.Errorf("%w: the stream was ended for ever by a tombstone", commands.ErrNotRecorded)
		case *shared.MaximumAppendSizeExceeded:
			return fmt.Errorf("%w: the event store accepts at most %d bytes at once: ask for less in one command",
				commands.ErrNotRecorded, d.GetMaxAppendSize())
		case *shared.BadRequest:
			return fmt.Errorf("%w: the event store says: %s", commands.ErrNotRecorded, d.GetMessage())
		case *shared.AccessDenied:
			return fmt.Errorf("%w: the event store denies access: check the user of the connection string", commands.ErrNotRecorded)
		}
	}
	return refusalOf(codes.Code(st.GetCode()), fmt.Errorf("the event store says: %s", st.GetMessage()))
}

func refusalOf(code codes.Code, err error) error {
	switch code {
	case codes.InvalidArgument, codes.PermissionDenied, codes.Unauthenticated:
		return fmt.Errorf("%w: %w", commands.ErrNotRecorded, err)
	}
	return err
}

// appendSingle serves stores that do not offer batch append.
func (s *Store) appendSingle(ctx context.Context, a *appender, stream string, after int64, facts []commands.Draft) (answer, error) {
	opts := client.AppendToStreamOptions{ExpectedRevision: client.NoStream{}}
	if after >= 0 {
		opts.ExpectedRevision = client.Revision(uint64(after))
	}
	proposed := make([]client.EventData, len(facts))
	for i, d := range facts {
		id, err := uuid.Parse(d.ID)
		if err != nil {
			return answer{}, fmt.Errorf("%w: fact %d of type %s has the id %q, which is no UUID", commands.ErrNotRecorded, i, d.Type, d.ID)
		}
		proposed[i] = client.EventData{EventID: id, EventType: d.Type, ContentType: client.ContentTypeJson, Data: d.Data, Metadata: d.Metadata}
	}
	result, err := ask(ctx, s, func(ctx context.Context, c *client.Client) (*client.WriteResult, error) {
		return c.AppendToStream(ctx, stream, opts, proposed...)
	})
	if err != nil {
		if codeOf(err) == client.ErrorUnavailable {
			s.appender.drop(a, err) // what comes back may be another server, with batch append
		}
		return answer{}, refusedSingle(err)
	}
	return answer{revision: result.NextExpectedVersion,
		position: client.Position{Commit: result.CommitPosition, Prepare: result.PreparePosition}}, nil
}

func refusedSingle(err error) error {
	var e *client.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code() {
	case client.ErrorCodeWrongExpectedVersion:
		return wrongRevision{actualIn(e.Error())}
	case client.ErrorCodeStreamDeleted, client.ErrorCodeAccessDenied, client.ErrorCodeUnauthenticated:
		return fmt.Errorf("%w: %w", commands.ErrNotRecorded, err)
	}
	return refusalOf(status.Code(e.Err()), err)
}

// actualIn finds the actual revision in the client's words, the only place where it tells it: -2 when it is not there.
func actualIn(message string) int64 {
	_, rest, found := strings.Cut(message, "but got '")
	actual, _, closed := strings.Cut(rest, "'")
	if !found || !closed {
		return -2
	}
	if actual == "no_stream" {
		return -1
	}
	n, err := strconv.ParseInt(actual, 10, 64)
	if err != nil {
		return -2
	}
	return n
}
