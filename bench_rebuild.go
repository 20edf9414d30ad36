package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"tillstream/infra/bench"
	"tillstream/projections"
)

type benchRebuildCommand struct {
	Events int64    `default:"2000000" help:"Events of the log, of a made-up shop. Default: ${default}."`
	View   []string `default:"sales_facts" placeholder:"VIEW" help:"Views to build anew, one after the other. Default: ${default}."`
	All    bool     `help:"Every view."`
	Dir    string   `placeholder:"DIR" help:"Where store and database of the run lie; they are removed afterwards. Default: the system's place for temporary files."`
}

// Help implements kong.HelpProvider.
func (benchRebuildCommand) Help() string {
	return "Writes the log of a made-up shop into a store of its own, and builds views anew from it, into a Postgres of its own, by the code of till replay " +
		"apply. Beside that, in the same run, stand reading and decoding the same log alone, and COPY of the same rows, with the same indexes and with " +
		"none.\n\n" +
		"Examples:\n\n  till bench rebuild\n  till bench rebuild --events 500000 --view orders --view audit_log\n  till bench rebuild --all --json"
}

func (b benchRebuildCommand) Run(ctx context.Context, c *console) error {
	o := bench.RebuildOptions{Dir: b.Dir, Events: b.Events, Views: b.View, Progress: benchProgress(c)}
	if b.All {
		o.Views = nil
		for _, v := range projections.Views() {
			o.Views = append(o.Views, v.Name)
		}
	}
	rebuilds, err := bench.Rebuild(ctx, o)
	if err != nil {
		return err
	}
	if c.JSON {
		err = json.NewEncoder(c.Out).Encode(rebuilds)
	} else {
		err = rebuilds.Write(c.Out)
	}
	if err == nil && !rebuilds.Sound() {
		return errors.New("a view was not folded to the end of the log: see the figures")
	}
	return err
}

// benchProgress tells what is done now.
func benchProgress(c *console) func(string) {
	return func(what string) {
		if !c.Quiet {
			fmt.Fprintln(c.Err, what)
		}
	}
}
