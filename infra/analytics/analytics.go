// Package analytics is the star schema that analysts read: stable names over the tables of views.
package analytics

import (
	"slices"

	"tillstream/infra/postgres"
)

// Schema is the name of the SQL schema.
const Schema = "analytics"

// Role is the role that can read it, and nothing else.
const Role = "till_analyst"

// Kinds of tables.
const (
	Fact      = "fact"      // what happened; at, recorded_at and fact_id are among its columns
	Dimension = "dimension" // what facts can be grouped by; its first column names a row
	State     = "state"     // how far the others are
)

// Table is a fact, a dimension or the state of both, as an SQL view.
type Table struct {
	Name     string
	Kind     string
	Holds    string // what a row is
	Query    string // with views of the shop in braces
	Columns  []Column
	Nullable []string // columns that may be null; no other may
}

// Column is a column and what it means, in the order of the query.
type Column struct{ Name, Meaning string }

// Tables lists the whole schema, facts first.
func Tables() []Table {
	return []Table{sales, stockMovements, payments, loyalty, day, product, warehouse, customer, country, freshness}
}

// Exported are those that can be taken out as files, facts first.
func Exported() []Table {
	return slices.DeleteFunc(Tables(), func(t Table) bool { return t.Kind == State })
}

// Find finds a table that can be taken out.
func Find(name string) (Table, bool) {
	tables := Exported()
	i := slices.IndexFunc(tables, func(t Table) bool { return t.Name == name })
	if i < 0 {
		return Table{}, false
	}
	return tables[i], true
}

// Names are the tables as the host of views keeps them.
func Names() []postgres.StableName {
	var names []postgres.StableName
	for _, t := range Tables() {
		names = append(names, postgres.StableName{Name: t.Name, Query: t.Query})
	}
	return names
}
