package postgres

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"reflect"
	"time"

	"github.com/jackc/pgx/v5"

	"tillstream/projections"
)

const (
	// indexWithin is how long one index of a rebuilt generation may take; ten million rows take a minute.
	indexWithin = time.Hour
	// copyLeast is how many new rows are worth a round trip of their own.
	copyLeast = 128
)

// copyHeader leads what COPY takes in its binary form: a signature, no flags, no extension.
var copyHeader = []byte("PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00")

// split tells the keys of a batch that a generation being built never had from the others. They can be copied: the load
// before the batch found them absent, and nobody made them since, or the fence fails.
func (r *Rows[V]) split(keys []string, b projections.Batch[V]) (fresh, known []string) {
	if r.generation.State != Building || b.Known == nil || len(keys)-len(b.Known) < r.copyLeast {
		return nil, keys
	}
	fresh = make([]string, 0, len(keys))
	for _, key := range keys {
		if _, kept := b.Known[key]; kept {
			known = append(known, key)
		} else {
			fresh = append(fresh, key)
		}
	}
	return fresh, known
}

// copied is the rows of keys as COPY takes them, nil for none. Its memory is lent until the next call.
func (r *Rows[V]) copied(keys []string, docs map[string]projections.Doc[V]) ([]byte, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	r.copying = append(r.copying[:0], copyHeader...)
	to := func(int) *[]byte { return &r.copying }
	for _, key := range keys {
		r.copying = binary.BigEndian.AppendUint16(r.copying, uint16(ownColumns+len(r.table.fields)))
		doc := docs[key]
		if err := r.table.encode(key, reflect.ValueOf(&doc.Value).Elem(), doc.Position, projections.IsGone(doc.Value), to); err != nil {
			return nil, err
		}
	}
	r.copying = append(r.copying, 0xff, 0xff)
	return r.copying, nil
}

// copy adds new rows to a transaction that was run so far.
func (r *Rows[V]) copy(tx *transaction, rows []byte) error {
	_, err := tx.conn.PgConn().CopyFrom(tx.ctx, bytes.NewReader(rows), "COPY "+r.table.quoted()+" ("+r.table.list()+") FROM STDIN (FORMAT binary)")
	return err
}

// Index makes the indexes of a generation that was built without, once its rows are there: that takes a fraction of what
// keeping them row by row does. It calls making before each, and what that returned after it. Called again, it goes on
// where it was.
func (r *Rows[V]) Index(ctx context.Context, making func(what string) (done func())) error {
	if r.generation.Indexed {
		return nil
	}
	for _, each := range append(r.table.indexes(), index{"the statistics of " + r.table.name, "ANALYZE " + r.table.quoted()}) {
		done := making(each.name)
		err := r.slowly(ctx, each.statement)
		done()
		if err != nil {
			return fmt.Errorf("make %s: %w", each.name, err)
		}
	}
	err := r.db.change(ctx, r.generation.ID, func(tx pgx.Tx, _ Generation) error {
		_, err := tx.Exec(ctx, `UPDATE tillstream.generations SET indexed = true WHERE id = $1`, r.generation.ID)
		return err
	})
	r.generation.Indexed = err == nil
	return err
}

// slowly runs a statement that takes as long as it takes, but not longer than somebody waits for it.
func (r *Rows[V]) slowly(ctx context.Context, statement string) error {
	return r.db.durably(ctx, func(tx pgx.Tx) error {
		within := milliseconds(indexWithin)
		return run(ctx, tx, []string{"SET LOCAL statement_timeout = " + within, "SET LOCAL lock_timeout = " + within,
			`SELECT set_config(name, '1s', true) FROM pg_settings WHERE name = 'client_connection_check_interval'`, statement})
	})
}
