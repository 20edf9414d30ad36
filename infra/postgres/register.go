package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// GenerationsOf lists the generations of a view that are not retired, in the order of version and run.
func (db *DB) GenerationsOf(ctx context.Context, view string) ([]Generation, error) {
	list, err := query(ctx, db.ask, `g.view = $1 AND g.state <> 'retired'`, view)
	if err != nil {
		return nil, fmt.Errorf("list the generations of %s: %w", view, err)
	}
	return list, nil
}

// MarkCaughtUp registers that a generation being built has all of the log but what came last, and how fast it was built.
func (db *DB) MarkCaughtUp(ctx context.Context, id int64, perSecond float64) error {
	return db.change(ctx, id, func(tx pgx.Tx, _ Generation) error {
		_, err := tx.Exec(ctx, `UPDATE tillstream.generations SET caught_up = true, per_second = CASE WHEN $2 > 0 THEN $2 ELSE per_second END
			WHERE id = $1`, id, perSecond)
		return err
	})
}

// Size is how much disk a generation takes, in bytes, its indexes included.
func (db *DB) Size(ctx context.Context, g Generation) (bytes int64, err error) {
	err = db.ask.QueryRow(ctx, `SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = $1 AND c.relname = ANY($2)`, schema, []string{g.Table, g.Table + openedSuffix}).Scan(&bytes)
	return bytes, err
}
