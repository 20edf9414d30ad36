package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	replayv1 "tillstream/gateway/api/replay/v1"
)

type replayVerifyCommand struct {
	replayViews
	Generation string `placeholder:"NAME" help:"Which to compare with the one that answers; of one view. Default: the last that was built."`
	Fresh      bool   `help:"Compare the one that answers with a fold made now, which is dropped afterwards."`
	Sample     int64  `placeholder:"N" help:"Compare about so many rows, taken at random. Default: all."`
	Limit      int32  `default:"20" help:"Keys that are told one by one."`
}

// Help implements kong.HelpProvider.
func (replayVerifyCommand) Help() string {
	return "Compares contents, column by column, with both at one position; queries go on. Names keys and columns, never what is in them, and the " +
		"types of the events that touched them, the likeliest cause first. Parked keys are left out and listed apart.\n\n" +
		"Exits 4 when anything differs.\n\n" +
		"Examples:\n\n  till replay verify orders\n  till replay verify orders --sample 10000\n  till replay verify --fresh --all"
}

func (v replayVerifyCommand) Run(ctx context.Context, all *cli, c *console) error {
	if v.Generation != "" && len(v.Views) != 1 {
		return &exitError{exitMisused, errors.New("--generation is of one view: name it alone")}
	}
	var differ []string
	err := v.each(ctx, all, func(client replayv1.ReplayClient, view string) error {
		verdict, err := v.compare(ctx, client, c, view)
		if err != nil {
			return err
		}
		if !verdict.Equal {
			differ = append(differ, view)
		}
		if c.JSON {
			return printJSON(c, verdict)
		}
		return printVerdict(c, verdict)
	})
	if err == nil && len(differ) > 0 {
		err = &exitError{exitUnequal, fmt.Errorf("generations differ: %s", strings.Join(differ, ", "))}
	}
	return err
}

func (v replayVerifyCommand) compare(ctx context.Context, client replayv1.ReplayClient, c *console, view string) (*replayv1.Verdict, error) {
	stream, err := client.Verify(ctx, &replayv1.VerifyRequest{View: view, Generation: v.Generation, Fresh: v.Fresh, Sample: v.Sample, Limit: v.Limit})
	if err != nil {
		return nil, err
	}
	show := newReplayProgress(c)
	defer show.end()
	for {
		update, err := stream.Recv()
		switch {
		case errors.Is(err, io.EOF):
			return nil, errors.New("the platform ended the comparison without a verdict")
		case err != nil:
			return nil, err
		case update.Verdict != nil:
			return update.Verdict, nil
		case update.Progress != nil && !update.Progress.Done && !c.JSON:
			show.tell(update.Progress)
		}
	}
}

func printVerdict(c *console, v *replayv1.Verdict) error {
	verdict := "equal"
	if !v.Equal {
		verdict = fmt.Sprintf("NOT EQUAL: %d keys differ, %d are only in %s, %d only in %s", v.Differ, v.OnlyLeft, v.Left, v.OnlyRight, v.Right)
	}
	sampled := ""
	if v.Sampled {
		sampled = ", a sample"
	}
	w := tabwriter.NewWriter(c.Out, 0, 8, 2, ' ', 0)
	fmt.Fprintf(w, "%s: %s and %s at %d, %d keys compared%s: %s\n", v.View, v.Left, v.Right, v.Position, v.Compared, sampled, verdict)
	if v.ChangedSince > 0 {
		fmt.Fprintf(w, "  %d keys were changed after %s was frozen, and are left out\n", v.ChangedSince, v.Left)
	}
	if v.ParkedKeys > 0 {
		fmt.Fprintf(w, "  %d parked keys are left out: %s\n", v.ParkedKeys, printable(strings.Join(v.Parked, ", ")))
	}
	for _, list := range []struct {
		what  string
		names []string
	}{{"columns only in " + v.Left, v.LeftOnlyColumns}, {"columns only in " + v.Right, v.RightOnlyColumns},
		{"rules added in " + v.Right, v.RulesAdded}, {"rules removed in " + v.Right, v.RulesRemoved}} {
		if len(list.names) > 0 {
			fmt.Fprintf(w, "  %s: %s\n", list.what, strings.Join(list.names, ", "))
		}
	}
	if len(v.Types) > 0 {
		fmt.Fprintln(w, "\n  EVENT TYPE\tKEYS\tCHANGED WHAT DIFFERS\tEVENTS\tOF ALL")
		for _, t := range v.Types {
			fmt.Fprintf(w, "  %s\t%d\t%d\t%d\t%d\n", t.Type, t.Keys, t.Changed, t.Events, t.EventsInAll)
		}
	}
	if len(v.Differences) > 0 {
		fmt.Fprintln(w, "\n  KEY\tWHAT\tCOLUMNS\tEVENT TYPES")
		for _, d := range v.Differences {
			fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", printable(d.Key), strings.ReplaceAll(d.Kind, "_", " "), strings.Join(d.Columns, ", "), strings.Join(d.Types, ", "))
		}
	}
	return w.Flush()
}
