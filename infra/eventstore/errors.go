package eventstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"tillstream/infra/eventstore/eventlog"
)

// failure is an error as the protocol has it: a gRPC status and the trailers from which the official clients make
// their typed errors.
type failure struct {
	code     codes.Code
	message  string
	trailers metadata.MD
}

func (f *failure) Error() string { return f.message }

func streamDeleted(stream string) *failure {
	return &failure{codes.FailedPrecondition, fmt.Sprintf("Event stream '%s' is deleted.", stream), metadata.Pairs(
		"exception", "stream-deleted",
		"stream-name", ascii(stream),
	)}
}

func wrongExpectedVersion(operation, stream string, expected eventlog.Expected, actual int64) *failure {
	text := fmt.Sprintf("%s failed due to WrongExpectedVersion. Stream: %s, Expected version: %d, Actual version: %d",
		operation, stream, expected, actual)
	return &failure{codes.FailedPrecondition, text, metadata.Pairs(
		"exception", "wrong-expected-version",
		"stream-name", ascii(stream),
		"expected-version", strconv.FormatInt(int64(expected), 10),
		"actual-version", strconv.FormatInt(actual, 10),
	)}
}

func maxAppendSizeExceeded(limit int) *failure {
	return &failure{codes.InvalidArgument, fmt.Sprintf("Maximum Append Size of %d Exceeded.", limit), metadata.Pairs(
		"exception", "maximum-append-size-exceeded",
		"maximum-append-size", strconv.Itoa(limit),
	)}
}

func metadataMissing(property string) *failure {
	return &failure{codes.InvalidArgument, fmt.Sprintf("Required Metadata Property '%s' is missing", property), metadata.Pairs(
		"exception", "missing-required-metadata-property",
		"required-metadata-properties", "type,content-type",
	)}
}

func accessDenied() *failure {
	return &failure{codes.PermissionDenied, "Access Denied", metadata.Pairs("exception", "access-denied")}
}

func invalid(format string, args ...any) *failure {
	return &failure{code: codes.InvalidArgument, message: fmt.Sprintf(format, args...)}
}

// expired is an append the writer did not take up in time: nothing of it is stored.
func expired() *failure {
	return &failure{code: codes.Aborted, message: "Operation timed out: the append was not taken up before its deadline"}
}

// answer turns an error into what goes over the wire; setTrailer gets its trailers.
func answer(err error, setTrailer func(metadata.MD)) error {
	if err == nil {
		return nil
	}
	var f *failure
	if errors.As(err, &f) {
		if f.trailers != nil {
			setTrailer(f.trailers)
		}
		return status.Error(f.code, f.message)
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return status.FromContextError(err).Err()
	}
	var damage *eventlog.DamageError
	if errors.As(err, &damage) {
		return status.Error(codes.DataLoss, err.Error())
	}
	var stopped *eventlog.StoppedError
	if errors.As(err, &stopped) || errors.Is(err, eventlog.ErrClosed) {
		return status.Error(codes.Unavailable, err.Error())
	}
	if s, ok := status.FromError(err); ok {
		return s.Err()
	}
	return status.Error(codes.Unknown, err.Error())
}

// ascii makes a name fit for a header: what is not printable ASCII is percent-encoded.
func ascii(s string) string {
	plain := true
	for i := range len(s) {
		plain = plain && s[i] >= ' ' && s[i] <= '~'
	}
	if plain {
		return s
	}
	var b strings.Builder
	for i := range len(s) {
		if s[i] >= ' ' && s[i] <= '~' {
			b.WriteByte(s[i])
		} else {
			fmt.Fprintf(&b, "%%%02X", s[i])
		}
	}
	return b.String()
}
