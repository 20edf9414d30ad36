package main

import (
	"errors"
	"fmt"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"tillstream/infra/local"
)

// messageMax is the largest answer a command takes: an order of 1,500 lines fits many times.
const messageMax = 16 << 20

// platform connects to the running platform: the one named by --server, else the owner of the data directory.
func platform(all *cli) (*grpc.ClientConn, error) {
	address := all.Server
	if address == "" {
		running, err := find(all)
		if err != nil {
			return nil, err
		}
		address = running.GRPC
	}
	conn, err := grpc.NewClient("passthrough:///"+address, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(messageMax)))
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", address, err)
	}
	return conn, nil
}

// find looks for the platform that owns the data directory.
func find(all *cli) (local.Running, error) {
	running, err := local.Find(all.Data)
	switch {
	case errors.Is(err, local.ErrNotRunning):
		return running, fmt.Errorf("no platform runs on %s: start one with \"till up --data %s\", or name one with --server HOST:PORT", all.Data, all.Data)
	case err != nil:
		return running, err
	case running.GRPC == "":
		return running, fmt.Errorf("the platform on %s (%v) is still starting: try again in a moment", all.Data, running)
	}
	return running, nil
}

// reasonOf is the stable reason of an error that the platform answered with; empty for another.
func reasonOf(err error) string {
	for _, detail := range status.Convert(err).Details() {
		if info, is := detail.(*errdetails.ErrorInfo); is {
			return info.Reason
		}
	}
	return ""
}
