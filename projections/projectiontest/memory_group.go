package projectiontest

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"tillstream/projections"
)

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
	sums, differs []projections.Column
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
		for i, c := range g.sums {
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
	return &projections.Group{Keys: keys, Sum: make([]int64, len(g.sums)), Distinct: make([]int64, len(g.differs))}
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
		g.sums = append(g.sums, c)
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
