package main

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"tillstream/infra/bench"
)

type benchCommand struct {
	Append  benchAppendCommand  `cmd:"" help:"Appends to the embedded event store: by the official client and by batch append."`
	Rebuild benchRebuildCommand `cmd:"" help:"Views built anew from the log, as till replay apply does it."`
	Lag     benchLagCommand     `cmd:"" help:"How soon a query shows what a command recorded, at a steady rate."`
}

// Help implements kong.HelpProvider.
func (benchCommand) Help() string {
	return "Example:\n\n  till bench append"
}

type benchAppendCommand struct {
	Duration time.Duration `default:"3s" help:"How long each row is measured."`
	WarmUp   time.Duration `default:"500ms" help:"How long each row runs before it is measured."`
	Writers  []int         `default:"1,8,64" help:"Numbers of writers at once."`
	Payload  int           `default:"256" help:"Bytes of an event's data."`
	Dir      string        `placeholder:"DIR" help:"Where the stores of the run lie; they are removed afterwards. Default: the system's place for temporary files."`
}

// Help implements kong.HelpProvider.
func (benchAppendCommand) Help() string {
	return "Measures appends to a store of its own, beside three limits in the same run: a server that stores nothing behind the same client, raw " +
		"Pebble with the same grouping, and write + fdatasync. What was stored is read back: a row that lost or doubled anything has no figures.\n\n" +
		"Examples:\n\n  till bench append\n  till bench append --writers 64 --duration 10s --json"
}

func (b benchAppendCommand) Run(ctx context.Context, c *console) error {
	table, err := bench.Append(ctx, bench.Options{Dir: b.Dir, Duration: b.Duration, WarmUp: b.WarmUp, Writers: b.Writers, Payload: b.Payload,
		Progress: benchProgress(c)})
	if err != nil {
		return err
	}
	if c.JSON {
		err = json.NewEncoder(c.Out).Encode(table)
	} else {
		err = table.Write(c.Out)
	}
	if err == nil && !table.Sound() {
		return errors.New("a row lost, doubled or changed what was appended: see the table")
	}
	return err
}
