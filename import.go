package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime/debug"

	"google.golang.org/grpc"

	"tillstream/events"
	bulkv1 "tillstream/gateway/api/bulk/v1"
	commandsv1 "tillstream/gateway/api/commands/v1"
	statusv1 "tillstream/gateway/api/status/v1"
	"tillstream/infra/onlineretail"
)

type importCommand struct {
	OnlineRetail onlineRetailCommand `cmd:"" name:"online-retail" help:"The \"Online Retail\" transactions (Chen et al. 2012): a CSV file, plain or gzip."`
}

// Help implements kong.HelpProvider.
func (importCommand) Help() string {
	return "Example:\n\n  till import online-retail online-retail-2010-12_2011-02.csv.gz"
}

type onlineRetailCommand struct {
	File          string `arg:"" placeholder:"FILE" help:"The file."`
	ReconcileOnly bool   `help:"Import nothing: compare the file with the views."`
	Warehouse     string `default:"MAIN" env:"TILL_WAREHOUSE" placeholder:"CODE" help:"Where all goods of the books are kept. Default: ${default}."`
}

// Help implements kong.HelpProvider.
func (onlineRetailCommand) Help() string {
	return "Brings the file into the running platform through its command API, then reads the views and compares them with the file, to the " +
		"penny and the unit. Killed anywhere and run again it adds what is missing; run twice it adds nothing.\n\n" +
		"Ends with 0 when all is equal, 3 when there are differences, 1 when the file or a command was refused.\n\n" +
		"Examples:\n\n  till import online-retail online-retail-2010-12_2011-02.csv.gz\n  till import online-retail FILE --reconcile-only --json | jq .differences"
}

// tightHeap makes the collector run when the heap has grown by a third: books of half a million rows are held in memory,
// and the garbage of reading and sending them must not double that.
const tightHeap = 33

// heapMost is where the collector works harder still, in bytes: with the program itself an importer stays below 500 MiB.
const heapMost = 400 << 20

func (o onlineRetailCommand) Run(ctx context.Context, all *cli, c *console) error {
	debug.SetGCPercent(tightHeap)
	debug.SetMemoryLimit(heapMost)
	file, err := readBooks(o.File)
	if err != nil {
		return err
	}
	conn, err := platform(all)
	if err != nil {
		return err
	}
	defer conn.Close()
	views := &onlineretail.Views{Client: bulkv1.NewBulkClient(conn), Status: statusv1.NewStatusClient(conn)}
	if err := current(ctx, c, views, 0); err != nil {
		return err
	}
	earlier, err := views.Earlier(ctx, file)
	if err != nil {
		return err
	}
	plan, err := onlineretail.MakePlan(file, earlier)
	if err != nil {
		return err
	}
	added := 0
	if !o.ReconcileOnly {
		if added, err = o.bringIn(ctx, c, conn, plan, views); err != nil {
			return err
		}
	}
	return o.reconcile(ctx, c, plan, views, added)
}

func (o onlineRetailCommand) reconcile(ctx context.Context, c *console, plan *onlineretail.Plan, views *onlineretail.Views, added int) error {
	bar := newProgress(c, "rows")
	r, err := views.Reconcile(ctx, plan, o.Warehouse, func(what string, done int) { bar.show(what, done, len(plan.File.Rows)) })
	bar.end()
	if err != nil {
		return err
	}
	r.EventsAdded = added
	if err := printReconciliation(c, r); err != nil {
		return err
	}
	if r.Found > 0 {
		return &exitError{exitDiffers, fmt.Errorf("the views differ from the file in %d places", r.Found)}
	}
	return nil
}

// current waits until every view shows the log up to a position, and says how far behind the slowest is.
func current(ctx context.Context, c *console, views *onlineretail.Views, upTo uint64) error {
	bar, most := newProgress(c, "events"), uint64(0)
	defer bar.end()
	return views.Current(ctx, upTo, func(what string, lag uint64) {
		most = max(most, lag)
		bar.show(what, int(most-lag), int(most))
	})
}

func readBooks(path string) (*onlineretail.File, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no file %s", path)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	file, err := onlineretail.Read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return file, nil
}

func (o onlineRetailCommand) bringIn(ctx context.Context, c *console, conn *grpc.ClientConn, plan *onlineretail.Plan, views *onlineretail.Views) (int, error) {
	state, err := views.State(ctx, plan)
	if err != nil {
		return 0, err
	}
	bar := newProgress(c, "rows")
	desk := &onlineretail.RemoteDesk{Client: commandsv1.NewCommandsClient(conn), Codec: events.Catalog()}
	i := onlineretail.Import{Plan: plan, Warehouse: o.Warehouse, Closed: state.Closed, Completed: state.Completed, Desk: desk,
		Report: func(p onlineretail.Progress) {
			what := "opening stock, products and customers"
			if p.Day != "" {
				what = p.Day
			}
			bar.show(what, p.Rows, p.Total)
		}}
	added, err := i.Run(ctx)
	bar.end()
	if err != nil {
		return added, err
	}
	return added, current(ctx, c, views, desk.At)
}
