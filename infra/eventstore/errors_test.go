package eventstore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"tillstream/infra/eventstore/eventlog"
)

func TestErrorsAsTheProtocolHasThem(t *testing.T) {
	damage := &eventlog.DamageError{File: "/data/000005.sst", Err: errors.New("checksum mismatch")}
	cases := []struct {
		err       error
		code      codes.Code
		exception string
		says      string
	}{
		{streamDeleted("s"), codes.FailedPrecondition, "stream-deleted", "'s'"},
		{wrongExpectedVersion("Delete", "s", eventlog.NoStream, 3), codes.FailedPrecondition, "wrong-expected-version", "Actual version: 3"},
		{maxAppendSizeExceeded(7), codes.InvalidArgument, "maximum-append-size-exceeded", "7"},
		{metadataMissing("type"), codes.InvalidArgument, "missing-required-metadata-property", "'type'"},
		{accessDenied(), codes.PermissionDenied, "access-denied", ""},
		{invalid("no %s", "way"), codes.InvalidArgument, "", "no way"},
		{expired(), codes.Aborted, "", "deadline"},
		{fmt.Errorf("read: %w", damage), codes.DataLoss, "", "000005.sst"},
		{&eventlog.StoppedError{Reason: damage}, codes.DataLoss, "", "000005.sst"},
		{&eventlog.StoppedError{Reason: errors.New("no space")}, codes.Unavailable, "", "no space"},
		{eventlog.ErrClosed, codes.Unavailable, "", "closed"},
		{context.Canceled, codes.Canceled, "", ""},
		{context.DeadlineExceeded, codes.DeadlineExceeded, "", ""},
		{status.Error(codes.ResourceExhausted, "too large"), codes.ResourceExhausted, "", "too large"},
		{errors.New("else"), codes.Unknown, "", "else"},
	}
	for _, c := range cases {
		t.Run(c.err.Error(), func(t *testing.T) {
			trailers := metadata.MD{}
			err := answer(c.err, func(md metadata.MD) { trailers = md })
			if status.Code(err) != c.code || !strings.Contains(err.Error(), c.says) {
				t.Fatalf("answered %v", err)
			}
			if got := strings.Join(trailers.Get("exception"), ""); got != c.exception {
				t.Fatalf("exception %q, want %q", got, c.exception)
			}
		})
	}
	if answer(nil, nil) != nil {
		t.Fatal("no error became one")
	}
}
