package eventstore

import (
	"math"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
)

// Read answers reads and subscriptions, of one stream and of $all.
func (s *streamsService) Read(req *streams.ReadReq, stream streams.Streams_ReadServer) error {
	return answer(s.read(req.GetOptions(), stream), stream.SetTrailer)
}

func (s *streamsService) read(o *streams.ReadReq_Options, stream streams.Streams_ReadServer) error {
	if o.GetUuidOption() == nil {
		return invalid("'uuidOption' is a required argument")
	}
	_, stringID := o.GetUuidOption().GetContent().(*streams.ReadReq_Options_UUIDOption_String_)
	out := &sender{log: s.server.log, stream: stream, stringID: stringID, resolve: o.GetResolveLinks()}
	f, err := parseFilter(o)
	if err != nil {
		return err
	}
	_, subscribe := o.GetCountOption().(*streams.ReadReq_Options_Subscription)
	if !subscribe && o.GetCountOption() == nil {
		return invalid("a read needs a count or the subscription option")
	}
	backwards := o.GetReadDirection() == streams.ReadReq_Options_Backwards
	if subscribe && backwards {
		return invalid("a subscription cannot go backwards")
	}
	switch v := o.GetStreamOption().(type) {
	case *streams.ReadReq_Options_Stream:
		if f != nil {
			return invalid("a stream cannot be filtered")
		}
		name, err := readableStream(v.Stream.GetStreamIdentifier().GetStreamName())
		if err != nil {
			return err
		}
		from, err := streamStart(v.Stream)
		if err != nil {
			return err
		}
		if subscribe {
			return (&streamSubscription{sender: out, name: name}).run(stream.Context(), from)
		}
		r := streamRead{sender: out, name: name, left: o.GetCount(), compatible: o.GetControlOption().GetCompatibility() >= 1}
		return r.run(stream.Context(), from, backwards)
	case *streams.ReadReq_Options_All:
		from, err := allStart(v.All)
		if err != nil {
			return err
		}
		if subscribe {
			if f != nil && f.interval == 0 {
				return invalid("the checkpoint interval of a filter must be positive")
			}
			return (&allSubscription{sender: out, filter: f}).run(stream.Context(), from)
		}
		r := allRead{sender: out, filter: f, left: o.GetCount()}
		return r.run(stream.Context(), from, backwards)
	}
	return invalid("'None' is not a valid stream option")
}

// start is where a read or a subscription begins.
type start struct {
	at    uint64 // revision or position
	first bool
	last  bool
}

func streamStart(o *streams.ReadReq_Options_StreamOptions) (start, error) {
	switch v := o.GetRevisionOption().(type) {
	case *streams.ReadReq_Options_StreamOptions_Revision:
		if v.Revision == math.MaxUint64 {
			return start{last: true}, nil
		}
		return start{at: v.Revision}, nil
	case *streams.ReadReq_Options_StreamOptions_Start:
		return start{first: true}, nil
	case *streams.ReadReq_Options_StreamOptions_End:
		return start{last: true}, nil
	}
	return start{}, invalid("'None' is not a valid start of a stream read")
}

func allStart(o *streams.ReadReq_Options_AllOptions) (start, error) {
	switch v := o.GetAllOption().(type) {
	case *streams.ReadReq_Options_AllOptions_Position:
		if v.Position.GetPreparePosition() > v.Position.GetCommitPosition() {
			return start{}, invalid("the prepare position %d is beyond the commit position %d",
				v.Position.GetPreparePosition(), v.Position.GetCommitPosition())
		}
		if v.Position.GetCommitPosition() == math.MaxUint64 {
			return start{last: true}, nil
		}
		return start{at: v.Position.GetCommitPosition()}, nil
	case *streams.ReadReq_Options_AllOptions_Start:
		return start{first: true}, nil
	case *streams.ReadReq_Options_AllOptions_End:
		return start{last: true}, nil
	}
	return start{}, invalid("'None' is not a valid start of a read of $all")
}
