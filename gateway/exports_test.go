package gateway_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"tillstream/gateway"
	analyticsv1 "tillstream/gateway/api/analytics/v1"
)

// shelf is the tables of a test: what each file of theirs has, or an error in its stead or after it.
type shelf struct {
	files  map[string]string
	begins error
	breaks error
	asked  gateway.ExportAsk
	closed int
}

func (s *shelf) Tables() []gateway.ExportTable {
	return []gateway.ExportTable{{Name: "sales", Kind: "fact", Holds: "One sale.", Columns: []gateway.ExportColumn{{Name: "net_minor", Means: "money"}}},
		{Name: "day", Kind: "dimension"}}
}

func (s *shelf) Begin(_ context.Context, ask gateway.ExportAsk) (gateway.ExportSnapshot, error) {
	s.asked = ask
	return s, s.begins
}

func (s *shelf) At() time.Time { return noon }

func (s *shelf) Close() { s.closed++ }

func (s *shelf) Sizes() (sizes []gateway.ExportSize) {
	for _, table := range s.asked.Tables {
		sizes = append(sizes, gateway.ExportSize{Table: table, Rows: int64(strings.Count(s.files[table], "\n"))})
	}
	return sizes
}

func (s *shelf) Write(_ context.Context, table string, to io.Writer, report func(int64) error) error {
	if _, err := io.WriteString(to, s.files[table]); err != nil {
		return err
	}
	return errors.Join(report(int64(strings.Count(s.files[table], "\n"))), s.breaks)
}

func exporting(t *testing.T, tables *shelf) *shop {
	t.Helper()
	s := open(t)
	s.end()
	s.deps.Exports, s.deps.Metrics = tables, nil
	s.serve(gateway.Options{})
	return s
}

func TestATableIsTakenOutByHTTP(t *testing.T) {
	tables := &shelf{files: map[string]string{"sales": "net_minor\r\n5\r\n"}}
	s := exporting(t, tables)
	token := s.post("/v1/products", `{"sku":"A","name":"A","kind":"goods"}`).header.Get("Consistency-Token")

	r := s.get("/v1/analytics/export/sales?from=2010-12-01&to=2010-12-02T00:00:00Z&tz=Europe/Paris&known_at=2026-01-01&spreadsheet=true&token=" + token)

	if r.code != 200 || r.body != "net_minor\r\n5\r\n" {
		t.Fatalf("%d %q", r.code, r.body)
	}
	for name, want := range map[string]string{"Content-Type": "text/csv; charset=utf-8; header=present", "Content-Disposition": `attachment; filename="sales.csv"`,
		"Rows": "2", "As-Of-Position": "1", "Cache-Control": "no-store"} {
		if got := r.header.Get(name); got != want {
			t.Errorf("%s is %q, not %q", name, got, want)
		}
	}
	a := tables.asked
	if a.Format != "csv" || !a.Spreadsheet || a.Log != logID || a.Position != 1 || !a.From.Equal(time.Date(2010, 11, 30, 23, 0, 0, 0, time.UTC)) ||
		!a.To.Equal(time.Date(2010, 12, 2, 0, 0, 0, 0, time.UTC)) || !a.KnownAt.Equal(time.Date(2026, 1, 1, 22, 59, 59, 999_999_000, time.UTC)) {
		t.Errorf("it asked for %+v", a)
	}
	if tables.closed != 1 {
		t.Errorf("the snapshot was closed %d times", tables.closed)
	}
	list := s.get("/v1/analytics/export").is(200)["items"].([]any)
	if len(list) != 2 || !strings.Contains(fmt.Sprint(list[0]), "net_minor") {
		t.Errorf("the tables are %v", list)
	}
}

func TestWhatIsInTheWayOfAnExportIsTold(t *testing.T) {
	tables := &shelf{}
	s := exporting(t, tables)
	for _, c := range []struct {
		path   string
		begins error
		code   int
		reason string
	}{
		{"none", nil, 404, "table_unknown"},
		{"sales?format=xls", nil, 400, "invalid_argument"},
		{"sales?format=parquet&spreadsheet=true", nil, 400, "invalid_argument"},
		{"sales?from=yesterday", nil, 400, "invalid_argument"},
		{"sales?tz=Nowhere/None&to=2010-12-01", nil, 400, "invalid_argument"},
		{"sales?colour=red", nil, 400, "invalid_argument"},
		{"sales", gateway.ErrExportsBusy, 429, "busy"},
		{"sales", fmt.Errorf("sales: %w", gateway.ErrExportMissing), 503, "view_unprepared"},
		{"sales", errors.New("password in the clear"), 500, "internal"},
	} {
		tables.begins = c.begins
		r := s.get("/v1/analytics/export/" + c.path)
		r.fails(c.code, c.reason)
		if strings.Contains(r.body, "password") {
			t.Errorf("it tells too much: %s", r.body)
		}
	}
	tables.begins, tables.breaks = nil, errors.New("the database is gone")
	if r := s.get("/v1/analytics/export/sales"); r.code != 500 || r.header.Get("Content-Disposition") != "" {
		t.Errorf("before the first byte it is a problem like any other: %d %v", r.code, r.header)
	}
	s.end()
	s.deps.Exports = nil
	s.serve(gateway.Options{})
	s.get("/v1/analytics/export/sales").fails(503, "unavailable")
	s.get("/v1/analytics/export").fails(503, "unavailable")
}

// What breaks after the first byte breaks the connection: nobody takes a part for the whole.
func TestAPartOfAFileDoesNotLookWhole(t *testing.T) {
	s := exporting(t, &shelf{files: map[string]string{"sales": strings.Repeat("row\r\n", 1<<18)}, breaks: errors.New("the database is gone")})
	r, err := http.Get(s.base + "/v1/analytics/export/sales")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if b, err := io.ReadAll(r.Body); err == nil || len(b) == 0 {
		t.Errorf("%d bytes came, and then %v", len(b), err)
	}
}

func TestSeveralTablesAreTakenOutAsOfOneMoment(t *testing.T) {
	large := strings.Repeat("row\r\n", 1<<18)
	tables := &shelf{files: map[string]string{"sales": large, "day": "day\r\n"}}
	s := exporting(t, tables)
	client := analyticsv1.NewExportsClient(s.grpc)
	token := s.post("/v1/products", `{"sku":"A","name":"A","kind":"goods"}`).header.Get("Consistency-Token")

	stream, err := client.TakeAll(metadata.AppendToOutgoingContext(t.Context(), "consistency-token", token), &analyticsv1.ExportAllRequest{Format: "parquet"})
	parts := drain(t, stream, err)

	head := parts[0].Snapshot
	if head == nil || head.LogId != logID || head.Position != 1 || !head.At.AsTime().Equal(noon) || len(head.Tables) != 2 || head.Tables[0].Rows != 1<<18 {
		t.Fatalf("it begins with %v", parts[0])
	}
	came, whole := map[string]string{}, ""
	for _, p := range parts[1:] {
		came[p.Table] += string(p.Data)
		if p.Whole {
			whole += p.Table + " "
		}
		if len(p.Data) > 256<<10 {
			t.Errorf("a message has %d bytes", len(p.Data))
		}
	}
	if came["sales"] != large || came["day"] != "day\r\n" || whole != "sales day " || tables.closed != 1 || tables.asked.Format != "parquet" {
		t.Errorf("whole came %q, the snapshot was closed %d times", whole, tables.closed)
	}
	for _, c := range []struct {
		tables []string
		code   codes.Code
	}{{[]string{"sales", "sales"}, codes.InvalidArgument}, {[]string{"none"}, codes.NotFound}} {
		stream, err := client.TakeAll(t.Context(), &analyticsv1.ExportAllRequest{Tables: c.tables})
		if err == nil {
			_, err = stream.Recv()
		}
		if status.Code(err) != c.code {
			t.Errorf("%v: %v", c.tables, err)
		}
	}
	tables.breaks = errors.New("the database is gone")
	one, err := client.Take(t.Context(), &analyticsv1.ExportRequest{Table: "day"})
	for err == nil {
		_, err = one.Recv()
	}
	if status.Code(err) != codes.Internal {
		t.Errorf("a part ended with %v", err)
	}
}
