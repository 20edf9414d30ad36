package eventstore

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"

	"tillstream/infra/eventstore/eventlog"
)

type streamsService struct {
	streams.UnimplementedStreamsServer
	server *Server
}

// Append takes the options, then the events, and answers once they are on disk. What is wrong with them is told
// after the last one: a client that is still sending would not hear it.
func (s *streamsService) Append(stream streams.Streams_AppendServer) error {
	p, options, err := s.receive(stream)
	if err != nil {
		return answer(err, stream.SetTrailer)
	}
	a := p.append
	if err := s.submit(stream.Context(), a); err != nil {
		return answer(err, stream.SetTrailer)
	}
	switch a.Outcome {
	case eventlog.Stored:
		return stream.SendAndClose(appended(a))
	case eventlog.WrongVersion:
		return stream.SendAndClose(appendRefused(options, a))
	case eventlog.Deleted:
		return answer(streamDeleted(a.Stream), stream.SetTrailer)
	}
	return answer(expired(), stream.SetTrailer)
}

func (s *streamsService) receive(stream streams.Streams_AppendServer) (*proposal, *streams.AppendReq_Options, error) {
	first, err := stream.Recv()
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, nil, err
	}
	options := first.GetOptions()
	if options == nil {
		return nil, nil, invalid("an append must begin with its options")
	}
	name, refused := writableStream(options.GetStreamIdentifier())
	expected, err := appendExpectation(options)
	if refused == nil {
		refused = err
	}
	p := newProposal(name, expected, s.server.options.MaxAppendSize)
	for {
		req, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return p, options, refused
		}
		if err != nil {
			return nil, nil, err
		}
		if refused != nil {
			continue
		}
		if m := req.GetProposedMessage(); m != nil {
			refused = p.add(m)
		} else {
			refused = invalid("an append must have its options once, then events")
		}
	}
}

func appendExpectation(o *streams.AppendReq_Options) (eventlog.Expected, error) {
	switch v := o.GetExpectedStreamRevision().(type) {
	case *streams.AppendReq_Options_Revision:
		return exactly(v.Revision)
	case *streams.AppendReq_Options_Any:
		return eventlog.Any, nil
	case *streams.AppendReq_Options_NoStream:
		return eventlog.NoStream, nil
	case *streams.AppendReq_Options_StreamExists:
		return eventlog.StreamExists, nil
	}
	return 0, invalid("'None' is not a valid expected stream revision")
}

// submit waits for the outcome. A client's deadline is the append's too: not taken up by then, it is not stored.
func (s *streamsService) submit(ctx context.Context, a *eventlog.Append) error {
	deadline := time.Now().Add(maxAppendWait)
	if d, ok := ctx.Deadline(); ok && d.Before(deadline) {
		deadline = d
	}
	a.Deadline = deadline
	return s.server.log.Append(ctx, a)
}

func appended(a *eventlog.Append) *streams.AppendResp {
	success := &streams.AppendResp_Success{}
	if a.Revision < 0 {
		success.CurrentRevisionOption = &streams.AppendResp_Success_NoStream{NoStream: &shared.Empty{}}
	} else {
		success.CurrentRevisionOption = &streams.AppendResp_Success_CurrentRevision{CurrentRevision: uint64(a.Revision)}
	}
	if a.Position == 0 {
		success.PositionOption = &streams.AppendResp_Success_NoPosition{NoPosition: &shared.Empty{}}
	} else {
		success.PositionOption = &streams.AppendResp_Success_Position{
			Position: &streams.AppendResp_Position{CommitPosition: a.Position, PreparePosition: a.Position},
		}
	}
	return &streams.AppendResp{Result: &streams.AppendResp_Success_{Success: success}}
}

// appendRefused fills the fields of old and new clients alike.
func appendRefused(o *streams.AppendReq_Options, a *eventlog.Append) *streams.AppendResp {
	type wrong = streams.AppendResp_WrongExpectedVersion
	w := &wrong{}
	empty := &shared.Empty{}
	switch a.Expected {
	case eventlog.Any:
		w.ExpectedRevisionOption = &streams.AppendResp_WrongExpectedVersion_ExpectedAny{ExpectedAny: empty}
		w.ExpectedRevisionOption_20_6_0 = &streams.AppendResp_WrongExpectedVersion_Any_20_6_0{Any_20_6_0: empty}
	case eventlog.StreamExists:
		w.ExpectedRevisionOption = &streams.AppendResp_WrongExpectedVersion_ExpectedStreamExists{ExpectedStreamExists: empty}
		w.ExpectedRevisionOption_20_6_0 = &streams.AppendResp_WrongExpectedVersion_StreamExists_20_6_0{StreamExists_20_6_0: empty}
	case eventlog.NoStream:
		w.ExpectedRevisionOption = &streams.AppendResp_WrongExpectedVersion_ExpectedNoStream{ExpectedNoStream: empty}
		w.ExpectedRevisionOption_20_6_0 = &streams.AppendResp_WrongExpectedVersion_ExpectedRevision_20_6_0{ExpectedRevision_20_6_0: ^uint64(0)}
	default:
		w.ExpectedRevisionOption = &streams.AppendResp_WrongExpectedVersion_ExpectedRevision{ExpectedRevision: o.GetRevision()}
		w.ExpectedRevisionOption_20_6_0 = &streams.AppendResp_WrongExpectedVersion_ExpectedRevision_20_6_0{ExpectedRevision_20_6_0: o.GetRevision()}
	}
	if a.Revision < 0 {
		w.CurrentRevisionOption = &streams.AppendResp_WrongExpectedVersion_CurrentNoStream{CurrentNoStream: empty}
		w.CurrentRevisionOption_20_6_0 = &streams.AppendResp_WrongExpectedVersion_NoStream_20_6_0{NoStream_20_6_0: empty}
	} else {
		w.CurrentRevisionOption = &streams.AppendResp_WrongExpectedVersion_CurrentRevision{CurrentRevision: uint64(a.Revision)}
		w.CurrentRevisionOption_20_6_0 = &streams.AppendResp_WrongExpectedVersion_CurrentRevision_20_6_0{CurrentRevision_20_6_0: uint64(a.Revision)}
	}
	return &streams.AppendResp{Result: &streams.AppendResp_WrongExpectedVersion_{WrongExpectedVersion: w}}
}
