package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"tillstream/events"
	"tillstream/projections"
)

// State is where a generation stands in its life.
type State string

// The closed set of states. A live generation was promoted and is fed still, whether or not another is served now; a
// retired one has lost its table.
const (
	Building State = "building"
	Live     State = "live"
	Retired  State = "retired"
)

// Generation is one building of a view: (view, declared version, run).
type Generation struct {
	ID         int64
	View       string
	Version    int
	Run        int
	State      State
	Served     bool // it answers the queries of its view
	Table      string
	Checkpoint projections.Checkpoint
	Created    time.Time
	Promoted   time.Time // last; zero: never
	Rules      []string  // of the fold that built it, see projections.View.Rules; nil: unknown
	CaughtUp   bool      // of Building: it has all of the log but what came last, and is to be fed
	Indexed    bool      // its columns are: those of a rebuild are once the rows are there, see Rows.Index
	Fresh      bool      // of Building: made to be compared with, never promoted
	PerSecond  float64   // events folded while it was built; 0: unknown
	Shape      string    // its columns, as ColumnsChanged reads them
}

// OtherVersionError says that what is served of a view was built by a fold of another version, or with other columns
// than this binary has: it cannot go on with it and would read it wrongly. Build makes a generation beside it.
type OtherVersionError struct {
	View     string
	Declared int        // by this binary
	Served   Generation // by the register
	Shape    bool       // the versions are equal, but the columns are not: the version was not raised
}

func (e *OtherVersionError) Error() string {
	if e.Shape {
		return fmt.Sprintf("%s has other columns than %s, which has the same version %d: raise the view's version", e.View, e.Served.Table, e.Declared)
	}
	return fmt.Sprintf("%s is declared with version %d, but served is %s of version %d: build the new generation and promote it",
		e.View, e.Declared, e.Served.Table, e.Served.Version)
}

// registering runs a transaction on the register of one view while nobody else does.
func (db *DB) registering(ctx context.Context, view string, do func(pgx.Tx) error) error {
	return db.durably(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1, hashtext($2))`, registerLock, view); err != nil {
			return err
		}
		return do(tx)
	})
}

// registerLock is the class of the advisory locks on views.
const registerLock int32 = 0x7469_6c6c

// Generations lists every generation of every view that is not retired, in the order of view, version and run.
func (db *DB) Generations(ctx context.Context) ([]Generation, error) {
	all, err := query(ctx, db.ask, `g.state <> 'retired'`)
	if err != nil {
		return nil, fmt.Errorf("list generations: %w", err)
	}
	return all, nil
}

type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

func query(ctx context.Context, on querier, where string, args ...any) ([]Generation, error) {
	rows, err := on.Query(ctx, `SELECT g.id, g.view, g.version, g.run, g.state, s.generation IS NOT NULL, g.table_name, g.created_at, g.shape,
			coalesce(c.log, ''), coalesce(c.position, 0), coalesce(c.count, 0),
			g.served_at, g.rules, g.caught_up, g.fresh, coalesce(g.per_second, 0), g.indexed
		FROM tillstream.generations g LEFT JOIN tillstream.checkpoints c ON c.generation = g.id LEFT JOIN tillstream.served s ON s.generation = g.id
		WHERE `+where+` ORDER BY g.view, g.version, g.run`, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Generation, error) {
		var s Generation
		var log string
		var position, count int64
		var promoted *time.Time
		err := row.Scan(&s.ID, &s.View, &s.Version, &s.Run, &s.State, &s.Served, &s.Table, &s.Created, &s.Shape, &log, &position, &count,
			&promoted, &s.Rules, &s.CaughtUp, &s.Fresh, &s.PerSecond, &s.Indexed)
		if promoted != nil {
			s.Promoted = promoted.UTC()
		}
		s.Checkpoint = projections.Checkpoint{Log: events.LogID(log), At: events.Position(position), Count: uint64(count)}
		s.Created = s.Created.UTC()
		return s, err
	})
}

func servedOf(ctx context.Context, tx pgx.Tx, view string) (*Generation, error) {
	served, err := query(ctx, tx, `g.view = $1 AND s.generation IS NOT NULL`, view)
	if err != nil || len(served) == 0 {
		return nil, err
	}
	return &served[0], nil
}
