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
		served, err := servedOf(ctx, tx, view.Name)
		switch {
		case err != nil:
			return err
		case served == nil:
			if generation, t, err = create(ctx, tx, view.Name, view.Version, made{state: Live, rules: view.Rules()}, columns); err != nil {
				return err
			}
			_, err = tx.Exec(ctx, `INSERT INTO tillstream.served (view, generation) VALUES ($1, $2)`, view.Name, generation.ID)
			return err
		}
		generation = *served
		if t, err = tableOf(view.Name, generation.Version, generation.Run, columns); err != nil {
			return err
		}
		if served.Shape != t.shape() || served.Version != view.Version {
			return &OtherVersionError{view.Name, view.Version, *served, served.Version == view.Version}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("serve %s: %w", view.Name, err)
	}
	return take[V](ctx, db, generation, t, opener)
}

func take[V any](ctx context.Context, db *DB, generation Generation, t table, opener Opener) (*Rows[V], error) {
	if len(t.opened) > 0 && opener == nil {
		return nil, fmt.Errorf("%s has opened columns and was given nothing to open them with", generation.View)
	}
	rows := &Rows[V]{db: db, generation: generation, table: t, opener: opener, copyLeast: copyLeast}
	if err := rows.fillIfMissed(ctx); err != nil {
		return nil, err
	}
	return rows, nil
}

// made is how a generation is made.
type made struct {
	state State
	fresh bool
	rules []string
}

func create(ctx context.Context, tx pgx.Tx, view string, version int, how made, columns []projections.Column) (Generation, table, error) {
	g := Generation{View: view, Version: version, State: how.state, Served: how.state == Live, Rules: how.rules, Fresh: how.fresh, Indexed: how.state == Live}
	err := tx.QueryRow(ctx, `SELECT coalesce(max(run), 0) + 1 FROM tillstream.generations WHERE view = $1 AND version = $2`, view, version).Scan(&g.Run)
	if err != nil {
		return g, table{}, err
	}
	t, err := tableOf(view, version, g.Run, columns)
	if err != nil {
		return g, t, err
	}
	g.Table, g.Shape = t.name, t.shape()
	statements := t.ddl()
	for _, index := range t.indexes() {
		if g.Indexed {
			statements = append(statements, index.statement)
		}
	}
	for _, statement := range statements {
		if _, err := tx.Exec(ctx, statement); err != nil {
			return g, t, fmt.Errorf("make table %s: %w", t.name, err)
		}
	}
	err = tx.QueryRow(ctx, `INSERT INTO tillstream.generations (view, version, run, state, table_name, shape, served_at, rules, fresh, indexed)
		VALUES ($1, $2, $3, $4, $5, $6, CASE WHEN $4 = 'live' THEN now() END, $7, $8, $9) RETURNING id, created_at`,
		view, version, g.Run, string(how.state), t.name, g.Shape, how.rules, how.fresh, g.Indexed).Scan(&g.ID, &g.Created)
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
