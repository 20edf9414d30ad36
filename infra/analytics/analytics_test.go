package analytics_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"tillstream/events"
	"tillstream/infra/analytics"
	"tillstream/infra/analytics/analyticstest"
	"tillstream/infra/postgres"
	"tillstream/projections"
)

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
	h := analyticstest.Open(t)
	analyticstest.Keep(t, analyticstest.Serve(t, h, projections.SalesFacts), map[string]projections.Doc[projections.SalesFact]{"a": sale(7)}, 1)
	for _, table := range analytics.Tables() {
		rows, err := h.Owner.Query(t.Context(), `SELECT * FROM analytics.`+pgx.Identifier{table.Name}.Sanitize())
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
	if err := h.Owner.QueryRow(t.Context(), `SELECT string_agg(day || ' ' || weekday_name || ' ' || weekend, ', ') FROM analytics.day`).Scan(&weekday); err != nil ||
		weekday != "2010-12-04 Saturday true" {
		t.Errorf("the one day of the shop is %q: %v", weekday, err)
	}
}

func TestStableNamesFollowAPromotion(t *testing.T) {
	h := analyticstest.Open(t)
	old := analyticstest.Serve(t, h, projections.SalesFacts)
	analyticstest.Keep(t, old, map[string]projections.Doc[projections.SalesFact]{"a": sale(7)}, 1)
	reading := h.Analyst(t)
	if sum := net(t, reading); sum != 7 {
		t.Fatalf("the old generation comes to %d", sum)
	}

	next, err := postgres.Build(t.Context(), h.DB, projections.SalesFacts, nil)
	if err != nil {
		t.Fatal(err)
	}
	analyticstest.Keep(t, next, map[string]projections.Doc[projections.SalesFact]{"a": sale(8)}, 1)
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

// A question that is being answered when a promotion comes goes on to its end, by the generation it began with; the next is
// answered by the new one, of which the analyst sees the names, and none of the tables beneath.
func TestAnOpenQuestionGoesOnThroughAPromotion(t *testing.T) {
	h := analyticstest.Open(t)
	old := analyticstest.Serve(t, h, projections.SalesFacts)
	analyticstest.Keep(t, old, map[string]projections.Doc[projections.SalesFact]{"a": sale(7)}, 1)
	next, err := postgres.Build(t.Context(), h.DB, projections.SalesFacts, nil)
	if err != nil {
		t.Fatal(err)
	}
	analyticstest.Keep(t, next, map[string]projections.Doc[projections.SalesFact]{"a": sale(8)}, 1)
	reading := h.Analyst(t)
	question, err := reading.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if sum := net(t, reading); sum != 7 {
		t.Fatalf("sales come to %d", sum)
	}
	promoted := make(chan error, 1)
	go func() { promoted <- h.Promote(context.WithoutCancel(t.Context()), next.Generation().ID) }()
	for waits := false; !waits; {
		if err := h.Owner.QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND locktype = 'relation' AND relation = 'analytics.sales'::regclass)`).Scan(&waits); err != nil {
			t.Fatal(err)
		}
	}
	if sum := net(t, reading); sum != 7 {
		t.Errorf("while the promotion waits, the open question comes to %d", sum)
	}
	if err := question.Commit(t.Context()); err != nil {
		t.Errorf("the open question did not go on to its end: %v", err)
	}
	if err := <-promoted; err != nil {
		t.Fatal(err)
	}
	if sum := net(t, reading); sum != 8 {
		t.Errorf("the next question comes to %d", sum)
	}
	for _, table := range []string{old.Generation().Table, next.Generation().Table} {
		if _, err := reading.Exec(t.Context(), "SELECT FROM tillstream."+table); !denied(err) {
			t.Errorf("an analyst may read %s beneath the names (%v)", table, err)
		}
	}
}

// A question that stands in the way of a promotion is ended, after a moment.
func TestAReaderDoesNotHoldUpAPromotion(t *testing.T) {
	h := analyticstest.Open(t)
	old := analyticstest.Serve(t, h, projections.SalesFacts)
	analyticstest.Keep(t, old, nil, 1)
	next, err := postgres.Build(t.Context(), h.DB, projections.SalesFacts, nil)
	if err != nil {
		t.Fatal(err)
	}
	analyticstest.Keep(t, next, nil, 1)
	reading := h.Analyst(t)
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
	h := analyticstest.Open(t)
	names := []postgres.StableName{{Name: "sales", Query: "SELECT net_minor, key AS fact FROM {sales_facts}"},
		{Name: "odd", Query: "SELECT lost FROM {sales_facts}"}, {Name: "early", Query: "SELECT key FROM {unheard_of}"}}
	if err := h.KeepNames(t.Context(), analytics.Schema, names); err != nil {
		t.Fatal(err)
	}
	var there string
	if err := h.Owner.QueryRow(t.Context(), `SELECT string_agg(table_name || '.' || column_name, ' ' ORDER BY ordinal_position)
		FROM information_schema.columns WHERE table_schema = 'analytics'`).Scan(&there); err != nil || there != "sales.net_minor sales.fact" {
		t.Errorf("there is %q: %v", there, err)
	}
	if sum := net(t, h.Analyst(t)); sum != 0 {
		t.Errorf("sales come to %d", sum)
	}
}

func TestAnAnalystReadsTheSchemaAndNothingElse(t *testing.T) {
	h := analyticstest.Open(t)
	customers := analyticstest.Serve(t, h, projections.Customers)
	analyticstest.Keep(t, customers, map[string]projections.Doc[projections.Customer]{"ada": {Position: 1, Value: projections.Customer{CustomerID: "ada",
		Name: &events.Sealed{Subject: "ada", Key: 1, Cipher: []byte("x")}}}}, 1)
	h.Admit(t) // as at every start
	reading := h.Analyst(t)
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
		`SELECT pg_ls_dir('.')`, `SELECT pg_stat_file('postgresql.conf')`, `SELECT pg_read_binary_file('/etc/passwd')`,
		`COPY (SELECT 1) TO '/tmp/out'`, `SELECT pg_reload_conf()`, `SELECT pg_rotate_logfile()`, `CREATE SEQUENCE analytics.s`,
		`ALTER VIEW sales RENAME TO mine`, `SELECT pg_notify('a', 'b')`, `VACUUM tillstream.snapshots`,
		`SELECT lo_create(0)`,
		`SELECT lo_import('/etc/passwd')`,
		`SELECT pg_advisory_lock(1)`,
		`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename <> current_user LIMIT 1`,
		`SET ROLE postgres`, `SET ROLE tillstream`, `SET SESSION AUTHORIZATION tillstream`,
		`ALTER ROLE ` + h.Role + ` SUPERUSER`,
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
	if _, err := pgx.Connect(t.Context(), analyticstest.As(t, h.DSN, h.Role, "wrong")); err == nil {
		t.Error("any password does")
	}
}

// denied tells whether the server refused for want of a right, or of a place where anything could be made.
func denied(err error) bool {
	pg, is := err.(*pgconn.PgError)
	return is && slices.Contains([]string{"42501", "25006", "55000", "3F000", "22023", "58P01", "0A000"}, pg.Code)
}

func TestAnAnalystsQuestionEnds(t *testing.T) {
	h := analyticstest.Open(t)
	reading := h.Analyst(t)
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
	h := analyticstest.Open(t)
	given := postgres.Analysts{Role: h.Role, Password: "another", Schema: analytics.Schema}
	if err := h.AdmitAnalysts(t.Context(), given); err != nil {
		t.Error(err)
	}
	if sum := net(t, h.Analyst(t)); sum != 0 {
		t.Errorf("sales come to %d", sum)
	}
	if _, err := h.Owner.Exec(t.Context(), fmt.Sprintf("ALTER ROLE %s CREATEDB", h.Role)); err != nil {
		t.Fatal(err)
	}
	if err := h.AdmitAnalysts(t.Context(), given); err == nil || !strings.Contains(err.Error(), "more than an analyst") {
		t.Errorf("a role that may make databases is taken for an analyst's: %v", err)
	}
}

// Who may make no roles says what an administrator can do, and has the names nonetheless.
func TestARoleThatMayNotMakeRoles(t *testing.T) {
	h := analyticstest.Open(t)
	plain := "tilltest_" + strings.ToLower(rand.Text()[:12])
	database := pgx.Identifier{h.Owner.Config().Database}.Sanitize()
	for _, s := range []string{"CREATE ROLE " + plain + " LOGIN PASSWORD 'plain'", "GRANT ALL ON DATABASE " + database + " TO " + plain,
		"DROP SCHEMA analytics CASCADE", "ALTER SCHEMA tillstream OWNER TO " + plain, "GRANT ALL ON ALL TABLES IN SCHEMA tillstream TO " + plain,
		"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA pg_catalog TO " + plain} {
		if _, err := h.Owner.Exec(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		if _, err := h.Owner.Exec(context.Background(), "DROP OWNED BY "+plain+" CASCADE; DROP ROLE "+plain, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Error(err)
		}
	})
	db, err := postgres.Open(t.Context(), analyticstest.As(t, h.DSN, plain, "plain"))
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
