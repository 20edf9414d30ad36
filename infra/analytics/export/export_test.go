package export

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/parquet-go/parquet-go"

	"tillstream/gateway"
	"tillstream/infra/analytics"
	"tillstream/infra/analytics/analyticstest"
	"tillstream/infra/postgres"
	"tillstream/projections"
)

func source(t *testing.T, h *analyticstest.House) *Source {
	t.Helper()
	config, err := pgx.ParseConfig(analyticstest.As(t, h.DSN, h.Role, h.Password))
	if err != nil {
		t.Fatal(err)
	}
	return NewSource(config)
}

func begin(t *testing.T, s *Source, ask gateway.ExportAsk) gateway.ExportSnapshot {
	t.Helper()
	if ask.Format == "" {
		ask.Format = gateway.ExportCSV
	}
	shot, err := s.Begin(t.Context(), ask)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shot.Close() })
	return shot
}

// file is what a snapshot writes of a table, with how many rows it says that it has.
func file(t *testing.T, shot gateway.ExportSnapshot, table string) ([]byte, int64) {
	t.Helper()
	var b bytes.Buffer
	told := int64(-1)
	if err := shot.Write(t.Context(), table, &b, func(rows int64) error { told = rows; return nil }); err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), told
}

// books is a house with one or two odd rows of every table.
func books(t *testing.T) *analyticstest.House {
	h := analyticstest.Open(t)
	at := time.Date(2010, 12, 4, 23, 30, 0, 1_000, time.UTC)
	later := at.Add(time.Hour)
	analyticstest.Keep(t, analyticstest.Serve(t, h, projections.SalesFacts), map[string]projections.Doc[projections.SalesFact]{
		"b": {Position: 7, Value: projections.SalesFact{Kind: "sale", At: at, RecordedAt: later, SKU: `=cmd|' /C calc'!A0`, Country: "Côte d’Ivoire", Units: 2, NetMinor: -1 << 63}},
		"a": {Position: 9, Value: projections.SalesFact{Kind: "sale", At: later, RecordedAt: later.Add(time.Hour), SKU: "a,\"b\"\r\nc", Country: " led and trailed ", Guest: true, NetMinor: 1<<63 - 1}},
	}, 9)
	analyticstest.Keep(t, analyticstest.Serve(t, h, projections.StockMovements), map[string]projections.Doc[projections.StockMovement]{
		"s": {Position: 1, Value: projections.StockMovement{Kind: "counted", At: at.AddDate(0, 0, -2), RecordedAt: at, SKU: "LAMP", Warehouse: "MAIN", Quantity: -4}}}, 9)
	analyticstest.Keep(t, analyticstest.Serve(t, h, projections.PaymentMovements), map[string]projections.Doc[projections.PaymentMovement]{
		"p": {Position: 1, Value: projections.PaymentMovement{Kind: "declined", At: at, RecordedAt: at, OrderID: "none"}}}, 9)
	analyticstest.Keep(t, analyticstest.Serve(t, h, projections.LoyaltyStatement), map[string]projections.Doc[projections.LoyaltyMovement]{
		"l": {Position: 1, Value: projections.LoyaltyMovement{Kind: "burned", At: at, RecordedAt: at, ActivePoints: -5}}}, 9)
	analyticstest.Keep(t, analyticstest.Serve(t, h, projections.ProductPages), map[string]projections.Doc[projections.ProductPage]{
		"LAMP": {Position: 1, Value: projections.ProductPage{SKU: "LAMP", Name: "Brass lamp", RegisteredAt: at, RecordedAt: at, ChangedAt: at}}}, 9)
	analyticstest.Keep(t, analyticstest.Serve(t, h, projections.CustomerProfiles), map[string]projections.Doc[projections.CustomerProfile]{
		"ada": {Position: 1, Value: projections.CustomerProfile{CustomerID: "ada", OpenedAt: at, RecordedAt: at, FirstOrderAt: &later}}}, 9)
	return h
}

// asSQL is every row of a table as SQL has it, each value as a CSV is to show it; null is a null.
func asSQL(t *testing.T, conn *pgx.Conn, table analytics.Table) (rows [][]string) {
	t.Helper()
	var list []string
	for _, c := range table.Columns {
		name := pgx.Identifier{c.Name}.Sanitize()
		list = append(list, fmt.Sprintf(`CASE pg_typeof(%[1]s)::text WHEN 'timestamp with time zone' THEN
			regexp_replace(to_char(%[1]s::text::timestamptz AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), '\.?0*$', '') || 'Z' ELSE %[1]s::text END`, name))
	}
	order := table.Columns[0].Name
	if table.Kind == analytics.Fact {
		order = "at, fact_id"
	}
	got, err := conn.Query(t.Context(), "SELECT "+strings.Join(list, ", ")+" FROM analytics."+table.Name+" ORDER BY "+order)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Close()
	for got.Next() {
		row := []string{}
		for i, raw := range got.RawValues() {
			cell := string(raw)
			if raw == nil {
				cell = "null"
			}
			if strings.HasSuffix(table.Columns[i].Name, "at") { // seconds of 00 are not cut
				if at, err := time.Parse("2006-01-02T15:04Z", cell); err == nil {
					cell = at.Format(time.RFC3339)
				}
			}
			row = append(row, cell)
		}
		rows = append(rows, row)
	}
	if got.Err() != nil || len(rows) == 0 {
		t.Fatalf("%s has %d rows: %v", table.Name, len(rows), got.Err())
	}
	return rows
}

func names(table analytics.Table) (list []string) {
	for _, c := range table.Columns {
		list = append(list, c.Name)
	}
	return list
}

func tables() (list []string) {
	for _, t := range analytics.Exported() {
		list = append(list, t.Name)
	}
	return list
}

func TestACSVHasEveryRowAsSQLHasIt(t *testing.T) {
	h := books(t)
	shot := begin(t, source(t, h), gateway.ExportAsk{Tables: tables()})
	for i, table := range analytics.Exported() {
		b, told := file(t, shot, table.Name)
		want := asSQL(t, h.Owner, table)
		got := readCSV(t, b)
		if diff := cmp.Diff(append([][]string{names(table)}, want...), got); diff != "" {
			t.Errorf("%s: -SQL +CSV\n%s", table.Name, diff)
		}
		if size := shot.Sizes()[i]; size.Table != table.Name || size.Rows != int64(len(want)) || told != size.Rows {
			t.Errorf("%s: %d rows, it says %v and %d", table.Name, len(want), size, told)
		}
		if _, err := csv.NewReader(bytes.NewReader(b)).ReadAll(); err != nil {
			t.Errorf("another reader of CSV: %v", err)
		}
	}
}

func TestAParquetFileHasEveryRowAsSQLHasIt(t *testing.T) {
	h := books(t)
	shot := begin(t, source(t, h), gateway.ExportAsk{Tables: tables(), Format: gateway.ExportParquet, Log: "log", Position: 9})
	for _, table := range analytics.Exported() {
		b, _ := file(t, shot, table.Name)
		got, f := readParquet(t, b)
		if diff := cmp.Diff(append([][]string{names(table)}, asSQL(t, h.Owner, table)...), got); diff != "" {
			t.Errorf("%s: -SQL +Parquet\n%s", table.Name, diff)
		}
		if at, _ := f.Lookup("till.position"); at != "9" {
			t.Errorf("%s says it stands at %q", table.Name, at)
		}
	}
}

func TestAllTablesAreOfOneMoment(t *testing.T) {
	h := books(t)
	shot := begin(t, source(t, h), gateway.ExportAsk{Tables: []string{"sales", "product"}})
	if _, rows := file(t, shot, "sales"); rows != 2 {
		t.Fatalf("%d sales", rows)
	}
	analyticstest.Keep(t, analyticstest.Serve(t, h, projections.ProductPages), map[string]projections.Doc[projections.ProductPage]{
		"NEW": {Position: 10, Value: projections.ProductPage{SKU: "NEW", Name: "New"}}}, 10)
	if b, rows := file(t, shot, "product"); rows != 1 || bytes.Contains(b, []byte("NEW")) {
		t.Errorf("what came after the beginning is among %d products", rows)
	}
	if b, _ := file(t, begin(t, source(t, h), gateway.ExportAsk{Tables: []string{"product"}}), "product"); !bytes.Contains(b, []byte("NEW")) {
		t.Error("the next export has not what came before it")
	}
}

func TestBoundsAreOfFacts(t *testing.T) {
	h := books(t)
	at := time.Date(2010, 12, 4, 23, 30, 0, 1_000, time.UTC)
	for _, c := range []struct {
		why  string
		ask  gateway.ExportAsk
		keys string
	}{
		{"all", gateway.ExportAsk{}, "b a"},
		{"from is in it", gateway.ExportAsk{From: at.Add(time.Hour)}, "a"},
		{"to is not", gateway.ExportAsk{From: at, To: at.Add(time.Hour)}, "b"},
		{"what was known then", gateway.ExportAsk{KnownAt: at.Add(time.Hour)}, "b"},
		{"none", gateway.ExportAsk{From: at.AddDate(1, 0, 0)}, ""},
	} {
		c.ask.Tables = []string{"sales", "product"}
		shot := begin(t, source(t, h), c.ask)
		b, rows := file(t, shot, "sales")
		var keys []string
		for _, row := range readCSV(t, b)[1:] {
			keys = append(keys, row[0])
		}
		if strings.Join(keys, " ") != c.keys || shot.Sizes()[0].Rows != rows {
			t.Errorf("%s: %v of %d", c.why, keys, shot.Sizes()[0].Rows)
		}
		if _, rows := file(t, shot, "product"); rows != 1 {
			t.Errorf("%s: a dimension is taken out whole, not %d rows of it", c.why, rows)
		}
		shot.Close()
	}
}

// What a spreadsheet would run is written as it is, unless it was asked to be guarded.
func TestAFormulaIsGuardedWhenAsked(t *testing.T) {
	h := books(t)
	for guarded, want := range map[bool]string{false: `=cmd|' /C calc'!A0`, true: `'=cmd|' /C calc'!A0`} {
		b, _ := file(t, begin(t, source(t, h), gateway.ExportAsk{Tables: []string{"sales"}, Spreadsheet: guarded}), "sales")
		row := readCSV(t, b)[1]
		if row[5] != want || !slices.Contains(row, "-9223372036854775808") {
			t.Errorf("guarded %t: %q", guarded, row)
		}
	}
}

// No more can be taken out than the analysts may see.
func TestAnExportHasTheRightsOfAnalysts(t *testing.T) {
	h := books(t)
	s := source(t, h)
	if _, err := h.Owner.Exec(t.Context(), `REVOKE SELECT ON analytics.sales FROM `+h.Role); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Begin(t.Context(), gateway.ExportAsk{Tables: []string{"sales"}}); err == nil || !strings.Contains(err.Error(), "permission denied") {
		t.Errorf("a table that analysts may not see is taken out: %v", err)
	}
	begin(t, s, gateway.ExportAsk{Tables: []string{"product"}})
}

func TestATableWhoseViewsAreNotBuiltIsMissing(t *testing.T) {
	h := books(t)
	if err := h.KeepNames(t.Context(), analytics.Schema, []postgres.StableName{{Name: "sales", Query: "SELECT lost FROM {sales_facts}"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := source(t, h).Begin(t.Context(), gateway.ExportAsk{Tables: []string{"sales"}}); !errors.Is(err, gateway.ErrExportMissing) {
		t.Errorf("it fails with %v", err)
	}
}

func TestOnlySoManyExportsAreUnderWay(t *testing.T) {
	s := source(t, books(t))
	ask := gateway.ExportAsk{Tables: []string{"day"}, Format: gateway.ExportCSV}
	first := begin(t, s, ask)
	begin(t, s, ask)
	if _, err := s.Begin(t.Context(), ask); !errors.Is(err, gateway.ErrExportsBusy) {
		t.Errorf("a third begins: %v", err)
	}
	first.Close()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for range 3 { // one that fails takes no turn
		if _, err := s.Begin(ended, ask); err == nil || errors.Is(err, gateway.ErrExportsBusy) {
			t.Errorf("after its end it begins: %v", err)
		}
	}
	begin(t, s, ask)
}

// An export that nobody takes ends, and so does one whose rows nobody wants to hear of.
func TestAnExportEndsWithItsReader(t *testing.T) {
	shot := begin(t, source(t, books(t)), gateway.ExportAsk{Tables: []string{"sales"}, Format: gateway.ExportParquet})
	broken := errors.New("the pipe is broken")
	if err := shot.Write(t.Context(), "sales", failing{broken}, func(int64) error { return nil }); !errors.Is(err, broken) {
		t.Errorf("writing ended with %v", err)
	}
	if err := shot.Write(t.Context(), "sales", io.Discard, func(int64) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("reporting ended with %v", err)
	}
	file(t, shot, "sales")
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// fataler is a test, or a try of one.
type fataler interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

// readCSV reads as little as RFC 4180 has, and tells a null, which is nothing, from an empty text, which is "".
func readCSV(t fataler, b []byte) (rows [][]string) {
	t.Helper()
	row := []string{}
	for len(b) > 0 {
		cell := "null"
		if b[0] == '"' {
			cell, b = "", b[1:]
			for {
				end := bytes.IndexByte(b, '"')
				if end < 0 {
					t.Fatal("a quote is open at the end")
				}
				cell, b = cell+string(b[:end]), b[end+1:]
				if len(b) == 0 || b[0] != '"' {
					break
				}
				cell, b = cell+`"`, b[1:]
			}
		} else if end := bytes.IndexAny(b, ",\r"); end > 0 {
			cell, b = string(b[:end]), b[end:]
			if strings.ContainsAny(cell, "\"\n") {
				t.Fatalf("%q is not quoted", cell)
			}
		}
		row = append(row, cell)
		switch {
		case len(b) > 0 && b[0] == ',':
			b = b[1:]
		case len(b) > 1 && b[0] == '\r' && b[1] == '\n':
			b = b[2:]
			rows, row = append(rows, row), []string{}
		default:
			t.Fatalf("a cell is followed by %.20q", b)
		}
	}
	return rows
}

// readParquet reads a file, each value as a CSV is to show it.
func readParquet(t fataler, b []byte) (rows [][]string, f *parquet.File) {
	t.Helper()
	f, err := parquet.OpenFile(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	head := []string{}
	for _, c := range f.Schema().Columns() {
		head = append(head, c[0])
	}
	rows = append(rows, head)
	r := parquet.NewReader(f)
	defer r.Close()
	page := make([]parquet.Row, 64)
	for {
		n, err := r.ReadRows(page)
		for _, row := range page[:n] {
			cells := []string{}
			for i, v := range row {
				cells = append(cells, shown(f.Schema().Fields()[i], v))
			}
			rows = append(rows, cells)
		}
		if errors.Is(err, io.EOF) {
			return rows, f
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func shown(field parquet.Field, v parquet.Value) string {
	switch kind := field.Type().String(); {
	case v.IsNull():
		return "null"
	case strings.HasPrefix(kind, "TIMESTAMP(isAdjustedToUTC=true,unit=MICROS)"):
		return time.UnixMicro(v.Int64()).UTC().Format(time.RFC3339Nano)
	case kind == "DATE":
		return time.Unix(int64(v.Int32())*24*60*60, 0).UTC().Format(time.DateOnly)
	case kind == "STRING" || strings.HasPrefix(kind, "INT(") || kind == "BOOLEAN":
		return v.String()
	default:
		return "of a type " + kind
	}
}
