package postgres

import (
	"context"
	"fmt"
	"reflect"
	"strings"

	"tillstream/projections"
)

// getMost is how many keys one query of GetMany asks for.
const getMost = 10_000

// Get answers the value of a key; tombstones are not found.
func (r *Rows[V]) Get(ctx context.Context, key string) (V, bool, error) {
	found, err := r.GetMany(ctx, []string{key})
	value, there := found[key]
	return value, there, err
}

// GetMany answers those of the keys that are found.
func (r *Rows[V]) GetMany(ctx context.Context, keys []string) (map[string]V, error) {
	found := make(map[string]V, len(keys))
	for len(keys) > 0 {
		some := keys[:min(len(keys), getMost)]
		keys = keys[len(some):]
		s := &statement{table: r.table, where: []string{"NOT gone"}}
		s.where = append(s.where, "t.key = ANY("+s.parameter(storable(some))+")")
		rows, err := r.scan(ctx, s, "")
		if err != nil {
			return nil, fmt.Errorf("get %d keys of %s: %w", len(some), r.table.name, err)
		}
		for _, row := range rows {
			found[row.Key] = row.Value
		}
	}
	return found, nil
}

// scan answers the rows of a statement without their places.
func (r *Rows[V]) scan(ctx context.Context, s *statement, tail string) (list []projections.Row[V], err error) {
	sql := "SELECT " + r.table.list() + " FROM " + r.table.quoted() + " t WHERE " + s.conditions() + tail
	args := append([]any{binaryResults}, s.args...)
	err = reading(ctx, r.db.ask, func() error {
		list = nil
		if err := r.ready(ctx, s); err != nil {
			return err
		}
		rows, err := r.db.ask.Query(ctx, sql, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var row projections.Row[V]
			if row.Key, _, err = r.table.read(rows.RawValues(), reflect.ValueOf(&row.Value).Elem()); err != nil {
				return err
			}
			list = append(list, row)
		}
		return rows.Err()
	})
	return list, err
}

// List answers at most q.Limit rows; it is a *projections.QueryError that a query cannot be answered.
func (r *Rows[V]) List(ctx context.Context, q projections.Query) ([]projections.Row[V], error) {
	if q.Limit < 1 || q.Limit > projections.LimitMost {
		return nil, &projections.QueryError{Problem: fmt.Sprintf("asks for %d rows, not for 1 to %d", q.Limit, projections.LimitMost)}
	}
	s, err := r.statement(q.Where)
	if err != nil {
		return nil, err
	}
	order, err := s.order(q.Order)
	if err != nil {
		return nil, err
	}
	if len(q.After) > 0 {
		if err := s.after(order, q.After); err != nil {
			return nil, err
		}
	}
	tail := " ORDER BY " + orderSQL(order) + " LIMIT " + s.parameter(q.Limit)
	list, err := r.scan(ctx, s, tail)
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", r.table.name, err)
	}
	for i, row := range list {
		value := reflect.ValueOf(row.Value)
		list[i].After = make([]any, len(order))
		for j, o := range order {
			list[i].After[j] = o.place(row.Key, value)
		}
	}
	return list, nil
}

// ordered is a column of an order. The last one is the key.
type ordered struct {
	projections.Column
	desc bool
}

func (s *statement) order(by []projections.By) ([]ordered, error) {
	var all []ordered
	key := ordered{Column: projections.Column{Name: "key", Field: -1}}
	for _, b := range by {
		column, err := projections.Lookup(s.columns, b.Column)
		if err != nil {
			return nil, err
		}
		if !column.Scalar() {
			return nil, &projections.QueryError{Column: b.Column, Problem: "has no order"}
		}
		all = append(all, ordered{column, b.Desc})
		key.desc = b.Desc
		if column.Field < 0 {
			return all, nil // nothing is left to order by
		}
	}
	return append(all, key), nil
}

func orderSQL(order []ordered) string {
	parts := make([]string, len(order))
	for i, o := range order {
		parts[i] = "t." + quoted(o.Name)
		if o.desc {
			parts[i] += " DESC"
		}
	}
	return strings.Join(parts, ", ")
}

func (o ordered) place(key string, value reflect.Value) any {
	if o.Field < 0 {
		return key
	}
	field := value.Field(o.Field)
	if field.Kind() == reflect.Pointer && field.IsNil() {
		return nil
	}
	v, err := o.Value(field.Interface())
	if err != nil {
		return nil // no field of V fails to be a value of its own column
	}
	return o.Place(v)
}

// after adds that a row lies behind a place: where all columns are of one direction and never null, as one comparison of
// rows, which an index serves; else column by column.
func (s *statement) after(order []ordered, after []any) error {
	if len(after) != len(order) {
		return &projections.QueryError{Problem: fmt.Sprintf("goes on after %d values, the order has %d columns", len(after), len(order))}
	}
	places := make([]string, len(order))
	uniform := true
	for i, o := range order {
		uniform = uniform && o.desc == order[0].desc && !o.Nullable
		if after[i] == nil && o.Nullable {
			continue
		}
		value, err := o.Value(after[i])
		if err != nil {
			return err
		}
		places[i] = s.parameter(value)
	}
	if uniform {
		names := make([]string, len(order))
		for i, o := range order {
			names[i] = "t." + quoted(o.Name)
		}
		s.where = append(s.where, "("+strings.Join(names, ", ")+")"+beyond(order[0].desc)+"("+strings.Join(places, ", ")+")")
		return nil
	}
	var either []string
	same := ""
	for i, o := range order {
		either = append(either, "("+same+o.behind(places[i])+")")
		same += o.same(places[i]) + " AND "
	}
	s.where = append(s.where, "("+strings.Join(either, " OR ")+")")
	return nil
}

func beyond(desc bool) string {
	if desc {
		return " < "
	}
	return " > "
}

// behind compares with a place; an empty one is that of null, which is greater than every value.
func (o ordered) behind(place string) string {
	name := "t." + quoted(o.Name)
	switch {
	case place == "" && o.desc:
		return name + " IS NOT NULL"
	case place == "":
		return "false"
	case o.desc:
		return name + " < " + place
	case o.Nullable:
		return "(" + name + " > " + place + " OR " + name + " IS NULL)"
	}
	return name + " > " + place
}

func (o ordered) same(place string) string {
	if place == "" {
		return "t." + quoted(o.Name) + " IS NULL"
	}
	return "t." + quoted(o.Name) + " = " + place
}
