package postgres_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"tillstream/events"
	"tillstream/infra/local/postgrestest"
	"tillstream/infra/postgres"
	"tillstream/projections"
	"tillstream/projections/projectiontest"
)

// nested is a part inside a part, and so on: deeper than the server can read.
func nested(depth int) *projectiontest.Part {
	p := projectiontest.Part{}
	for range depth {
		p = projectiontest.Part{Of: []projectiontest.Part{p}}
	}
	return &p
}

func TestWhatTheServerItselfRefusesIsBlamedOnItsKey(t *testing.T) {
	r := serve(t, open(t, postgrestest.DSN(t)))
	changed := map[string]projections.Doc[projectiontest.Sample]{}
	for n := range 100 {
		changed[fmt.Sprint("k", n)] = doc(projectiontest.Sample{Count: n})
	}
	changed["k42"] = doc(projectiontest.Sample{First: nested(20_000)})
	err := r.Save(t.Context(), changed, projections.Checkpoint{}, projections.Checkpoint{Log: "log", At: 1, Count: 1})
	var data *projections.DataError
	if !errors.As(err, &data) || data.Key != "k42" {
		t.Fatalf("blamed is %v", err)
	}
	if _, there, err := r.Get(t.Context(), "k1"); there || err != nil {
		t.Errorf("looking for the guilty kept a row: %v", err)
	}
	delete(changed, "k42")
	saveRows(t, r, changed, 1)
}

func TestAValueBeyondAllMeasureIsRefusedByKeyAndColumn(t *testing.T) {
	r := serve(t, open(t, postgrestest.DSN(t)))
	changed := map[string]projections.Doc[projectiontest.Sample]{"k": doc(projectiontest.Sample{Tags: []string{strings.Repeat("x", 17<<20)}})}
	err := r.Save(t.Context(), changed, projections.Checkpoint{}, projections.Checkpoint{Log: "log", At: 1, Count: 1})
	var data *projections.DataError
	if !errors.As(err, &data) || data.Key != "k" || data.Column != "tags" {
		t.Errorf("refused is %v", err)
	}
}

func TestWhatIsParkedIsGoneWithItsGeneration(t *testing.T) {
	dsn := postgrestest.DSN(t)
	db := open(t, dsn)
	serve(t, db)
	next, err := postgres.Build(t.Context(), db, projectiontest.Samples(2), plainOpener{})
	if err != nil {
		t.Fatal(err)
	}
	batch := projections.Batch[projectiontest.Sample]{Parked: projections.Parked{
		Parked: []projections.ParkedKey{{Key: "k", Cause: projections.FoldFailed}}, Remembered: map[string][]events.Position{"k": {1}},
		Done: &projections.Operation{What: projections.Retry}},
		Indexed: []projections.IndexChange{{Entry: projections.Entry{Index: "i"}, Key: "k"}},
		To:      projections.Checkpoint{Log: "log", At: 1, Count: 1}}
	if err := next.Keep(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	if err := db.Retire(t.Context(), next.Generation().ID); err != nil {
		t.Fatal(err)
	}
	var left int
	err = connect(t, dsn).QueryRow(t.Context(), `SELECT (SELECT count(*) FROM tillstream.parked) + (SELECT count(*) FROM tillstream.parked_facts) +
		(SELECT count(*) FROM tillstream.parked_operations) + (SELECT count(*) FROM tillstream.indexed)`).Scan(&left)
	if err != nil || left != 0 {
		t.Errorf("%d rows are left: %v", left, err)
	}
}
