package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	replayv1 "tillstream/gateway/api/replay/v1"
)

type replayApplyCommand struct {
	replayViews
	Rate    int64 `placeholder:"N" help:"At most so many events a second. Default: no limit."`
	Anew    bool  `help:"Begin a new generation, whatever was begun before."`
	Promote bool  `help:"Promote each view as soon as it is built."`
}

// Help implements kong.HelpProvider.
func (replayApplyCommand) Help() string {
	return "Building ends with the command: interrupted or killed, it goes on where it was when it is run again. The view answers meanwhile.\n\n" +
		"Examples:\n\n  till replay apply orders --rate 20000\n  till replay apply --changed --promote       after a deploy"
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
	switch {
	case ctx.Err() != nil:
		return &exitError{exitFailed, errors.New("interrupted: run the same again, and it goes on where it was")}
	case status.Code(err) == codes.Unavailable:
		return fmt.Errorf("the platform is gone: start it and run the same again, and it goes on where it was (%s)", status.Convert(err).Message())
	}
	return err
}

type replayStopCommand struct{ replayViews }

// Help implements kong.HelpProvider.
func (replayStopCommand) Help() string {
	return "What was built is kept, and may be retired. The view answers as before.\n\nExample:\n\n  till replay stop orders"
}

func (r replayStopCommand) Run(ctx context.Context, all *cli, c *console) error {
	return r.each(ctx, all, func(client replayv1.ReplayClient, view string) error {
		call, cancel := context.WithTimeout(ctx, replayWithin)
		defer cancel()
		g, err := client.Stop(call, &replayv1.StopRequest{View: view})
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(c, g)
		}
		_, err = fmt.Fprintf(c.Out, "%s is not being built any more.\n", view)
		return err
	})
}
