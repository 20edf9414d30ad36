package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// ErrBehind says a generation stands behind the one it was to replace.
var ErrBehind = errors.New("the generation stands behind the one that is served")

// Promote makes a generation the one that is served, if it stands at or beyond the one that is now; that one stays live.
// Stable names follow in the same transaction.
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
				next = g
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
		if _, err = tx.Exec(ctx, `INSERT INTO tillstream.served (view, generation) VALUES ($1, $2)
			ON CONFLICT (view) DO UPDATE SET generation = excluded.generation`, next.View, id); err != nil {
			return err
		}
		return db.pointNames(ctx, tx, next.View)
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
			return fmt.Errorf("%s was retired meanwhile", found[0].Table)
		}
		return do(tx, again[0])
	})
}
