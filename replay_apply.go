package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	replayv1 "tillstream/gateway/api/replay/v1"
	"tillstream/gateway/wirejson"
)

type replayApplyCommand struct {
	replayViews
	Rate    int64 `placeholder:"N" help:"At most so many events a second. Default: no limit."`
	Anew    bool  `help:"Begin a new generation, whatever was begun before."`
	Promote bool  `help:"Promote each view as soon as it is built."`
}

// Help implements kong.HelpProvider.
func (replayApplyCommand) Help() string {
	return "Building ends with the command: interrupted or killed, it goes on where it was when it is run again. The view answers meanwhile."
}

func (a replayApplyCommand) Run(ctx context.Context, all *cli, c *console) error {
	return a.each(ctx, all, func(client replayv1.ReplayClient, view string) error {
		stream, err := client.Apply(ctx, &replayv1.ApplyRequest{View: view, Rate: a.Rate, Anew: a.Anew})
		if err != nil {
			return err
		}
		show := newReplayProgress(c)
		var last *replayv1.Progress
		for {
			p, err := stream.Recv()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				show.end()
				return interrupted(ctx, err)
			}
			last = p
			show.tell(p)
		}
		show.end()
		if c.JSON || last == nil {
			return a.then(ctx, client, c, view, "")
		}
		fmt.Fprintf(c.Out, "%s of %s is built: it has %d events and follows the log.\n", last.Generation, view, last.Events)
		return a.then(ctx, client, c, view, last.Generation)
	})
}

func (a replayApplyCommand) then(ctx context.Context, client replayv1.ReplayClient, c *console, view, generation string) error {
	if !a.Promote {
		return nil
	}
	return promote(ctx, client, c, view, generation)
}

// interrupted says that nothing is lost when the caller has had enough.
func interrupted(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return &exitError{exitFailed, errors.New("interrupted: run the same again, and it goes on where it was")}
	}
	return err
}

// replayProgress shows long work of the platform: a bar on a terminal, lines elsewhere, an object a line in JSON.
type replayProgress struct {
	c    *console
	bar  *progress
	last time.Time
}

func newReplayProgress(c *console) *replayProgress {
	return &replayProgress{c: c, bar: newProgress(c, "events")}
}

func (r *replayProgress) tell(p *replayv1.Progress) {
	switch {
	case r.c.JSON:
		fmt.Fprintf(r.c.Out, "%s\n", wirejson.Marshal(p))
	case r.c.Quiet:
	case terminal(r.c.Err):
		what := fmt.Sprintf("%s %s", p.Generation, p.Phase)
		if p.Waiting != "" {
			what += " (nothing moves: " + p.Waiting + ")"
		}
		r.bar.show(what, int(p.Events), int(max(p.Of, 1)))
	case p.Done || time.Since(r.last) >= lineEvery:
		r.last = time.Now()
		fmt.Fprintln(r.c.Err, progressLine(p))
	}
}

func (r *replayProgress) end() { r.bar.end() }
