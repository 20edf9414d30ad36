package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"tillstream/events"
	"tillstream/infra/esdb"
)

type eventsCommand struct {
	Read eventsReadCommand `cmd:"" help:"Print the events of a stream, or of the whole log."`
}

type eventsReadCommand struct {
	Stream     string   `xor:"what" required:"" placeholder:"NAME" help:"A stream, such as order-1f0c…"`
	All        bool     `xor:"what" required:"" help:"The whole log."`
	From       uint64   `placeholder:"N" help:"First revision of the stream, or first position of the log."`
	Limit      uint64   `placeholder:"N" help:"At most so many events."`
	Type       []string `placeholder:"T" help:"Only events of this type; with a star at its end, of all types that begin so. May be given several times."`
	Follow     bool     `short:"f" help:"Then wait for more, until interrupted."`
	Eventstore string   `env:"TILL_EVENTSTORE" placeholder:"esdb://…" help:"The event store to read. Default: that of the running platform."`
}

// Help implements kong.HelpProvider.
func (eventsCommand) Help() string {
	return "The log is read as it is stored, whatever views make of it.\n\nExample:\n\n  till events read --all --type 'order.*' --limit 10"
}

// Validate implements kong.Validatable.
func (e eventsReadCommand) Validate() error {
	if e.Eventstore == "" {
		return nil
	}
	if err := esdb.CheckConnectionString(e.Eventstore); err != nil {
		return fmt.Errorf("--eventstore: %w", err)
	}
	return nil
}

// Help implements kong.HelpProvider.
func (eventsReadCommand) Help() string {
	return "Prints one event a line: its position, time, stream, revision, type, and data. Personal data is sealed, and stays so.\n\n" +
		"Examples:\n\n  till events read --stream product-85123A\n  till events read --all --type 'order.*' --limit 10 --json\n  till events read --all --follow"
}

const dialWithin = 10 * time.Second

func (e eventsReadCommand) Run(ctx context.Context, all *cli, c *console) error {
	where := e.Eventstore
	if where == "" {
		running, err := find(all)
		if err != nil {
			return err
		}
		where = running.EventStore
	}
	dialing, cancel := context.WithTimeout(ctx, dialWithin)
	store, err := esdb.Dial(dialing, where, events.Catalog(), esdb.Options{Log: logger(c, 0)})
	cancel()
	if err != nil {
		return err
	}
	defer store.Close()
	lines := json.NewEncoder(c.Out)
	q := esdb.RawQuery{Stream: e.Stream, Types: e.Type, From: e.From, Limit: e.Limit, Follow: e.Follow}
	for event, err := range store.RawEvents(ctx, q) {
		switch {
		case err != nil && ctx.Err() != nil:
			return nil
		case err != nil:
			return err
		case c.JSON:
			err = lines.Encode(event)
		default:
			_, err = fmt.Fprintf(c.Out, "%d %s %s@%d %s %s\n", event.Position, event.Recorded.UTC().Format(time.RFC3339), event.Stream,
				event.Revision, event.Type, event.Data)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
