package proof

import (
	"iter"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	bulkv1 "tillstream/gateway/api/bulk/v1"
	statusv1 "tillstream/gateway/api/status/v1"
	"tillstream/infra/onlineretail"
	"tillstream/infra/targets/tilltest"
	"tillstream/projections"
)

// unsaid is what neither the file nor any other view tells, so that nobody can find it changed. That the list is short is
// part of the promise.
var unsaid = map[string][]string{
	"audit_log": {"recorded_at"}, // of a fact that is in no view with its record time, such as a reservation's
}

// The promise of the reconciliation: it is made of what the views say, so that one row changed, removed or added behind
// the platform's back makes the import end with 3 and name view and key, whichever view it is in. A view that is added to
// the platform is in this test by itself.
func TestARowChangedBehindThePlatformsBackIsFound(t *testing.T) {
	r, file := chance(t), excerpt(t, 1)
	till := tilltest.Start(t, dataDir(t, "data"))
	imports(t, till, 0, file)
	db, differences := database(t, till.Data), comparing(t, till, file)
	if n := len(differences()); n != 0 {
		t.Fatalf("%d differences before anything is changed", n)
	}
	asked := projections.Views()[r.IntN(len(projections.Views()))] // of whom an operator asks, too
	for _, view := range projections.Views() {
		t.Run(view.Name, func(t *testing.T) {
			x := &tampering{db: db, view: view.Name, table: tableOf(t, db, view.Name).Sanitize(), columns: view.Columns}
			if x.count(t) == 0 { // nothing acts on what is imported, and no import has an Idempotency-Key
				undo := x.invent(t)
				mustName(t, differences(), view.Name, deed{what: "a row that was invented", key: "X/X"})
				undo()
				return
			}
			for done := range x.deeds(t, r, unsaid[view.Name]) {
				found := differences()
				for _, d := range done {
					mustName(t, found, view.Name, d)
				}
				for _, d := range slices.Backward(done) {
					d.undo()
				}
			}
			if view.Name == projections.ProductPages.Name || view.Name == asked.Name {
				endsWith3(t, x, r, till, file, view)
			}
		})
	}
	if n := len(differences()); n != 0 {
		t.Errorf("%d differences remain when all is as it was", n)
	}
}

// endsWith3 changes one column of one row, and runs the import as an operator does.
func endsWith3(t *testing.T, x *tampering, r *rand.Rand, till *tilltest.Till, file string, view projections.Declared) {
	t.Helper()
	said := slices.DeleteFunc(slices.Clone(view.Columns), func(c projections.Column) bool { return slices.Contains(unsaid[view.Name], c.Name) })
	column := said[r.IntN(len(said))]
	_, undo := x.change(t, r, column, nil, func(string) {})
	defer undo()
	if s, _ := imports(t, till, 3, file, "--reconcile-only"); len(s.Differences) == 0 {
		t.Errorf("another %s: the import ends with 3 and lists nothing", column.Name)
	}
}

// mustName wants a difference that names what was done, and to which row.
func mustName(t *testing.T, found []onlineretail.Difference, view string, d deed) {
	t.Helper()
	if !slices.ContainsFunc(found, func(f onlineretail.Difference) bool {
		return f.View == view && (f.Key == d.key || d.alias != "" && f.Key == d.alias) && (d.field == "" || f.Field == "row" || f.Field == d.field)
	}) {
		t.Errorf("%s: no difference names it and %q of %s, of %d", d.what, d.key, view, len(found))
	}
}

// comparing answers what a reconciliation finds, without a process for each.
func comparing(t *testing.T, till *tilltest.Till, path string) func() []onlineretail.Difference {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	file, err := onlineretail.Read(f)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := onlineretail.MakePlan(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	conn := till.Conn(t)
	views := &onlineretail.Views{Client: bulkv1.NewBulkClient(conn), Status: statusv1.NewStatusClient(conn)}
	return func() []onlineretail.Difference {
		t.Helper()
		r, err := views.Reconcile(t.Context(), plan, "MAIN", nil)
		if err != nil {
			t.Fatal(err)
		}
		return r.Differences
	}
}

// deed is one thing done to a view.
type deed struct {
	what  string
	key   string
	alias string // of an entry of the audit log: its event, by which one that is missing is named
	field string // of a changed column
	undo  func()
}

// deeds does to a view what can be done at once: first every column is changed, each in a row of its own while there are
// enough; then a row is removed, one added, and one made unreadable.
func (x *tampering) deeds(t *testing.T, r *rand.Rand, but []string) iter.Seq[[]deed] {
	t.Helper()
	return func(yield func([]deed) bool) {
		var columns []deed
		var used, lost []string
		for _, c := range x.columns {
			if slices.Contains(but, c.Name) {
				continue
			}
			not := used
			if len(used)+1 >= x.count(t) {
				not = lost
			}
			d := deed{what: "another " + c.Name, field: c.Name}
			key, undo := x.change(t, r, c, not, func(key string) { d.alias = x.alias(t, key) })
			d.key, d.undo = key, undo
			columns, used = append(columns, d), append(used, key)
			if c.Name == "correlation" { // nothing else of that row is read any more
				lost = append(lost, key)
			}
		}
		if !yield(columns) {
			return
		}
		added := deed{what: "a row that was added"}
		added.key, added.undo = x.add(t, r)
		if !yield([]deed{added}) {
			return
		}
		gone := deed{what: "a row that is gone"}
		gone.key, gone.alias, gone.undo = x.remove(t, r)
		rest := []deed{gone}
		for _, c := range x.columns {
			if c.Kind == projections.NestedColumn {
				key, undo := x.set(t, r, c, `'"X"'`, "true", nil, func(string) {})
				rest = append(rest, deed{what: "an unreadable " + c.Name, key: key, undo: undo})
			}
		}
		yield(rest)
	}
}

// sample values, to invent a row of.
func sample(c projections.Column) string {
	return map[projections.ColumnKind]string{
		projections.TextColumn: "'X'", projections.IntColumn: "1", projections.BoolColumn: "true", projections.FloatColumn: "1",
		projections.TimeColumn: "now()", projections.NestedColumn: "NULL", projections.SealedColumn: "NULL",
	}[c.Kind]
}
