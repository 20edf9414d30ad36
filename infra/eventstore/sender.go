package eventstore

import (
	"bytes"
	"strconv"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"google.golang.org/grpc"

	"tillstream/infra/eventstore/eventlog"
)

const typeLink = "$>"

// sender writes the answers of one Read call.
type sender struct {
	log      *eventlog.Log
	stream   grpc.ServerStream
	stringID bool
	resolve  bool
	frame    frame
	linked   eventlog.Page
}

// event sends an event; a link is followed when the client asked for that.
func (s *sender) event(r *eventlog.Record) error {
	if !s.resolve || string(r.Type) != typeLink {
		return s.stream.SendMsg(s.frame.event(r, nil, s.stringID))
	}
	revision, name, ok := parseLink(r.Data)
	if !ok {
		return s.stream.SendMsg(s.frame.event(r, nil, s.stringID))
	}
	target, err := s.target(name, revision)
	if err != nil {
		return err
	}
	return s.stream.SendMsg(s.frame.event(target, r, s.stringID))
}

// parseLink reads "revision@stream"; what is not of that form is an event like any other.
func parseLink(data []byte) (revision uint64, stream string, ok bool) {
	number, name, found := bytes.Cut(data, []byte("@"))
	if !found || len(name) == 0 || len(name) > maxStreamName {
		return 0, "", false
	}
	revision, err := strconv.ParseUint(string(number), 10, 63)
	return revision, string(name), err == nil
}

// target is the event a link leads to, nil when readers may not see it (any more).
func (s *sender) target(stream string, revision uint64) (*eventlog.Record, error) {
	v, err := s.log.View(stream)
	if err != nil || v.Missing || v.Tombstoned || revision < v.First {
		return nil, err
	}
	if err := s.log.StreamForward(stream, revision, v.Head, 1, &s.linked); err != nil {
		return nil, err
	}
	if len(s.linked.Records) == 0 {
		return nil, nil
	}
	r := &s.linked.Records[0]
	if r.Revision != revision || r.Created < v.Oldest {
		return nil, nil
	}
	return r, nil
}

func (s *sender) confirm(id string) error {
	return s.stream.SendMsg(&streams.ReadResp{Content: &streams.ReadResp_Confirmation{
		Confirmation: &streams.ReadResp_SubscriptionConfirmation{SubscriptionId: id},
	}})
}

func (s *sender) checkpoint(position uint64) error {
	return s.stream.SendMsg(&streams.ReadResp{Content: &streams.ReadResp_Checkpoint_{
		Checkpoint: &streams.ReadResp_Checkpoint{CommitPosition: position, PreparePosition: position},
	}})
}

func (s *sender) caughtUp() error {
	return s.stream.SendMsg(&streams.ReadResp{Content: &streams.ReadResp_CaughtUp_{CaughtUp: &streams.ReadResp_CaughtUp{}}})
}

func (s *sender) fellBehind() error {
	return s.stream.SendMsg(&streams.ReadResp{Content: &streams.ReadResp_FellBehind_{FellBehind: &streams.ReadResp_FellBehind{}}})
}

func (s *sender) notFound(stream string) error {
	return s.stream.SendMsg(&streams.ReadResp{Content: &streams.ReadResp_StreamNotFound_{
		StreamNotFound: &streams.ReadResp_StreamNotFound{StreamIdentifier: &shared.StreamIdentifier{StreamName: []byte(stream)}},
	}})
}

func (s *sender) firstRevision(revision uint64) error {
	return s.stream.SendMsg(&streams.ReadResp{Content: &streams.ReadResp_FirstStreamPosition{FirstStreamPosition: revision}})
}

func (s *sender) lastRevision(revision int64) error {
	return s.stream.SendMsg(&streams.ReadResp{Content: &streams.ReadResp_LastStreamPosition{LastStreamPosition: uint64(revision)}})
}
