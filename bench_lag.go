package main

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"tillstream/infra/bench"
)

type benchLagCommand struct {
	Rate   int           `default:"500" help:"Commands a second, of an event each. Default: ${default}."`
	For    time.Duration `default:"30s" help:"How long it is measured. Default: ${default}."`
	WarmUp time.Duration `default:"3s" help:"How long each turn runs before it is measured. Default: ${default}."`
	Dir    string        `placeholder:"DIR" help:"Where the platform's data lies; it is removed afterwards. Default: the system's place for temporary files."`
}

// Help implements kong.HelpProvider.
func (benchLagCommand) Help() string {
	return "Runs a whole platform of its own and asks it commands at a steady rate, whether or not those before have been answered. Once a command is " +
		"acknowledged, a query with its token waits for what was recorded. Beside that, in the same run, stands how long a bare subscription takes to " +
		"hear of an append. A query that does not show what its token stands for ends the run.\n\n" +
		"Examples:\n\n  till bench lag\n  till bench lag --rate 1000 --for 1m --json"
}

func (b benchLagCommand) Run(ctx context.Context, c *console) error {
	lags, err := bench.Lag(ctx, bench.LagOptions{Dir: b.Dir, Rate: b.Rate, For: b.For, WarmUp: b.WarmUp, Progress: benchProgress(c)})
	if err != nil {
		return err
	}
	if c.JSON {
		err = json.NewEncoder(c.Out).Encode(lags)
	} else {
		err = lags.Write(c.Out)
	}
	if err == nil && !lags.Sound() {
		return errors.New("a view does not show what was acknowledged: " + lags.Void)
	}
	return err
}
