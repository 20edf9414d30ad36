// Package postgrestest gives tests a real PostgreSQL: a database of their own on a private server of the test process.
package postgrestest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"tillstream/infra/local"
	"tillstream/infra/local/durable"
)

const (
	// Variable names a server to use instead of a private one; its role must be allowed to create databases.
	Variable = "TILL_TEST_POSTGRES"

	// slotsMost is how many test processes of one user can have a private server at the same time.
	slotsMost = 64
	// connections is enough for tests that run in parallel with a pool each.
	connections = 100
	// startWithin covers fetching the binaries once on a slow line.
	startWithin    = 5 * time.Minute
	databaseWithin = time.Minute
	prefix         = "tilltest_"
)

var server struct {
	once sync.Once
	dsn  string
	err  error

	mu sync.Mutex // one database is made or dropped at a time: they wait for each other in the server anyway
}

// DSN returns the name of a new, empty database, which is dropped when the test ends. All tests of a process share one
// server, which ends with the process in whatever way that ends. The test fails, saying what is missing, when there is no
// PostgreSQL to be had.
func DSN(t testing.TB) string {
	t.Helper()
	server.once.Do(func() { server.dsn, server.err = start() })
	if server.err != nil {
		t.Fatalf("a real PostgreSQL is needed: %v; or name a server in %s", server.err, Variable)
	}
	database := prefix + strings.ToLower(rand.Text()[:16])
	if err := execute("CREATE DATABASE " + database); err != nil {
		t.Fatalf("create a test database: %v", err)
	}
	t.Cleanup(func() {
		if err := execute("DROP DATABASE IF EXISTS " + database + " WITH (FORCE)"); err != nil {
			t.Errorf("drop the test database %s: %v", database, err)
		}
	})
	dsn, err := withDatabase(server.dsn, database)
	if err != nil {
		t.Fatal(err)
	}
	return dsn
}

func start() (string, error) {
	if dsn := os.Getenv(Variable); dsn != "" {
		return dsn, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), startWithin)
	defer cancel()
	// Servers are kept between runs, for making one costs a second of CPU; a slot is held by one process at a time.
	slots := filepath.Join(os.TempDir(), "tillstream-test-"+strconv.Itoa(os.Getuid()))
	for slot := range slotsMost {
		dir := filepath.Join(slots, "postgres-"+strconv.Itoa(slot))
		postgres, err := startIn(ctx, dir)
		if errors.Is(err, durable.ErrLocked) {
			continue
		}
		if err != nil {
			return "", err
		}
		return postgres.DSN(), dropLeft(ctx, postgres.DSN())
	}
	return "", fmt.Errorf("all %d servers in %s are in use", slotsMost, slots)
}

// startIn starts the server kept in dir, or a new one in its place: nothing in it is synced, so it may not have survived
// the machine's last stop.
func startIn(ctx context.Context, dir string) (*local.Postgres, error) {
	options := local.PostgresOptions{Dir: dir, MaxConnections: connections, Ephemeral: true}
	postgres, err := local.StartPostgres(ctx, options)
	if err == nil || errors.Is(err, durable.ErrLocked) {
		return postgres, err
	}
	if _, made := os.Stat(filepath.Join(dir, "cluster")); made != nil {
		return nil, err
	}
	if removed := os.RemoveAll(filepath.Join(dir, "cluster")); removed != nil {
		return nil, errors.Join(err, removed)
	}
	return local.StartPostgres(ctx, options)
}

// dropLeft drops what tests of an earlier process left when they were killed.
func dropLeft(ctx context.Context, dsn string) error {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	rows, err := conn.Query(ctx, "SELECT datname FROM pg_database WHERE starts_with(datname, $1)", prefix)
	if err != nil {
		return err
	}
	left, err := pgx.CollectRows(rows, pgx.RowTo[string])
	for i := 0; err == nil && i < len(left); i++ {
		_, err = conn.Exec(ctx, "DROP DATABASE "+pgx.Identifier{left[i]}.Sanitize()+" WITH (FORCE)")
	}
	return err
}

func execute(statement string) error {
	server.mu.Lock()
	defer server.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), databaseWithin)
	defer cancel()
	conn, err := pgx.Connect(ctx, server.dsn)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, statement)
	return err
}

// withDatabase is the same server's other database, for both forms a DSN can have.
func withDatabase(dsn, database string) (string, error) {
	if !strings.HasPrefix(dsn, "postgres://") && !strings.HasPrefix(dsn, "postgresql://") {
		return dsn + " dbname=" + database, nil
	}
	u, err := url.Parse(dsn)
	if err != nil {
		return "", fmt.Errorf("%s is no DSN", Variable) // the parser's own words would show the password
	}
	u.Path = "/" + database
	return u.String(), nil
}
