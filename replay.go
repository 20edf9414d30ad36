package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"google.golang.org/grpc/status"

	"tillstream/gateway"
	replayv1 "tillstream/gateway/api/replay/v1"
	"tillstream/gateway/wirejson"
)

type replayCommand struct {
	Status   replayStatusCommand   `cmd:"" help:"List the generations of views, and how far those are that are being built."`
	Plan     replayPlanCommand     `cmd:"" help:"Say what building a view anew would take, and what would change."`
	Apply    replayApplyCommand    `cmd:"" help:"Build the next generation of a view beside the one that answers."`
	Verify   replayVerifyCommand   `cmd:"" help:"Compare two generations of a view row by row; exits 4 when they differ."`
	Stop     replayStopCommand     `cmd:"" help:"Stop building; it goes on where it was with the next apply."`
	Promote  replayPromoteCommand  `cmd:"" help:"Have the generation that was built answer from now on."`
	Rollback replayRollbackCommand `cmd:"" help:"Have the generation answer again that did before."`
	Retire   replayRetireCommand   `cmd:"" help:"Drop generations that do not answer."`
}

// Help implements kong.HelpProvider.
func (replayCommand) Help() string {
	return "A view is built anew from the log, in a generation of its own, while the one that is there answers. Both then hear what is recorded, so " +
		"that switching is instant, and so is switching back.\n\n" +
		"Examples:\n\n  till replay plan orders\n  till replay apply orders && till replay verify orders && till replay promote orders\n" +
		"  till replay rollback orders\n  till replay retire orders\n  till replay apply --changed       after a deploy\n  till replay verify --fresh --all"
}

// replayViews is which views a command is about.
type replayViews struct {
	Views   []string `arg:"" optional:"" name:"view" placeholder:"VIEW" help:"Views, as till status names them."`
	All     bool     `help:"Every view."`
	Changed bool     `help:"Views whose generation was built by another version of the fold than this binary has."`
}

// Validate implements kong.Validatable.
func (v replayViews) Validate() error {
	given := 0
	for _, is := range []bool{len(v.Views) > 0, v.All, v.Changed} {
		if is {
			given++
		}
	}
	if given != 1 {
		return errors.New("name views, or give --all or --changed")
	}
	return nil
}

const replayWithin = time.Minute

// each calls do for every view that is meant, in order, until one fails.
func (v replayViews) each(ctx context.Context, all *cli, do func(replayv1.ReplayClient, string) error) error {
	return askReplay(all, func(client replayv1.ReplayClient) error {
		views := v.Views
		if v.All || v.Changed {
			call, cancel := context.WithTimeout(ctx, replayWithin)
			defer cancel()
			list, err := client.All(call, &replayv1.AllRequest{})
			if err != nil {
				return err
			}
			views = chosen(list.Items, v.All)
		}
		for _, view := range views {
			if err := do(client, view); err != nil {
				return named(view, err)
			}
		}
		return nil
	})
}

// chosen lists the views of generations: all, or those whose fold has changed since the one that answers was built.
func chosen(list []*replayv1.Generation, all bool) (views []string) {
	for _, g := range list {
		if (all || g.Served && len(g.Changes) > 0) && !slices.Contains(views, g.View) {
			views = append(views, g.View)
		}
	}
	return views
}

// named says which view an error is about. An exit code stays.
func named(view string, err error) error {
	var exit *exitError
	if errors.As(err, &exit) {
		return err
	}
	return fmt.Errorf("%s: %s", view, status.Convert(err).Message())
}

func askReplay(all *cli, do func(replayv1.ReplayClient) error) error {
	conn, err := platform(all)
	if err != nil {
		return err
	}
	defer conn.Close()
	return do(replayv1.NewReplayClient(conn))
}

type replayStatusCommand struct {
	Views []string `arg:"" optional:"" name:"view" placeholder:"VIEW" help:"Views, as till status names them. Default: all."`
}

// Help implements kong.HelpProvider.
func (replayStatusCommand) Help() string {
	return "Tells which generation answers, which follow the log, and how far each is. The remark says why this binary's fold cannot go on with one.\n\n" +
		"Examples:\n\n  till replay status\n  till replay status orders --json"
}

func (s replayStatusCommand) Run(ctx context.Context, all *cli, c *console) error {
	return askReplay(all, func(client replayv1.ReplayClient) error {
		call, cancel := context.WithTimeout(ctx, replayWithin)
		defer cancel()
		list, err := client.All(call, &replayv1.AllRequest{})
		if err != nil {
			return errors.New(status.Convert(err).Message())
		}
		w := tabwriter.NewWriter(c.Out, 0, 8, 2, ' ', 0)
		if !c.JSON {
			fmt.Fprintln(w, "VIEW\tGENERATION\tVERSION\tSTATE\tPOSITION\tLAG\tPARKED\tREMARK")
		}
		for _, g := range list.Items {
			switch {
			case len(s.Views) > 0 && !slices.Contains(s.Views, g.View):
			case c.JSON:
				fmt.Fprintf(c.Out, "%s\n", wirejson.Marshal(g))
			default:
				fmt.Fprintf(w, "%s\t%s\t%d of %d\t%s\t%d\t%d\t%d\t%s\n", g.View, g.Name, g.Version, g.Declared, gateway.GenerationState(g), g.Position, g.LagEvents, g.Parked, remarkOf(g))
			}
		}
		return w.Flush()
	})
}

func remarkOf(g *replayv1.Generation) string {
	if p := g.Progress; p != nil {
		remark := progressLine(p)
		if p.Waiting != "" {
			remark += "; nothing moves: " + printable(p.Waiting)
		}
		return remark
	}
	return strings.Join(g.Changes, "; ")
}

type replayPlanCommand struct{ replayViews }

// Help implements kong.HelpProvider.
func (replayPlanCommand) Help() string {
	return "Nothing is built. The time is worked out from a speed that was measured; events, bytes and disk are those of the log and of the view.\n\n" +
		"Examples:\n\n  till replay plan orders\n  till replay plan --changed"
}

func (r replayPlanCommand) Run(ctx context.Context, all *cli, c *console) error {
	return r.each(ctx, all, func(client replayv1.ReplayClient, view string) error {
		call, cancel := context.WithTimeout(ctx, replayWithin)
		defer cancel()
		plan, err := client.Plan(call, &replayv1.PlanRequest{View: view})
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(c, plan)
		}
		printPlan(c, plan)
		return nil
	})
}

func printPlan(c *console, p *replayv1.ReplayPlan) {
	fmt.Fprintf(c.Out, "%s: version %d is declared, %s answers.\n", p.View, p.Declared, orNone(p.GetServed().GetName()))
	if len(p.Changes) == 0 {
		fmt.Fprintln(c.Out, "  changes   none that is declared: the same fold would be run again")
	}
	for _, change := range p.Changes {
		fmt.Fprintln(c.Out, "  changes   "+change)
	}
	switch {
	case p.Begun.GetCaughtUp():
		fmt.Fprintf(c.Out, "  built     %s, which follows the log: promote it, or give --anew to build another\n", p.Begun.Name)
		return
	case p.Begun != nil:
		fmt.Fprintf(c.Out, "  begun     %s, at %d events: it is gone on with\n", p.Begun.Name, p.Begun.Events)
	}
	heard := fmt.Sprintf("%d types of them are folded", p.HeardTypes)
	if p.HeardTypes == 0 {
		heard = "all of them are folded"
	}
	fmt.Fprintf(c.Out, "  events    %d to read, %s; %s\n", p.Events, heard, sizeOf(int64(p.Bytes)))
	if p.PerSecond > 0 {
		fmt.Fprintf(c.Out, "  time      about %v at %d events/s, measured: %s\n", (time.Duration(p.ExpectedMs) * time.Millisecond).Round(100*time.Millisecond),
			p.PerSecond, p.Measured)
	}
	disk := sizeOf(p.DiskBytes)
	if p.DiskFreeBytes != nil {
		disk += fmt.Sprintf(", %s are free", sizeOf(*p.DiskFreeBytes))
		if *p.DiskFreeBytes < p.DiskBytes {
			disk += ": NOT ENOUGH"
		}
	}
	fmt.Fprintf(c.Out, "  disk      about %s\n", disk)
}

func sizeOf(bytes int64) string {
	switch {
	case bytes >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(bytes)/(1<<30))
	case bytes >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(bytes)/(1<<20))
	}
	return fmt.Sprintf("%.1f KiB", float64(bytes)/(1<<10))
}
