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
	another := generations(t)
	projectiontest.Documents(t, func(*testing.T) projectiontest.Host { return another() })
}

func TestRowsConverge(t *testing.T) {
	another := generations(t)
	projectiontest.ConvergesOn(t, projectiontest.Shelf, projectiontest.ShelfHistory(2, 60), 40,
		func() projections.Documents[projectiontest.Sample] { return another() })
}

func TestRowsHeal(t *testing.T) {
	another := generations(t)
	projectiontest.Heals(t, 12, func() projections.Documents[projectiontest.Sample] { return another() })
}

func TestRowsThatAreCopiedConverge(t *testing.T) {
	another := rebuilds(t)
	projectiontest.ConvergesOn(t, projectiontest.Shelf, projectiontest.ShelfHistory(2, 60), 40,
		func() projections.Documents[projectiontest.Sample] { return another() })
}

func TestRowsThatAreCopiedHeal(t *testing.T) {
	another := rebuilds(t)
	projectiontest.Heals(t, 12, func() projections.Documents[projectiontest.Sample] { return another() })
}

// rebuilds answers a new generation at each call that is being built and copies all that is new.
func rebuilds(t *testing.T) func() rows {
	db := open(t, postgrestest.DSN(t))
	return func() rows {
		r, err := postgres.BuildAnew(t.Context(), db, projections.Define[projectiontest.Sample]("samples", 1), plainOpener{}, false)
		if err != nil {
			t.Fatal(err)
		}
		r.CopyAll()
		return r
	}
}

// generations answers a new generation at each call, of a view of its own in one database.
func generations(t *testing.T) func() rows {
	db := open(t, postgrestest.DSN(t))
	n := 0
	return func() rows {
		n++
		r, err := postgres.Serve(t.Context(), db, projections.Define[projectiontest.Sample](fmt.Sprint("samples_", n), 1), plainOpener{})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
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
