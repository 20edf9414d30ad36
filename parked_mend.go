package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	parkedv1 "tillstream/gateway/api/parked/v1"
)

type parkedRetryCommand struct {
	parkedView
	Key string `arg:"" optional:"" placeholder:"KEY" help:"The key, as till parked list names it."`
	All bool   `help:"Every parked key of the view; those that still fail stay parked."`
	mending
}

// Help implements kong.HelpProvider.
func (parkedRetryCommand) Help() string {
	return "Examples:\n\n  till parked retry products 85123A --why 'the fold is mended'\n  till parked retry products --all --as staff:anna"
}

// Validate implements kong.Validatable.
func (r parkedRetryCommand) Validate() error {
	if (r.Key == "") != r.All {
		return errors.New("name one KEY, or --all")
	}
	return nil
}

func (r parkedRetryCommand) Run(ctx context.Context, all *cli, c *console) error {
	if r.All {
		return r.ask(r.by(ctx), all, allWithin, func(ctx context.Context, client parkedv1.ParkedClient) error { return r.every(ctx, client, c) })
	}
	return r.ask(r.by(ctx), all, mendWithin, func(ctx context.Context, client parkedv1.ParkedClient) error {
		return r.retry(ctx, client, c, r.Key)
	})
}

func (r parkedRetryCommand) retry(ctx context.Context, client parkedv1.ParkedClient, c *console, key string) error {
	m, err := client.Retry(ctx, &parkedv1.RetryRequest{View: r.View, Key: key, Generation: r.Generation, Why: r.Why})
	if err != nil {
		return err
	}
	return printMended(c, m, "folded")
}

// every retries all keys that are parked now, streams first, for others may wait for them.
func (r parkedRetryCommand) every(ctx context.Context, client parkedv1.ParkedClient, c *console) error {
	var keys, streams []string
	err := r.each(ctx, client, func(page *parkedv1.KeyList) error {
		for _, k := range page.Items {
			if strings.HasPrefix(k.Key, "<") {
				streams = append(streams, k.Key)
			} else {
				keys = append(keys, k.Key)
			}
		}
		return nil
	})
	failed := 0
	for _, key := range append(streams, keys...) {
		if err != nil {
			return err
		}
		one := r.retry(ctx, client, c, key)
		switch reason := reasonOf(one); {
		case one == nil, reason == "parked_unknown": // it went on with its stream
		case reason == "still_parked", reason == "parked_behind_stream":
			failed++
			fmt.Fprintf(c.Err, "till: %s: %s\n", printable(key), status.Convert(one).Message())
		default:
			err = one
		}
	}
	if err == nil && failed > 0 {
		err = fmt.Errorf("%d are parked still", failed)
	}
	return err
}

type parkedDropCommand struct {
	parkedKey
	Count int64 `required:"" placeholder:"N" help:"How many facts are forgotten, to confirm: as many as the key remembers."`
	mending
}

// Help implements kong.HelpProvider.
func (parkedDropCommand) Help() string {
	return "Example:\n\n  till parked drop products 85123A --count 3 --why 'test data'"
}

func (d parkedDropCommand) Run(ctx context.Context, all *cli, c *console) error {
	return d.ask(d.by(ctx), all, mendWithin, func(ctx context.Context, client parkedv1.ParkedClient) error {
		m, err := client.Drop(ctx, &parkedv1.DropRequest{View: d.View, Key: d.Key, Generation: d.Generation, Count: &d.Count, Why: d.Why})
		if err != nil {
			return err
		}
		return printMended(c, m, "forgotten")
	})
}

func (m mending) by(ctx context.Context) context.Context {
	if m.As == "" {
		return ctx
	}
	return metadata.AppendToOutgoingContext(ctx, "x-actor", m.As)
}

func printMended(c *console, m *parkedv1.Mended, what string) error {
	if c.JSON {
		return printJSON(c, m)
	}
	fmt.Fprintf(c.Out, "%s goes on: %d facts were %s, %d keys are whole.\n", printable(m.Key), m.Facts, what, m.Healed)
	for _, k := range m.Still {
		fmt.Fprintf(c.Out, "  %s is parked still: %s\n", printable(k.Key), printable(k.Error))
	}
	return nil
}
