package postgres_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"tillstream/infra/local/postgrestest"
	"tillstream/infra/postgres"
)

func connect(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	return conn
}

func TestTheLastSnapshotOfAStreamIsKept(t *testing.T) {
	snapshots := open(t, postgrestest.DSN(t)).Snapshots()
	if _, found, err := snapshots.Load(t.Context(), "order-1"); found || err != nil {
		t.Fatalf("one is found before any was saved: %v", err)
	}
	for _, snapshot := range [][]byte{{}, {0, 1, 2}, bytes.Repeat([]byte("long "), 100_000)} {
		if err := snapshots.Save(t.Context(), "order-1", snapshot); err != nil {
			t.Fatal(err)
		}
		if got, found, err := snapshots.Load(t.Context(), "order-1"); err != nil || !found || !bytes.Equal(got, snapshot) {
			t.Errorf("%d bytes come back as %d: %v, %v", len(snapshot), len(got), found, err)
		}
	}
	if err := snapshots.Save(t.Context(), "order-1", make([]byte, 9<<20)); err == nil {
		t.Error("one of 9 MiB is kept")
	}
}

func TestOnlyTheYoungestSnapshotsAreKept(t *testing.T) {
	dsn := postgrestest.DSN(t)
	snapshots := open(t, dsn).Snapshots()
	_, err := connect(t, dsn).Exec(t.Context(), fmt.Sprintf(`INSERT INTO tillstream.snapshots
		SELECT 'stream-' || n, '', now() - n * interval '1 second' FROM generate_series(0, %d) n`, postgres.SnapshotsMost+9))
	if err != nil {
		t.Fatal(err)
	}
	if err := snapshots.Prune(t.Context()); err != nil {
		t.Fatal(err)
	}
	for n, kept := range map[int]bool{0: true, postgres.SnapshotsMost - 1: true, postgres.SnapshotsMost + 1: false, postgres.SnapshotsMost + 9: false} {
		if _, found, err := snapshots.Load(t.Context(), fmt.Sprint("stream-", n)); err != nil || found != kept {
			t.Errorf("number %d by age is found: %v, %v", n, found, err)
		}
	}
}
