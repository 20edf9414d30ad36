package postgres_test

import (
	"errors"
	"strings"
	"testing"

	"tillstream/events"
	"tillstream/infra/local/postgrestest"
	"tillstream/infra/postgres"
	"tillstream/projections"
	"tillstream/projections/projectiontest"
)

func TestAViewIsServedFromTheGenerationMadeFirst(t *testing.T) {
	dsn := postgrestest.DSN(t)
	first := serve(t, open(t, dsn))
	saveRows(t, first, map[string]projections.Doc[projectiontest.Sample]{"k": doc(projectiontest.Sample{Name: "kept"})}, 1)

	db := open(t, dsn)
	again := serve(t, db)
	if again.Generation().ID != first.Generation().ID || again.Generation().Table != "samples_v1_g1" {
		t.Errorf("then %+v, now %+v", first.Generation(), again.Generation())
	}
	if value, found, err := again.Get(t.Context(), "k"); err != nil || !found || value.Name != "kept" {
		t.Errorf("%+v, %v, %v", value, found, err)
	}
	all, err := db.Generations(t.Context())
	if err != nil || len(all) != 1 || !all[0].Served || all[0].State != postgres.Live || all[0].Checkpoint.At != 1 {
		t.Errorf("%+v, %v", all, err)
	}
}

func TestProcessesThatStartAtOnceServeOneGeneration(t *testing.T) {
	dsn := postgrestest.DSN(t)
	ids := make(chan int64, 4)
	for range cap(ids) {
		go func() {
			db, err := postgres.Open(t.Context(), dsn)
			if err != nil {
				t.Error(err)
				ids <- 0
				return
			}
			defer db.Close()
			r, err := postgres.Serve(t.Context(), db, projectiontest.Samples(1), plainOpener{})
			if err != nil {
				t.Error(err)
				ids <- 0
				return
			}
			ids <- r.Generation().ID
		}()
	}
	first := <-ids
	for range cap(ids) - 1 {
		if id := <-ids; id != first {
			t.Errorf("generations %d and %d", first, id)
		}
	}
}

func TestAnotherVersionIsNeverServed(t *testing.T) {
	db := open(t, postgrestest.DSN(t))
	serve(t, db)
	for _, version := range []int{2, 3} {
		_, err := postgres.Serve(t.Context(), db, projectiontest.Samples(version), plainOpener{})
		var other *postgres.OtherVersionError
		if !errors.As(err, &other) || other.Declared != version || other.Served.Version != 1 || other.Shape {
			t.Errorf("version %d: %v", version, err)
		}
	}
}

func TestOtherColumnsUnderTheSameVersionAreRefused(t *testing.T) {
	db := open(t, postgrestest.DSN(t))
	serve(t, db)
	_, err := postgres.Serve(t.Context(), db, projections.Define[struct{ Name string }]("samples", 1), nil)
	var other *postgres.OtherVersionError
	if !errors.As(err, &other) || !other.Shape {
		t.Error(err)
	}
}

func TestAGenerationIsBuiltBesideTheServedOneAndPromoted(t *testing.T) {
	db := open(t, postgrestest.DSN(t))
	old := serve(t, db)
	saveRows(t, old, map[string]projections.Doc[projectiontest.Sample]{"k": doc(projectiontest.Sample{Name: "old"})}, 7)
	build := func(version int) rows {
		r, err := postgres.Build(t.Context(), db, projectiontest.Samples(version), plainOpener{})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	next := build(2)
	saveRows(t, next, map[string]projections.Doc[projectiontest.Sample]{"k": doc(projectiontest.Sample{Name: "new"})}, 6)
	if again := build(2); again.Generation().ID != next.Generation().ID {
		t.Error("a building that was begun is not gone on with")
	}

	if err := db.Promote(t.Context(), next.Generation().ID); !errors.Is(err, postgres.ErrBehind) {
		t.Errorf("a generation behind the served one is promoted: %v", err)
	}
	saveRows(t, next, nil, 7)
	if err := db.Promote(t.Context(), next.Generation().ID); err != nil {
		t.Fatal(err)
	}
	served, err := postgres.Serve(t.Context(), db, projectiontest.Samples(2), plainOpener{})
	if err != nil || served.Generation().ID != next.Generation().ID {
		t.Fatalf("%v, %v", served, err)
	}

	// Back: the old one was fed all the while.
	saveRows(t, old, nil, 8)
	if err := db.Promote(t.Context(), old.Generation().ID); err != nil {
		t.Fatal(err)
	}
	if err := db.Retire(t.Context(), old.Generation().ID); err == nil {
		t.Error("the served generation is retired")
	}
	if err := db.Retire(t.Context(), next.Generation().ID); err != nil {
		t.Fatal(err)
	}
	err = next.Save(t.Context(), nil, projections.Checkpoint{Log: "log", At: 7, Count: 7}, projections.Checkpoint{Log: "log", At: 9, Count: 9})
	if err == nil {
		t.Error("a retired generation is fed")
	}
	if another := build(2); another.Generation().Table != "samples_v2_g2" {
		t.Errorf("the name %s is used again", another.Generation().Table)
	}
}

func TestNamesThatPostgreSQLWouldCutAreRefused(t *testing.T) {
	db := open(t, postgrestest.DSN(t))
	for _, name := range []string{strings.Repeat("n", 60), "Upper", "a-b", `a"; DROP TABLE x; --`, ""} {
		if _, err := postgres.Serve(t.Context(), db, projections.Define[projectiontest.Sample](name, 1), plainOpener{}); err == nil {
			t.Errorf("%q is a table", name)
		}
	}
}

func TestOpenedColumnsNeedAnOpener(t *testing.T) {
	if _, err := postgres.Serve(t.Context(), open(t, postgrestest.DSN(t)), projectiontest.Samples(1), nil); err == nil {
		t.Error("it is served without")
	}
}

func TestADatabaseOfANewerBinaryIsNotTouched(t *testing.T) {
	dsn := postgrestest.DSN(t)
	open(t, dsn)
	conn := connect(t, dsn)
	if _, err := conn.Exec(t.Context(), `INSERT INTO tillstream.migrations (version) VALUES (1000)`); err != nil {
		t.Fatal(err)
	}
	if _, err := postgres.Open(t.Context(), dsn); err == nil || !strings.Contains(err.Error(), "newer binary") {
		t.Error(err)
	}
}

func TestEveryViewOfTheShopHasATable(t *testing.T) {
	db := open(t, postgrestest.DSN(t))
	for _, serve := range []func() error{
		served(t, db, projections.Products), served(t, db, projections.Prices), served(t, db, projections.StockLevels),
		served(t, db, projections.StockMovements), served(t, db, projections.Customers), served(t, db, projections.Orders),
		served(t, db, projections.OrderLines), served(t, db, projections.CustomerOrders), served(t, db, projections.SalesFacts),
		served(t, db, projections.CreditNotes), served(t, db, projections.LoyaltyAccounts), served(t, db, projections.Imports),
		served(t, db, projections.ProductPages), served(t, db, projections.DailyStockMovements), served(t, db, projections.StockLedger), served(t, db, projections.CustomerProfiles),
		served(t, db, projections.PaymentMovements), served(t, db, projections.LoyaltyStatement), served(t, db, projections.ProcessStatuses),
		served(t, db, projections.KeyedCommands), served(t, db, projections.AuditLog),
	} {
		if err := serve(); err != nil {
			t.Error(err)
		}
	}
	all, err := db.Generations(t.Context())
	if err != nil || len(all) != len(projections.Views()) {
		t.Errorf("%d generations for %d views: %v", len(all), len(projections.Views()), err)
	}
}

func served[V any](t *testing.T, db *postgres.DB, view projections.View[V]) func() error {
	return func() error {
		r, err := postgres.Serve(t.Context(), db, view, plainOpener{})
		if err != nil {
			return err
		}
		var zero V
		docs := map[string]projections.Doc[V]{"k": {Value: zero, Position: 1}}
		return r.Save(t.Context(), docs, projections.Checkpoint{}, projections.Checkpoint{Log: events.LogID("log"), At: 1, Count: 1})
	}
}
