package bench

import (
	"context"
	"errors"
	"io"
	"sync/atomic"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/serverfeatures"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"google.golang.org/grpc"
)

// noop answers appends with success and stores nothing: what client, generated code, gRPC and kernel cost.
type noop struct {
	streams.UnimplementedStreamsServer
	serverfeatures.UnimplementedServerFeaturesServer
	position atomic.Uint64
}

func (n *noop) register(g *grpc.Server) {
	streams.RegisterStreamsServer(g, n)
	serverfeatures.RegisterServerFeaturesServer(g, n)
}

// GetSupportedMethods offers batch append.
func (n *noop) GetSupportedMethods(context.Context, *shared.Empty) (*serverfeatures.SupportedMethods, error) {
	return &serverfeatures.SupportedMethods{
		EventStoreServerVersion: "23.10.0",
		Methods:                 []*serverfeatures.SupportedMethod{{MethodName: "batchappend", ServiceName: "event_store.client.streams.streams"}},
	}, nil
}

// Append takes all there is and answers.
func (n *noop) Append(stream streams.Streams_AppendServer) error {
	for {
		if _, err := stream.Recv(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
	}
	at := n.position.Add(1)
	return stream.SendAndClose(&streams.AppendResp{Result: &streams.AppendResp_Success_{Success: &streams.AppendResp_Success{
		CurrentRevisionOption: &streams.AppendResp_Success_CurrentRevision{CurrentRevision: at},
		PositionOption:        &streams.AppendResp_Success_Position{Position: &streams.AppendResp_Position{CommitPosition: at, PreparePosition: at}},
	}}})
}

// BatchAppend answers each append as it comes.
func (n *noop) BatchAppend(stream streams.Streams_BatchAppendServer) error {
	for {
		req, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		at := n.position.Add(1)
		resp := &streams.BatchAppendResp{
			CorrelationId: req.GetCorrelationId(), StreamIdentifier: req.GetOptions().GetStreamIdentifier(),
			Result: &streams.BatchAppendResp_Success_{Success: &streams.BatchAppendResp_Success{
				CurrentRevisionOption: &streams.BatchAppendResp_Success_CurrentRevision{CurrentRevision: at},
				PositionOption:        &streams.BatchAppendResp_Success_Position{Position: &shared.AllStreamPosition{CommitPosition: at, PreparePosition: at}},
			}},
		}
		if err := stream.Send(resp); err != nil {
			return err
		}
	}
}
