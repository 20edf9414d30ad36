package eventstore

import (
	"context"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"tillstream/infra/eventstore/eventlog"
)

// Delete hides a stream's events from readers; a later append brings the stream back, its revisions going on.
func (s *streamsService) Delete(ctx context.Context, req *streams.DeleteReq) (*streams.DeleteResp, error) {
	o := req.GetOptions()
	expected, err := deleteExpectation(o)
	if err != nil {
		return nil, answer(err, trailersOf(ctx))
	}
	position, err := s.end(ctx, o.GetStreamIdentifier(), expected, eventlog.NewDelete)
	if err != nil {
		return nil, answer(err, trailersOf(ctx))
	}
	return &streams.DeleteResp{PositionOption: &streams.DeleteResp_Position_{
		Position: &streams.DeleteResp_Position{CommitPosition: position, PreparePosition: position},
	}}, nil
}

// Tombstone ends a stream for ever.
func (s *streamsService) Tombstone(ctx context.Context, req *streams.TombstoneReq) (*streams.TombstoneResp, error) {
	o := req.GetOptions()
	expected, err := tombstoneExpectation(o)
	if err != nil {
		return nil, answer(err, trailersOf(ctx))
	}
	position, err := s.end(ctx, o.GetStreamIdentifier(), expected, eventlog.NewTombstone)
	if err != nil {
		return nil, answer(err, trailersOf(ctx))
	}
	return &streams.TombstoneResp{PositionOption: &streams.TombstoneResp_Position_{
		Position: &streams.TombstoneResp_Position{CommitPosition: position, PreparePosition: position},
	}}, nil
}

func (s *streamsService) end(ctx context.Context, id *shared.StreamIdentifier, expected eventlog.Expected,
	request func(string, eventlog.Expected) *eventlog.Append) (position uint64, err error) {
	name, err := writableStream(id.GetStreamName())
	if err != nil {
		return 0, err
	}
	a := request(name, expected)
	if err := s.submit(ctx, a); err != nil {
		return 0, err
	}
	switch a.Outcome {
	case eventlog.Stored:
		return a.Position, nil
	case eventlog.WrongVersion:
		return 0, wrongExpectedVersion("Delete", name, expected, a.Revision)
	case eventlog.Deleted:
		return 0, streamDeleted(name)
	}
	return 0, expired()
}

func deleteExpectation(o *streams.DeleteReq_Options) (eventlog.Expected, error) {
	switch v := o.GetExpectedStreamRevision().(type) {
	case *streams.DeleteReq_Options_Revision:
		return exactly(v.Revision)
	case *streams.DeleteReq_Options_Any:
		return eventlog.Any, nil
	case *streams.DeleteReq_Options_NoStream:
		return eventlog.NoStream, nil
	case *streams.DeleteReq_Options_StreamExists:
		return eventlog.StreamExists, nil
	}
	return 0, invalid("'None' is not a valid expected stream revision")
}

func tombstoneExpectation(o *streams.TombstoneReq_Options) (eventlog.Expected, error) {
	switch v := o.GetExpectedStreamRevision().(type) {
	case *streams.TombstoneReq_Options_Revision:
		return exactly(v.Revision)
	case *streams.TombstoneReq_Options_Any:
		return eventlog.Any, nil
	case *streams.TombstoneReq_Options_NoStream:
		return eventlog.NoStream, nil
	case *streams.TombstoneReq_Options_StreamExists:
		return eventlog.StreamExists, nil
	}
	return 0, invalid("'None' is not a valid expected stream revision")
}

// trailersOf adapts a unary call: setting its trailer can only fail outside of one.
func trailersOf(ctx context.Context) func(metadata.MD) {
	return func(md metadata.MD) { _ = grpc.SetTrailer(ctx, md) }
}
