package postgres

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"

	"github.com/jackc/pgx/v5"

	"tillstream/events"
	"tillstream/projections"
)

// Opener opens what was sealed under a field. It fails with events.ErrForgotten when the key of the subject is gone; then
// the host keeps a blank.
type Opener interface {
	Open(ctx context.Context, sealed events.Sealed, field string) (string, error)
}

// Rows holds one generation of a view as a table: it is projections.Documents and projections.Reader of it. Values come
// back as they were saved, times as events.Time makes them.
type Rows[V any] struct {
	db         *DB
	generation Generation
	table      table
	opener     Opener

	saving    sync.Mutex // Save and the filling of opened columns take turns
	copyLeast int        // new rows in a batch that are copied
	copying   []byte     // lent to one saving after the other
	recent    recent[V]
}

var (
	_ projections.Documents[struct{}] = (*Rows[struct{}])(nil)
	_ projections.Reader[struct{}]    = (*Rows[struct{}])(nil)
)

// Generation tells which generation of its view this is.
func (r *Rows[V]) Generation() Generation { return r.generation }

// Load answers what is kept of the keys, in one query.
func (r *Rows[V]) Load(ctx context.Context, keys []string) (map[string]projections.Doc[V], error) {
	docs, missing := r.recent.take(keys)
	if missing = storable(missing); len(missing) == 0 { // what cannot be kept, Save will refuse by name
		return docs, nil
	}
	err := reading(ctx, r.db.feed, func() error {
		rows, err := r.db.feed.Query(ctx, "SELECT "+r.table.list()+" FROM "+r.table.quoted()+" WHERE key = ANY($1)", binaryResults, missing)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var doc projections.Doc[V]
			key, position, err := r.table.read(rows.RawValues(), reflect.ValueOf(&doc.Value).Elem())
			if err != nil {
				return err
			}
			doc.Position = position
			docs[key] = doc
		}
		return rows.Err()
	})
	return docs, err
}

var binaryResults = pgx.QueryResultFormats{pgx.BinaryFormatCode}

// Checkpoint answers what Save kept last.
func (r *Rows[V]) Checkpoint(ctx context.Context) (projections.Checkpoint, error) {
	var at projections.Checkpoint
	var position, count int64
	err := reading(ctx, r.db.feed, func() error {
		return r.db.feed.QueryRow(ctx, `SELECT log, position, count FROM tillstream.checkpoints WHERE generation = $1`, r.generation.ID).
			Scan(&at.Log, &position, &count)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return at, fmt.Errorf("generation %s was retired", r.generation.Table)
	}
	at.At, at.Count = events.Position(position), uint64(count)
	r.recent.confirm(at, err)
	return at, err
}
