package postgres

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"tillstream/projections"
)

// units are how a time is cut, in the form in which it is rendered.
var units = map[string]string{"day": "YYYY-MM-DD", "month": "YYYY-MM", "year": "YYYY"}

// Group answers sums by the grouped columns. It fails with projections.ErrSumOverflow when one does not fit.
func (r *Rows[V]) Group(ctx context.Context, g projections.Grouping) ([]projections.Group, error) {
	s, err := r.statement(g.Where)
	if err != nil {
		return nil, err
	}
	query, err := s.grouping(g)
	if err != nil {
		return nil, err
	}
	var groups []projections.Group
	err = reading(ctx, r.db.ask, func() error {
		if err := r.ready(ctx, s); err != nil {
			return err
		}
		rows, err := r.db.ask.Query(ctx, query, s.args...)
		if err != nil {
			return err
		}
		groups, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (projections.Group, error) { return groupOf(g, row) })
		return err
	})
	switch {
	case sqlState(err) == numberOutOfRange:
		return nil, fmt.Errorf("group %s: %w", r.table.name, projections.ErrSumOverflow)
	case sqlState(err) == invalidParameter: // a time zone that this binary knows and the server does not
		return nil, &projections.QueryError{Problem: "cuts time in a zone that the database does not know"}
	case err != nil:
		return nil, fmt.Errorf("group %s: %w", r.table.name, err)
	case len(groups) > projections.GroupsMost:
		return nil, &projections.QueryError{Problem: fmt.Sprintf("has more than %d groups", projections.GroupsMost)}
	}
	return groups, nil
}

func (s *statement) grouping(g projections.Grouping) (string, error) {
	var picked, places []string
	for i, d := range g.By {
		column, err := s.dimension(d)
		if err != nil {
			return "", err
		}
		picked, places = append(picked, column), append(places, fmt.Sprint(i+1))
	}
	picked = append(picked, "count(*)")
	for _, name := range g.Sum {
		column, err := projections.Lookup(s.columns, name)
		if err != nil {
			return "", err
		}
		if column.Kind != projections.IntColumn {
			return "", &projections.QueryError{Column: name, Problem: "cannot be summed: it does not hold whole numbers"}
		}
		picked = append(picked, "coalesce(sum(t."+quoted(column.Name)+"), 0)::bigint")
	}
	for _, name := range g.Distinct {
		column, err := projections.Lookup(s.columns, name)
		if err != nil {
			return "", err
		}
		if !column.Scalar() {
			return "", &projections.QueryError{Column: name, Problem: "cannot be counted"}
		}
		picked = append(picked, "count(DISTINCT t."+quoted(column.Name)+")")
	}
	query := "SELECT " + strings.Join(picked, ", ") + " FROM " + s.table.quoted() + " t WHERE " + s.conditions()
	if len(places) > 0 {
		by := strings.Join(places, ", ")
		query += " GROUP BY " + by + " ORDER BY " + by
	}
	return query + fmt.Sprintf(" LIMIT %d", projections.GroupsMost+1), nil
}

// dimension is what is grouped by, as SQL.
func (s *statement) dimension(d projections.Dimension) (string, error) {
	column, err := projections.Lookup(s.columns, d.Column)
	if err != nil {
		return "", err
	}
	name := "t." + quoted(column.Name)
	switch {
	case !column.Scalar() || column.Kind == projections.FloatColumn:
		return "", &projections.QueryError{Column: d.Column, Problem: "cannot be grouped by"}
	case d.Unit == "":
		return name, nil
	case column.Kind != projections.TimeColumn:
		return "", &projections.QueryError{Column: d.Column, Problem: "is no time: it has no " + d.Unit}
	}
	form, known := units[d.Unit]
	if !known {
		return "", &projections.QueryError{Column: d.Column, Problem: fmt.Sprintf("cannot be cut to %q: day, month or year", d.Unit)}
	}
	zone := "UTC"
	if d.Zone != "" {
		zone = d.Zone
	}
	if _, err := time.LoadLocation(zone); err != nil || zone == "Local" {
		return "", &projections.QueryError{Column: d.Column, Problem: fmt.Sprintf("cannot be cut in the time zone %q: none is known by that name", d.Zone)}
	}
	return fmt.Sprintf(`to_char(%s AT TIME ZONE %s::text, '%s') COLLATE "C"`, name, s.parameter(zone), form), nil
}

func groupOf(g projections.Grouping, row pgx.CollectableRow) (projections.Group, error) {
	group := projections.Group{Keys: make([]any, len(g.By)), Sum: make([]int64, len(g.Sum)), Distinct: make([]int64, len(g.Distinct))}
	var into []any
	for i := range group.Keys {
		into = append(into, &group.Keys[i])
	}
	into = append(into, &group.Rows)
	for i := range group.Sum {
		into = append(into, &group.Sum[i])
	}
	for i := range group.Distinct {
		into = append(into, &group.Distinct[i])
	}
	if err := row.Scan(into...); err != nil {
		return group, err
	}
	for i, key := range group.Keys {
		if t, is := key.(time.Time); is {
			group.Keys[i] = t.UTC().Format(time.RFC3339Nano)
		}
	}
	return group, nil
}
