package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"google.golang.org/grpc/status"

	statusv1 "tillstream/gateway/api/status/v1"
)

type statusCommand struct {
	Watch bool          `help:"Show it anew, until interrupted."`
	Every time.Duration `default:"1s" help:"How often --watch looks."`
}

// Help implements kong.HelpProvider.
func (statusCommand) Help() string {
	return "Tells the head of the log, each view's lag in events and seconds, where news are heard from, and what serves each part.\n\n" +
		"Examples:\n\n  till status\n  till status --watch\n  till status --json | jq '.views[] | select(.lag_events > 0)'"
}

// Validate implements kong.Validatable.
func (s statusCommand) Validate() error {
	if s.Every < 100*time.Millisecond {
		return fmt.Errorf("--every %v is too often: use at least 100ms", s.Every)
	}
	return nil
}

const statusWithin = 5 * time.Second

func (s statusCommand) Run(ctx context.Context, all *cli, c *console) error {
	conn, err := platform(all)
	if err != nil {
		return err
	}
	defer conn.Close()
	client := statusv1.NewStatusClient(conn)
	for {
		call, cancel := context.WithTimeout(ctx, statusWithin)
		p, err := client.Get(call, &statusv1.GetRequest{})
		cancel()
		if err != nil {
			return fmt.Errorf("ask the platform at %s: %s", conn.Target(), status.Convert(err).Message())
		}
		if s.Watch && !c.JSON {
			fmt.Fprint(c.Out, "\x1b[H\x1b[2J")
		}
		if err := s.print(c, p); err != nil || !s.Watch {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(s.Every):
		}
	}
}

func (s statusCommand) print(c *console, p *statusv1.Platform) error {
	if c.JSON {
		return printJSON(c, p)
	}
	return printStatus(c.Out, p)
}

func printStatus(out io.Writer, p *statusv1.Platform) error {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintf(w, "log\t%d events, head at %d (log %s)\n", p.GetLog().GetEvents(), p.GetLog().GetHead(), p.GetLog().GetLogId())
	fmt.Fprintf(w, "feed\t%s since %s %s\n", p.GetFeed().GetSource(), p.GetFeed().GetSince().AsTime().Local().Format(time.DateTime), p.GetFeed().GetWhy())
	for _, part := range slices.Sorted(maps.Keys(p.Providers)) {
		fmt.Fprintf(w, "%s\t%s\n", part, p.Providers[part])
	}
	for _, part := range slices.Sorted(maps.Keys(p.Versions)) {
		fmt.Fprintf(w, "%s version\t%s\n", part, p.Versions[part])
	}
	fmt.Fprintln(w, "\nVIEW\tVERSION\tPOSITION\tLAG\tSECONDS\tPARKED\tSTATE")
	for _, v := range p.Views {
		state := "serving"
		if v.Problem != "" {
			state = v.Problem
		}
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%.1f\t%d\t%s\n", v.Name, v.Version, v.Position, v.LagEvents, float64(v.LagMs)/1000, v.Parked, strings.TrimSpace(state))
	}
	return w.Flush()
}
