package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	parkedv1 "tillstream/gateway/api/parked/v1"
	"tillstream/gateway/wirejson"
)

type parkedCommand struct {
	List  parkedListCommand  `cmd:"" help:"List the parked keys of a view."`
	Show  parkedShowCommand  `cmd:"" help:"Say why a key is parked: its facts, the error, the document before them."`
	Retry parkedRetryCommand `cmd:"" help:"Fold what a key remembers, in order, and have it go on."`
	Drop  parkedDropCommand  `cmd:"" help:"Forget what a key remembers, and have it go on without."`
}

// Help implements kong.HelpProvider.
func (parkedCommand) Help() string {
	return "A fact that a view cannot fold, keep or read stops its key alone: the key is parked, and remembers what comes for it. A stream, " +
		"where no key could be computed, stands in angle brackets.\n\n" +
		"Examples:\n\n  till parked list orders\n  till parked show orders order-5f3a\n  till parked retry products '<product-85123A>'\n" +
		"  till parked drop products 85123A --count 3 --why 'test data'"
}

// parkedView is what each of these commands is told.
type parkedView struct {
	View       string `arg:"" placeholder:"VIEW" help:"The view, as till status names it."`
	Generation string `placeholder:"NAME" help:"One that is built beside the one that is served. Default: that one."`
}

// parkedKey is one key of a view.
type parkedKey struct {
	parkedView
	Key string `arg:"" placeholder:"KEY" help:"The key, as till parked list names it."`
}

// mending is what is kept of who does something about a parked key.
type mending struct {
	As  string `placeholder:"KIND:ID" env:"TILL_ACTOR" help:"Who does it, such as staff:anna."`
	Why string `placeholder:"TEXT" help:"Why: kept with the operation."`
}

const (
	parkedWithin = 10 * time.Second
	mendWithin   = time.Minute // the platform answers no request for longer
	allWithin    = time.Hour
	parkedPage   = 200
)

// ask asks the running platform about parked keys.
func (p parkedView) ask(ctx context.Context, all *cli, within time.Duration, do func(context.Context, parkedv1.ParkedClient) error) error {
	conn, err := platform(all)
	if err != nil {
		return err
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	if err := do(ctx, parkedv1.NewParkedClient(conn)); err != nil {
		err, unknown := fmt.Errorf("parked keys of %s at %s: %s", p.View, conn.Target(), status.Convert(err).Message()), reasonOf(err) == "view_unknown"
		if unknown {
			return &exitError{exitMisused, err}
		}
		return err
	}
	return nil
}

// each calls do with every page of parked keys, the first of them with the last operations.
func (p parkedView) each(ctx context.Context, client parkedv1.ParkedClient, do func(*parkedv1.KeyList) error) error {
	for cursor := ""; ; {
		page, err := client.List(ctx, &parkedv1.ListRequest{View: p.View, Generation: p.Generation, Limit: parkedPage, Cursor: cursor})
		if err != nil {
			return err
		}
		if err := do(page); err != nil {
			return err
		}
		if cursor = page.NextCursor; cursor == "" {
			return nil
		}
	}
}

type parkedListCommand struct{ parkedView }

// Help implements kong.HelpProvider.
func (parkedListCommand) Help() string {
	return "Examples:\n\n  till parked list orders\n  till parked list orders --json | jq .key"
}

func (l parkedListCommand) Run(ctx context.Context, all *cli, c *console) error {
	return l.ask(ctx, all, parkedWithin, func(ctx context.Context, client parkedv1.ParkedClient) error {
		w := tabwriter.NewWriter(c.Out, 0, 8, 2, ' ', 0)
		var found int
		err := l.each(ctx, client, func(page *parkedv1.KeyList) error {
			for _, k := range page.Items {
				switch found++; {
				case c.JSON:
					fmt.Fprintf(c.Out, "%s\n", wirejson.Marshal(k))
					continue
				case found == 1:
					fmt.Fprintln(w, "KEY\tFACTS\tSINCE\tCAUSE\tTYPE\tPOSITION\tERROR")
				}
				fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%s\t%d\t%s\n", printable(k.Key), k.Facts, k.Since.AsTime().Local().Format(time.DateTime), k.Cause, k.Type,
					k.Position, printable(k.Error))
			}
			return nil
		})
		if found == 0 && err == nil && !c.JSON {
			fmt.Fprintf(w, "Nothing of %s is parked.\n", l.View)
		}
		return errors.Join(err, w.Flush())
	})
}

type parkedShowCommand struct{ parkedKey }

// Help implements kong.HelpProvider.
func (parkedShowCommand) Help() string {
	return "Example:\n\n  till parked show products '<product-85123A>'"
}

func (s parkedShowCommand) Run(ctx context.Context, all *cli, c *console) error {
	return s.ask(ctx, all, parkedWithin, func(ctx context.Context, client parkedv1.ParkedClient) error {
		shown, err := client.Show(ctx, &parkedv1.ShowRequest{View: s.View, Key: s.Key, Generation: s.Generation})
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(c, shown)
		}
		k := shown.Key
		fmt.Fprintf(c.Out, "%s of %s is parked since %s (%s): it remembers %d facts, and was retried %d times.\n\n", printable(k.Key), s.View,
			k.Since.AsTime().Local().Format(time.DateTime), k.Cause, k.Facts, k.Tries)
		fmt.Fprintf(c.Out, "%s at position %d: %s\n", k.Type, k.Position, printable(k.Error))
		if shown.Stack != "" {
			fmt.Fprintf(c.Out, "\n%s\n", strings.TrimSpace(shown.Stack))
		}
		fmt.Fprintf(c.Out, "\nBefore: %s\n\n", orNone(shown.Document))
		for _, f := range shown.Facts {
			data := f.Data
			if f.Error != "" {
				data = fmt.Sprintf("cannot be read: %s\n  stored: %s", printable(f.Error), printable(f.Stored))
			}
			fmt.Fprintf(c.Out, "%d %s@%d %s %s %s\n", f.Position, f.Stream, f.Revision, f.Id, f.Type, data)
		}
		if more := k.Facts - int64(len(shown.Facts)); more > 0 {
			fmt.Fprintf(c.Out, "and %d more\n", more)
		}
		return nil
	})
}

func printJSON(c *console, m proto.Message) error {
	_, err := fmt.Fprintf(c.Out, "%s\n", wirejson.Marshal(m))
	return err
}

// printable is a text that does to a terminal what it says.
func printable(text string) string {
	if strings.ContainsFunc(text, func(r rune) bool { return !strconv.IsPrint(r) }) {
		return strconv.Quote(text)
	}
	return text
}

func orNone(text string) string {
	if text == "" {
		return "nothing"
	}
	return text
}
