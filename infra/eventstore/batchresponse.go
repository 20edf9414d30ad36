package eventstore

import (
	"errors"
	"math"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/emptypb"

	"tillstream/infra/eventstore/eventlog"
)

func batchExpectation(o *streams.BatchAppendReq_Options) (eventlog.Expected, error) {
	switch v := o.GetExpectedStreamPosition().(type) {
	case *streams.BatchAppendReq_Options_StreamPosition:
		return exactly(v.StreamPosition)
	case *streams.BatchAppendReq_Options_Any:
		return eventlog.Any, nil
	case *streams.BatchAppendReq_Options_NoStream:
		return eventlog.NoStream, nil
	case *streams.BatchAppendReq_Options_StreamExists:
		return eventlog.StreamExists, nil
	}
	return 0, invalid("'None' is not a valid expected stream position")
}

// batchDeadline is the client's, at most maxAppendWait away.
func batchDeadline(o *streams.BatchAppendReq_Options, now time.Time) time.Time {
	latest := now.Add(maxAppendWait)
	deadline := latest
	switch v := o.GetDeadlineOption().(type) {
	case *streams.BatchAppendReq_Options_Deadline:
		if v.Deadline.GetSeconds() < math.MaxInt32 {
			deadline = now.Add(v.Deadline.AsDuration())
		}
	case *streams.BatchAppendReq_Options_Deadline_21_10_0:
		deadline = v.Deadline_21_10_0.AsTime()
	}
	if deadline.After(latest) {
		return latest
	}
	return deadline
}

func (i *batchItem) response() *streams.BatchAppendResp {
	resp := &streams.BatchAppendResp{CorrelationId: i.correlation, StreamIdentifier: i.stream}
	failed := i.refused
	if failed == nil {
		failed = outcomeStatus(i.append)
	}
	if failed != nil {
		resp.Result = &streams.BatchAppendResp_Error{Error: failed}
		return resp
	}
	success := &streams.BatchAppendResp_Success{}
	if i.append.Revision < 0 {
		success.CurrentRevisionOption = &streams.BatchAppendResp_Success_NoStream{NoStream: &emptypb.Empty{}}
	} else {
		success.CurrentRevisionOption = &streams.BatchAppendResp_Success_CurrentRevision{CurrentRevision: uint64(i.append.Revision)}
	}
	if p := i.append.Position; p == 0 {
		success.PositionOption = &streams.BatchAppendResp_Success_NoPosition{NoPosition: &emptypb.Empty{}}
	} else {
		success.PositionOption = &streams.BatchAppendResp_Success_Position{
			Position: &shared.AllStreamPosition{CommitPosition: p, PreparePosition: p},
		}
	}
	resp.Result = &streams.BatchAppendResp_Success_{Success: success}
	return resp
}

// outcomeStatus is nil for an append that is stored.
func outcomeStatus(a *eventlog.Append) *status.Status {
	switch a.Outcome {
	case eventlog.Stored:
		return nil
	case eventlog.WrongVersion:
		return newStatus(code.Code_ALREADY_EXISTS, "WrongExpectedVersion", wrongVersionDetails(a))
	case eventlog.Deleted:
		return newStatus(code.Code_NOT_FOUND, "StreamDeleted",
			&shared.StreamDeleted{StreamIdentifier: &shared.StreamIdentifier{StreamName: []byte(a.Stream)}})
	case eventlog.Expired:
		return newStatus(code.Code_DEADLINE_EXCEEDED, "Timeout", &shared.Timeout{})
	}
	return newStatus(code.Code_UNAVAILABLE, a.Err.Error(), &emptypb.Empty{})
}

func wrongVersionDetails(a *eventlog.Append) *shared.WrongExpectedVersion {
	w := &shared.WrongExpectedVersion{}
	if a.Revision < 0 {
		w.CurrentStreamRevisionOption = &shared.WrongExpectedVersion_CurrentNoStream{CurrentNoStream: &emptypb.Empty{}}
	} else {
		w.CurrentStreamRevisionOption = &shared.WrongExpectedVersion_CurrentStreamRevision{CurrentStreamRevision: uint64(a.Revision)}
	}
	switch a.Expected {
	case eventlog.Any:
		w.ExpectedStreamPositionOption = &shared.WrongExpectedVersion_ExpectedAny{ExpectedAny: &emptypb.Empty{}}
	case eventlog.NoStream:
		w.ExpectedStreamPositionOption = &shared.WrongExpectedVersion_ExpectedNoStream{ExpectedNoStream: &emptypb.Empty{}}
	case eventlog.StreamExists:
		w.ExpectedStreamPositionOption = &shared.WrongExpectedVersion_ExpectedStreamExists{ExpectedStreamExists: &emptypb.Empty{}}
	default:
		w.ExpectedStreamPositionOption = &shared.WrongExpectedVersion_ExpectedStreamPosition{ExpectedStreamPosition: uint64(a.Expected)}
	}
	return w
}

// refusedStatus is the answer to an append that never reached the log.
func refusedStatus(err error, maxAppendSize int) *status.Status {
	var f *failure
	if !errors.As(err, &f) {
		return newStatus(code.Code_UNKNOWN, "Unknown", &shared.Unknown{})
	}
	switch {
	case f.code == codes.Aborted:
		return newStatus(code.Code_DEADLINE_EXCEEDED, "Timeout", &shared.Timeout{})
	case f.code == codes.PermissionDenied:
		return newStatus(code.Code_PERMISSION_DENIED, "AccessDenied", &shared.AccessDenied{})
	case len(f.trailers.Get("maximum-append-size")) > 0:
		return newStatus(code.Code_INVALID_ARGUMENT, "MaximumAppendSizeExceeded",
			&shared.MaximumAppendSizeExceeded{MaxAppendSize: uint32(maxAppendSize)})
	}
	return newStatus(code.Code_INVALID_ARGUMENT, "BadRequest", &shared.BadRequest{Message: f.message})
}

func newStatus(c code.Code, message string, details proto.Message) *status.Status {
	packed, err := anypb.New(details)
	if err != nil {
		panic(err) // only for a message that cannot be marshalled, and these are ours
	}
	return &status.Status{Code: int32(c), Message: message, Details: []*anypb.Any{packed}}
}
