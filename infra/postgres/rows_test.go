package postgres_test

import (
	"context"
	"fmt"
	"testing"

	"tillstream/events"
	"tillstream/infra/local/postgrestest"
	"tillstream/infra/postgres"
	"tillstream/projections"
	"tillstream/projections/projectiontest"
)

func TestRowsAreAHost(t *testing.T) {
	projectiontest.Documents(t, func(t *testing.T) projectiontest.Host { return serve(t, open(t, postgrestest.DSN(t))) })
}

// plainOpener opens what the tests seal: the plain text itself.
type plainOpener struct{}

func (plainOpener) Open(_ context.Context, sealed events.Sealed, _ string) (string, error) {
	if sealed.Subject == projectiontest.Forgotten {
		return "", events.ErrForgotten
	}
	return string(sealed.Cipher), nil
}

func open(t *testing.T, dsn string) *postgres.DB {
	t.Helper()
	db, err := postgres.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}

func serve(t *testing.T, db *postgres.DB) *postgres.Rows[projectiontest.Sample] {
	t.Helper()
	rows, err := postgres.Serve(t.Context(), db, projectiontest.Samples(1), plainOpener{})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestRowsConverge(t *testing.T) {
	db := open(t, postgrestest.DSN(t))
	run := 0
	projectiontest.ConvergesOn(t, projectiontest.Shelf, projectiontest.ShelfHistory(2, 60), 100, func() projections.Documents[projectiontest.Sample] {
		run++
		view := projections.Define[projectiontest.Sample](fmt.Sprintf("shelf_%d", run), 1)
		rows, err := postgres.Serve(t.Context(), db, view, plainOpener{})
		if err != nil {
			t.Fatal(err)
		}
		return rows
	})
}
