package projectiontest

import (
	"cmp"
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"tillstream/projections"
)

// Get answers the value of a key; tombstones are not found.
func (m *Memory[V]) Get(ctx context.Context, key string) (V, bool, error) {
	found, err := m.GetMany(ctx, []string{key})
	value, there := found[key]
	return value, there, err
}

// GetMany answers those of the keys that are found.
func (m *Memory[V]) GetMany(ctx context.Context, keys []string) (map[string]V, error) {
	docs, err := m.Load(ctx, keys)
	found := map[string]V{}
	for key, doc := range docs {
		if !projections.IsGone(doc.Value) {
			found[key] = doc.Value
		}
	}
	return found, err
}

// List answers at most q.Limit rows in the order of the query.
func (m *Memory[V]) List(ctx context.Context, q projections.Query) ([]projections.Row[V], error) {
	if q.Limit < 1 || q.Limit > projections.LimitMost {
		return nil, &projections.QueryError{Problem: "asks for too few or too many rows"}
	}
	order, err := orderOf[V](q.Order)
	if err != nil {
		return nil, err
	}
	var after []any
	if len(q.After) > 0 {
		if after, err = order.places(q.After); err != nil {
			return nil, err
		}
	}
	rows, err := m.matching(ctx, q.Where)
	if err != nil {
		return nil, err
	}
	for i := range rows {
		rows[i].After = order.values(rows[i])
	}
	slices.SortFunc(rows, func(a, b projections.Row[V]) int { return order.compare(a.After, b.After) })
	if after != nil {
		rows = slices.DeleteFunc(rows, func(r projections.Row[V]) bool { return order.compare(r.After, after) <= 0 })
	}
	rows = rows[:min(len(rows), q.Limit)]
	for _, row := range rows {
		for i, c := range order.columns {
			row.After[i] = c.Place(row.After[i])
		}
	}
	return rows, nil
}

func (m *Memory[V]) matching(ctx context.Context, where []projections.Cond) ([]projections.Row[V], error) {
	tests := make([]func(projections.Row[V]) bool, len(where))
	for i, c := range where {
		test, err := m.test(c)
		if err != nil {
			return nil, err
		}
		tests[i] = test
	}
	var rows []projections.Row[V]
	for key, doc := range m.Docs() {
		row := projections.Row[V]{Key: key, Value: doc.Value}
		if !projections.IsGone(doc.Value) && !slices.ContainsFunc(tests, func(holds func(projections.Row[V]) bool) bool { return !holds(row) }) {
			rows = append(rows, row)
		}
	}
	return rows, ctx.Err()
}

// test makes a condition a predicate.
func (m *Memory[V]) test(c projections.Cond) (func(projections.Row[V]) bool, error) {
	column, err := projections.Lookup(projections.Columns[V](), c.Column)
	if err != nil {
		return nil, err
	}
	if err := column.Allows(c.Op); err != nil {
		return nil, err
	}
	read := func(r projections.Row[V]) any { return valueOf(column, r) }
	if column.Opens != "" && c.Op != projections.IsNull {
		read = func(r projections.Row[V]) any {
			if plain := m.open(r.Value, column); plain != "" {
				return plain
			}
			return nil
		}
	}
	switch c.Op {
	case projections.IsNull:
		return func(r projections.Row[V]) bool { return read(r) == nil }, nil
	case projections.In:
		values, err := column.Values(c.Value)
		return func(r projections.Row[V]) bool { return slices.Contains(values, read(r)) }, err
	}
	value, err := column.Value(c.Value)
	if err != nil {
		return nil, err
	}
	return func(r projections.Row[V]) bool {
		v := read(r)
		return v != nil && holds(c.Op, v, value)
	}, nil
}

func (m *Memory[V]) open(value V, column projections.Column) string {
	if m.plain == nil {
		return ""
	}
	return m.plain(value, column)
}

func holds(op projections.Op, v, value any) bool {
	switch op {
	case projections.Eq:
		return compare(v, value) == 0
	case projections.Lt:
		return compare(v, value) < 0
	case projections.Le:
		return compare(v, value) <= 0
	case projections.Gt:
		return compare(v, value) > 0
	case projections.Ge:
		return compare(v, value) >= 0
	case projections.Prefix:
		return strings.HasPrefix(v.(string), value.(string))
	case projections.Contains:
		return strings.Contains(strings.ToLower(v.(string)), strings.ToLower(value.(string)))
	}
	return false
}

// valueOf is what a column holds, in the types of Column.Value; nil for null.
func valueOf[V any](c projections.Column, r projections.Row[V]) any {
	if c.Field < 0 {
		return r.Key
	}
	field := reflect.ValueOf(r.Value).Field(c.Field)
	switch field.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Interface:
		if field.IsNil() {
			return nil
		}
	}
	if !c.Scalar() {
		return field.Interface()
	}
	v, err := c.Value(field.Interface())
	if err != nil {
		panic(err) // Memory refused it when it was saved
	}
	return v
}

// compare orders values of one column; null is greater than every value.
func compare(a, b any) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	case b == nil:
		return -1
	}
	switch a := a.(type) {
	case string:
		return strings.Compare(a, b.(string))
	case int64:
		return cmp.Compare(a, b.(int64))
	case float64:
		return cmp.Compare(a, b.(float64))
	case time.Time:
		return a.Compare(b.(time.Time))
	case bool:
		return cmp.Compare(rank(a), rank(b.(bool)))
	}
	panic(fmt.Sprintf("values of type %T have no order", a))
}

func rank(b bool) int {
	if b {
		return 1
	}
	return 0
}
