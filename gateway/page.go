package gateway

import (
	"context"
	"errors"
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"tillstream/projections"
)

// page reads one page of a view, and the cursor of the next; an empty cursor says there is none.
func page[V any](ctx context.Context, g *Gateway, view projections.Reader[V], query proto.Message, limit int32, cursor string, q projections.Query) (values []V, next string, err error) {
	rows, next, err := pageOfRows(ctx, g, view, query, limit, cursor, q)
	if err != nil {
		return nil, "", err
	}
	values = make([]V, len(rows))
	for i, r := range rows {
		values[i] = r.Value
	}
	return values, next, nil
}

// pageOfRows is page with the keys.
func pageOfRows[V any](ctx context.Context, g *Gateway, view projections.Reader[V], query proto.Message, limit int32, cursor string, q projections.Query) (rows []projections.Row[V], next string, err error) {
	n, err := pageLimit(limit)
	if err != nil {
		return nil, "", err
	}
	if q.After, err = g.after(query, cursor); err != nil {
		return nil, "", err
	}
	q.Limit = n + 1 // one more tells whether there is a next page
	if rows, err = view.List(ctx, q); err != nil {
		return nil, "", err
	}
	if len(rows) > n {
		if next, err = g.cursor(query, rows[n-1].After); err != nil {
			return nil, "", err
		}
		rows = rows[:n]
	}
	return rows, next, nil
}

// pageRows is how many rows are read at once where all are wanted.
const pageRows = 500

// each calls do with every row of a query, page by page.
func each[V any](ctx context.Context, view projections.Reader[V], q projections.Query, do func([]projections.Row[V]) error) error {
	for q.Limit = pageRows; ; {
		rows, err := view.List(ctx, q)
		if err != nil {
			return err
		}
		if len(rows) > 0 {
			if err := do(rows); err != nil {
				return err
			}
		}
		if len(rows) < q.Limit {
			return nil
		}
		q.After = rows[len(rows)-1].After
	}
}

// equal adds a condition, unless value is empty: a filter that is not given does not filter.
func equal(where []projections.Cond, column, value string) []projections.Cond {
	if value == "" {
		return where
	}
	return append(where, projections.Cond{Column: column, Op: projections.Eq, Value: value})
}

// oneOf wants a filter that is given to be one of words: a list for another would be empty for ever.
func oneOf[S ~string](field, given string, words []S) error {
	if given == "" || slices.Contains(words, S(given)) {
		return nil
	}
	return badField(field, "is %q, it must be one of %v", given, words)
}

// errEnough ends each before the last page.
var errEnough = errors.New("enough")

func unlessEnough(err error) error {
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

// between adds the bounds that are given: from inclusive, to exclusive.
func between(where []projections.Cond, column string, from, to *timestamppb.Timestamp) []projections.Cond {
	if from != nil {
		where = append(where, projections.Cond{Column: column, Op: projections.Ge, Value: timeOf(from)})
	}
	if to != nil {
		where = append(where, projections.Cond{Column: column, Op: projections.Lt, Value: timeOf(to)})
	}
	return where
}
