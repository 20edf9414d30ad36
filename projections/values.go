package projections

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"time"

	"tillstream/events"
)

// QueryError says what is wrong with a query, in words for the caller who made it.
type QueryError struct {
	Column  string // as it was asked for; may be empty
	Problem string
}

func (e *QueryError) Error() string {
	if e.Column == "" {
		return "the query " + e.Problem
	}
	return fmt.Sprintf("column %q %s", e.Column, e.Problem)
}

// DataError says that the value of one key cannot be kept by a host, whatever one tries. Column is empty when it is the
// key itself.
type DataError struct {
	Key    string
	Column string
	Err    error
}

func (e *DataError) Error() string {
	if e.Column == "" {
		return fmt.Sprintf("key %q cannot be kept: %v", e.Key, e.Err)
	}
	return fmt.Sprintf("%s of key %q cannot be kept: %v", e.Column, e.Key, e.Err)
}

func (e *DataError) Unwrap() error { return e.Err }

// UnreadableError says that a host has a row of one key that is no value of its view: somebody changed it, or the disk did.
type UnreadableError struct {
	Key    string
	Column string
	Err    error
}

func (e *UnreadableError) Error() string {
	return fmt.Sprintf("%s of key %q cannot be read: %v; rebuild the view", e.Column, e.Key, e.Err)
}

func (e *UnreadableError) Unwrap() error { return e.Err }

// keyColumn is what queries mean by "key".
var keyColumn = Column{Name: "key", Field: -1, Kind: TextColumn, Index: true}

// Lookup finds a column by name, or the key, whose Field is -1. It fails with a *QueryError.
func Lookup(columns []Column, name string) (Column, error) {
	if name == keyColumn.Name {
		return keyColumn, nil
	}
	for _, c := range columns {
		if c.Name == name {
			return c, nil
		}
	}
	return Column{}, &QueryError{name, "is not one of this view"}
}

// Scalar tells whether a column can be compared, ordered and grouped by: an opened one can only be compared, by its
// plain text.
func (c Column) Scalar() bool { return c.Kind != NestedColumn && c.Kind != SealedColumn }

// Allows tells whether a column can be compared by an operation. It fails with a *QueryError.
func (c Column) Allows(op Op) error {
	text := c.Kind == TextColumn || c.Opens != ""
	switch op {
	case IsNull:
		return nil
	case Eq, In:
		if c.Scalar() || c.Opens != "" {
			return nil
		}
	case Lt, Le, Gt, Ge:
		if c.Scalar() && c.Kind != BoolColumn {
			return nil
		}
	case Prefix, Contains:
		if text {
			return nil
		}
	default:
		return &QueryError{c.Name, fmt.Sprintf("knows no operation %q", op)}
	}
	return &QueryError{c.Name, fmt.Sprintf("cannot be compared by %q", op)}
}

// Value turns what a caller, or JSON, made of a value into what the column holds: a string, int64, bool, float64, or a
// time.Time of whole microseconds in UTC. It fails with a *QueryError.
func (c Column) Value(v any) (any, error) {
	var made any
	var ok bool
	switch kind := c.Kind; {
	case kind == TextColumn || c.Opens != "":
		if r := reflect.ValueOf(v); r.Kind() == reflect.String {
			made, ok = r.String(), true
		}
	case kind == IntColumn:
		made, ok = integer(v)
	case kind == BoolColumn:
		if r := reflect.ValueOf(v); r.Kind() == reflect.Bool {
			made, ok = r.Bool(), true
		}
	case kind == FloatColumn:
		made, ok = float(v)
	case kind == TimeColumn:
		made, ok = moment(v)
	}
	if !ok {
		return nil, &QueryError{c.Name, fmt.Sprintf("is not comparable with a value of type %T", v)}
	}
	return made, nil
}

// Values does the same with every element of a slice.
func (c Column) Values(v any) ([]any, error) {
	r := reflect.ValueOf(v)
	if r.Kind() != reflect.Slice {
		return nil, &QueryError{c.Name, "is looked for in something that is not a list"}
	}
	if r.Len() > inMost {
		return nil, &QueryError{c.Name, fmt.Sprintf("is looked for in a list of %d values, more than %d", r.Len(), inMost)}
	}
	made := make([]any, r.Len())
	for i := range made {
		one, err := c.Value(r.Index(i).Interface())
		if err != nil {
			return nil, err
		}
		made[i] = one
	}
	return made, nil
}

// exactInteger is the largest magnitude up to which a float64, and so JSON, holds every integer.
const exactInteger = 1 << 53

func integer(v any) (int64, bool) {
	r := reflect.ValueOf(v)
	switch {
	case r.CanInt():
		return r.Int(), true
	case r.CanUint():
		return int64(r.Uint()), r.Uint() <= math.MaxInt64
	case r.CanFloat():
		f := r.Float()
		return int64(f), f == math.Trunc(f) && math.Abs(f) <= exactInteger
	case r.Kind() == reflect.String:
		i, err := strconv.ParseInt(r.String(), 10, 64)
		return i, err == nil
	}
	return 0, false
}

func float(v any) (float64, bool) {
	if n, is := v.(json.Number); is {
		f, err := n.Float64()
		return f, err == nil
	}
	r := reflect.ValueOf(v)
	switch {
	case r.CanFloat():
		return r.Float(), true
	case r.CanInt():
		return float64(r.Int()), true
	}
	return 0, false
}

func moment(v any) (time.Time, bool) {
	switch t := v.(type) {
	case time.Time:
		return events.Time(t), true
	case *time.Time:
		if t != nil {
			return events.Time(*t), true
		}
	case string:
		parsed, err := time.Parse(time.RFC3339Nano, t)
		return events.Time(parsed), err == nil
	}
	return time.Time{}, false
}

// Place is a value of a column as Row.After holds it: it comes back from JSON as it went, whatever decodes it.
func (c Column) Place(v any) any {
	switch v := v.(type) {
	case int64:
		if v > exactInteger || v < -exactInteger {
			return strconv.FormatInt(v, 10)
		}
	case time.Time:
		return v.Format(time.RFC3339Nano)
	}
	return v
}
