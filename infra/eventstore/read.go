package eventstore

import (
	"context"
	"math"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"

	"tillstream/infra/eventstore/eventlog"
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

// streamRead sends at most left events of one stream as it was when the read began.
type streamRead struct {
	*sender
	name       string
	left       uint64
	compatible bool // the client understands first and last revision
	page       eventlog.Page
}

func (r *streamRead) run(ctx context.Context, from start, backwards bool) error {
	v, err := r.log.View(r.name)
	switch {
	case err != nil:
		return err
	case v.Tombstoned:
		return streamDeleted(r.name)
	case v.Missing:
		return r.notFound(r.name)
	}
	if backwards {
		err = r.backward(ctx, from, v)
	} else {
		err = r.forward(ctx, from, v)
	}
	if err != nil || !r.compatible {
		return err
	}
	return r.lastRevision(v.Last)
}

func (r *streamRead) forward(ctx context.Context, from start, v eventlog.View) error {
	if from.last {
		return nil
	}
	next := max(from.at, v.First)
	if r.compatible && next > from.at && next > uint64(v.Last) {
		if err := r.firstRevision(next); err != nil {
			return err
		}
	}
	for r.left > 0 && ctx.Err() == nil {
		if err := r.log.StreamForward(r.name, next, v.Head, limit(r.left), &r.page); err != nil {
			return err
		}
		for i := range r.page.Records {
			rec := &r.page.Records[i]
			next = rec.Revision + 1
			if rec.Created < v.Oldest {
				continue
			}
			if err := r.event(rec); err != nil {
				return err
			}
			r.left--
		}
		if r.page.End {
			break
		}
	}
	return ctx.Err()
}

func (r *streamRead) backward(ctx context.Context, from start, v eventlog.View) error {
	next := uint64(v.Last)
	if !from.last {
		next = min(from.at, next)
	}
	for r.left > 0 && ctx.Err() == nil {
		if err := r.log.StreamBackward(r.name, next, v.Head, limit(r.left), &r.page); err != nil {
			return err
		}
		for i := range r.page.Records {
			rec := &r.page.Records[i]
			if rec.Revision < v.First {
				return nil
			}
			next = rec.Revision - 1
			if rec.Created < v.Oldest {
				continue
			}
			if err := r.event(rec); err != nil {
				return err
			}
			r.left--
		}
		if r.page.End {
			break
		}
	}
	return ctx.Err()
}

// allRead sends at most left events of $all that pass the filter.
type allRead struct {
	*sender
	filter *filter
	left   uint64
	page   eventlog.Page
}

func (r *allRead) run(ctx context.Context, from start, backwards bool) error {
	if backwards {
		return r.backward(ctx, from)
	}
	return r.forward(ctx, from)
}

func (r *allRead) forward(ctx context.Context, from start) error {
	if from.last {
		return nil
	}
	next, head := from.at, r.log.Head()
	for r.left > 0 && next <= head && ctx.Err() == nil {
		if err := r.log.Forward(next, r.pageLimit(), &r.page); err != nil {
			return err
		}
		for i := range r.page.Records {
			rec := &r.page.Records[i]
			next = rec.Position + 1
			if err := r.send(rec); err != nil {
				return err
			}
		}
		if r.page.End {
			break
		}
	}
	return ctx.Err()
}

func (r *allRead) backward(ctx context.Context, from start) error {
	before := from.at
	if from.last {
		before = math.MaxUint64
	}
	for r.left > 0 && ctx.Err() == nil {
		if err := r.log.Backward(before, r.pageLimit(), &r.page); err != nil {
			return err
		}
		for i := range r.page.Records {
			rec := &r.page.Records[i]
			before = rec.Position
			if err := r.send(rec); err != nil {
				return err
			}
		}
		if r.page.End {
			break
		}
	}
	return ctx.Err()
}

func (r *allRead) send(rec *eventlog.Record) error {
	if r.left == 0 || !r.filter.matches(rec) {
		return nil
	}
	r.left--
	return r.event(rec)
}

// pageLimit does not shrink to what is left under a filter: most of the page may not match.
func (r *allRead) pageLimit() int {
	if r.filter != nil {
		return eventlog.MaxPageRecords
	}
	return limit(r.left)
}

func limit(left uint64) int { return int(min(left, eventlog.MaxPageRecords)) }
