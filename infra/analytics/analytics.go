// Package analytics is the star schema that analysts read: stable names over the tables of views.
package analytics

import "tillstream/infra/postgres"

// Schema is the name of the SQL schema.
const Schema = "analytics"

// Role is the role that can read it, and nothing else.
const Role = "till_analyst"

// Table is a fact or a dimension, as an SQL view.
type Table struct {
	Name    string
	Kind    string // fact, dimension or state
	Holds   string // what a row is
	Time    string // the column of business time; empty: rows have none
	Query   string // with views of the shop in braces
	Columns []Column
}

// Column is a column and what it means, in the order of the query.
type Column struct{ Name, Meaning string }

// Tables lists the whole schema, facts first.
func Tables() []Table {
	return []Table{sales, stockMovements, payments, loyalty, day, product, warehouse, customer, country, freshness}
}

// Facts are the names of those that can be exported.
func Facts() (names []string) {
	for _, t := range Tables() {
		if t.Kind != "state" {
			names = append(names, t.Name)
		}
	}
	return names
}

// Names are the tables as the host of views keeps them.
func Names() []postgres.StableName {
	var names []postgres.StableName
	for _, t := range Tables() {
		names = append(names, postgres.StableName{Name: t.Name, Query: t.Query})
	}
	return names
}
