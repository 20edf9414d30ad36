package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"

	analyticsv1 "tillstream/gateway/api/analytics/v1"
	"tillstream/infra/analytics"
)

type exportCommand struct {
	Tables      []string `arg:"" optional:"" placeholder:"TABLE" help:"Tables of the star schema, such as sales and product; docs/analysts.md describes them."`
	All         bool     `help:"Every table."`
	Format      string   `default:"csv" enum:"csv,parquet" placeholder:"FORMAT" help:"Form of the files: csv or parquet. Default: ${default}."`
	Out         string   `short:"o" default:"." placeholder:"DIR" help:"Directory of the files, made if need be; - writes one table to standard output. Default: ${default}."`
	From        string   `placeholder:"TIME" help:"Of facts, only those from this time on, as it was so: 2010-12-01, or 2010-12-01T08:26:00Z."`
	To          string   `placeholder:"TIME" help:"Of facts, only those before this time, as it was so."`
	TZ          string   `name:"tz" placeholder:"ZONE" help:"Where days are, such as Europe/London. Default: UTC."`
	KnownAt     string   `placeholder:"TIME" help:"Of facts, only those that were recorded by this time, or by the end of this day: what was known then."`
	Spreadsheet bool     `help:"CSV: lead text that a spreadsheet would run as a formula by an apostrophe."`
	Token       string   `placeholder:"TOKEN" help:"Consistency-Token of a command: wait until its facts are in the tables."`
}

// Help implements kong.HelpProvider.
func (exportCommand) Help() string {
	return "Writes tables of the star schema to files, TABLE.csv or TABLE.parquet, all as they were at one moment, with the rights of an analyst. " +
		"A file appears when all are complete, and replaces the one before; an export that is interrupted leaves the files of the one before. " +
		"export.json, written last, says of which moment they are: the log, its position, and the rows of each table.\n\n" +
		"The tables: " + strings.Join(exportable(), ", ") + ".\n\n" +
		"Examples:\n\n  till export --all --format parquet --out books\n  till export sales --from 2010-12-01 --to 2011-01-01 --tz Europe/London\n" +
		"  till export sales --out - | head\n  duckdb -c \"SELECT country, sum(net_minor) FROM 'books/sales.parquet' GROUP BY ALL\""
}

func exportable() (names []string) {
	for _, t := range analytics.Exported() {
		names = append(names, t.Name)
	}
	return names
}

// toStandardOutput is the directory that is none.
const toStandardOutput = "-"

// tables are those that are asked for.
func (e exportCommand) tables() ([]string, error) {
	known := exportable()
	for i, name := range e.Tables {
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("there is no table %q: there are %s", name, strings.Join(known, ", "))
		}
		if slices.Contains(e.Tables[:i], name) {
			return nil, fmt.Errorf("table %s is named twice", name)
		}
	}
	switch {
	case e.All && len(e.Tables) > 0:
		return nil, errors.New("name tables, or give --all")
	case e.All:
		return known, nil
	case len(e.Tables) == 0:
		return nil, fmt.Errorf("name a table, or give --all: there are %s", strings.Join(known, ", "))
	}
	return e.Tables, nil
}

// Validate implements kong.Validatable.
func (e exportCommand) Validate() error {
	tables, err := e.tables()
	switch {
	case err != nil:
		return err
	case e.Out == toStandardOutput && len(tables) > 1:
		return errors.New("--out - takes one table")
	case e.Spreadsheet && e.Format != "csv":
		return errors.New("--spreadsheet is of csv alone")
	}
	for flag, text := range map[string]string{"--from": e.From, "--to": e.To, "--known-at": e.KnownAt} {
		if _, err := auditTime(text); err != nil {
			return fmt.Errorf("%s %s", flag, err)
		}
	}
	if _, err := time.LoadLocation(e.TZ); err != nil {
		return fmt.Errorf("--tz %q is no time zone, such as Europe/London", e.TZ)
	}
	return nil
}

func (e exportCommand) Run(ctx context.Context, all *cli, c *console) error {
	tables, err := e.tables()
	if err != nil {
		return err
	}
	if e.Out == toStandardOutput && (c.JSON || e.Format == "parquet" && terminal(c.Out)) {
		return &exitError{exitMisused, errors.New("--out - has the table on standard output: not beside --json, nor parquet on a terminal")}
	}
	conn, err := platform(all)
	if err != nil {
		return err
	}
	defer conn.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends the stream, wherever it is left
	if e.Token != "" {
		ctx = withToken(ctx, e.Token)
	}
	into, err := e.destination(c, tables)
	if err != nil {
		return err
	}
	defer into.abandon()
	said, err := e.take(ctx, c, conn, tables, into)
	switch {
	case ctx.Err() != nil:
		return errors.New("the export was interrupted: no file was changed")
	case err != nil:
		return err
	}
	return printExport(c, said, e.Out == toStandardOutput)
}

func (e exportCommand) destination(c *console, tables []string) (*exportFiles, error) {
	if e.Out == toStandardOutput {
		return &exportFiles{out: c.Out}, nil
	}
	return openExport(e.Out, tables, e.Format)
}

// take reads the stream into the files, and publishes them when it has ended well.
func (e exportCommand) take(ctx context.Context, c *console, conn *grpc.ClientConn, tables []string, into *exportFiles) (*exportSaid, error) {
	started := time.Now()
	stream, err := analyticsv1.NewExportsClient(conn).TakeAll(ctx, &analyticsv1.ExportAllRequest{Tables: tables, Format: e.Format,
		From: e.From, To: e.To, Tz: e.TZ, KnownAt: e.KnownAt, Spreadsheet: e.Spreadsheet})
	if err != nil {
		return nil, exportProblem(conn, err)
	}
	bar := newProgress(c, "rows")
	defer bar.end()
	said := &exportSaid{Format: e.Format, From: e.From, To: e.To, TZ: e.TZ, KnownAt: e.KnownAt}
	for {
		part, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, exportProblem(conn, err)
		}
		if part.Snapshot != nil {
			said.begin(part.Snapshot, into)
			continue
		}
		table := said.table(part.Table)
		if table == nil {
			return nil, fmt.Errorf("the platform sent a table %q that was not asked for", part.Table)
		}
		if err := into.write(part.Table, part.Data); err != nil {
			return nil, err
		}
		table.done, table.whole = part.Rows, part.Whole
		table.Bytes += int64(len(part.Data))
		bar.show(part.Table, int(said.done()), int(said.Rows))
	}
	if err := said.check(tables); err != nil {
		return nil, err
	}
	said.Seconds = float64(time.Since(started).Milliseconds()) / 1000
	return said, into.publish(said)
}

func exportProblem(conn *grpc.ClientConn, err error) error {
	return fmt.Errorf("ask the platform at %s: %s", conn.Target(), status.Convert(err).Message())
}
