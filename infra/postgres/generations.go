package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
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

// Serve answers the served generation of a view, of exactly its declared version; it makes and registers the first one of
// a view that has none. It fails with an *OtherVersionError when another version is served. Opened columns that a crash
// emptied are filled before it returns.
func Serve[V any](ctx context.Context, db *DB, view projections.View[V], opener Opener) (*Rows[V], error) {
	columns := projections.Columns[V]()
	var generation Generation
	var t table
	err := db.registering(ctx, view.Name, func(tx pgx.Tx) (err error) {
		served, shape, err := servedOf(ctx, tx, view.Name)
		switch {
		case err != nil:
			return err
		case served == nil:
			if generation, t, err = create(ctx, tx, view.Name, view.Version, Live, columns); err != nil {
				return err
			}
			_, err = tx.Exec(ctx, `INSERT INTO tillstream.served (view, generation) VALUES ($1, $2)`, view.Name, generation.ID)
			return err
		}
		generation = *served
		if t, err = tableOf(view.Name, generation.Version, generation.Run, columns); err != nil {
			return err
		}
		if other := shape != t.shape(); other || served.Version != view.Version {
			return &OtherVersionError{view.Name, view.Version, *served, served.Version == view.Version}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("serve %s: %w", view.Name, err)
	}
	return take[V](ctx, db, generation, t, opener)
}

// Build answers a generation of a view that is being built beside the one served: that of the declared version which was
// begun and not promoted, or a new one.
func Build[V any](ctx context.Context, db *DB, view projections.View[V], opener Opener) (*Rows[V], error) {
	columns := projections.Columns[V]()
	var generation Generation
	var t table
	err := db.registering(ctx, view.Name, func(tx pgx.Tx) error {
		begun, err := query(ctx, tx, `g.view = $1 AND g.version = $2 AND g.state = 'building'`, view.Name, view.Version)
		if err != nil {
			return err
		}
		if len(begun) == 0 {
			generation, t, err = create(ctx, tx, view.Name, view.Version, Building, columns)
			return err
		}
		generation = begun[len(begun)-1].Generation
		if t, err = tableOf(view.Name, generation.Version, generation.Run, columns); err != nil {
			return err
		}
		if begun[len(begun)-1].shape != t.shape() {
			return &OtherVersionError{view.Name, view.Version, generation, true}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("build %s: %w", view.Name, err)
	}
	return take[V](ctx, db, generation, t, opener)
}

func take[V any](ctx context.Context, db *DB, generation Generation, t table, opener Opener) (*Rows[V], error) {
	if len(t.opened) > 0 && opener == nil {
		return nil, fmt.Errorf("%s has opened columns and was given nothing to open them with", generation.View)
	}
	rows := &Rows[V]{db: db, generation: generation, table: t, opener: opener}
	if err := rows.fillIfLost(ctx); err != nil {
		return nil, err
	}
	return rows, nil
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

func create(ctx context.Context, tx pgx.Tx, view string, version int, state State, columns []projections.Column) (Generation, table, error) {
	g := Generation{View: view, Version: version, State: state, Served: state == Live}
	err := tx.QueryRow(ctx, `SELECT coalesce(max(run), 0) + 1 FROM tillstream.generations WHERE view = $1 AND version = $2`, view, version).Scan(&g.Run)
	if err != nil {
		return g, table{}, err
	}
	t, err := tableOf(view, version, g.Run, columns)
	if err != nil {
		return g, t, err
	}
	g.Table = t.name
	for _, statement := range t.ddl() {
		if _, err := tx.Exec(ctx, statement); err != nil {
			return g, t, fmt.Errorf("make table %s: %w", t.name, err)
		}
	}
	err = tx.QueryRow(ctx, `INSERT INTO tillstream.generations (view, version, run, state, table_name, shape, served_at)
		VALUES ($1, $2, $3, $4, $5, $6, CASE WHEN $4 = 'live' THEN now() END) RETURNING id, created_at`,
		view, version, g.Run, string(state), t.name, t.shape()).Scan(&g.ID, &g.Created)
	if err != nil {
		return g, t, err
	}
	for _, own := range []string{
		`INSERT INTO tillstream.checkpoints (generation) VALUES ($1)`,
		`INSERT INTO tillstream.opened (generation) VALUES ($1)`,
	} {
		if _, err := tx.Exec(ctx, own, g.ID); err != nil {
			return g, t, err
		}
	}
	return g, t, nil
}

// Generations lists every generation of every view that is not retired, in the order of view, version and run.
func (db *DB) Generations(ctx context.Context) ([]Generation, error) {
	shaped, err := query(ctx, db.ask, `g.state <> 'retired'`)
	if err != nil {
		return nil, fmt.Errorf("list generations: %w", err)
	}
	all := make([]Generation, len(shaped))
	for i, s := range shaped {
		all[i] = s.Generation
	}
	return all, nil
}

type shaped struct {
	Generation
	shape string
}

type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

func query(ctx context.Context, on querier, where string, args ...any) ([]shaped, error) {
	rows, err := on.Query(ctx, `SELECT g.id, g.view, g.version, g.run, g.state, s.generation IS NOT NULL, g.table_name, g.created_at, g.shape,
			coalesce(c.log, ''), coalesce(c.position, 0), coalesce(c.count, 0)
		FROM tillstream.generations g LEFT JOIN tillstream.checkpoints c ON c.generation = g.id LEFT JOIN tillstream.served s ON s.generation = g.id
		WHERE `+where+` ORDER BY g.view, g.version, g.run`, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (shaped, error) {
		var s shaped
		var log string
		var position, count int64
		err := row.Scan(&s.ID, &s.View, &s.Version, &s.Run, &s.State, &s.Served, &s.Table, &s.Created, &s.shape, &log, &position, &count)
		s.Checkpoint = projections.Checkpoint{Log: events.LogID(log), At: events.Position(position), Count: uint64(count)}
		s.Created = s.Created.UTC()
		return s, err
	})
}

func servedOf(ctx context.Context, tx pgx.Tx, view string) (*Generation, string, error) {
	served, err := query(ctx, tx, `g.view = $1 AND s.generation IS NOT NULL`, view)
	if err != nil || len(served) == 0 {
		return nil, "", err
	}
	return &served[0].Generation, served[0].shape, nil
}

// ErrBehind says a generation stands behind the one it was to replace.
var ErrBehind = errors.New("the generation stands behind the one that is served")

// Promote makes a generation the one that is served, if it stands at or beyond the one that is now; that one stays live.
func (db *DB) Promote(ctx context.Context, id int64) error {
	return db.change(ctx, id, func(tx pgx.Tx, next Generation) error {
		// Neither checkpoint moves until this is done.
		if _, err := tx.Exec(ctx, `SELECT FROM tillstream.checkpoints WHERE generation IN ($1, (SELECT generation FROM tillstream.served WHERE view = $2))
			ORDER BY generation FOR UPDATE`, id, next.View); err != nil {
			return err
		}
		both, err := query(ctx, tx, `g.id = $1 OR g.view = $2 AND s.generation IS NOT NULL`, id, next.View)
		if err != nil {
			return err
		}
		for _, g := range both {
			if g.ID == id {
				next = g.Generation
			}
		}
		for _, g := range both {
			if g.Checkpoint.Log != next.Checkpoint.Log && g.Checkpoint.Log != "" || g.Checkpoint.At > next.Checkpoint.At {
				return fmt.Errorf("%s at %d, %s at %d: %w", next.Table, next.Checkpoint.At, g.Table, g.Checkpoint.At, ErrBehind)
			}
		}
		if _, err := tx.Exec(ctx, `UPDATE tillstream.generations SET state = 'live', served_at = now() WHERE id = $1`, id); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO tillstream.served (view, generation) VALUES ($1, $2)
			ON CONFLICT (view) DO UPDATE SET generation = excluded.generation`, next.View, id)
		return err
	})
}

// Retire drops the tables of a generation that is not served; its projector is fenced from then on.
func (db *DB) Retire(ctx context.Context, id int64) error {
	return db.change(ctx, id, func(tx pgx.Tx, g Generation) error {
		if g.Served {
			return fmt.Errorf("%s is served: promote another first", g.Table)
		}
		for _, step := range []string{
			`DELETE FROM tillstream.checkpoints WHERE generation = $1`,
			`DELETE FROM tillstream.opened WHERE generation = $1`,
			`UPDATE tillstream.generations SET state = 'retired' WHERE id = $1`,
		} {
			if _, err := tx.Exec(ctx, step, id); err != nil {
				return err
			}
		}
		for _, suffix := range []string{"", openedSuffix} {
			if _, err := tx.Exec(ctx, "DROP TABLE IF EXISTS "+pgx.Identifier{schema, g.Table + suffix}.Sanitize()); err != nil {
				return err
			}
		}
		return nil
	})
}

func (db *DB) change(ctx context.Context, id int64, do func(pgx.Tx, Generation) error) error {
	found, err := query(ctx, db.feed, `g.id = $1 AND g.state <> 'retired'`, id)
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return fmt.Errorf("there is no generation %d", id)
	}
	return db.registering(ctx, found[0].View, func(tx pgx.Tx) error {
		again, err := query(ctx, tx, `g.id = $1 AND g.state <> 'retired'`, id)
		if err != nil {
			return err
		}
		if len(again) == 0 {
			return fmt.Errorf("%s was retired meanwhile", strings.TrimSpace(found[0].Table))
		}
		return do(tx, again[0].Generation)
	})
}
