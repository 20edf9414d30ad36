package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"tillstream/gateway"
	"tillstream/infra/esdb"
	"tillstream/infra/targets"
)

type upCommand struct {
	HTTP       string `name:"http" default:"127.0.0.1:8080" env:"TILL_HTTP" placeholder:"HOST:PORT" help:"Where to serve REST (loopback only, until accounts exist). Default: ${default}."`
	GRPC       string `name:"grpc" default:"127.0.0.1:9090" env:"TILL_GRPC" placeholder:"HOST:PORT" help:"Where to serve gRPC (loopback only, until accounts exist). Default: ${default}."`
	Eventstore string `env:"TILL_EVENTSTORE" placeholder:"esdb://…" help:"A KurrentDB or EventStoreDB to use. Default: the embedded event store."`
	Postgres   string `env:"TILL_POSTGRES" placeholder:"postgres://…" help:"A PostgreSQL to keep views in. Default: a private one."`
	Warehouse  string `default:"MAIN" env:"TILL_WAREHOUSE" placeholder:"CODE" help:"Where orders and prices belong that name no warehouse. Default: ${default}."`
	Verbose    bool   `short:"v" env:"TILL_VERBOSE" help:"Log every request."`
}

// Validate implements kong.Validatable: what is written wrongly is used wrongly, and nothing is started.
func (u upCommand) Validate() error {
	for flag, address := range map[string]string{"--http": u.HTTP, "--grpc": u.GRPC} {
		if err := gateway.CheckAddress(address); err != nil {
			return fmt.Errorf("%s: %w", flag, err)
		}
	}
	if u.HTTP == u.GRPC && !strings.HasSuffix(u.HTTP, ":0") {
		return fmt.Errorf("--http and --grpc are both %s: each needs an address of its own", u.HTTP)
	}
	if u.Eventstore != "" {
		if err := esdb.CheckConnectionString(u.Eventstore); err != nil {
			return fmt.Errorf("--eventstore: %w", err)
		}
	}
	return nil
}

// Help implements kong.HelpProvider.
func (upCommand) Help() string {
	return "Runs everything in this process, durable in one data directory, and ends cleanly on an interrupt. With nothing configured it " +
		"needs nothing installed: the event store is embedded, and a private PostgreSQL is started from the machine's binaries, else fetched once.\n\n" +
		"A setting is taken from its flag, else from its environment variable, else from the configuration file, else from its default.\n\n" +
		"Examples:\n\n  till up\n  till up --data /var/lib/till --http 127.0.0.1:8000\n  TILL_EVENTSTORE='esdb://kurrent:2113?tls=false' till up"
}

func (u upCommand) Run(ctx context.Context, all *cli, c *console) error {
	level := slog.LevelWarn
	if u.Verbose {
		level = slog.LevelInfo
	}
	started := time.Now()
	config := targets.Config{Data: all.Data, HTTP: u.HTTP, GRPC: u.GRPC, EventStore: u.Eventstore, Postgres: u.Postgres,
		Warehouse: u.Warehouse, Version: version(), Log: logger(c, level), Progress: c.tell}
	defer context.AfterFunc(ctx, func() { c.tell("stopping…") })()
	err := targets.Up(ctx, config, func(w targets.Where) { announce(c, w, time.Since(started)) })
	if err == nil {
		c.tell("stopped")
	}
	return err
}

// announce prints where to look.
func announce(c *console, w targets.Where, took time.Duration) {
	if c.JSON {
		_ = json.NewEncoder(c.Out).Encode(map[string]any{"http": "http://" + w.HTTP, "grpc": w.GRPC, "eventstore": w.EventStore, "data": w.Data,
			"ready_ms": took.Milliseconds()})
		return
	}
	fmt.Fprintf(c.Out, `Tillstream is up (%s).

  API           http://%s/v1
  try it        http://%s/docs
  gRPC          %s
  health        http://%s/readyz
  event store   %s
  data          %s

Import a shop:  till import online-retail FILE
How it fares:   till status
Stop it:        Ctrl-C
`, took.Round(10*time.Millisecond), w.HTTP, w.HTTP, w.GRPC, w.HTTP, w.EventStore, w.Data)
}
