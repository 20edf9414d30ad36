package postgres

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"tillstream/projections"
)

// statement collects the conditions and parameters of one query. Names of columns are those of the table's fields,
// operations those of a closed set, and values are parameters: nothing that a caller wrote becomes SQL.
type statement struct {
	table   table
	columns []projections.Column
	anyCase string
	where   []string
	args    []any
	opened  bool // it reads the opened table
}

func (r *Rows[V]) statement(conditions []projections.Cond) (*statement, error) {
	s := &statement{table: r.table, columns: projections.Columns[V](), anyCase: r.db.anyCase, where: []string{"NOT gone"}}
	for _, c := range conditions {
		if err := s.and(c); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *statement) parameter(v any) string {
	s.args = append(s.args, v)
	return fmt.Sprintf("$%d", len(s.args))
}

func (s *statement) conditions() string { return strings.Join(s.where, " AND ") }

// and adds a condition.
func (s *statement) and(c projections.Cond) error {
	column, err := projections.Lookup(s.columns, c.Column)
	if err != nil {
		return err
	}
	if err := column.Allows(c.Op); err != nil {
		return err
	}
	name := "t." + quoted(column.Name)
	if column.Opens == "" || c.Op == projections.IsNull {
		condition, err := s.compare(name, column, c)
		s.where = append(s.where, condition)
		return err
	}
	s.opened = true
	condition, err := s.compare("o."+quoted(column.Name), column, c)
	s.where = append(s.where, fmt.Sprintf("EXISTS (SELECT FROM %s o WHERE o.key = t.key AND o.%s <> '' AND %s)",
		s.table.quotedOpened(), quoted(column.Name), condition))
	return err
}

func (s *statement) compare(name string, column projections.Column, c projections.Cond) (string, error) {
	switch c.Op {
	case projections.IsNull:
		return name + " IS NULL", nil
	case projections.In:
		values, err := column.Values(c.Value)
		if err != nil {
			return "", err
		}
		return name + " = ANY(" + s.parameter(typed(column, values)) + ")", nil
	}
	value, err := column.Value(c.Value)
	if err != nil {
		return "", err
	}
	if text, is := value.(string); is && !isStorable(text) {
		return "false", nil
	}
	switch c.Op {
	case projections.Contains:
		return fmt.Sprintf("strpos(lower(%s COLLATE %s), lower(%s::text COLLATE %s)) > 0", name, s.anyCase, s.parameter(value), s.anyCase), nil
	case projections.Prefix:
		return s.prefix(name, value.(string)), nil
	}
	return name + " " + string(c.Op) + " " + s.parameter(value), nil
}

// prefix is a range of text by its bytes, which an index serves and no character of which means anything else.
func (s *statement) prefix(name, prefix string) string {
	condition := name + " >= " + s.parameter(prefix)
	if beyond := afterPrefix(prefix); beyond != "" {
		condition += " AND " + name + " < " + s.parameter(beyond)
	}
	return condition
}

// afterPrefix is the least text greater than all that begin with prefix; empty when there is none.
func afterPrefix(prefix string) string {
	for len(prefix) > 0 {
		last, size := utf8.DecodeLastRuneInString(prefix)
		prefix = prefix[:len(prefix)-size]
		switch {
		case last == 0xd7ff:
			return prefix + "\ue000" // what lies between is no character
		case last < utf8.MaxRune:
			return prefix + string(last+1)
		}
	}
	return ""
}

// typed is a list of values as the slice that becomes an array of the column's type.
func typed(column projections.Column, values []any) any {
	switch {
	case column.Kind == projections.IntColumn:
		return sliceOf[int64](values)
	case column.Kind == projections.BoolColumn:
		return sliceOf[bool](values)
	case column.Kind == projections.FloatColumn:
		return sliceOf[float64](values)
	case column.Kind == projections.TimeColumn:
		return sliceOf[time.Time](values)
	}
	return storable(sliceOf[string](values))
}

// storable leaves out what PostgreSQL cannot even be asked about, since no text kept is like it.
func storable(texts []string) []string {
	return slices.DeleteFunc(slices.Clone(texts), func(s string) bool { return !isStorable(s) })
}

func isStorable(s string) bool { return strings.IndexByte(s, 0) < 0 && utf8.ValidString(s) }

func sliceOf[T any](values []any) []T {
	made := make([]T, len(values))
	for i, v := range values {
		made[i] = v.(T)
	}
	return made
}
