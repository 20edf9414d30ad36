package postgres

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"tillstream/events"
	"tillstream/projections"
)

const (
	fillWithin = 10 * time.Minute // of all rows of a generation; about a million a minute
	fillPage   = 2000             // rows opened at a time
)

// blanks are rows of the opened table, and whether any column of them is blank.
type blanks struct {
	*arrays
	any bool
}

// openedOf opens what has to be searched by plain text. It fails when the opener cannot tell.
func (r *Rows[V]) openedOf(ctx context.Context, keys []string, docs map[string]projections.Doc[V]) ([]*blanks, error) {
	if len(r.table.opened) == 0 {
		return nil, nil
	}
	var all []*blanks
	for _, key := range keys {
		if n := len(all); n == 0 || all[n-1].full() {
			all = append(all, &blanks{arrays: newArrays(r.table.openedOIDs())})
		}
		doc := docs[key]
		if err := r.open(ctx, all[len(all)-1], key, reflect.ValueOf(doc.Value), projections.IsGone(doc.Value)); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (r *Rows[V]) open(ctx context.Context, to *blanks, key string, value reflect.Value, gone bool) (err error) {
	if to.columns[0], err = appendString(to.columns[0], key); err != nil {
		return &projections.DataError{Key: key, Err: err}
	}
	for i, f := range r.table.opened {
		plain := ""
		if sealed := value.Field(f.Field).Interface().(*events.Sealed); sealed != nil && !gone {
			plain, err = r.opener.Open(ctx, *sealed, f.Opens)
			if err != nil && !errors.Is(err, events.ErrForgotten) {
				return fmt.Errorf("open %s of key %q: %w", f.Name, key, err)
			}
			if err != nil {
				plain = ""
			}
		}
		to.any = to.any || plain == ""
		if to.columns[i+1], err = appendString(to.columns[i+1], plain); err != nil {
			return &projections.DataError{Key: key, Column: f.Name, Err: err}
		}
	}
	to.rows++
	return nil
}

func (t table) openedOIDs() []uint32 { return slices.Repeat([]uint32{pgtype.TextOID}, 1+len(t.opened)) }

// saveOpened adds the rows of the opened table to a transaction; where they blank plain text, that is noted with them.
func (r *Rows[V]) saveOpened(tx *transaction, o *blanks) error {
	if o.any {
		tx.blanking = append(tx.blanking, tx.sent)
		if err := tx.arrays(r.table.name+" blanks", r.noteBlanked, o.arrays); err != nil {
			return err
		}
	}
	return tx.arrays(r.table.name+" opened", r.table.upsertOpened, o.arrays)
}

func (t table) upsertOpened() string {
	columns, parameters, set := []string{"key"}, []string{"$1::text[]"}, []string{}
	for i, f := range t.opened {
		columns = append(columns, quoted(f.Name))
		parameters = append(parameters, fmt.Sprintf("$%d::text[]", i+2))
		set = append(set, fmt.Sprintf("%[1]s = excluded.%[1]s", quoted(f.Name)))
	}
	return fmt.Sprintf("INSERT INTO %s (%s) SELECT * FROM unnest(%s) ON CONFLICT (key) DO UPDATE SET %s",
		t.quotedOpened(), strings.Join(columns, ", "), strings.Join(parameters, ", "), strings.Join(set, ", "))
}

// noteBlanked counts up where a row that has plain text is about to lose some of it.
func (r *Rows[V]) noteBlanked() string {
	parameters, names, loses := []string{"$1::text[]"}, []string{"key"}, []string{}
	for i, f := range r.table.opened {
		parameters = append(parameters, fmt.Sprintf("$%d::text[]", i+2))
		names = append(names, quoted(f.Name))
		loses = append(loses, fmt.Sprintf("o.%[1]s <> '' AND n.%[1]s = ''", quoted(f.Name)))
	}
	return fmt.Sprintf(`UPDATE tillstream.generations SET blanked = blanked + 1 WHERE id = %d AND EXISTS (
		SELECT FROM %s o JOIN unnest(%s) n (%s) ON o.key = n.key WHERE %s)`,
		r.generation.ID, r.table.quotedOpened(), strings.Join(parameters, ", "), strings.Join(names, ", "), strings.Join(loses, " OR "))
}

// erase makes the opened table anew after plain text was blanked, for the bytes of a blanked row stay in the old file. A
// failure is tried again later: the rows themselves are committed.
func (r *Rows[V]) erase(ctx context.Context) {
	if err := r.fill(ctx); err != nil {
		r.db.log.Warn("blanked text is still in the files of an opened table; it is rewritten later", "table", r.table.name, "err", err)
		r.db.chores.later(r.table.name, r.fillInTurn)
	}
}

func (r *Rows[V]) fillInTurn(ctx context.Context) error {
	r.saving.Lock()
	defer r.saving.Unlock()
	return r.fill(ctx)
}

// fillIfLost fills the opened table again when a crash of the server emptied it, as it does with unlogged tables, or when
// blanked text may still be in its files.
func (r *Rows[V]) fillIfLost(ctx context.Context) error {
	if len(r.table.opened) == 0 {
		return nil
	}
	var whole bool
	err := reading(ctx, r.db.ask, func() error {
		return r.db.ask.QueryRow(ctx, `SELECT g.blanked = g.rewritten AND EXISTS (SELECT FROM tillstream.opened o WHERE o.generation = g.id)
			FROM tillstream.generations g WHERE g.id = $1`, r.generation.ID).Scan(&whole)
	})
	if err != nil || whole {
		return err
	}
	return r.fillInTurn(ctx)
}

// fill makes the opened table anew from the sealed values. The old file is gone with the commit, its name with the next
// checkpoint.
func (r *Rows[V]) fill(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, fillWithin)
	defer cancel()
	err := r.db.durably(ctx, func(tx pgx.Tx) error {
		var blanked int64
		for _, step := range []struct {
			sql  string
			args []any
		}{
			{`SELECT FROM tillstream.checkpoints WHERE generation = $1 FOR UPDATE`, []any{r.generation.ID}}, // nobody saves meanwhile
			{"TRUNCATE " + r.table.quotedOpened(), nil},
			{`INSERT INTO tillstream.opened (generation) VALUES ($1) ON CONFLICT DO NOTHING`, []any{r.generation.ID}},
		} {
			if _, err := tx.Exec(ctx, step.sql, step.args...); err != nil {
				return err
			}
		}
		err := tx.QueryRow(ctx, `UPDATE tillstream.generations SET rewritten = blanked WHERE id = $1 RETURNING blanked`, r.generation.ID).Scan(&blanked)
		if err != nil {
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
