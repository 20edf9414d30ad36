package proof

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"tillstream/events"
	statusv1 "tillstream/gateway/api/status/v1"
	"tillstream/infra/esdb"
	"tillstream/infra/targets/tilltest"
)

// Limits of waiting; none is part of what is proven.
const (
	currentWithin = 60 * time.Second
	readWithin    = 60 * time.Second
)

// dataDir is a new directory, gone with the test, whose path is short enough for a socket.
func dataDir(t testing.TB, name string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "till-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return filepath.Join(dir, name)
}

// seedVariable repeats the schedule of an earlier run.
const seedVariable = "TILL_TEST_SEED"

// chance is the source of everything random in a test. Its seed is printed.
func chance(t testing.TB) *rand.Rand {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if given := os.Getenv(seedVariable); given != "" {
		var err error
		if seed, err = strconv.ParseUint(given, 10, 64); err != nil {
			t.Fatalf("%s is no number: %v", seedVariable, err)
		}
	}
	t.Logf("%s=%d repeats this schedule", seedVariable, seed)
	return rand.New(rand.NewPCG(seed, 1851))
}

// database connects to the private Postgres of a data directory, behind the platform's back.
func database(t testing.TB, data string) *pgx.Conn {
	t.Helper()
	password, err := os.ReadFile(filepath.Join(data, "postgres", "password"))
	if err != nil {
		t.Fatal(err)
	}
	dsn := url.URL{Scheme: "postgres", User: url.UserPassword("tillstream", strings.TrimSpace(string(password))), Path: "/tillstream",
		RawQuery: "port=5432&host=" + url.PathEscape(filepath.Join(data, "postgres", "socket"))}
	conn, err := pgx.Connect(t.Context(), dsn.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = conn.Close(ctx)
	})
	return conn
}

// tableOf names the table that a view is served from.
func tableOf(t testing.TB, db *pgx.Conn, view string) pgx.Identifier {
	t.Helper()
	var table string
	err := db.QueryRow(t.Context(), `SELECT g.table_name FROM tillstream.served s JOIN tillstream.generations g ON g.id = s.generation
		WHERE s.view = $1`, view).Scan(&table)
	if err != nil {
		t.Fatalf("look for the table of %s: %v", view, err)
	}
	return pgx.Identifier{"tillstream", table}
}

// openLog connects to the event store of a platform, as any client of it may.
func openLog(t testing.TB, till *tilltest.Till) *esdb.Store {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), readWithin)
	defer cancel()
	store, err := esdb.Dial(ctx, till.Store, events.Catalog(), esdb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return store
}

// stored reads the whole log as it is stored.
func stored(t testing.TB, store *esdb.Store) (all []esdb.RawEvent) {
	t.Helper()
	for e, err := range store.RawEvents(t.Context(), esdb.RawQuery{}) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

// facts reads the whole log as the platform understands it.
func facts(t testing.TB, store *esdb.Store) (all []events.Recorded) {
	t.Helper()
	head, err := store.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i, err := range store.Between(t.Context(), 0, head) {
		if err != nil {
			t.Fatal(err)
		}
		if len(i.Broken) > 0 {
			t.Fatalf("the log holds what this binary cannot read: %+v", i.Broken[0])
		}
		all = append(all, i.Facts...)
	}
	return all
}

// awaitViews waits until every view shows the whole log.
func awaitViews(t testing.TB, till *tilltest.Till) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), currentWithin)
	defer cancel()
	client := statusv1.NewStatusClient(till.Conn(t))
	for {
		p, err := client.Get(ctx, &statusv1.GetRequest{})
		if err != nil {
			t.Fatalf("the views are not current within %v: %v\n%s", currentWithin, err, till.Log)
		}
		behind := ""
		for _, v := range p.Views {
			if v.Position < p.GetLog().GetHead() || v.LagEvents > 0 || !v.Serving {
				behind = fmt.Sprintf("%s at %d of %d %s", v.Name, v.Position, p.GetLog().GetHead(), v.Problem)
			}
		}
		if behind == "" {
			return
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			t.Fatalf("the views are not current within %v: %s\n%s", currentWithin, behind, till.Log)
		}
	}
}
