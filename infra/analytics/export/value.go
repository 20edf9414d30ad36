package export

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"tillstream/infra/analytics"
)

// kind is what the values of a column are.
type kind int

const (
	text kind = iota
	whole
	small
	truth
	instant
	day
)

// kinds are those that the star schema has.
var kinds = map[uint32]kind{pgtype.TextOID: text, pgtype.VarcharOID: text, pgtype.NameOID: text, pgtype.Int8OID: whole, pgtype.Int4OID: small,
	pgtype.BoolOID: truth, pgtype.TimestamptzOID: instant, pgtype.DateOID: day}

type column struct {
	name     string
	kind     kind
	nullable bool
}

// value is one cell. Number is a whole number, 0 or 1 of a truth, microseconds since 1970 of an instant, or days since
// 1970 of a day. Text is valid until the next row is read.
type value struct {
	null   bool
	number int64
	text   []byte
}

func columnsOf(t analytics.Table, fields []pgconn.FieldDescription) (columns []column, err error) {
	for _, f := range fields {
		k, known := kinds[f.DataTypeOID]
		if !known || f.Format != pgtype.BinaryFormatCode {
			return nil, fmt.Errorf("column %s of %s is of a type that no file has a place for (%d)", f.Name, t.Name, f.DataTypeOID)
		}
		columns = append(columns, column{f.Name, k, slices.Contains(t.Nullable, f.Name)})
	}
	return columns, nil
}

// PostgreSQL counts from the year 2000.
const (
	epochDays   = 10_957
	epochMicros = epochDays * 24 * 60 * 60 * 1_000_000
)

var errEndless = errors.New("holds an infinite time, which no file has a place for")

// read reads a cell as PostgreSQL sends it.
func (c column) read(raw []byte, into *value) (err error) {
	*into = value{null: raw == nil}
	switch {
	case raw == nil && !c.nullable:
		err = errors.New("holds a null, and is told to have none")
	case raw == nil:
	case c.kind == text:
		into.text = raw
	case c.kind == truth && len(raw) == 1:
		into.number = int64(raw[0])
	case (c.kind == small || c.kind == day) && len(raw) == 4:
		n := int32(binary.BigEndian.Uint32(raw))
		into.number = int64(n)
		if c.kind == day {
			into.number += epochDays
			if n == math.MaxInt32 || n == math.MinInt32 {
				err = errEndless
			}
		}
	case (c.kind == whole || c.kind == instant) && len(raw) == 8:
		n := int64(binary.BigEndian.Uint64(raw))
		into.number = n
		if c.kind == instant {
			into.number += epochMicros
			if n == math.MaxInt64 || n == math.MinInt64 {
				err = errEndless
			}
		}
	default:
		err = fmt.Errorf("holds %d bytes that cannot be read", len(raw))
	}
	if err != nil {
		return fmt.Errorf("column %s %w", c.name, err)
	}
	return nil
}
