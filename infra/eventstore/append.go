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

// Field numbers of AppendReq.
const (
	fieldAppendOptions  = 1
	fieldAppendProposed = 2
)

// Append takes the options, then the events, and answers once they are on disk. What is wrong with them is told
// after the last one: a client that is still sending would not hear it.
func (s *streamsService) Append(stream streams.Streams_AppendServer) error {
	p, err := s.receive(stream)
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
		return stream.SendAndClose(appendRefused(a))
	case eventlog.Deleted:
		return answer(streamDeleted(a.Stream), stream.SetTrailer)
	}
	return answer(expired(), stream.SetTrailer)
}

func (s *streamsService) receive(stream streams.Streams_AppendServer) (p proposal, err error) {
	in := receiver{stream: stream}
	first, err := in.next()
	if err != nil && !errors.Is(err, io.EOF) {
		return p, err
	}
	p, refused := s.begin(first)
	for {
		message, err := in.next()
		if errors.Is(err, io.EOF) {
			return p, refused
		}
		if err != nil {
			return p, err
		}
		if refused == nil {
			refused = eachField(message, func(f field) error {
				switch f.number {
				case fieldAppendProposed:
					return p.add(f.b)
				case fieldAppendOptions:
					return invalid("an append has its options once, then events")
				}
				return nil
			})
		}
	}
}

func (s *streamsService) begin(message []byte) (p proposal, err error) {
	var options []byte
	err = eachField(message, func(f field) error {
		if f.number == fieldAppendOptions {
			options = f.b
		}
		return nil
	})
	if err == nil && options == nil {
		err = invalid("an append must begin with its options")
	}
	if err != nil {
		return p, err
	}
	o, err := parseAppendOptions(options)
	if err != nil {
		return p, err
	}
	name, err := writableStream(o.name)
	return newProposal(name, o.expected, 0, s.server.options.MaxAppendSize), err
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
func appendRefused(a *eventlog.Append) *streams.AppendResp {
	w := &streams.AppendResp_WrongExpectedVersion{}
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
		w.ExpectedRevisionOption = &streams.AppendResp_WrongExpectedVersion_ExpectedRevision{ExpectedRevision: uint64(a.Expected)}
		w.ExpectedRevisionOption_20_6_0 = &streams.AppendResp_WrongExpectedVersion_ExpectedRevision_20_6_0{ExpectedRevision_20_6_0: uint64(a.Expected)}
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
