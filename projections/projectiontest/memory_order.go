package projectiontest

import "tillstream/projections"

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
		if column.Field < 0 {
			return o, nil
		}
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
