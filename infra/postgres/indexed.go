package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"tillstream/projections"
)

var errIndexEntry = fmt.Errorf("an entry that together with the key has more than %d bytes", indexedMost)

type indexRow struct {
	Index string `json:"index"`
	Value string `json:"value"`
	Key   string `json:"key"`
}

const (
	removeIndexed = `DELETE FROM tillstream.indexed i USING json_to_recordset($1::json) AS r (index text, value text, key text)
		WHERE i.generation = %d AND i.index = r.index AND i.value = r.value AND i.key = r.key`
	insertIndexed = `INSERT INTO tillstream.indexed (generation, index, value, key)
		SELECT %d, index, value, key FROM json_to_recordset($1::json) AS r (index text, value text, key text) ON CONFLICT DO NOTHING`
)

// saveIndexed adds how the indexes of the view change to a transaction. It fails with a *projections.DataError.
func (r *Rows[V]) saveIndexed(tx *transaction, changes []projections.IndexChange) error {
	var removed, added []indexRow
	for _, c := range changes {
		row := indexRow{c.Index, c.Value, c.Key}
		if c.Removed {
			removed = append(removed, row)
			continue
		}
		for _, text := range []string{c.Value, c.Key} {
			if _, err := appendString(nil, text); err != nil {
				return &projections.DataError{Key: c.Key, Column: c.Index, Err: err}
			}
		}
		if len(c.Index)+len(c.Value)+len(c.Key) > indexedMost {
			return &projections.DataError{Key: c.Key, Column: c.Index, Err: errIndexEntry}
		}
		added = append(added, row)
	}
	if len(removed) > 0 {
		if err := r.addJSON(tx, removeIndexed, removed); err != nil {
			return err
		}
	}
	if len(added) > 0 {
		return r.addJSON(tx, insertIndexed, added)
	}
	return nil
}

// Indexed answers the keys that stand under each of the entries.
func (r *Rows[V]) Indexed(ctx context.Context, entries []projections.Entry) (found map[projections.Entry][]string, err error) {
	var indexes, values []string
	for _, e := range entries {
		if len(storable([]string{e.Index, e.Value})) == 2 { // nothing stands under what cannot be kept
			indexes, values = append(indexes, e.Index), append(values, e.Value)
		}
	}
	err = reading(ctx, r.db.feed, func() error {
		found = map[projections.Entry][]string{}
		rows, err := r.db.feed.Query(ctx, `SELECT i.index, i.value, i.key FROM tillstream.indexed i JOIN unnest($2::text[], $3::text[]) AS e (index, value)
			ON i.index = e.index AND i.value = e.value WHERE i.generation = $1`, r.generation.ID, indexes, values)
		if err != nil {
			return err
		}
		var e projections.Entry
		var key string
		_, err = pgx.ForEachRow(rows, []any{&e.Index, &e.Value, &key}, func() error {
			found[e] = append(found[e], key)
			return nil
		})
		return err
	})
	return found, err
}
