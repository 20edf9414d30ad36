package postgres_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"tillstream/events"
	"tillstream/infra/local"
	"tillstream/infra/postgres"
	"tillstream/projections"
	"tillstream/projections/projectiontest"
)

// secret is in the contact of everybody; it is long enough to be nobody else's.
const secret = "Quicksilver-Lovelace"

// server is one of the test's own: its files are read, and it is made to crash.
type server struct {
	t    testing.TB
	dsn  string
	data string
	log  string
}

func startServer(t *testing.T) server {
	t.Helper()
	dir := t.TempDir()
	p, err := local.StartPostgres(t.Context(), local.PostgresOptions{Dir: dir})
	if err != nil {
		t.Fatalf("a private PostgreSQL is needed, whose files can be read: %v", err)
	}
	t.Cleanup(func() {
		if err := p.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	s := server{t: t, dsn: p.DSN(), log: filepath.Join(dir, "server.log")}
	s.query("SHOW data_directory", &s.data)
	return s
}

func (s server) connect() *pgx.Conn {
	s.t.Helper()
	conn, err := pgx.Connect(s.t.Context(), s.dsn)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(s.t.Context())) })
	return conn
}

func (s server) query(sql string, into any) {
	s.t.Helper()
	conn, err := pgx.Connect(s.t.Context(), s.dsn)
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close(s.t.Context())
	if err := conn.QueryRow(s.t.Context(), sql).Scan(into); err != nil {
		s.t.Fatalf("%s: %v", sql, err)
	}
}

func (s server) execute(statements ...string) {
	s.t.Helper()
	conn, err := pgx.Connect(s.t.Context(), s.dsn)
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close(s.t.Context())
	for _, sql := range statements {
		if _, err := conn.Exec(s.t.Context(), sql); err != nil {
			s.t.Fatalf("%s: %v", sql, err)
		}
	}
}

// settle brings everything the server knows into its files: statistics, log, and every buffer. A checkpoint spares those
// of unlogged tables; one before the files of a database are copied does not.
func (s server) settle() {
	s.execute("VACUUM ANALYZE", "CREATE DATABASE settled TEMPLATE template0 STRATEGY file_copy", "DROP DATABASE settled")
}

// holding lists the files of the cluster, its log included, in which the secret stands.
func (s server) holding() (files []string) {
	s.t.Helper()
	look := func(path string) {
		content, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return // a file of the running server, gone between two looks
		}
		if err != nil {
			s.t.Fatal(err)
		}
		if bytes.Contains(content, []byte(secret)) {
			files = append(files, path)
		}
	}
	err := filepath.WalkDir(s.data, func(path string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case d.Type().IsRegular():
			look(path)
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	look(s.log)
	return files
}

// opened lists the files that belong to the table of opened columns: its own, those of its indexes and of its long texts.
func (s server) opened(generation postgres.Generation) []string {
	s.t.Helper()
	var files []string
	s.query(fmt.Sprintf(`SELECT array_agg(pg_relation_filepath(oid)) FROM pg_class WHERE oid = '%[1]s'::regclass
		OR oid IN (SELECT indexrelid FROM pg_index WHERE indrelid = '%[1]s'::regclass)
		OR oid = (SELECT reltoastrelid FROM pg_class WHERE oid = '%[1]s'::regclass)`, "tillstream."+generation.Table+"_opened"), &files)
	return files
}

// crash kills one server process, on which the server gives up all memory and recovers from its log. It has done so when
// an unlogged row is gone.
func (s server) crash() {
	s.t.Helper()
	s.execute("CREATE UNLOGGED TABLE IF NOT EXISTS canary (n int)", "INSERT INTO canary VALUES (1)")
	var pid int
	if err := s.connect().QueryRow(s.t.Context(), "SELECT pg_backend_pid()").Scan(&pid); err != nil {
		s.t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(s.t.Context(), 30*time.Second)
	defer cancel()
	for alive := 1; alive > 0; {
		if ctx.Err() != nil {
			s.t.Fatal("the server did not recover")
		}
		conn, err := pgx.Connect(ctx, s.dsn)
		if err != nil {
			continue
		}
		if err := conn.QueryRow(ctx, "SELECT count(*) FROM canary").Scan(&alive); err != nil {
			alive = 1
		}
		_ = conn.Close(ctx)
	}
}

func customers(n int, contact func(i int) *events.Sealed, position events.Position) map[string]projections.Doc[projectiontest.Sample] {
	docs := map[string]projections.Doc[projectiontest.Sample]{}
	for i := range n {
		value := projectiontest.Sample{Name: fmt.Sprint("customer ", i), Contact: contact(i)}
		docs[fmt.Sprintf("c%05d", i)] = projections.Doc[projectiontest.Sample]{Value: value, Position: position}
	}
	return docs
}

// masked is how these tests seal: the secret does not stand in the cipher.
func masked(subject string, i int) *events.Sealed {
	return &events.Sealed{Subject: subject, Key: 1, Cipher: fmt.Appendf(nil, "%d", i)}
}

// unmasking opens masked contacts, but for the subjects forgotten.
type unmasking struct{ forgotten *[]string }

func (u unmasking) Open(_ context.Context, sealed events.Sealed, field string) (string, error) {
	if slices.Contains(*u.forgotten, sealed.Subject) {
		return "", events.ErrForgotten
	}
	if field != "contact" {
		return "", fmt.Errorf("opened as %q", field)
	}
	return fmt.Sprintf("%s of %s, number %s", secret, sealed.Subject, sealed.Cipher), nil
}

type rows = *postgres.Rows[projectiontest.Sample]

func saveRows(t *testing.T, r rows, docs map[string]projections.Doc[projectiontest.Sample], to events.Position) {
	t.Helper()
	from, err := r.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Save(t.Context(), docs, from, projections.Checkpoint{Log: "log", At: to, Count: uint64(to)}); err != nil {
		t.Fatal(err)
	}
}

func found(t *testing.T, r rows, text string) int {
	t.Helper()
	list, err := r.List(t.Context(), projections.Query{Limit: projections.LimitMost,
		Where: []projections.Cond{{Column: "contact", Op: projections.Contains, Value: text}}})
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

func TestPlainTextStandsInOpenedTablesAloneAndNowhereOnceErased(t *testing.T) {
	s := startServer(t)
	db := open(t, s.dsn)
	var forgotten []string
	r, err := postgres.Serve(t.Context(), db, projectiontest.Samples(1), unmasking{&forgotten})
	if err != nil {
		t.Fatal(err)
	}
	const n = 3000
	saveRows(t, r, customers(n, func(i int) *events.Sealed { return masked("ada", i) }, 1), 1)
	saveRows(t, r, customers(n/2, func(i int) *events.Sealed { return masked("ada", i+n) }, 2), 2) // half are renamed
	if got := found(t, r, strings.ToUpper(secret)); got != n {
		t.Fatalf("%d are found by their contact, not %d", got, n)
	}
	s.settle()
	own := s.opened(r.Generation())
	holding := s.holding()
	if len(holding) == 0 {
		t.Fatal("the search for plain text finds none where some must be")
	}
	for _, file := range holding {
		relative, _ := filepath.Rel(s.data, file)
		if !slices.Contains(own, relative) {
			t.Errorf("plain text stands in %s", file)
		}
	}
	var statistics int
	s.query(`SELECT count(*) FROM pg_stats WHERE tablename LIKE '%opened' AND attname = 'contact'`, &statistics)
	if statistics != 0 {
		t.Error("the server keeps statistics of plain text")
	}

	// Somebody holds an old snapshot, for which VACUUM would keep what was deleted.
	old := s.connect()
	for _, sql := range []string{"BEGIN ISOLATION LEVEL REPEATABLE READ", "SELECT count(*) FROM tillstream.generations"} {
		if _, err := old.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	forgotten = append(forgotten, "ada")
	saveRows(t, r, customers(n, func(i int) *events.Sealed { return nil }, 3), 3)
	if files := s.holding(); len(files) > 0 {
		t.Errorf("right after erasing, plain text stands in %v", files)
	}
	if got := found(t, r, ""); got != 0 {
		t.Errorf("%d are still found", got)
	}
	s.settle()
	if files := s.holding(); len(files) > 0 {
		t.Errorf("when all is settled after erasing, plain text stands in %v", files)
	}
}

func TestErasingOneLeavesTheOthers(t *testing.T) {
	s := startServer(t)
	db := open(t, s.dsn)
	var forgotten []string
	r, err := postgres.Serve(t.Context(), db, projectiontest.Samples(1), unmasking{&forgotten})
	if err != nil {
		t.Fatal(err)
	}
	saveRows(t, r, customers(50, func(i int) *events.Sealed { return masked(fmt.Sprint("person-", i), i) }, 1), 1)
	s.settle()
	forgotten = append(forgotten, "person-7")
	// The view hears of something else about person-7, whose key is gone: that is reason enough to blank.
	docs := customers(50, func(i int) *events.Sealed { return masked(fmt.Sprint("person-", i), i) }, 2)
	saveRows(t, r, map[string]projections.Doc[projectiontest.Sample]{"c00007": docs["c00007"]}, 2)
	s.settle()

	if got := found(t, r, "of person-7,"); got != 0 {
		t.Error("the forgotten one is found")
	}
	if got := found(t, r, secret); got != 49 {
		t.Errorf("%d of the others are found, not 49", got)
	}
	for _, file := range s.holding() {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(content, []byte("of person-7,")) {
			t.Errorf("the plain text of the forgotten one stands in %s", file)
		}
	}
}

func TestOpenedColumnsAreFilledAgainAfterTheServerCrashed(t *testing.T) {
	s := startServer(t)
	db := open(t, s.dsn)
	r, err := postgres.Serve(t.Context(), db, projectiontest.Samples(1), unmasking{&[]string{}})
	if err != nil {
		t.Fatal(err)
	}
	const n = 2500 // more than a page
	saveRows(t, r, customers(n, func(i int) *events.Sealed { return masked("ada", i) }, 1), 1)
	s.execute("CHECKPOINT")

	s.crash()

	var left int
	s.query("SELECT count(*) FROM tillstream."+r.Generation().Table+"_opened", &left)
	if left != 0 {
		t.Fatalf("%d rows survived, which an unlogged table does not do", left)
	}
	saveRows(t, r, map[string]projections.Doc[projectiontest.Sample]{"new": {Value: projectiontest.Sample{Contact: masked("ada", n)}, Position: 2}}, 2)
	if got := found(t, r, secret); got != n+1 {
		t.Errorf("the same process finds %d of %d", got, n+1)
	}

	s.execute("CHECKPOINT")
	s.crash()
	again, err := postgres.Serve(t.Context(), open(t, s.dsn), projectiontest.Samples(1), unmasking{&[]string{}})
	if err != nil {
		t.Fatal(err)
	}
	s.query("SELECT count(*) FROM tillstream."+r.Generation().Table+"_opened", &left)
	if left != n+1 || found(t, again, secret) != n+1 {
		t.Errorf("the next process finds %d rows filled of %d", left, n+1)
	}
}

// TestErasingThatCouldNotBeDoneIsDoneLater ends the server process that would rewrite the opened table while it waits for
// another session that reads it.
func TestErasingThatCouldNotBeDoneIsDoneLater(t *testing.T) {
	s := startServer(t)
	db := open(t, s.dsn)
	r, err := postgres.Serve(t.Context(), db, projectiontest.Samples(1), unmasking{&[]string{}})
	if err != nil {
		t.Fatal(err)
	}
	saveRows(t, r, customers(9, func(i int) *events.Sealed { return masked("ada", i) }, 1), 1)
	s.settle()
	reader := s.connect()
	tx, err := reader.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "SELECT FROM tillstream."+r.Generation().Table+"_opened"); err != nil {
		t.Fatal(err)
	}
	saved := make(chan struct{})
	go func() {
		defer close(saved)
		saveRows(t, r, customers(9, func(i int) *events.Sealed { return nil }, 2), 2)
	}()
	endWaiting(t, s.connect(), reader.PgConn().PID())
	<-saved
	if got := found(t, r, ""); got != 0 {
		t.Errorf("%d are found that were blanked", got)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}

	db.DoChores(t.Context())
	if files := s.holding(); len(files) > 0 {
		t.Errorf("plain text stands in %v", files)
	}
}
