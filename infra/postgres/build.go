package postgres

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"tillstream/projections"
)

// Build answers the generation of the declared version that is being built beside the served one: the last that was
// begun by the same rules, or a new one.
func Build[V any](ctx context.Context, db *DB, view projections.View[V], opener Opener) (*Rows[V], error) {
	return build(ctx, db, view, opener, `AND NOT g.fresh`, made{state: Building, rules: view.Rules()})
}

// BuildAnew answers a new generation, whatever was begun. A fresh one is there to be compared with, and never promoted.
func BuildAnew[V any](ctx context.Context, db *DB, view projections.View[V], opener Opener, fresh bool) (*Rows[V], error) {
	return build(ctx, db, view, opener, `AND false`, made{state: Building, fresh: fresh, rules: view.Rules()})
}

func build[V any](ctx context.Context, db *DB, view projections.View[V], opener Opener, begun string, how made) (*Rows[V], error) {
	columns := projections.Columns[V]()
	var generation Generation
	var t table
	err := db.registering(ctx, view.Name, func(tx pgx.Tx) error {
		found, err := query(ctx, tx, `g.view = $1 AND g.version = $2 AND g.state = 'building' `+begun, view.Name, view.Version)
		if err != nil {
			return err
		}
		for _, last := range slices.Backward(found) {
			generation = last
			if t, err = last.tableFor(columns); err != nil {
				return err
			}
			if last.Shape == t.shape() && slices.Equal(last.Rules, how.rules) {
				return nil
			}
		}
		generation, t, err = create(ctx, tx, view.Name, view.Version, how, columns)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("build %s: %w", view.Name, err)
	}
	return take[V](ctx, db, generation, t, opener)
}

// OpenGeneration answers a generation that there is already, whatever fold built it, if its table has every column of V. It fails
// with a *ColumnsError if not.
func OpenGeneration[V any](ctx context.Context, db *DB, id int64, opener Opener) (*Rows[V], error) {
	found, err := query(ctx, db.ask, `g.id = $1 AND g.state <> 'retired'`, id)
	if err != nil {
		return nil, fmt.Errorf("open generation %d: %w", id, err)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("there is no generation %d", id)
	}
	g := found[0]
	t, err := g.tableFor(projections.Columns[V]())
	if err != nil {
		return nil, err
	}
	if _, missing := ColumnsChanged(g, projections.Columns[V]()); len(missing) > 0 {
		return nil, &ColumnsError{Generation: g, Missing: missing}
	}
	return take[V](ctx, db, g, t, opener)
}

// ColumnsError says that a generation lacks columns that this binary has.
type ColumnsError struct {
	Generation Generation
	Missing    []string // or of another type
}

func (e *ColumnsError) Error() string {
	return fmt.Sprintf("%s of version %d has no such column: %s", e.Generation.Table, e.Generation.Version, strings.Join(e.Missing, ", "))
}

// tableFor is the table of a registered generation as this binary reads it.
func (g Generation) tableFor(columns []projections.Column) (table, error) {
	t, err := tableOf(g.View, g.Version, g.Run, columns)
	t.name = g.Table
	return t, err
}

// ColumnsChanged lists the columns that a generation has and columns has not, and the other way round. One that has
// another type is in both.
func ColumnsChanged(g Generation, columns []projections.Column) (gone, come []string) {
	has := map[string]string{}
	for line := range strings.Lines(g.Shape) {
		name, form := columnOf(line)
		has[name] = form
	}
	for _, c := range columns {
		name, form := columnOf(field{c, codecOf(c.Kind)}.shape())
		if has[name] == form {
			delete(has, name)
		} else {
			come = append(come, name)
		}
	}
	return slices.Sorted(maps.Keys(has)), come
}

// columnOf takes a line of a shape apart. Whether there is an index is nothing that readers see.
func columnOf(line string) (name, form string) {
	name, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
	at := strings.LastIndex(rest, " index=") // a type may be of two words
	_, opens, _ := strings.Cut(rest[at+1:], " opens=")
	return name, rest[:at] + " " + opens
}
