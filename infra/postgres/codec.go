package postgres

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgtype"

	"tillstream/projections"
)

// A codec turns fields into PostgreSQL's binary form and back: a length of four bytes, -1 for null, and as many bytes.
// COPY and array parameters share that form, so that one codec serves both, and a value comes back as it went.
type codec struct {
	sql    string // type and collation, as in CREATE TABLE
	base   string // the type alone
	oid    uint32
	append func(b []byte, field reflect.Value) ([]byte, error)
	read   func(field reflect.Value, b []byte) error // b is not null
}

func codecOf(kind projections.ColumnKind) codec {
	switch kind {
	case projections.TextColumn:
		return codec{`text COLLATE "C"`, "text", pgtype.TextOID, appendText, readText}
	case projections.IntColumn:
		return codec{"bigint", "bigint", pgtype.Int8OID, appendInt, readInt}
	case projections.BoolColumn:
		return codec{"boolean", "boolean", pgtype.BoolOID, appendBool, readBool}
	case projections.FloatColumn:
		return codec{"double precision", "double precision", pgtype.Float8OID, appendFloat, readFloat}
	case projections.TimeColumn:
		return codec{"timestamptz", "timestamptz", pgtype.TimestamptzOID, appendTime, readTime}
	}
	return codec{"jsonb", "jsonb", pgtype.JSONBOID, appendJSON, readJSON}
}

var (
	errNUL      = errors.New("text with a NUL character")
	errUTF8     = errors.New("text that is not UTF-8")
	errTooGreat = fmt.Errorf("a number beyond %d", int64(math.MaxInt64))
	errYear     = errors.New("a time outside the years that PostgreSQL knows")
)

func appendNull(b []byte) []byte { return append(b, 0xff, 0xff, 0xff, 0xff) }

func appendEight(b []byte, v uint64) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(b, 8), v)
}

func appendString(b []byte, s string) ([]byte, error) {
	if strings.IndexByte(s, 0) >= 0 {
		return b, errNUL
	}
	if !utf8.ValidString(s) {
		return b, errUTF8
	}
	return append(binary.BigEndian.AppendUint32(b, uint32(len(s))), s...), nil
}

func appendText(b []byte, field reflect.Value) ([]byte, error) {
	return appendString(b, field.String())
}

func readText(field reflect.Value, b []byte) error {
	field.SetString(string(b))
	return nil
}

func appendInt(b []byte, field reflect.Value) ([]byte, error) {
	if field.CanInt() {
		return appendEight(b, uint64(field.Int())), nil
	}
	if field.Uint() > math.MaxInt64 {
		return b, errTooGreat
	}
	return appendEight(b, field.Uint()), nil
}

func readInt(field reflect.Value, b []byte) error {
	v := binary.BigEndian.Uint64(b)
	switch {
	case field.CanInt() && !field.OverflowInt(int64(v)):
		field.SetInt(int64(v))
	case field.CanUint() && int64(v) >= 0 && !field.OverflowUint(v):
		field.SetUint(v)
	default:
		return fmt.Errorf("%d does not fit %v", int64(v), field.Type())
	}
	return nil
}

func appendBool(b []byte, field reflect.Value) ([]byte, error) {
	return appendTruth(b, field.Bool()), nil
}

func appendTruth(b []byte, v bool) []byte {
	b = binary.BigEndian.AppendUint32(b, 1)
	if v {
		return append(b, 1)
	}
	return append(b, 0)
}

func readBool(field reflect.Value, b []byte) error {
	field.SetBool(b[0] == 1)
	return nil
}

func appendFloat(b []byte, field reflect.Value) ([]byte, error) {
	return appendEight(b, math.Float64bits(field.Float())), nil
}

func readFloat(field reflect.Value, b []byte) error {
	field.SetFloat(math.Float64frombits(binary.BigEndian.Uint64(b)))
	return nil
}

// PostgreSQL counts microseconds from the year 2000, over fewer years than Go does.
var (
	since2000           = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()
	firstYear, lastYear = -4712, 294275
)

func appendTime(b []byte, field reflect.Value) ([]byte, error) {
	if field.Kind() == reflect.Pointer {
		if field.IsNil() {
			return appendNull(b), nil
		}
		field = field.Elem()
	}
	t := field.Interface().(time.Time)
	if t.Year() < firstYear || t.Year() > lastYear {
		return b, errYear
	}
	return appendEight(b, uint64(t.UnixMicro()-since2000)), nil
}

func readTime(field reflect.Value, b []byte) error {
	t := time.UnixMicro(int64(binary.BigEndian.Uint64(b)) + since2000).UTC()
	if field.Kind() == reflect.Pointer {
		field.Set(reflect.ValueOf(&t))
	} else {
		field.Set(reflect.ValueOf(t))
	}
	return nil
}

// jsonbVersion leads the binary form of jsonb.
const jsonbVersion = 1

// appendJSON keeps nil pointers, maps and slices as null, so that empty ones stay apart from them.
func appendJSON(b []byte, field reflect.Value) ([]byte, error) {
	switch field.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice:
		if field.IsNil() {
			return appendNull(b), nil
		}
	}
	text, err := json.Marshal(field.Interface())
	if err != nil {
		return b, err
	}
	if holdsNUL(text) {
		return b, errNUL
	}
	b = append(binary.BigEndian.AppendUint32(b, uint32(len(text)+1)), jsonbVersion)
	return append(b, text...), nil
}

// holdsNUL finds \u0000, but not a backslash followed by u0000.
func holdsNUL(text []byte) bool {
	for i := 0; i+5 < len(text); i++ {
		if text[i] != '\\' {
			continue
		}
		if string(text[i+1:i+6]) == "u0000" {
			return true
		}
		i++
	}
	return false
}

func readJSON(field reflect.Value, b []byte) error {
	return json.Unmarshal(b[1:], field.Addr().Interface())
}
