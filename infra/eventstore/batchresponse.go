package eventstore

import (
	"errors"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/emptypb"

	"tillstream/infra/eventstore/eventlog"
)

// Field numbers of BatchAppendResp and its success.
const (
	fieldAnswerCorrelation = 1
	fieldAnswerError       = 2
	fieldAnswerSuccess     = 3
	fieldAnswerStream      = 4

	fieldSuccessRevision   = 1
	fieldSuccessNoStream   = 2
	fieldSuccessPosition   = 3
	fieldSuccessNoPosition = 4
)

// batchFrame is a BatchAppendResp written in wire form; see frame.
type batchFrame struct {
	resp    streams.BatchAppendResp
	buf     []byte
	success []byte
}

func (f *batchFrame) response(i *batchItem) proto.Message {
	b := appendText(f.buf[:0], fieldAnswerCorrelation, i.correlation)
	if failed := i.failure(); failed != nil {
		encoded, err := proto.Marshal(failed)
		if err != nil {
			panic(err) // only for invalid UTF-8, and the texts are ours
		}
		b = appendText(b, fieldAnswerError, encoded)
	} else {
		f.success = appendSuccess(f.success[:0], i.append)
		b = appendText(b, fieldAnswerSuccess, f.success)
	}
	f.buf = appendText(b, fieldAnswerStream, i.identifier)
	f.resp.ProtoReflect().SetUnknown(f.buf)
	return &f.resp
}

func appendSuccess(b []byte, a *eventlog.Append) []byte {
	if a.Revision < 0 {
		b = appendLen(b, fieldSuccessNoStream, 0)
	} else {
		b = appendUint(b, fieldSuccessRevision, uint64(a.Revision))
	}
	if a.Position == 0 {
		return appendLen(b, fieldSuccessNoPosition, 0)
	}
	b = appendLen(b, fieldSuccessPosition, 2*(1+protowire.SizeVarint(a.Position)))
	b = appendUint(b, 1, a.Position)
	return appendUint(b, 2, a.Position)
}

// failure is nil for an append that is stored.
func (i *batchItem) failure() *status.Status {
	if i.refused != nil {
		return refusedStatus(i.refused, i.limit)
	}
	a := i.append
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
