package postgres_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"tillstream/events"
	"tillstream/infra/local/postgrestest"
	"tillstream/projections"
	"tillstream/projections/projectiontest"
)

func doc(value projectiontest.Sample) projections.Doc[projectiontest.Sample] {
	return projections.Doc[projectiontest.Sample]{Value: value, Position: 1}
}

func TestWhatPostgreSQLCannotKeepIsRefusedByKeyAndColumn(t *testing.T) {
	r := serve(t, open(t, postgrestest.DSN(t)))
	long := strings.Repeat("x", 3000)
	for name, c := range map[string]struct {
		key, column string
		doc         projections.Doc[projectiontest.Sample]
	}{
		"NUL in text":               {"k", "name", doc(projectiontest.Sample{Name: "a\x00b"})},
		"text that is not UTF-8":    {"k", "grade", doc(projectiontest.Sample{Grade: "\xff"})},
		"NUL nested":                {"k", "tags", doc(projectiontest.Sample{Tags: []string{"ok", "a\x00b"}})},
		"NUL in a nested key":       {"k", "sizes", doc(projectiontest.Sample{Sizes: map[string]int64{"\x00": 1}})},
		"NUL in what is opened":     {"k", "contact", doc(projectiontest.Sample{Contact: &events.Sealed{Cipher: []byte("\x00")}})},
		"a number beyond 63 bits":   {"k", "units", doc(projectiontest.Sample{Units: 1 << 63})},
		"text too long to look up":  {"k", "name", doc(projectiontest.Sample{Name: long})},
		"a key too long":            {long, "", doc(projectiontest.Sample{})},
		"NUL in the key":            {"a\x00b", "", doc(projectiontest.Sample{})},
		"a position beyond 63 bits": {"k", "position", projections.Doc[projectiontest.Sample]{Position: 1 << 63}},
	} {
		changed := map[string]projections.Doc[projectiontest.Sample]{"fine": doc(projectiontest.Sample{Name: "fine"}), c.key: c.doc}
		err := r.Save(t.Context(), changed, projections.Checkpoint{}, projections.Checkpoint{Log: "log", At: 1, Count: 1})
		var data *projections.DataError
		if !errors.As(err, &data) || data.Key != c.key || data.Column != c.column {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, there, err := r.Get(t.Context(), "fine"); there || err != nil {
		t.Errorf("half a batch is kept: %v", err)
	}
	if at, err := r.Checkpoint(t.Context()); err != nil || at != (projections.Checkpoint{}) {
		t.Errorf("the checkpoint moved to %+v: %v", at, err)
	}
	if docs, err := r.Load(t.Context(), []string{"a\x00b", "\xff"}); err != nil || len(docs) != 0 {
		t.Errorf("keys that cannot be kept are loaded as %v: %v", docs, err)
	}
	saveRows(t, r, map[string]projections.Doc[projectiontest.Sample]{"k": doc(projectiontest.Sample{Tags: []string{long, `\u0000`}})}, 1)
}

// TestABatchCutByTheServerIsAppliedOnce ends the server process of a batch while it waits in the middle of it, for a row
// that another holds.
func TestABatchCutByTheServerIsAppliedOnce(t *testing.T) {
	dsn := postgrestest.DSN(t)
	r := serve(t, open(t, dsn))
	log := projectiontest.ShelfHistory(3, 200)
	view := projectiontest.Shelf
	p, err := projections.NewProjector(t.Context(), view, r, nil, "log")
	if err != nil {
		t.Fatal(err)
	}
	told := func(from, to int) projections.Interval {
		i := projections.Interval{Log: "log", To: log[to-1].Position, Facts: log[from:to]}
		if from > 0 {
			i.From = log[from-1].Position
		}
		return i
	}
	if err := p.Advance(t.Context(), told(0, 100)); err != nil {
		t.Fatal(err)
	}
	before, err := r.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}

	other := connect(t, dsn)
	holder, err := other.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := holder.Exec(t.Context(), "SELECT FROM tillstream."+r.Generation().Table+" FOR UPDATE"); err != nil {
		t.Fatal(err)
	}
	cut := make(chan error, 1)
	go func() { cut <- p.Advance(t.Context(), told(100, 200)) }()
	endWaiting(t, connect(t, dsn), other.PgConn().PID())
	if err := <-cut; err == nil {
		t.Fatal("the batch of an ended process is said to be kept")
	}
	if err := holder.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}

	if at, err := r.Checkpoint(t.Context()); err != nil || at != before || p.At() != before {
		t.Errorf("the checkpoint is %+v, the view at %+v, both were %+v: %v", at, p.At(), before, err)
	}
	if err := p.Advance(t.Context(), told(100, 200)); err != nil {
		t.Fatal(err)
	}
	fresh, err := projections.NewProjector(t.Context(), view, &projectiontest.Memory[projectiontest.Sample]{}, nil, "log")
	if err != nil {
		t.Fatal(err)
	}
	if err := fresh.Advance(t.Context(), told(0, 200)); err != nil || fresh.At() != p.At() {
		t.Fatal(fresh.At(), p.At(), err)
	}
	projectiontest.Equal(t, r, projectiontest.Folded(view, log))
}

// endWaiting ends the server process that waits for a lock of another, once there is one.
func endWaiting(t *testing.T, conn *pgx.Conn, holder uint32) {
	t.Helper()
	for ended := 0; ended == 0 && t.Context().Err() == nil; {
		err := conn.QueryRow(t.Context(), `SELECT count(*) FROM (SELECT pg_terminate_backend(pid) FROM pg_stat_activity
			WHERE datname = current_database() AND $1 = ANY(pg_blocking_pids(pid))) ended`, int32(holder)).Scan(&ended)
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestOfTwoProjectorsOfOneGenerationTheSecondIsFenced(t *testing.T) {
	dsn := postgrestest.DSN(t)
	first, second := serve(t, open(t, dsn)), serve(t, open(t, dsn))
	log := projectiontest.ShelfHistory(4, 50)
	told := projections.Interval{Log: "log", To: log[49].Position, Facts: log}
	var both []*projections.Projector[projectiontest.Sample] // both stand at the start before either goes on
	for _, r := range []rows{first, second} {
		p, err := projections.NewProjector(t.Context(), projectiontest.Shelf, r, nil, "log")
		if err != nil {
			t.Fatal(err)
		}
		both = append(both, p)
	}
	results := make(chan error, 2)
	for _, p := range both {
		go func() { results <- p.Advance(t.Context(), told) }()
	}
	kept, fenced := 0, 0
	for range 2 {
		switch err := <-results; {
		case err == nil:
			kept++
		case errors.Is(err, projections.ErrFenced):
			fenced++
		default:
			t.Error(err)
		}
	}
	if kept != 1 || fenced != 1 {
		t.Errorf("%d kept their batch, %d were fenced", kept, fenced)
	}
	projectiontest.Equal(t, first, projectiontest.Folded(projectiontest.Shelf, log))
}

func TestAProjectorThatWasFencedRemembersNothing(t *testing.T) {
	dsn := postgrestest.DSN(t)
	first, second := serve(t, open(t, dsn)), serve(t, open(t, dsn))
	at := func(n int) projections.Checkpoint {
		if n == 0 {
			return projections.Checkpoint{}
		}
		return projections.Checkpoint{Log: "log", At: events.Position(n), Count: uint64(n)}
	}
	keep := func(r rows, name string, from, to int) error {
		return r.Save(t.Context(), map[string]projections.Doc[projectiontest.Sample]{"k": doc(projectiontest.Sample{Name: name})}, at(from), at(to))
	}
	if err := errors.Join(keep(first, "old", 0, 1), keep(second, "new", 1, 2)); err != nil {
		t.Fatal(err)
	}
	if err := keep(first, "stale", 1, 2); !errors.Is(err, projections.ErrFenced) {
		t.Fatal(err)
	}
	if docs, err := first.Load(t.Context(), []string{"k"}); err != nil || docs["k"].Value.Name != "new" {
		t.Errorf("it remembers %+v: %v", docs, err)
	}
}

func TestAQueryCannotWrite(t *testing.T) {
	r := serve(t, open(t, postgrestest.DSN(t)))
	if err := r.AskToWrite(t.Context()); err == nil || !strings.Contains(err.Error(), "read-only") {
		t.Errorf("it can: %v", err)
	}
}
