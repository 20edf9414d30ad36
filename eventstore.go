package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"

	"tillstream/infra/eventstore"
)

type eventstoreCommand struct {
	Addr string `default:"127.0.0.1:2113" env:"TILL_EVENTSTORE_ADDR" placeholder:"HOST:PORT" help:"Where to serve the EventStoreDB gRPC protocol. Default: ${default}."`
}

// Validate implements kong.Validatable.
func (e eventstoreCommand) Validate() error {
	if _, port, err := net.SplitHostPort(e.Addr); err != nil || port == "" {
		return fmt.Errorf("--addr: %q is not an address: give host:port, such as 127.0.0.1:2113", e.Addr)
	}
	return nil
}

// Help implements kong.HelpProvider.
func (eventstoreCommand) Help() string {
	return "Serves the store in DIR/eventstore to any client of EventStoreDB or KurrentDB, until it is interrupted.\n\n" +
		"Example:\n\n  till eventstore --data /var/lib/till --addr 127.0.0.1:2113\n\n" +
		"and connect with esdb://127.0.0.1:2113?tls=false"
}

func (e eventstoreCommand) Run(ctx context.Context, all *cli, c *console) error {
	return eventstore.Run(ctx, filepath.Join(all.Data, "eventstore"), e.Addr, logger(c, slog.LevelInfo))
}

// logger writes for people, to standard error.
func logger(c *console, level slog.Level) *slog.Logger {
	if c.JSON {
		return slog.New(slog.NewJSONHandler(c.Err, &slog.HandlerOptions{Level: level}))
	}
	return slog.New(slog.NewTextHandler(c.Err, &slog.HandlerOptions{Level: level}))
}
