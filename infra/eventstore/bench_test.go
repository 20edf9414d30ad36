package eventstore_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/serverfeatures"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/emptypb"

	"tillstream/infra/eventstore"
	"tillstream/infra/eventstore/eventlog"
	"tillstream/infra/eventstore/eventstoretest"
)

var payload = make([]byte, 256)

// noop answers every append at once: what client, gRPC and kernel cost without a store.
type noop struct {
	streams.UnimplementedStreamsServer
	serverfeatures.UnimplementedServerFeaturesServer
	revision atomic.Uint64
}

func (n *noop) Append(s streams.Streams_AppendServer) error {
	for {
		if _, err := s.Recv(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
	}
	r := n.revision.Add(1)
	return s.SendAndClose(&streams.AppendResp{Result: &streams.AppendResp_Success_{Success: &streams.AppendResp_Success{
		CurrentRevisionOption: &streams.AppendResp_Success_CurrentRevision{CurrentRevision: r},
		PositionOption:        &streams.AppendResp_Success_Position{Position: &streams.AppendResp_Position{CommitPosition: r, PreparePosition: r}},
	}}})
}

func startNoop(b *testing.B) string {
	b.Helper()
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	g := grpc.NewServer(eventstore.ServerOptions()...)
	n := &noop{}
	streams.RegisterStreamsServer(g, n)
	serverfeatures.RegisterServerFeaturesServer(g, n)
	go func() { _ = g.Serve(lis) }()
	b.Cleanup(g.Stop)
	return eventstore.ConnectionString(lis.Addr())
}

// BenchmarkAppendToStream is the official client against this store and against a server that does nothing.
func BenchmarkAppendToStream(b *testing.B) {
	for _, writers := range []int{1, 8, 64} {
		b.Run(fmt.Sprint("store/", writers), func(b *testing.B) {
			benchAppend(b, eventstoretest.StartWith(b, eventstore.Options{}), writers)
		})
		b.Run(fmt.Sprint("noop/", writers), func(b *testing.B) { benchAppend(b, startNoop(b), writers) })
	}
}

func benchAppend(b *testing.B, conn string, writers int) {
	client := connect(b, conn+"&keepAliveInterval=-1")
	ctx := context.Background()
	share(b, writers, func(w, n int) error {
		_, err := client.AppendToStream(ctx, fmt.Sprint("stream-", w), esdb.AppendToStreamOptions{ExpectedRevision: esdb.Any{}},
			esdb.EventData{EventType: "order.placed", ContentType: esdb.ContentTypeJson, Data: payload})
		return err
	})
}

// share runs b.N operations over some writers and reports operations per second.
func share(b *testing.B, writers int, op func(writer, n int) error) {
	b.Helper()
	b.ReportAllocs()
	var next atomic.Int64
	var group sync.WaitGroup
	b.ResetTimer()
	for w := range writers {
		group.Go(func() {
			for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
				if err := op(w, int(n)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "appends/s")
}

// BenchmarkBatchAppend is one BatchAppend call with many appends in flight.
func BenchmarkBatchAppend(b *testing.B) {
	for _, inFlight := range []int{1, 8, 64, 256} {
		b.Run(fmt.Sprint(inFlight), func(b *testing.B) {
			conn := eventstoretest.StartWith(b, eventstore.Options{})
			benchBatch(b, conn, inFlight)
		})
	}
}

func benchBatch(b *testing.B, conn string, inFlight int) {
	addr := conn[len("esdb://") : len(conn)-len("?tls=false")]
	cc, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		b.Fatal(err)
	}
	defer cc.Close()
	call, err := streams.NewStreamsClient(cc).BatchAppend(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	slots := make(chan struct{}, inFlight)
	done := make(chan error, 1)
	b.ReportAllocs()
	b.ResetTimer()
	go func() {
		for range b.N {
			resp, err := call.Recv()
			if err == nil && resp.GetSuccess() == nil {
				err = errors.New(resp.GetError().GetMessage())
			}
			if err != nil {
				done <- err
				return
			}
			<-slots
		}
		done <- nil
	}()
	for n := range b.N {
		slots <- struct{}{}
		if err := call.Send(batchRequest(n, inFlight)); err != nil {
			b.Fatal(err)
		}
	}
	if err := <-done; err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "appends/s")
}

func batchRequest(n, streamCount int) *streams.BatchAppendReq {
	id := func() *shared.UUID {
		u := uuid.New()
		return &shared.UUID{Value: &shared.UUID_Structured_{Structured: &shared.UUID_Structured{
			MostSignificantBits: int64(binary.BigEndian.Uint64(u[:8])), LeastSignificantBits: int64(binary.BigEndian.Uint64(u[8:])),
		}}}
	}
	return &streams.BatchAppendReq{
		CorrelationId: id(),
		Options: &streams.BatchAppendReq_Options{
			StreamIdentifier:       &shared.StreamIdentifier{StreamName: fmt.Append(nil, "stream-", n%streamCount)},
			ExpectedStreamPosition: &streams.BatchAppendReq_Options_Any{Any: &emptypb.Empty{}},
		},
		ProposedMessages: []*streams.BatchAppendReq_ProposedMessage{{
			Id: id(), Metadata: map[string]string{"type": "order.placed", "content-type": "application/json"}, Data: payload,
		}},
		IsFinal: true,
	}
}

// BenchmarkLog is the event log without gRPC.
func BenchmarkLog(b *testing.B) {
	for _, writers := range []int{1, 8, 64} {
		b.Run(fmt.Sprint(writers), func(b *testing.B) {
			l, err := eventlog.Open(b.TempDir(), eventlog.Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer l.Close()
			share(b, writers, func(w, _ int) error {
				stream := fmt.Sprint("stream-", w)
				a := eventlog.NewAppend(stream, eventlog.Any, eventlog.SizeHint(stream, 1, 300))
				a.Add(uuid.New(), []byte("order.placed"), true, nil, payload)
				return l.Append(context.Background(), a)
			})
		})
	}
}

// BenchmarkReadAll is the official client reading the whole log, and following it as a subscription.
func BenchmarkReadAll(b *testing.B) {
	conn := eventstoretest.StartWith(b, eventstore.Options{})
	c := connect(b, conn)
	const stored = 50_000
	for n := 0; n < stored; n += 500 {
		events := make([]esdb.EventData, 500)
		for i := range events {
			events[i] = esdb.EventData{EventType: "order.placed", ContentType: esdb.ContentTypeJson, Data: payload}
		}
		appendTo(b, c, fmt.Sprint("stream-", n%7), events...)
	}
	b.Run("read", func(b *testing.B) {
		b.ReportAllocs()
		for left := b.N; left > 0; left -= stored {
			read, err := c.ReadAll(context.Background(), esdb.ReadAllOptions{From: esdb.Start{}}, uint64(min(left, stored)))
			if err != nil {
				b.Fatal(err)
			}
			for {
				if _, err := read.Recv(); errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					b.Fatal(err)
				}
			}
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
	})
	b.Run("subscribe", func(b *testing.B) {
		b.ReportAllocs()
		for left := b.N; left > 0; left -= stored {
			sub, err := c.SubscribeToAll(context.Background(), esdb.SubscribeToAllOptions{From: esdb.Start{}})
			if err != nil {
				b.Fatal(err)
			}
			for n := 0; n < min(left, stored); {
				e := sub.Recv()
				if e.SubscriptionDropped != nil {
					b.Fatal(e.SubscriptionDropped.Error)
				}
				if e.EventAppeared != nil {
					n++
				}
			}
			_ = sub.Close()
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
	})
}
