package eventstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
)

// Run serves the store in dir on addr until ctx ends, which ends it cleanly, or the store stops by itself.
func Run(ctx context.Context, dir, addr string, logger *slog.Logger) error {
	s, err := Open(dir, Options{Logger: logger})
	if err != nil {
		return err
	}
	lis, err := net.Listen("tcp", addr)
	if err != nil {
		return errors.Join(fmt.Errorf("listen for event store clients on %s: %w", addr, err), s.Close())
	}
	logger.Info("event store ready", "connection", ConnectionString(lis.Addr()), "dir", dir, "head", s.Head())
	serving := make(chan error, 1)
	go func() { serving <- s.Serve(lis) }()
	select {
	case <-ctx.Done():
		err = nil
	case err = <-serving:
		return errors.Join(err, s.Close())
	case <-s.Stopped():
		err = s.Err()
	}
	return errors.Join(err, s.Close(), <-serving)
}

// ConnectionString is what clients connect to a store at addr with.
func ConnectionString(addr net.Addr) string { return fmt.Sprintf("esdb://%s?tls=false", addr) }
