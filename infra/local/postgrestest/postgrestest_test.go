package postgrestest_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"tillstream/infra/local/postgrestest"
)

func TestEachTestHasADatabaseOfItsOwn(t *testing.T) {
	first, second := connect(t, postgrestest.DSN(t)), connect(t, postgrestest.DSN(t))

	if _, err := first.Exec(t.Context(), "CREATE TABLE fact (n int)"); err != nil {
		t.Fatal(err)
	}

	var there bool
	err := second.QueryRow(t.Context(), "SELECT to_regclass('fact') IS NOT NULL").Scan(&there)
	if err != nil || there {
		t.Fatalf("the table of one database is seen in the other: %v, %v", there, err)
	}
}

func TestADatabaseIsGoneWhenItsTestEnds(t *testing.T) {
	var dsn string
	t.Run("a test that uses one", func(t *testing.T) { dsn = postgrestest.DSN(t) })

	if _, err := pgx.Connect(t.Context(), dsn); err == nil {
		t.Fatal("it still answers")
	}
}

func connect(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	return conn
}
