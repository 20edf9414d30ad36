package replay_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"

	"tillstream/events"
	replayv1 "tillstream/gateway/api/replay/v1"
	"tillstream/infra/local/postgrestest"
	"tillstream/infra/postgres"
	"tillstream/projections"
)

func equal(a, b []string) bool { return slices.Equal(a, b) }

func execute(t *testing.T, dsn, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err == nil {
		defer conn.Close(t.Context())
		_, err = conn.Exec(t.Context(), sql)
	}
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func TestAPlantedChangeIsFoundAndNamed(t *testing.T) {
	dsn, log := postgrestest.DSN(t), stocked(50)
	h := open(t, dsn, log, items(1, counting))
	h.shows(log)
	for _, planted := range []struct{ sql, kind, column string }{
		{`UPDATE tillstream.items_v1_g1 SET name = 'Lump' WHERE key = 'sku-7'`, "differs", "name"},
		{`UPDATE tillstream.items_v1_g1 SET units = units + 1 WHERE key = 'sku-7'`, "differs", "units"},
		{`UPDATE tillstream.items_v1_g1 SET gone = true WHERE key = 'sku-7'`, "differs", "gone"},
		{`UPDATE tillstream.items_v1_g1 SET position = position + 1 WHERE key = 'sku-7'`, "differs", "position"},
		{`UPDATE tillstream.items_v1_g1 SET key = 'sku-7x' WHERE key = 'sku-7'`, "only_right", ""},
	} {
		if v := h.verify(&replayv1.VerifyRequest{Fresh: true}); !v.Equal || v.Compared != 50 {
			t.Fatalf("before: %v", v)
		}
		execute(t, dsn, planted.sql)
		v := h.verify(&replayv1.VerifyRequest{Fresh: true})
		at := slices.IndexFunc(v.Differences, func(d *replayv1.Difference) bool { return d.Key == "sku-7" })
		if v.Equal || at < 0 {
			t.Fatalf("%s: %v", planted.sql, v)
		}
		d := v.Differences[at]
		if d.Kind != planted.kind || planted.column != "" && !equal(d.Columns, []string{planted.column}) {
			t.Errorf("%s: told is %v", planted.sql, d)
		}
		execute(t, dsn, `DELETE FROM tillstream.items_v1_g1 WHERE key LIKE 'sku-7x'`)
		execute(t, dsn, `INSERT INTO tillstream.items_v1_g1 (key, position, gone, name, units, lost) VALUES ('sku-7', 190, false, 'Lamp sku-7', 10, 0)
			ON CONFLICT (key) DO UPDATE SET position = excluded.position, gone = false, name = excluded.name, units = excluded.units`)
	}
	if names := h.generations(); len(names) != 1 {
		t.Errorf("what was made to compare with is left: %v", names)
	}
}

// The books of a deploy: another fold, of which the operator learns what it changes before anybody else sees it.
func TestAChangedFoldIsNamedByTheEventTypeBehindEachDifference(t *testing.T) {
	dsn, log := postgrestest.DSN(t), stocked(60)
	h := open(t, dsn, log, items(1, counting))
	h.shows(log)
	h.stop()
	log.record("stock-sku-1", events.StockReceived{SKU: "sku-1", Quantity: 3}) // while nothing runs

	h = open(t, dsn, log, items(2, forgetting))
	asked, release := projections.Pinned(t.Context())
	defer release()
	if i, found, err := h.board.Get(asked, "sku-0"); err != nil || !found || i.Units != 9 {
		t.Errorf("the frozen answer is %+v, %v, %v", i, found, err)
	}
	if stale := projections.StaleViews(asked); !equal(stale, []string{"items"}) {
		t.Errorf("stale are %v", stale)
	}
	if s := h.all.Standings()[0]; !s.Stale || s.Problem == "" {
		t.Errorf("%+v", s)
	}

	h.apply()
	v := h.verify(&replayv1.VerifyRequest{})
	if v.Differ != 20 || v.OnlyLeft+v.OnlyRight != 0 || v.ChangedSince != 1 || v.Compared != 60 {
		t.Errorf("%v", v)
	}
	if len(v.Types) == 0 || v.Types[0].Type != (events.StockAdjusted{}).Type() || v.Types[0].Keys != 20 || v.Types[0].Events != v.Types[0].EventsInAll {
		t.Errorf("the types are %v", v.Types)
	}
	for _, d := range v.Differences {
		if !equal(d.Columns, []string{"units"}) || !slices.Contains(d.Types, (events.StockAdjusted{}).Type()) {
			t.Errorf("%v", d)
		}
	}

	h.promote("")
	if s := h.all.Standings()[0]; s.Stale || s.Problem != "" {
		t.Errorf("after the promotion %+v", s)
	}
	if i, _, err := h.board.Get(t.Context(), "sku-0"); err != nil || i.Units != 10 {
		t.Errorf("now %+v, %v", i, err)
	}
	_, err := h.all.Rollback(t.Context(), "items") // this binary has not the fold that fed it
	refused(t, err, "generation_behind")
}

func TestARuleThatIsGoneIsNamed(t *testing.T) {
	dsn, log := postgrestest.DSN(t), stocked(9)
	h := open(t, dsn, log, items(1, counting))
	h.shows(log)
	h.stop()
	without := projections.Define("items", 1, projections.On(func(e events.ProductRegistered) []string { return named(e.SKU) }, registered),
		projections.On(func(e events.StockReceived) []string { return named(e.SKU) }, received))
	h = open(t, dsn, log, without) // its version was not raised
	h.apply()
	v := h.verify(&replayv1.VerifyRequest{})
	if !equal(v.RulesRemoved, []string{"stock.adjusted"}) || v.Differ != 3 || v.Types[0].Type != "stock.adjusted" {
		t.Errorf("%v", v)
	}
}

// wide is an item with a column that generations before it have not.
type wide struct {
	Name  string
	Extra string
}

func TestAViewWhoseColumnsNobodyKeepsIsUnpreparedUntilItIsBuilt(t *testing.T) {
	dsn, log := postgrestest.DSN(t), stocked(9)
	first := open(t, dsn, log, items(1, counting))
	first.shows(log)
	first.stop()
	view := projections.Define("items", 2, projections.On(func(e events.ProductRegistered) []string { return named(e.SKU) },
		func(w wide, _ string, f projections.Fact[events.ProductRegistered]) wide {
			return wide{f.Event.Name, "more"}
		}))
	h := open(t, dsn, log, view)
	var unprepared *projections.UnpreparedError
	if _, _, err := h.board.Get(t.Context(), "sku-1"); !errors.As(err, &unprepared) {
		t.Errorf("answered with %v", err)
	}
	if err := h.board.Wait(t.Context(), 0); !errors.As(err, &unprepared) {
		t.Errorf("waited for with %v", err)
	}
	if s := h.all.Standings()[0]; s.Generation != "" || s.Problem == "" {
		t.Errorf("%+v", s)
	}
	h.apply()
	h.promote("")
	if w, found, err := h.board.Get(t.Context(), "sku-1"); err != nil || !found || w.Extra != "more" {
		t.Errorf("%+v, %v, %v", w, found, err)
	}
}

func TestParkedKeysAreLeftOutAndListed(t *testing.T) {
	log := stocked(9)
	log.record("product-bad", events.ProductRegistered{SKU: "bad", Name: "poison"})
	log.record("stock-bad", events.StockReceived{SKU: "bad", Quantity: 1})
	h := open(t, postgrestest.DSN(t), log, items(1, counting))
	h.shows(log)
	v := h.verify(&replayv1.VerifyRequest{Fresh: true})
	if !v.Equal || v.ParkedKeys != 1 || !equal(v.Parked, []string{"bad"}) {
		t.Errorf("%v", v)
	}
}

func TestASampleComparesAboutSoMany(t *testing.T) {
	log := stocked(300)
	h := open(t, postgrestest.DSN(t), log, items(1, counting))
	h.shows(log)
	h.apply()
	if v := h.verify(&replayv1.VerifyRequest{Sample: 30}); !v.Equal || !v.Sampled || v.Compared == 0 || v.Compared > 120 {
		t.Errorf("%v", v)
	}
}

// While a comparison runs, both generations go on.
func TestAComparisonIsOfOneMomentWhileTheLogGrows(t *testing.T) {
	log := stocked(40)
	h := open(t, postgrestest.DSN(t), log, items(1, counting))
	h.shows(log)
	h.apply()
	for n := range 20 {
		done := make(chan struct{})
		go func() {
			defer close(done)
			for i := range 30 {
				sku := fmt.Sprint("sku-", i)
				log.record("stock-"+sku, events.StockReceived{SKU: sku, Quantity: int64(n)})
			}
		}()
		if v := h.verify(&replayv1.VerifyRequest{}); !v.Equal {
			t.Fatalf("%v", v)
		}
		<-done
	}
}

func TestWhatAKilledComparisonLeftIsDroppedAtTheNextStart(t *testing.T) {
	dsn, log := postgrestest.DSN(t), stocked(3)
	h := open(t, dsn, log, items(1, counting))
	if _, err := postgres.BuildAnew(t.Context(), h.db, items(1, counting), nil, true); err != nil {
		t.Fatal(err)
	}
	h.stop()
	h = open(t, dsn, log, items(1, counting))
	if names := h.generations(); len(names) != 1 {
		t.Errorf("there are %v", names)
	}
}
