// Package targets is the one place that knows what a process of the platform can be, and puts its parts together.
package targets

import "log/slog"

// Config is everything that can be set of the platform. The zero value of a server's address means: the embedded one.
type Config struct {
	Data       string // directory of everything durable, secrets included
	HTTP       string // host:port of REST
	GRPC       string // host:port of gRPC
	EventStore string // esdb:// connection string; empty: embedded
	Postgres   string // DSN; empty: a private server
	Warehouse  string // where orders and prices are that name no warehouse
	Version    string // of this binary, for status
	Log        *slog.Logger
	Progress   func(string) // told what a slow start is waiting for; may be nil
}

func (c Config) tell(what string) {
	if c.Progress != nil {
		c.Progress(what)
	}
}

// Where tells where a running platform is to be found.
type Where struct {
	HTTP, GRPC, EventStore, Data string
}
