package projections

import (
	"context"

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

// Served is a view that can be queried, and waited for.
type Served[V any] interface {
	Reader[V]
	At() Checkpoint
	Wait(ctx context.Context, to events.Position) error
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

// Query asks for a page of a view's rows. All conditions must hold. After is Row.After of the last row seen: a list goes
// on behind that row even when rows were added, changed or removed in between.
type Query struct {
	Where []Cond
	Order []By
	After []any
	Limit int
}

// Grouping asks for sums over the rows that satisfy Where, by dimensions.
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

// Group is one row of a Grouping. Keys are in the order of By: text, or an int64, or a time's unit as text (2010-12).
type Group struct {
	Keys     []any
	Rows     int64
	Sum      []int64
	Distinct []int64
}
