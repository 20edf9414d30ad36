package postgres

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"tillstream/projections"
)

// Way keeps a batch.
type Way[V any] func(*Rows[V], context.Context, map[string]projections.Doc[V], projections.Checkpoint, projections.Checkpoint) error

// Ways are the ways to keep a batch that were measured.
func Ways[V any]() map[string]Way[V] {
	return map[string]Way[V]{
		"unnest":         (*Rows[V]).Save,
		"COPY and merge": (*Rows[V]).saveByMerge,
		"COPY of new":    (*Rows[V]).saveByCopy,
	}
}

func (r *Rows[V]) encoded(docs map[string]projections.Doc[V]) (*bytes.Buffer, error) {
	b := append([]byte("PGCOPY\n\xff\r\n\x00"), 0, 0, 0, 0, 0, 0, 0, 0)
	for _, key := range slices.Sorted(maps.Keys(docs)) {
		b = binary.BigEndian.AppendUint16(b, uint16(ownColumns+len(r.table.fields)))
		doc := docs[key]
		if err := r.table.encode(key, reflect.ValueOf(&doc.Value).Elem(), doc.Position, false, func(int) *[]byte { return &b }); err != nil {
			return nil, err
		}
	}
	return bytes.NewBuffer(append(b, 0xff, 0xff)), nil
}

// Copy is the limit: one COPY of everything, with the same indexes.
func (r *Rows[V]) Copy(ctx context.Context, docs map[string]projections.Doc[V]) error {
	b, err := r.encoded(docs)
	if err != nil {
		return err
	}
	conn, err := r.db.feed.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	_, err = conn.Conn().PgConn().CopyFrom(ctx, b, "COPY "+r.table.quoted()+" ("+r.table.list()+") FROM STDIN (FORMAT binary)")
	return err
}

func (r *Rows[V]) saveByCopy(ctx context.Context, docs map[string]projections.Doc[V], from, to projections.Checkpoint) error {
	return r.saveBy(ctx, docs, from, to, nil, "COPY "+r.table.quoted()+" ("+r.table.list()+") FROM STDIN (FORMAT binary)", "")
}

func (r *Rows[V]) saveByMerge(ctx context.Context, docs map[string]projections.Doc[V], from, to projections.Checkpoint) error {
	staged := quoted(r.table.name + "_stage")
	var set []string
	for _, f := range r.table.fields {
		set = append(set, fmt.Sprintf("%[1]s = excluded.%[1]s", quoted(f.Name)))
	}
	return r.saveBy(ctx, docs, from, to,
		[]string{"CREATE TEMP TABLE IF NOT EXISTS " + staged + " (LIKE " + r.table.quoted() + ") ON COMMIT DELETE ROWS"},
		"COPY "+staged+" ("+r.table.list()+") FROM STDIN (FORMAT binary)",
		"INSERT INTO "+r.table.quoted()+" ("+r.table.list()+") SELECT "+r.table.list()+" FROM "+staged+
			" ON CONFLICT (key) DO UPDATE SET position = excluded.position, gone = excluded.gone, "+strings.Join(set, ", "))
}

func (r *Rows[V]) saveBy(ctx context.Context, docs map[string]projections.Doc[V], from, to projections.Checkpoint, before []string, copy, after string) error {
	b, err := r.encoded(docs)
	if err != nil {
		return err
	}
	conn, err := r.db.feed.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	tx := transaction{ctx: ctx, conn: conn.Conn()}
	if err := r.fence(&tx, projections.Batch[V]{From: from, To: to}); err != nil {
		return err
	}
	for _, sql := range before {
		tx.simple(sql)
	}
	if _, err := tx.run(); err != nil {
		return err
	}
	if _, err := tx.conn.PgConn().CopyFrom(ctx, b, copy); err != nil {
		return err
	}
	if after != "" {
		if _, err := tx.conn.Exec(ctx, after); err != nil {
			return err
		}
	}
	_, err = tx.conn.PgConn().Exec(ctx, "COMMIT").ReadAll()
	return err
}
