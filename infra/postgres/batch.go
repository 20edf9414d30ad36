package postgres

import (
	"encoding/binary"
	"reflect"

	"github.com/jackc/pgx/v5/pgtype"

	"tillstream/projections"
)

// batchBytes is how large the parameters of one statement may grow. What unnest makes of them stays below work_mem's
// default, so that nothing of it, plain text least of all, goes through a temporary file.
const batchBytes = 1 << 20

// arrays are the parameters of one statement that takes a column each.
type arrays struct {
	rows    int
	columns [][]byte // binary arrays, one per column
}

const arrayHeader = 20 // dimensions, whether nulls are among them, element type, length, lower bound

func newArrays(oids []uint32) *arrays {
	a := &arrays{columns: make([][]byte, len(oids))}
	for i, oid := range oids {
		b := make([]byte, arrayHeader, 1024)
		binary.BigEndian.PutUint32(b[0:], 1)
		binary.BigEndian.PutUint32(b[4:], 1)
		binary.BigEndian.PutUint32(b[8:], oid)
		binary.BigEndian.PutUint32(b[16:], 1)
		a.columns[i] = b
	}
	return a
}

func (a *arrays) column(i int) *[]byte { return &a.columns[i] }

func (a *arrays) full() bool {
	size := 0
	for _, b := range a.columns {
		size += len(b)
	}
	return size >= batchBytes
}

// parameters is the arrays as a statement takes them.
func (a *arrays) parameters() [][]byte {
	for _, b := range a.columns {
		binary.BigEndian.PutUint32(b[12:], uint32(a.rows))
	}
	return a.columns
}

func (t table) oids() []uint32 {
	oids := []uint32{pgtype.TextOID, pgtype.Int8OID, pgtype.BoolOID}
	for _, f := range t.fields {
		oids = append(oids, f.oid)
	}
	return oids
}

// rows encodes documents, in the order of keys, in statements of bounded size.
func rowsOf[V any](t table, keys []string, docs map[string]projections.Doc[V]) ([]*arrays, error) {
	var all []*arrays
	for _, key := range keys {
		if n := len(all); n == 0 || all[n-1].full() {
			all = append(all, newArrays(t.oids()))
		}
		a, doc := all[len(all)-1], docs[key]
		if err := t.encode(key, reflect.ValueOf(&doc.Value).Elem(), doc.Position, projections.IsGone(doc.Value), a.column); err != nil {
			return nil, err
		}
		a.rows++
	}
	return all, nil
}
