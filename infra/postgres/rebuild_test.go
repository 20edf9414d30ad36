package postgres_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"

	"tillstream/infra/local/postgrestest"
	"tillstream/infra/postgres"
	"tillstream/projections"
	"tillstream/projections/projectiontest"
)

type samples = map[string]projections.Doc[projectiontest.Sample]

func rebuild(t *testing.T, db *postgres.DB) *postgres.Rows[projectiontest.Sample] {
	t.Helper()
	r, err := postgres.Build(t.Context(), db, projectiontest.Samples(1), plainOpener{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// batchOf is a batch of n values from a number on, of which the host is known to have had known.
func batchOf(from, n int, known samples, to projections.Checkpoint) projections.Batch[projectiontest.Sample] {
	b := projections.Batch[projectiontest.Sample]{Changed: samples{}, Known: known, To: to}
	for i := from; i < from+n; i++ {
		b.Changed[fmt.Sprintf("key-%04d", i)] = doc(projectiontest.Sample{Name: fmt.Sprint("at ", to.At), Units: uint64(i)})
	}
	return b
}

func TestNewRowsOfARebuildAreCopiedAndOthersReplaced(t *testing.T) {
	r := rebuild(t, open(t, postgrestest.DSN(t)))
	first := batchOf(0, 500, samples{}, projections.Checkpoint{Log: "log", At: 1, Count: 1})
	if err := r.Keep(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	keys := []string{"key-0300", "key-0700"}
	known, err := r.Load(t.Context(), []string{"key-0300", "key-0400"})
	if err != nil || len(known) != 2 {
		t.Fatalf("%v, %v", known, err)
	}
	second := batchOf(600, 300, known, projections.Checkpoint{Log: "log", At: 2, Count: 2})
	second.From = first.To
	second.Changed["key-0300"] = doc(projectiontest.Sample{Name: "again"})
	if err := r.Keep(t.Context(), second); err != nil {
		t.Fatal(err)
	}
	again, err := r.Load(t.Context(), keys)
	if err != nil || again["key-0300"].Value.Name != "again" || again["key-0700"].Value.Name != "at 2" {
		t.Errorf("%v, %v", again, err)
	}
	if at, err := r.Checkpoint(t.Context()); err != nil || at != second.To {
		t.Errorf("it stands at %v, %v", at, err)
	}
}

func TestARowThatNobodyLookedForIsReplacedAllTheSame(t *testing.T) {
	r := rebuild(t, open(t, postgrestest.DSN(t)))
	first := batchOf(0, 200, samples{}, projections.Checkpoint{Log: "log", At: 1, Count: 1})
	second := batchOf(100, 200, samples{}, projections.Checkpoint{Log: "log", At: 2, Count: 2}) // half of them are there
	second.From = first.To
	for _, b := range []projections.Batch[projectiontest.Sample]{first, second} {
		if err := r.Keep(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	rows, err := r.Load(t.Context(), []string{"key-0099", "key-0100", "key-0299"})
	if err != nil || rows["key-0099"].Value.Name != "at 1" || rows["key-0100"].Value.Name != "at 2" || rows["key-0299"].Value.Name != "at 2" {
		t.Errorf("%v, %v", rows, err)
	}
}

func TestWhatCannotBeCopiedIsRefusedByKeyAndKeepsNothing(t *testing.T) {
	r := rebuild(t, open(t, postgrestest.DSN(t)))
	b := batchOf(0, 300, samples{}, projections.Checkpoint{Log: "log", At: 1, Count: 1})
	b.Changed["key-0123"] = doc(projectiontest.Sample{Name: "a NUL: \x00"})
	var data *projections.DataError
	if err := r.Keep(t.Context(), b); !errors.As(err, &data) || data.Key != "key-0123" || data.Column != "name" {
		t.Errorf("%v", err)
	}
	if rows, err := r.Load(t.Context(), []string{"key-0001"}); err != nil || len(rows) != 0 {
		t.Errorf("%v, %v", rows, err)
	}
	moved := batchOf(0, 300, samples{}, projections.Checkpoint{Log: "log", At: 1, Count: 1})
	moved.From = projections.Checkpoint{Log: "log", At: 7}
	if err := r.Keep(t.Context(), moved); !errors.Is(err, projections.ErrFenced) {
		t.Errorf("%v", err)
	}
}

func TestARebuildIsIndexedOnceItsRowsAreThere(t *testing.T) {
	dsn := postgrestest.DSN(t)
	db := open(t, dsn)
	served := serve(t, db)
	r := rebuild(t, db)
	if got := indexesOf(t, dsn, r.Generation().Table); len(got) != 1 { // that of its keys
		t.Errorf("before it is built it has the indexes %v", got)
	}
	if err := r.Keep(t.Context(), batchOf(0, 500, samples{}, projections.Checkpoint{Log: "log", At: 1, Count: 1})); err != nil {
		t.Fatal(err)
	}
	var made []string
	for range 2 { // the second time there is nothing to do
		err := r.Index(t.Context(), func(what string) func() {
			made = append(made, what)
			return func() {}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	want, got := indexesOf(t, dsn, served.Generation().Table), indexesOf(t, dsn, r.Generation().Table)
	if len(got) != len(want) || len(made) != len(want) {
		t.Errorf("it has %v, what is served has %v; made were %v", got, want, made)
	}
	if again := rebuild(t, db); !again.Generation().Indexed || again.Generation().ID != r.Generation().ID {
		t.Errorf("the register has %+v", again.Generation())
	}
}

func indexesOf(t *testing.T, dsn, table string) []string {
	t.Helper()
	rows, err := connect(t, dsn).Query(t.Context(), `SELECT indexname FROM pg_indexes WHERE schemaname = 'tillstream' AND tablename = $1`, table)
	if err != nil {
		t.Fatal(err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	return names
}
