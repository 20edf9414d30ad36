package postgres

import (
	"context"
	"fmt"
	"reflect"
	"time"

	"github.com/jackc/pgx/v5"

	"tillstream/projections"
)

const (
	fillWithin = 10 * time.Minute // of all rows of a generation; about a million a minute
	fillPage   = 2000             // rows opened at a time
)

// erase makes the opened table anew after plain text was blanked, for the bytes of a blanked row stay in the old file. A
// failure is tried again later: the rows themselves are committed.
func (r *Rows[V]) erase(ctx context.Context) {
	if err := r.fill(ctx); err != nil {
		r.db.log.Warn("blanked text is still in the files of an opened table; it is rewritten later", "table", r.table.name, "err", err)
		r.db.chores.later(r.table.name, r.fillIfMissed)
	}
}

// ready makes sure that the opened table is whole, where a query reads it. When that takes longer than the query may, it
// goes on without it.
func (r *Rows[V]) ready(ctx context.Context, s *statement) error {
	if !s.opened {
		return nil
	}
	lost, _, err := r.missed(ctx)
	if err != nil || !lost {
		return err
	}
	if err := r.fillIfMissed(ctx); err != nil {
		r.db.chores.later(r.table.name, r.fillIfMissed)
		return fmt.Errorf("the opened columns of %s are being filled after a crash, ask again soon: %w", r.table.name, err)
	}
	return nil
}

// fillIfMissed fills the opened table again when a crash of the server emptied it, as it does with unlogged tables, or
// when blanked text may still be in its files.
func (r *Rows[V]) fillIfMissed(ctx context.Context) error {
	if len(r.table.opened) == 0 {
		return nil
	}
	r.saving.Lock()
	defer r.saving.Unlock()
	lost, due, err := r.missed(ctx)
	if err != nil || !lost && !due {
		return err
	}
	return r.fill(ctx)
}

// missed tells whether the opened table lost its rows, and whether blanked text may still be in its files.
func (r *Rows[V]) missed(ctx context.Context) (lost, due bool, err error) {
	err = reading(ctx, r.db.ask, func() error {
		return r.db.ask.QueryRow(ctx, `SELECT NOT EXISTS (SELECT FROM tillstream.opened o WHERE o.generation = g.id), g.blanked > g.rewritten
			FROM tillstream.generations g WHERE g.id = $1`, r.generation.ID).Scan(&lost, &due)
	})
	return lost, due, err
}

// fill makes the opened table anew from the sealed values. The old file is gone with the commit, its name with the next
// checkpoint.
func (r *Rows[V]) fill(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, fillWithin)
	defer cancel()
	err := r.db.durably(ctx, func(tx pgx.Tx) error {
		for _, step := range []string{
			`SELECT FROM tillstream.checkpoints WHERE generation = $1 FOR UPDATE`, // nobody saves meanwhile
			`INSERT INTO tillstream.opened (generation) VALUES ($1) ON CONFLICT DO NOTHING`,
			`UPDATE tillstream.generations SET rewritten = blanked WHERE id = $1`,
		} {
			if _, err := tx.Exec(ctx, step, r.generation.ID); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, "TRUNCATE "+r.table.quotedOpened()); err != nil {
			return err
		}
		return r.refill(ctx, tx)
	})
	if err != nil {
		return fmt.Errorf("fill %s%s: %w", r.table.name, openedSuffix, err)
	}
	// Not every role may; then the server's own next checkpoint does it.
	if _, err := r.db.feed.Exec(ctx, "CHECKPOINT"); err != nil && sqlState(err) != insufficientPrivilege {
		return fmt.Errorf("checkpoint after filling %s%s: %w", r.table.name, openedSuffix, err)
	}
	return nil
}

func (r *Rows[V]) refill(ctx context.Context, tx pgx.Tx) error {
	for from, more := "", true; more; {
		keys, docs, err := r.page(ctx, tx, from)
		if err != nil {
			return err
		}
		opened, err := r.openedOf(ctx, keys, docs)
		if err != nil {
			return err
		}
		for _, o := range opened {
			batch := transaction{ctx: ctx, conn: tx.Conn()}
			if err := batch.arrays(r.table.name+" opened", r.table.upsertOpened, o.arrays); err != nil {
				return err
			}
			if _, err := batch.run(); err != nil {
				return err
			}
		}
		if more = len(keys) == fillPage; more {
			from = keys[len(keys)-1] // once more: harmless, and it spares an exception for the first
		}
	}
	return nil
}

func (r *Rows[V]) page(ctx context.Context, tx pgx.Tx, from string) ([]string, map[string]projections.Doc[V], error) {
	rows, err := tx.Query(ctx, "SELECT "+r.table.list()+" FROM "+r.table.quoted()+" WHERE NOT gone AND key >= $1 ORDER BY key LIMIT $2",
		binaryResults, from, fillPage)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	var keys []string
	docs := map[string]projections.Doc[V]{}
	for rows.Next() {
		var doc projections.Doc[V]
		key, _, err := r.table.read(rows.RawValues(), reflect.ValueOf(&doc.Value).Elem())
		if err != nil {
			return nil, nil, err
		}
		keys, docs[key] = append(keys, key), doc
	}
	return keys, docs, rows.Err()
}
