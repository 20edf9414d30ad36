package projectiontest

import (
	"cmp"
	"context"
	"fmt"
	"math"
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

// order is the columns of an order, the key last.
type order[V any] struct {
	columns []projections.Column
	desc    []bool
}

func orderOf[V any](by []projections.By) (order[V], error) {
	var o order[V]
	desc := false
	for _, b := range by {
		column, err := projections.Lookup(projections.Columns[V](), b.Column)
		if err == nil && !column.Scalar() {
			err = &projections.QueryError{Column: b.Column, Problem: "has no order"}
		}
		if err != nil {
			return o, err
		}
		desc = b.Desc
		o.columns, o.desc = append(o.columns, column), append(o.desc, desc)
	}
	key, _ := projections.Lookup(nil, "key")
	o.columns, o.desc = append(o.columns, key), append(o.desc, desc)
	return o, nil
}

func (o order[V]) values(r projections.Row[V]) []any {
	values := make([]any, len(o.columns))
	for i, c := range o.columns {
		values[i] = valueOf(c, r)
	}
	return values
}

func (o order[V]) places(after []any) ([]any, error) {
	if len(after) != len(o.columns) {
		return nil, &projections.QueryError{Problem: "goes on after a row of another order"}
	}
	places := make([]any, len(after))
	for i, c := range o.columns {
		if after[i] == nil && c.Nullable {
			continue
		}
		v, err := c.Value(after[i])
		if err != nil {
			return nil, err
		}
		places[i] = v
	}
	return places, nil
}

func (o order[V]) compare(a, b []any) int {
	for i := range o.columns {
		if c := compare(a[i], b[i]); c != 0 {
			if o.desc[i] {
				return -c
			}
			return c
		}
	}
	return 0
}

// Group answers sums by the grouped columns, in the order of the groups.
func (m *Memory[V]) Group(ctx context.Context, g projections.Grouping) ([]projections.Group, error) {
	grouping, err := groupingOf[V](g)
	if err != nil {
		return nil, err
	}
	rows, err := m.matching(ctx, g.Where)
	if err != nil {
		return nil, err
	}
	return grouping.sum(rows)
}

type grouping[V any] struct {
	keys          []func(projections.Row[V]) any
	sum_, differs []projections.Column
}

func (g grouping[V]) sum(rows []projections.Row[V]) ([]projections.Group, error) {
	groups := map[string]*projections.Group{}
	seen := map[string]bool{}
	if len(g.keys) == 0 {
		groups[""] = g.empty(nil)
	}
	for _, row := range rows {
		keys := make([]any, len(g.keys))
		for i, key := range g.keys {
			keys[i] = key(row)
		}
		id := ""
		if len(keys) > 0 {
			id = fmt.Sprintf("%#v", keys)
		}
		group, there := groups[id]
		if !there {
			group = g.empty(keys)
			groups[id] = group
		}
		group.Rows++
		for i, c := range g.sum_ {
			v := valueOf(c, row).(int64)
			if v > 0 && group.Sum[i] > math.MaxInt64-v || v < 0 && group.Sum[i] < math.MinInt64-v {
				return nil, projections.ErrSumOverflow
			}
			group.Sum[i] += v
		}
		for i, c := range g.differs {
			v := valueOf(c, row)
			if mark := fmt.Sprintf("%s %d %#v", id, i, v); v != nil && !seen[mark] {
				seen[mark] = true
				group.Distinct[i]++
			}
		}
	}
	sorted := make([]projections.Group, 0, len(groups))
	for _, group := range groups {
		sorted = append(sorted, *group)
	}
	slices.SortFunc(sorted, func(a, b projections.Group) int { return slices.CompareFunc(a.Keys, b.Keys, compare) })
	return sorted, nil
}

func (g grouping[V]) empty(keys []any) *projections.Group {
	return &projections.Group{Keys: keys, Sum: make([]int64, len(g.sum_)), Distinct: make([]int64, len(g.differs))}
}

func groupingOf[V any](asked projections.Grouping) (g grouping[V], err error) {
	columns := projections.Columns[V]()
	for _, d := range asked.By {
		key, err := dimension[V](columns, d)
		if err != nil {
			return g, err
		}
		g.keys = append(g.keys, key)
	}
	for _, name := range asked.Sum {
		c, err := projections.Lookup(columns, name)
		if err == nil && c.Kind != projections.IntColumn {
			err = &projections.QueryError{Column: name, Problem: "cannot be summed: it does not hold whole numbers"}
		}
		if err != nil {
			return g, err
		}
		g.sum_ = append(g.sum_, c)
	}
	for _, name := range asked.Distinct {
		c, err := projections.Lookup(columns, name)
		if err == nil && !c.Scalar() {
			err = &projections.QueryError{Column: name, Problem: "cannot be counted"}
		}
		if err != nil {
			return g, err
		}
		g.differs = append(g.differs, c)
	}
	return g, nil
}

var units = map[string]string{"day": time.DateOnly, "month": "2006-01", "year": "2006"}

func dimension[V any](columns []projections.Column, d projections.Dimension) (func(projections.Row[V]) any, error) {
	c, err := projections.Lookup(columns, d.Column)
	if err != nil {
		return nil, err
	}
	form, known := units[d.Unit]
	zone, unknown := time.LoadLocation(d.Zone)
	switch {
	case !c.Scalar() || c.Kind == projections.FloatColumn,
		d.Unit != "" && (!known || c.Kind != projections.TimeColumn || unknown != nil || d.Zone == "Local"):
		return nil, &projections.QueryError{Column: d.Column, Problem: "cannot be grouped by like this"}
	}
	return func(r projections.Row[V]) any {
		v := valueOf(c, r)
		t, is := v.(time.Time)
		switch {
		case !is:
			return v
		case d.Unit == "":
			return t.Format(time.RFC3339Nano)
		}
		return t.In(zone).Format(form)
	}, nil
}
