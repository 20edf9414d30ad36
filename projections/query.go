package projections

import (
	"context"
	"errors"

	"tillstream/events"
)

// Reader answers queries on the generation of a view that is served.
type Reader[V any] interface {
	// Get answers the value of a key; tombstones are not found.
	Get(ctx context.Context, key string) (V, bool, error)
	// GetMany answers those of the keys that are found.
	GetMany(ctx context.Context, keys []string) (map[string]V, error)
	// List answers at most q.Limit rows in the order of the query, which is total: the key breaks ties.
	List(ctx context.Context, q Query) ([]Row[V], error)
	// Group answers sums by the grouped columns, in the order of the groups.
	Group(ctx context.Context, g Grouping) ([]Group, error)
}

// Served is a view that can be queried, waited for, and watched.
type Served[V any] interface {
	Reader[V]
	At() Checkpoint
	Wait(ctx context.Context, to events.Position) error
	Watch(key string) *Watch
}

// Row is one value of a list, with the place from which the list goes on after it.
type Row[V any] struct {
	Key   string
	Value V
	After []any // of Query.After: the values of the ordered columns, and the key
}

// Op compares a column with a value.
type Op string

// The closed set of comparisons. Null never compares.
const (
	Eq       Op = "="
	Lt       Op = "<"
	Le       Op = "<="
	Gt       Op = ">"
	Ge       Op = ">="
	In       Op = "in"       // the value is a slice
	Prefix   Op = "prefix"   // of text, exact case
	Contains Op = "contains" // of text, any case; of an opened column: of its plain text
	IsNull   Op = "null"     // no value
)

// Cond is one condition on a column; "key" is the key's.
type Cond struct {
	Column string
	Op     Op
	Value  any
}

// By orders a list by a column.
type By struct {
	Column string
	Desc   bool
}

// Query asks for a page of a view's rows. All conditions must hold. The key breaks ties in the direction of the last
// ordered column; null is greater than every value; text is ordered by its bytes. After is Row.After of the last row seen,
// or what JSON makes of it: a list goes on behind that row even when rows were added, changed or removed in between.
// Limit is 1 to LimitMost.
type Query struct {
	Where []Cond
	Order []By
	After []any
	Limit int
}

// The limits of queries: a query beyond them is refused with a *QueryError, a grouping never answers in part.
const (
	LimitMost  = 10_000  // rows of a page
	GroupsMost = 100_000 // groups of a grouping
	inMost     = 10_000  // values of one In
)

// Grouping asks for sums over the rows that satisfy Where, by dimensions; without any, for the one group of all rows,
// which is there even when no row is.
type Grouping struct {
	Where    []Cond
	By       []Dimension
	Sum      []string // integer columns
	Distinct []string // columns of which the different values are counted
}

// Dimension is a column to group by. A time column is cut to a Unit (day, month, year) in a time zone.
type Dimension struct {
	Column string
	Unit   string // empty: the value itself
	Zone   string // IANA name; empty: UTC
}

// ErrSumOverflow says a sum of a Grouping does not fit an int64.
var ErrSumOverflow = errors.New("a sum does not fit 64 bits: ask for smaller groups")

// Group is one row of a Grouping. Keys are in the order of By: text, an int64, a bool, a time's unit as text (2010-12),
// a whole time in RFC 3339, or nil where there is no value. Groups are ordered by their keys, null last.
type Group struct {
	Keys     []any
	Rows     int64
	Sum      []int64
	Distinct []int64
}
