package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"tillstream/projections"
)

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

// Build answers the generation of the declared version that stands beside the served one: the last that was begun, or
// was served before another was promoted, or a new one.
func Build[V any](ctx context.Context, db *DB, view projections.View[V], opener Opener) (*Rows[V], error) {
	columns := projections.Columns[V]()
	var generation Generation
	var t table
	err := db.registering(ctx, view.Name, func(tx pgx.Tx) error {
		begun, err := query(ctx, tx, `g.view = $1 AND g.version = $2 AND g.state <> 'retired' AND s.generation IS NULL`, view.Name, view.Version)
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
	if err := rows.fillIfMissed(ctx); err != nil {
		return nil, err
	}
	return rows, nil
}

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
