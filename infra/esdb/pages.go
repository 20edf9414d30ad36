package esdb

import (
	"context"
	"errors"
	"fmt"
	"io"

	client "github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"tillstream/events"
)

// Limits of pages.
const (
	pagesWindow = 2 << 20 // bytes the store may send ahead of what was read
	wiresMost   = 1024    // event types whose name is kept
)

// pages reads the log a long way: on a connection of its own, so that no append waits behind what is read, and in the wire
// form, so that what nobody listens to is never made into a message.
type pages struct {
	store *Store
	from  *appender // whose node it is
	conn  *grpc.ClientConn
	wires map[string]string
}

func (s *Store) openPages(ctx context.Context) (*pages, error) {
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	a, err := s.appender.get(ctx)
	if err != nil {
		return nil, fmt.Errorf("reach the event store at %s: %w", s.address, err)
	}
	conn, err := dial(s.conf, a.node.address, grpc.WithInitialWindowSize(pagesWindow), grpc.WithInitialConnWindowSize(pagesWindow))
	if err != nil {
		return nil, err
	}
	return &pages{store: s, from: a, conn: conn, wires: map[string]string{}}, nil
}

func (p *pages) close() { p.conn.Close() }

// read reads at most so many events from a position on, and about so many bytes.
func (p *pages) read(ctx context.Context, from events.Position, most uint64, bytes int) (*leaf, error) {
	ctx, cancel := withDeadline(ctx)
	defer cancel() // which ends a call that has more to say
	l, err := p.receive(ctx, requestOf(from, most), bytes)
	if err == nil {
		return l, nil
	}
	if status.Code(err) == codes.Unavailable {
		p.store.appender.drop(p.from, err) // the node may lead no more
	}
	if ctx.Err() != nil {
		err = fmt.Errorf("%w: %w", context.Cause(ctx), err)
	}
	return nil, fmt.Errorf("read the log: %w", err)
}

func requestOf(from events.Position, most uint64) *streams.ReadReq {
	all := &streams.ReadReq_Options_AllOptions{AllOption: &streams.ReadReq_Options_AllOptions_Start{Start: &shared.Empty{}}}
	if from > 0 {
		all.AllOption = &streams.ReadReq_Options_AllOptions_Position{Position: &streams.ReadReq_Options_Position{
			CommitPosition: uint64(from), PreparePosition: uint64(from)}}
	}
	return &streams.ReadReq{Options: &streams.ReadReq_Options{
		StreamOption: &streams.ReadReq_Options_All{All: all}, ReadDirection: streams.ReadReq_Options_Forwards,
		CountOption:  &streams.ReadReq_Options_Count{Count: most},
		FilterOption: &streams.ReadReq_Options_NoFilter{NoFilter: &shared.Empty{}},
		UuidOption: &streams.ReadReq_Options_UUIDOption{
			Content: &streams.ReadReq_Options_UUIDOption_Structured{Structured: &shared.Empty{}}},
	}}
}

func (p *pages) receive(ctx context.Context, request *streams.ReadReq, bytes int) (*leaf, error) {
	stream, err := p.conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, streams.Streams_Read_FullMethodName, grpc.ForceCodecV2(asStored{}))
	if err == nil {
		err = stream.SendMsg(request)
	}
	if err == nil {
		err = stream.CloseSend()
	}
	if err != nil && !errors.Is(err, io.EOF) { // whose reason the answer tells
		return nil, err
	}
	l := leaves.Get().(*leaf)
	for size := 0; size < bytes; {
		if err := stream.RecvMsg(l); errors.Is(err, io.EOF) {
			return l, nil
		} else if err != nil {
			return nil, err
		}
		e, is, err := parseStored(l.message, p.wires)
		if err != nil {
			return nil, err
		}
		if is {
			size += len(e.data) + len(e.metadata)
			l.events = append(l.events, e)
		}
	}
	return l, nil
}

// record is a stored event as the client would have answered it, as far as decoding needs it.
func (e *stored) record() *client.RecordedEvent {
	return &client.RecordedEvent{EventID: e.id, EventType: e.wire, StreamID: string(e.stream), EventNumber: e.revision,
		Position: client.Position{Commit: e.commit, Prepare: e.prepare}, Data: e.data, UserMetadata: e.metadata}
}
