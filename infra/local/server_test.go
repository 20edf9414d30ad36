package local_test

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"tillstream/infra/local"
	"tillstream/infra/local/child"
)

const patience = time.Minute // bounds waiting for what must come; nothing is asserted about how long it takes

func start(t *testing.T, dir string) *local.Postgres {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	p, err := local.StartPostgres(ctx, local.PostgresOptions{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, p) })
	return p
}

func stop(t *testing.T, p *local.Postgres) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := p.Stop(ctx); err != nil {
		t.Errorf("stop: %v", err)
	}
}

func connect(t *testing.T, p *local.Postgres) *pgx.Conn { return connectTo(t, p.DSN()) }

func connectTo(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func execute(t *testing.T, p *local.Postgres, statements ...string) { run(t, p.DSN(), statements...) }

func run(t *testing.T, dsn string, statements ...string) {
	t.Helper()
	conn := connectTo(t, dsn)
	for _, s := range statements {
		if _, err := conn.Exec(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
}

func ask[T any](t *testing.T, p *local.Postgres, question string) T {
	t.Helper()
	var answer T
	if err := connect(t, p).QueryRow(t.Context(), question).Scan(&answer); err != nil {
		t.Fatal(err)
	}
	return answer
}

func working(t *testing.T, dir string) int {
	t.Helper()
	found, err := child.Working("postgres", filepath.Join(dir, "cluster"))
	if err != nil {
		t.Fatal(err)
	}
	return len(found)
}

// killServer kills the head of the server's processes as the kernel does when memory runs out.
func killServer(t *testing.T, dir string) {
	t.Helper()
	mark, err := os.ReadFile(filepath.Join(dir, "cluster", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(mark), "\n")
	pid, err := strconv.Atoi(first)
	if err == nil {
		err = syscall.Kill(pid, syscall.SIGKILL)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for !is() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited %s in vain until %s", patience, what)
		}
	}
}
