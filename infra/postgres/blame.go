package postgres

import (
	"context"
	"maps"
	"slices"
	"strings"

	"tillstream/projections"
)

// refusesData tells whether the server refused what a value holds, for all that was looked at before it was sent: data it
// cannot take, or more of it than it can.
func refusesData(err error) bool {
	state := sqlState(err)
	return strings.HasPrefix(state, "22") || strings.HasPrefix(state, "54")
}

// blame finds whose value the server refuses, by trying halves that are never committed: an error of the server names no
// key. Refused answers the error as it is when every value is taken alone.
func (r *Rows[V]) blame(ctx context.Context, changed map[string]projections.Doc[V], refused error) error {
	keys := slices.Sorted(maps.Keys(changed))
	for len(keys) > 0 {
		half := keys[:(len(keys)+1)/2]
		err := r.try(ctx, half, changed)
		switch {
		case err == nil:
			keys = keys[len(half):]
		case !refusesData(err):
			return err
		case len(half) == 1:
			return &projections.DataError{Key: half[0], Err: err}
		default:
			keys = half
		}
	}
	return refused
}

func (r *Rows[V]) try(ctx context.Context, keys []string, changed map[string]projections.Doc[V]) error {
	rows, err := rowsOf(r.table, keys, changed)
	if err != nil {
		return err
	}
	conn, err := r.db.feed.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	tx := transaction{ctx: ctx, conn: conn.Conn()}
	tx.simple("BEGIN")
	for _, a := range rows {
		if err := tx.arrays(r.table.name+" rows", r.table.upsert, a); err != nil {
			return err
		}
	}
	_, err = tx.run()
	tx.rollback()
	return err
}
