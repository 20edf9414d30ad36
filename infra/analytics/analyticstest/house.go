// Package analyticstest gives tests a star schema: a real database with every view it reads, and an analyst of its own.
package analyticstest

import (
	"context"
	"crypto/rand"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"tillstream/events"
	"tillstream/infra/analytics"
	"tillstream/infra/local/postgrestest"
	"tillstream/infra/postgres"
	"tillstream/projections"
)

// House is a database with every view of the star schema, its analysts admitted.
type House struct {
	*postgres.DB
	Owner    *pgx.Conn
	DSN      string
	Role     string // of the analysts; another in each house, since roles belong to the whole server
	Password string
}

// Open makes a house, which is gone when the test ends.
func Open(t testing.TB) *House {
	t.Helper()
	h := &House{DSN: postgrestest.DSN(t), Role: "tilltest_" + strings.ToLower(rand.Text()[:12]), Password: rand.Text()}
	db, err := postgres.Open(t.Context(), h.DSN)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	h.DB, h.Owner = db, Connect(t, h.DSN)
	t.Cleanup(func() {
		if _, err := h.Owner.Exec(context.Background(), "DROP OWNED BY "+h.Role+"; DROP ROLE "+h.Role, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Error(err)
		}
	})
	h.serve(t)
	if err := db.KeepNames(t.Context(), analytics.Schema, analytics.Names()); err != nil {
		t.Fatal(err)
	}
	h.Admit(t)
	return h
}

// Admit admits the analysts, as at every start of the platform.
func (h *House) Admit(t testing.TB) {
	t.Helper()
	err := h.AdmitAnalysts(t.Context(), postgres.Analysts{Role: h.Role, Password: h.Password, Schema: analytics.Schema, Private: true})
	if err != nil {
		t.Fatal(err)
	}
}

type none struct{}

func (none) Open(_ context.Context, sealed events.Sealed, _ string) (string, error) {
	return "plain " + sealed.Subject, nil
}

func (h *House) serve(t testing.TB) {
	t.Helper()
	Serve(t, h, projections.SalesFacts)
	Serve(t, h, projections.StockMovements)
	Serve(t, h, projections.PaymentMovements)
	Serve(t, h, projections.Orders)
	Serve(t, h, projections.LoyaltyStatement)
	Serve(t, h, projections.ProductPages)
	Serve(t, h, projections.CustomerProfiles)
	Serve(t, h, projections.Customers)
}

// Serve serves the current generation of a view.
func Serve[V any](t testing.TB, h *House, view projections.View[V]) *postgres.Rows[V] {
	t.Helper()
	r, err := postgres.Serve(t.Context(), h.DB, view, none{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Keep saves rows of a view at a position.
func Keep[V any](t testing.TB, r *postgres.Rows[V], docs map[string]projections.Doc[V], at events.Position) {
	t.Helper()
	from, err := r.Checkpoint(t.Context())
	if err == nil {
		err = r.Save(t.Context(), docs, from, projections.Checkpoint{Log: "log", At: at, Count: uint64(at)})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Connect opens a connection, which is closed when the test ends.
func Connect(t testing.TB, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// Analyst connects as analysts do, with the password.
func (h *House) Analyst(t testing.TB) *pgx.Conn {
	t.Helper()
	return Connect(t, As(t, h.DSN, h.Role, h.Password))
}

// As is the same database by another role.
func As(t testing.TB, dsn, role, password string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(role, password)
	return u.String()
}
