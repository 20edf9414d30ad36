package proof

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"tillstream/infra/targets/tilltest"
	"tillstream/projections"
)

// verdict is what till replay verify says of one view.
type verdict struct {
	View        string
	Left, Right string
	Equal       bool
	Compared    int
	Differences []struct {
		Key, Kind string
		Columns   []string
		Types     []string
	}
	Types []struct{ Type string }
}

func verifies(t *testing.T, till *tilltest.Till, wantCode int, args ...string) (list []verdict) {
	t.Helper()
	r := tilltest.Run(t.Context(), t, append([]string{"replay", "verify", "--json", "--data", till.Data}, args...)...)
	if r.Code != wantCode {
		t.Fatalf("till replay verify %v ended with %d, not %d: %s%s", args, r.Code, wantCode, r.Out, r.Err)
	}
	for line := range strings.Lines(r.Out) {
		var v verdict
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		list = append(list, v)
	}
	return list
}

// The promise of a comparison with a fold made now: whichever field of whichever view was changed behind the platform's
// back, it names the key and the column, and ends with 4.
func TestAPlantedChangeOfAnyViewIsFoundAndNamed(t *testing.T) {
	r := chance(t)
	till := tilltest.Start(t, dataDir(t, "data"))
	imports(t, till, 0, excerpt(t, 1))
	db := database(t, till.Data)
	type plant struct{ key, column string }
	planted, undo, empty := map[string]plant{}, []func(){}, map[string]bool{} // empty: of processes and keyed commands an import has none
	for _, view := range projections.Views() {
		x := &tampering{db: db, view: view.Name, table: tableOf(t, db, view.Name).Sanitize(), columns: view.Columns}
		key, column, restore := x.plant(t, r, view)
		planted[view.Name], undo, empty[view.Name] = plant{key, column}, append(undo, restore), column == ""
	}

	for _, v := range verifies(t, till, 4, "--fresh", "--all") {
		p := planted[v.View]
		delete(planted, v.View)
		if v.Equal || len(v.Differences) != 1 || v.Differences[0].Key != p.key || p.column != "" && !slices.Equal(v.Differences[0].Columns, []string{p.column}) {
			t.Errorf("%s of %q was changed in %s, the verdict is %+v", p.column, p.key, v.View, v)
		}
	}
	if len(planted) > 0 {
		t.Errorf("nothing was said of %v", planted)
	}
	for _, restore := range undo {
		restore()
	}
	for _, v := range verifies(t, till, 0, "--fresh", "--all") {
		if !v.Equal || (v.Compared == 0) != empty[v.View] {
			t.Errorf("when all is as it was the verdict is %+v", v)
		}
	}
}

// plant changes one column of one row; of a view that has no rows yet, it makes one.
func (x *tampering) plant(t *testing.T, r *rand.Rand, view projections.Declared) (key, column string, undo func()) {
	t.Helper()
	for _, n := range r.Perm(len(view.Columns)) {
		c := view.Columns[n]
		var there bool
		err := x.db.QueryRow(t.Context(), fmt.Sprintf("SELECT EXISTS (SELECT FROM %s WHERE NOT gone AND %s IS NOT NULL)", x.table, pgx.Identifier{c.Name}.Sanitize())).Scan(&there)
		if err != nil {
			t.Fatal(err)
		}
		if there {
			key, undo := x.change(t, r, c, nil, func(string) {})
			return key, c.Name, undo
		}
	}
	return "X/X", "", x.invent(t)
}
