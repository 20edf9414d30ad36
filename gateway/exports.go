package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"tillstream/events"
	analyticsv1 "tillstream/gateway/api/analytics/v1"
	"tillstream/projections"
)

// Exports takes tables of the star schema out, with the rights of an analyst.
type Exports interface {
	// Tables lists what can be taken out.
	Tables() []ExportTable
	// Begin takes a snapshot, of which all that follows is. It fails with ErrExportsBusy, or ErrExportMissing.
	Begin(ctx context.Context, ask ExportAsk) (ExportSnapshot, error)
}

// ExportTable describes a table.
type ExportTable struct {
	Name, Kind, Holds string
	Columns           []ExportColumn
}

// ExportColumn describes a column.
type ExportColumn struct{ Name, Means string }

// The forms of files.
const (
	ExportCSV     = "csv"
	ExportParquet = "parquet"
)

// ExportAsk says what is taken out. The bounds are of facts; a zero time is none.
type ExportAsk struct {
	Tables            []string
	Format            string
	From, To, KnownAt time.Time // business time from, and before; record time up to
	Spreadsheet       bool      // guard the cells of a CSV
	Log               events.LogID
	Position          events.Position // everything up to here is in it
}

// ExportSnapshot is tables as they were at one moment. It must be closed, once or more.
type ExportSnapshot interface {
	At() time.Time
	// Sizes are in the order of the tables asked for.
	Sizes() []ExportSize
	// Write writes the file of a table, and reports how many rows were read every now and then, and at the end.
	Write(ctx context.Context, table string, to io.Writer, report func(rows int64) error) error
	Close()
}

// ExportSize says how many rows of a table are taken out.
type ExportSize struct {
	Table string
	Rows  int64
}

// What can be in the way of an export.
var (
	ErrExportsBusy   = errors.New("as many exports as may be are under way")
	ErrExportMissing = errors.New("a view that the table reads is not built for this binary")
)

type exportsService struct {
	analyticsv1.UnimplementedExportsServer
	*Gateway
}

// exportViews are those that the star schema reads.
func (g *Gateway) exportViews() []named {
	v := g.deps.Views
	return []named{{projections.SalesFacts.Name, v.SalesFacts}, {projections.StockMovements.Name, v.StockMovements},
		{projections.PaymentMovements.Name, v.PaymentMovements}, {projections.Orders.Name, v.Orders},
		{projections.LoyaltyStatement.Name, v.LoyaltyStatement}, {projections.ProductPages.Name, v.ProductPages},
		{projections.CustomerProfiles.Name, v.CustomerProfiles}}
}

// exportAsk is what both ways of asking have.
type exportAsk interface {
	GetFormat() string
	GetFrom() string
	GetTo() string
	GetTz() string
	GetKnownAt() string
	GetSpreadsheet() bool
}

func (s exportsService) ask(in exportAsk, tables []string) (ask ExportAsk, err error) {
	if s.deps.Exports == nil {
		return ask, problem(http.StatusServiceUnavailable, "unavailable", "analysts cannot connect to the database of this platform: /v1/status says why")
	}
	ask = ExportAsk{Tables: tables, Format: in.GetFormat(), Spreadsheet: in.GetSpreadsheet(), Log: s.deps.LogID}
	if ask.Format == "" {
		ask.Format = ExportCSV
	}
	if ask.Format != ExportCSV && ask.Format != ExportParquet {
		return ask, badField("format", "must be csv or parquet")
	}
	if ask.Spreadsheet && ask.Format != ExportCSV {
		return ask, badField("spreadsheet", "is of csv alone")
	}
	zone, err := zoneOf(in.GetTz())
	if err != nil {
		return ask, err
	}
	for _, bound := range []struct {
		field, text string
		end         bool
		at          *time.Time
	}{{"from", in.GetFrom(), false, &ask.From}, {"to", in.GetTo(), false, &ask.To}, {"known_at", in.GetKnownAt(), true, &ask.KnownAt}} {
		if *bound.at, err = instant(bound.field, bound.text, zone, bound.end); err != nil {
			return ask, err
		}
	}
	return ask, s.known(tables)
}

func (s exportsService) known(tables []string) error {
	have := s.deps.Exports.Tables()
	for i, name := range tables {
		if !slices.ContainsFunc(have, func(t ExportTable) bool { return t.Name == name }) {
			return notFound("table_unknown", "there is no table %q to take out: /v1/analytics/export lists them", name).with("table", name)
		}
		if slices.Contains(tables[:i], name) {
			return badField("tables", "has %s twice", name)
		}
	}
	return nil
}

// snapshot begins an export once its views show what the call's token stands for. What they show before it begins, the
// export has.
func (s exportsService) snapshot(ctx context.Context, ask *ExportAsk) (ExportSnapshot, error) {
	views := s.exportViews()
	if err := s.await(ctx, views...); err != nil {
		return nil, err
	}
	ask.Position = projections.AtOf(ctx, views[0]).At
	for _, v := range views {
		ask.Position = min(ask.Position, projections.AtOf(ctx, v).At)
	}
	shot, err := s.deps.Exports.Begin(ctx, *ask)
	switch {
	case errors.Is(err, ErrExportsBusy):
		return nil, problem(http.StatusTooManyRequests, "busy", "%s: ask again when one has ended", ErrExportsBusy).with("retry_after", 10)
	case errors.Is(err, ErrExportMissing):
		return nil, problem(http.StatusServiceUnavailable, "view_unprepared", "%s: run till replay apply --changed", err)
	case err != nil:
		return nil, fmt.Errorf("export: %w", err)
	}
	return shot, nil
}

// exporting bounds the time of an export, and ends it when the gateway closes.
func (g *Gateway) exporting(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithTimeout(ctx, exportWithin)
	stop := context.AfterFunc(g.closing, cancel)
	return ctx, func() { stop(); cancel() }
}

// Tables implements analyticsv1.ExportsServer.
func (s exportsService) Tables(context.Context, *analyticsv1.ExportTablesRequest) (*analyticsv1.ExportTableList, error) {
	if _, err := s.ask(&analyticsv1.ExportRequest{}, nil); err != nil {
		return nil, err
	}
	out := &analyticsv1.ExportTableList{}
	for _, t := range s.deps.Exports.Tables() {
		table := &analyticsv1.ExportTable{Name: t.Name, Kind: t.Kind, Holds: t.Holds}
		for _, c := range t.Columns {
			table.Columns = append(table.Columns, &analyticsv1.ExportColumn{Name: c.Name, Means: c.Means})
		}
		out.Items = append(out.Items, table)
	}
	return out, nil
}
