package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	replayv1 "tillstream/gateway/api/replay/v1"
)

type replayPromoteCommand struct {
	replayViews
	Generation string `placeholder:"NAME" help:"Which; of one view. Default: the last that was built."`
}

// Help implements kong.HelpProvider.
func (replayPromoteCommand) Help() string {
	return "Refused while the generation is behind the one that answers. Who is being answered is answered from one generation; the analysts' names " +
		"follow in the same transaction.\n\n" +
		"Examples:\n\n  till replay promote orders\n  till replay promote orders --generation orders_v1_g2"
}

func (p replayPromoteCommand) Run(ctx context.Context, all *cli, c *console) error {
	if p.Generation != "" && len(p.Views) != 1 {
		return &exitError{exitMisused, errors.New("--generation is of one view: name it alone")}
	}
	return p.each(ctx, all, func(client replayv1.ReplayClient, view string) error {
		return promote(ctx, client, c, view, p.Generation)
	})
}

func promote(ctx context.Context, client replayv1.ReplayClient, c *console, view, generation string) error {
	call, cancel := context.WithTimeout(ctx, replayWithin)
	defer cancel()
	g, err := client.Promote(call, &replayv1.PromoteRequest{View: view, Generation: generation})
	if err != nil {
		return err
	}
	return printSwitched(c, g)
}

func printSwitched(c *console, g *replayv1.Generation) error {
	if c.JSON {
		return printJSON(c, g)
	}
	_, err := fmt.Fprintf(c.Out, "%s answers from %s, at %d.\n", g.View, g.Name, g.Position)
	return err
}

type replayRollbackCommand struct{ replayViews }

// Help implements kong.HelpProvider.
func (replayRollbackCommand) Help() string {
	return "The generation that answered before was fed all along, so that it is current. Rolled back twice, the view answers as it did at first.\n\n" +
		"Example:\n\n  till replay rollback orders"
}

func (r replayRollbackCommand) Run(ctx context.Context, all *cli, c *console) error {
	return r.each(ctx, all, func(client replayv1.ReplayClient, view string) error {
		call, cancel := context.WithTimeout(ctx, replayWithin)
		defer cancel()
		g, err := client.Rollback(call, &replayv1.RollbackRequest{View: view})
		if err != nil {
			return err
		}
		return printSwitched(c, g)
	})
}

type replayRetireCommand struct {
	replayViews
	Generation string `placeholder:"NAME" help:"Which; of one view. Default: every one that does not answer."`
	Yes        bool   `help:"Do not ask."`
}

// Help implements kong.HelpProvider.
func (replayRetireCommand) Help() string {
	return "What is retired cannot be rolled back to. On a terminal it asks first; elsewhere --yes is needed.\n\n" +
		"Examples:\n\n  till replay retire orders\n  till replay retire orders --generation orders_v1_g1 --yes"
}

func (r replayRetireCommand) Run(ctx context.Context, all *cli, c *console) error {
	if r.Generation != "" && len(r.Views) != 1 {
		return &exitError{exitMisused, errors.New("--generation is of one view: name it alone")}
	}
	return r.each(ctx, all, func(client replayv1.ReplayClient, view string) error {
		names, err := r.toRetire(ctx, client, view)
		if err != nil {
			return err
		}
		if len(names) == 0 && !c.JSON {
			fmt.Fprintf(c.Out, "%s has no generation but the one that answers.\n", view)
		}
		if len(names) > 0 && !r.Yes {
			if err := confirm(c, view, names); err != nil {
				return err
			}
		}
		for _, name := range names {
			if err := r.retire(ctx, client, c, view, name); err != nil {
				return err
			}
		}
		return nil
	})
}

func (r replayRetireCommand) toRetire(ctx context.Context, client replayv1.ReplayClient, view string) (names []string, err error) {
	if r.Generation != "" {
		return []string{r.Generation}, nil
	}
	call, cancel := context.WithTimeout(ctx, replayWithin)
	defer cancel()
	list, err := client.List(call, &replayv1.ListRequest{View: view})
	for _, g := range list.GetItems() {
		if !g.Served {
			names = append(names, g.Name)
		}
	}
	return names, err
}

func confirm(c *console, view string, names []string) error {
	if !terminal(os.Stdin) {
		return &exitError{exitMisused, fmt.Errorf("%s would be dropped for ever: give --yes to confirm", strings.Join(names, ", "))}
	}
	fmt.Fprintf(c.Err, "Drop %s of %s for ever? [y/N] ", strings.Join(names, ", "), view)
	answer, err := bufio.NewReader(os.Stdin).ReadString('\n')
	if err != nil || !slices.Contains([]string{"y", "yes"}, strings.ToLower(strings.TrimSpace(answer))) {
		return &exitError{exitFailed, errors.New("nothing was dropped")}
	}
	return nil
}

func (r replayRetireCommand) retire(ctx context.Context, client replayv1.ReplayClient, c *console, view, name string) error {
	call, cancel := context.WithTimeout(ctx, replayWithin)
	defer cancel()
	g, err := client.Retire(call, &replayv1.RetireRequest{View: view, Generation: name})
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(c, g)
	}
	_, err = fmt.Fprintf(c.Out, "%s of %s is dropped.\n", name, view)
	return err
}
