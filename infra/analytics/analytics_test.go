package analytics_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"tillstream/events"
	"tillstream/infra/analytics"
	"tillstream/infra/local/postgrestest"
	"tillstream/infra/postgres"
	"tillstream/projections"
)

// house is a database with every view, its analysts admitted.
type house struct {
	*postgres.DB
	owner    *pgx.Conn
	dsn      string
	role     string
	password string
}

func open(t *testing.T) *house {
	t.Helper()
	h := &house{dsn: postgrestest.DSN(t), role: "tilltest_" + strings.ToLower(rand.Text()[:12]), password: rand.Text()}
	db, err := postgres.Open(t.Context(), h.dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	h.DB, h.owner = db, connect(t, h.dsn)
	t.Cleanup(func() {
		if _, err := h.owner.Exec(context.Background(), "DROP OWNED BY "+h.role+"; DROP ROLE "+h.role, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Error(err)
		}
	})
	h.serve(t)
	if err := db.KeepNames(t.Context(), analytics.Schema, analytics.Names()); err != nil {
		t.Fatal(err)
	}
	h.admit(t)
	return h
}

func (h *house) admit(t *testing.T) {
	t.Helper()
	err := h.AdmitAnalysts(t.Context(), postgres.Analysts{Role: h.role, Password: h.password, Schema: analytics.Schema, Private: true})
	if err != nil {
		t.Fatal(err)
	}
}

type none struct{}

func (none) Open(_ context.Context, sealed events.Sealed, _ string) (string, error) {
	return "plain " + sealed.Subject, nil
}

func (h *house) serve(t *testing.T) {
	t.Helper()
	serve(t, h, projections.SalesFacts)
	serve(t, h, projections.StockMovements)
	serve(t, h, projections.PaymentMovements)
	serve(t, h, projections.Orders)
	serve(t, h, projections.LoyaltyStatement)
	serve(t, h, projections.ProductPages)
	serve(t, h, projections.CustomerProfiles)
	serve(t, h, projections.Customers)
}

func serve[V any](t *testing.T, h *house, view projections.View[V]) *postgres.Rows[V] {
	t.Helper()
	r, err := postgres.Serve(t.Context(), h.DB, view, none{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func keep[V any](t *testing.T, r *postgres.Rows[V], docs map[string]projections.Doc[V], at events.Position) {
	t.Helper()
	from, err := r.Checkpoint(t.Context())
	if err == nil {
		err = r.Save(t.Context(), docs, from, projections.Checkpoint{Log: "log", At: at, Count: uint64(at)})
	}
	if err != nil {
		t.Fatal(err)
	}
}

func connect(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// analyst connects as analysts do, with the password.
func (h *house) analyst(t *testing.T) *pgx.Conn {
	t.Helper()
	return connect(t, as(t, h.dsn, h.role, h.password))
}

func as(t *testing.T, dsn, role, password string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(role, password)
	return u.String()
}

func sale(minor int64) projections.Doc[projections.SalesFact] {
	at := time.Date(2010, 12, 4, 23, 30, 0, 0, time.UTC)
	return projections.Doc[projections.SalesFact]{Position: 1, Value: projections.SalesFact{Kind: "sale", At: at, RecordedAt: at.Add(time.Hour), SKU: "LAMP",
		Country: "France", Currency: "GBP", GrossMinor: minor, NetMinor: minor}}
}

func net(t *testing.T, conn *pgx.Conn) (sum int64) {
	t.Helper()
	if err := conn.QueryRow(t.Context(), `SELECT coalesce(sum(net_minor), 0) FROM sales`).Scan(&sum); err != nil {
		t.Fatal(err)
	}
	return sum
}

// Every column is there in the order in which it is told of.
func TestTheSchemaIsAsItIsDescribed(t *testing.T) {
	h := open(t)
	keep(t, serve(t, h, projections.SalesFacts), map[string]projections.Doc[projections.SalesFact]{"a": sale(7)}, 1)
	for _, table := range analytics.Tables() {
		rows, err := h.owner.Query(t.Context(), `SELECT * FROM analytics.`+pgx.Identifier{table.Name}.Sanitize())
		if err != nil {
			t.Fatal(err)
		}
		var there, told []string
		for _, f := range rows.FieldDescriptions() {
			there = append(there, f.Name)
		}
		for _, c := range table.Columns {
			told = append(told, c.Name)
		}
		rows.Close()
		if rows.Err() != nil || !slices.Equal(there, told) {
			t.Errorf("%s has the columns\n%v, and is told to have\n%v (%v)", table.Name, there, told, rows.Err())
		}
		if table.Kind != "state" && (!slices.Contains(there, "at") || !slices.Contains(there, "recorded_at")) {
			t.Errorf("%s does not tell when it was so and when we came to know", table.Name)
		}
	}
	var weekday string
	if err := h.owner.QueryRow(t.Context(), `SELECT string_agg(day || ' ' || weekday_name || ' ' || weekend, ', ') FROM analytics.day`).Scan(&weekday); err != nil ||
		weekday != "2010-12-04 Saturday true" {
		t.Errorf("the one day of the shop is %q: %v", weekday, err)
	}
}

func TestStableNamesFollowAPromotion(t *testing.T) {
	h := open(t)
	old := serve(t, h, projections.SalesFacts)
	keep(t, old, map[string]projections.Doc[projections.SalesFact]{"a": sale(7)}, 1)
	reading := h.analyst(t)
	if sum := net(t, reading); sum != 7 {
		t.Fatalf("the old generation comes to %d", sum)
	}

	next, err := postgres.Build(t.Context(), h.DB, projections.SalesFacts, nil)
	if err != nil {
		t.Fatal(err)
	}
	keep(t, next, map[string]projections.Doc[projections.SalesFact]{"a": sale(8)}, 1)
	if sum := net(t, reading); sum != 7 {
		t.Errorf("a generation that is not served is read: %d", sum)
	}
	for _, promoted := range []struct {
		id, sum int64
	}{{next.Generation().ID, 8}, {old.Generation().ID, 7}} {
		if err := h.Promote(t.Context(), promoted.id); err != nil {
			t.Fatal(err)
		}
		if sum := net(t, reading); sum != promoted.sum {
			t.Errorf("after the promotion of %d sales come to %d, not %d", promoted.id, sum, promoted.sum)
		}
	}
	if err := h.Retire(t.Context(), next.Generation().ID); err != nil {
		t.Errorf("a name still holds what is not served: %v", err)
	}
}

// A question that stands in the way of a promotion is ended, after a moment.
func TestAReaderDoesNotHoldUpAPromotion(t *testing.T) {
	h := open(t)
	old := serve(t, h, projections.SalesFacts)
	keep(t, old, nil, 1)
	next, err := postgres.Build(t.Context(), h.DB, projections.SalesFacts, nil)
	if err != nil {
		t.Fatal(err)
	}
	keep(t, next, nil, 1)
	reading := h.analyst(t)
	if _, err := reading.Exec(t.Context(), `BEGIN; SELECT count(*) FROM sales`, pgx.QueryExecModeSimpleProtocol); err != nil {
		t.Fatal(err)
	}
	if err := h.Promote(t.Context(), next.Generation().ID); err != nil {
		t.Error(err)
	}
	if err := reading.Ping(t.Context()); err == nil {
		t.Error("the reader was not in the way: nothing was proven")
	}
}

// Names that say more or otherwise than those of an older binary take their place.
func TestNamesChangeWithTheBinary(t *testing.T) {
	h := open(t)
	names := []postgres.StableName{{Name: "sales", Query: "SELECT net_minor, key AS fact FROM {sales_facts}"},
		{Name: "odd", Query: "SELECT lost FROM {sales_facts}"}, {Name: "early", Query: "SELECT key FROM {unheard_of}"}}
	if err := h.KeepNames(t.Context(), analytics.Schema, names); err != nil {
		t.Fatal(err)
	}
	var there string
	if err := h.owner.QueryRow(t.Context(), `SELECT string_agg(table_name || '.' || column_name, ' ' ORDER BY ordinal_position)
		FROM information_schema.columns WHERE table_schema = 'analytics'`).Scan(&there); err != nil || there != "sales.net_minor sales.fact" {
		t.Errorf("there is %q: %v", there, err)
	}
	if sum := net(t, h.analyst(t)); sum != 0 {
		t.Errorf("sales come to %d", sum)
	}
}

func TestAnAnalystReadsTheSchemaAndNothingElse(t *testing.T) {
	h := open(t)
	customers := serve(t, h, projections.Customers)
	keep(t, customers, map[string]projections.Doc[projections.Customer]{"ada": {Position: 1, Value: projections.Customer{CustomerID: "ada",
		Name: &events.Sealed{Subject: "ada", Key: 1, Cipher: []byte("x")}}}}, 1)
	h.admit(t) // as at every start
	reading := h.analyst(t)
	for _, table := range analytics.Tables() {
		if _, err := reading.Exec(t.Context(), `SELECT * FROM `+table.Name); err != nil {
			t.Errorf("%s cannot be read: %v", table.Name, err)
		}
	}
	if _, err := reading.Exec(t.Context(), `COPY (SELECT * FROM sales) TO STDOUT`); err != nil {
		t.Errorf("a table cannot be taken out: %v", err)
	}

	table := customers.Generation().Table
	for _, asked := range []string{
		`SELECT * FROM tillstream.` + table,
		`SELECT * FROM tillstream.` + table + `_opened`,
		`SELECT name FROM tillstream.` + table + `_opened`,
		`SELECT * FROM tillstream.snapshots`,
		`SELECT * FROM tillstream.generations`,
		`SELECT * FROM pg_authid`,
		`SELECT * FROM pg_statistic`,
		`INSERT INTO day (day) VALUES (now())`,
		`INSERT INTO product (sku) VALUES ('X')`,
		`UPDATE sales SET net_minor = 0`,
		`DELETE FROM sales`,
		`SELECT * FROM sales FOR UPDATE`,
		`TRUNCATE tillstream.` + table,
		`CREATE TABLE mine (a int)`,
		`CREATE TABLE public.mine (a int)`,
		`CREATE TEMP TABLE mine (a int)`,
		`CREATE SCHEMA mine`,
		`CREATE FUNCTION analytics.f() RETURNS int LANGUAGE sql AS 'SELECT 1'`,
		`CREATE VIEW analytics.mine AS SELECT 1`,
		`DROP VIEW sales`,
		`COPY sales TO PROGRAM 'cat'`,
		`COPY sales TO '/tmp/sales'`,
		`COPY (SELECT 1) TO PROGRAM 'cat'`,
		`SELECT pg_read_file('/etc/passwd')`,
		`SELECT lo_create(0)`,
		`SELECT lo_import('/etc/passwd')`,
		`SELECT pg_advisory_lock(1)`,
		`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename <> current_user LIMIT 1`,
		`SET ROLE postgres`, `SET ROLE tillstream`, `SET SESSION AUTHORIZATION tillstream`,
		`ALTER ROLE ` + h.role + ` SUPERUSER`,
		`ALTER SYSTEM SET fsync = off`,
		`SET temp_file_limit = -1`,
		`CREATE EXTENSION IF NOT EXISTS dblink`,
		`DO $$ BEGIN PERFORM * FROM tillstream.snapshots; END $$`,
	} {
		for _, mode := range []string{"on", "off"} { // whoever knows how leaves read-only transactions
			if _, err := reading.Exec(t.Context(), "SET default_transaction_read_only = "+mode); err != nil {
				t.Fatal(err)
			}
			if _, err := reading.Exec(t.Context(), asked, pgx.QueryExecModeSimpleProtocol); !denied(err) {
				t.Errorf("with read only %s an analyst may %s (%v)", mode, asked, err)
			}
		}
	}
	if _, err := pgx.Connect(t.Context(), as(t, h.dsn, h.role, "wrong")); err == nil {
		t.Error("any password does")
	}
}

// denied tells whether the server refused for want of a right, or of a place where anything could be made.
func denied(err error) bool {
	pg, is := err.(*pgconn.PgError)
	return is && slices.Contains([]string{"42501", "25006", "55000", "3F000", "22023", "58P01", "0A000"}, pg.Code)
}

func TestAnAnalystsQuestionEnds(t *testing.T) {
	h := open(t)
	reading := h.analyst(t)
	for setting, want := range map[string]string{"statement_timeout": "1min", "idle_in_transaction_session_timeout": "1min",
		"default_transaction_read_only": "on", "TimeZone": "UTC", "search_path": "analytics", "temp_file_limit": "2GB"} {
		var got string
		if err := reading.QueryRow(t.Context(), "SELECT current_setting($1)", setting).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %q, not %q: %v", setting, got, want, err)
		}
	}
}

// A role that an administrator made is taken as it is, unless it may too much; none is made by who may not.
func TestOnAServerOfOthers(t *testing.T) {
	h := open(t)
	given := postgres.Analysts{Role: h.role, Password: "another", Schema: analytics.Schema}
	if err := h.AdmitAnalysts(t.Context(), given); err != nil {
		t.Error(err)
	}
	if sum := net(t, h.analyst(t)); sum != 0 {
		t.Errorf("sales come to %d", sum)
	}
	if _, err := h.owner.Exec(t.Context(), fmt.Sprintf("ALTER ROLE %s CREATEDB", h.role)); err != nil {
		t.Fatal(err)
	}
	if err := h.AdmitAnalysts(t.Context(), given); err == nil || !strings.Contains(err.Error(), "more than an analyst") {
		t.Errorf("a role that may make databases is taken for an analyst's: %v", err)
	}
}

// Who may make no roles says what an administrator can do, and has the names nonetheless.
func TestARoleThatMayNotMakeRoles(t *testing.T) {
	h := open(t)
	plain := "tilltest_" + strings.ToLower(rand.Text()[:12])
	database := pgx.Identifier{h.owner.Config().Database}.Sanitize()
	for _, s := range []string{"CREATE ROLE " + plain + " LOGIN PASSWORD 'plain'", "GRANT ALL ON DATABASE " + database + " TO " + plain,
		"DROP SCHEMA analytics CASCADE", "ALTER SCHEMA tillstream OWNER TO " + plain, "GRANT ALL ON ALL TABLES IN SCHEMA tillstream TO " + plain,
		"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA pg_catalog TO " + plain} {
		if _, err := h.owner.Exec(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		if _, err := h.owner.Exec(context.Background(), "DROP OWNED BY "+plain+" CASCADE; DROP ROLE "+plain, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Error(err)
		}
	})
	db, err := postgres.Open(t.Context(), as(t, h.dsn, plain, "plain"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.KeepNames(t.Context(), analytics.Schema, analytics.Names()); err != nil {
		t.Error(err)
	}
	err = db.AdmitAnalysts(t.Context(), postgres.Analysts{Role: plain + "_2", Password: "x", Schema: analytics.Schema})
	if !errors.Is(err, postgres.ErrNoAnalysts) || !strings.Contains(err.Error(), "CREATE ROLE") {
		t.Errorf("it does not say what to do: %v", err)
	}
}
