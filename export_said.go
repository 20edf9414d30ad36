package main

import (
	"context"
	"encoding/json"
	"fmt"
	"text/tabwriter"
	"time"

	"google.golang.org/grpc/metadata"

	analyticsv1 "tillstream/gateway/api/analytics/v1"
)

// exportSaid is what is told of an export, by --json and in export.json.
type exportSaid struct {
	Log      string           `json:"log"`
	Position uint64           `json:"position"` // every table holds everything up to there
	At       time.Time        `json:"at"`       // the moment of which the tables are
	Format   string           `json:"format"`
	From     string           `json:"from,omitempty"`
	To       string           `json:"to,omitempty"`
	TZ       string           `json:"tz,omitempty"`
	KnownAt  string           `json:"known_at,omitempty"`
	Rows     int64            `json:"rows"`
	Bytes    int64            `json:"bytes"`
	Seconds  float64          `json:"seconds"`
	Tables   []*exportedTable `json:"tables"`
}

type exportedTable struct {
	Table string `json:"table"`
	File  string `json:"file"`
	Rows  int64  `json:"rows"`
	Bytes int64  `json:"bytes"`

	done  int64
	whole bool
}

func (s *exportSaid) begin(snapshot *analyticsv1.ExportSnapshot, into *exportFiles) {
	s.Log, s.Position, s.At = snapshot.LogId, snapshot.Position, snapshot.At.AsTime()
	for _, t := range snapshot.Tables {
		s.Tables = append(s.Tables, &exportedTable{Table: t.Table, File: into.path(t.Table), Rows: t.Rows})
		s.Rows += t.Rows
	}
}

func (s *exportSaid) table(name string) *exportedTable {
	for _, t := range s.Tables {
		if t.Table == name {
			return t
		}
	}
	return nil
}

func (s *exportSaid) done() (rows int64) {
	for _, t := range s.Tables {
		rows += t.done
	}
	return rows
}

// check makes sure that what was counted at the beginning has come, to the last row of the last table.
func (s *exportSaid) check(tables []string) error {
	s.Bytes = 0
	for _, name := range tables {
		t := s.table(name)
		if t == nil || !t.whole || t.done != t.Rows {
			return fmt.Errorf("the platform ended the export before %s was whole: run it again", name)
		}
		s.Bytes += t.Bytes
	}
	return nil
}

func printExport(c *console, s *exportSaid, quietly bool) error {
	if quietly { // standard output has the table
		return nil
	}
	if c.JSON {
		return json.NewEncoder(c.Out).Encode(s)
	}
	w := tabwriter.NewWriter(c.Out, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, t := range s.Tables {
		fmt.Fprintf(w, "%d rows\t%s\t  %s\n", t.Rows, sizeOf(t.Bytes), t.File)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(c.Out, "at position %d of the log, in %.1f s\n", s.Position, s.Seconds)
	return err
}

// withToken has what is asked wait for what a command recorded.
func withToken(ctx context.Context, token string) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "consistency-token", token, "max-wait", "30s")
}
