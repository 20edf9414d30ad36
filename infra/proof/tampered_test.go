package proof

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	bulkv1 "tillstream/gateway/api/bulk/v1"
	statusv1 "tillstream/gateway/api/status/v1"
	"tillstream/infra/onlineretail"
	"tillstream/infra/targets/tilltest"
	"tillstream/projections"
)

// booked are the columns in which the books of an import speak: whatever row of them is changed, the reconciliation says so.
// Other columns are the platform's own (which event, when recorded), or of business that books do not know.
var booked = map[string][]string{
	"products":         {"sku", "name", "kind"},
	"prices":           {"sku", "warehouse", "windows"},
	"stock_levels":     {"sku", "warehouse", "on_hand", "reserved", "available"},
	"stock_movements":  {"sku", "warehouse", "kind", "quantity", "reason", "reference", "order_id", "return_id", "at", "correlation"},
	"customers":        {"customer_id", "number", "country"},
	"orders":           {"order_id", "number", "customer_id", "country", "currency", "state", "payment_state", "shipment_state", "net_minor", "tax_minor", "gross_minor", "cancelled_minor", "returned_minor", "line_count", "units", "shipped_units", "captured_minor", "refunded_minor", "placed_at", "correlation"},
	"order_lines":      {"order_id", "line_id", "ordinal", "sku", "name", "kind", "warehouse", "quantity", "unit_amount", "unit_scale", "currency", "gross_minor", "cancelled", "shipped", "returned", "cancelled_minor", "returned_minor"},
	"customer_orders":  {"order_id", "customer_id", "number", "country", "currency", "state", "gross_minor", "cancelled_minor", "returned_minor", "line_count", "units", "placed_at"},
	"sales_facts":      {"kind", "at", "sku", "goods", "warehouse", "country", "customer_id", "order_id", "line_id", "number", "units", "amount_minor", "currency", "orders", "sold_units", "cancelled_units", "returned_units", "credited_units", "gross_minor", "cancelled_minor", "returned_minor", "credited_minor", "accounting_minor", "net_minor", "correlation"},
	"credit_notes":     {"credit_note_id", "number", "customer_id", "country", "currency", "total_minor", "parts", "settled", "at", "correlation"},
	"loyalty_accounts": {"active", "pending", "earned", "burned", "expired", "reversed"},
	"imports":          {"source", "digest", "rows", "documents", "last_day", "days_closed", "imported", "completed", "refused"},
}

// The promise of the reconciliation: it is made of what the views say, so that one row changed behind the platform's back
// makes the import end with 3, whichever view it is in.
func TestARowChangedBehindThePlatformsBackIsFound(t *testing.T) {
	r, file := chance(t), excerpt(t, 1)
	columnsEach := 3
	if testing.Short() {
		columnsEach = 1
	}
	till := tilltest.Start(t, dataDir(t, "data"))
	imports(t, till, 0, file)
	db, differences := database(t, till.Data), comparing(t, till, file)
	for _, view := range projections.Views() {
		names, ours := booked[view.Name]
		if !ours {
			continue
		}
		t.Run(view.Name, func(t *testing.T) {
			tampering := &tampering{db: db, table: tableOf(t, db, view.Name).Sanitize()}
			first := names[r.IntN(len(names))]
			t.Logf("another %s", first)
			undo := tampering.change(t, r, columnNamed(t, view, first))
			if s, _ := imports(t, till, 3, file, "--reconcile-only"); len(s.Differences) == 0 {
				t.Error("the import ends with 3 and lists nothing")
			}
			undo()
			for _, n := range r.Perm(len(names))[:min(columnsEach, len(names))] {
				undo := tampering.change(t, r, columnNamed(t, view, names[n]))
				if differences() == 0 {
					t.Errorf("another %s is not found", names[n])
				}
				undo()
			}
			if view.Name != "loyalty_accounts" { // whose number no book tells
				undo = tampering.remove(t, r)
				if differences() == 0 {
					t.Error("a row that is gone is not found")
				}
				undo()
			}
			if n := differences(); n != 0 {
				t.Errorf("%d differences remain when all is as it was", n)
			}
		})
	}
}

func columnNamed(t *testing.T, view projections.Declared, name string) projections.Column {
	t.Helper()
	i := slices.IndexFunc(view.Columns, func(c projections.Column) bool { return c.Name == name })
	if i < 0 {
		t.Fatalf("%s has no column %s", view.Name, name)
	}
	return view.Columns[i]
}

// comparing counts the differences that a reconciliation finds, without a process for each.
func comparing(t *testing.T, till *tilltest.Till, path string) func() int {
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
	return func() int {
		r, err := views.Reconcile(t.Context(), plan, "MAIN", nil)
		if err != nil {
			t.Fatal(err)
		}
		return r.Found
	}
}

// tampering changes a table of the views as nobody should.
type tampering struct {
	db    *pgx.Conn
	table string
}

// change gives a column of some row another value, and answers what undoes that.
func (x *tampering) change(t *testing.T, r *rand.Rand, c projections.Column) (undo func()) {
	t.Helper()
	_, undo = x.changeOf(t, r, c)
	return undo
}

// changeOf is change that tells which row it was.
func (x *tampering) changeOf(t *testing.T, r *rand.Rand, c projections.Column) (key string, undo func()) {
	t.Helper()
	name := pgx.Identifier{c.Name}.Sanitize()
	other := map[projections.ColumnKind]string{
		projections.TextColumn: name + " || 'X'", projections.IntColumn: name + " + 1", projections.BoolColumn: "NOT " + name,
		projections.TimeColumn: name + " + interval '1 hour'", projections.NestedColumn: "CASE " + name + " WHEN '[]' THEN '[null]'::jsonb ELSE '[]' END",
	}[c.Kind]
	key = x.some(t, r, name+" IS NOT NULL")
	var was, kind string
	x.row(t, fmt.Sprintf("SELECT %[1]s::text, pg_typeof(%[1]s)::text FROM %[2]s WHERE key = $1", name, x.table), key, &was, &kind)
	x.must(t, fmt.Sprintf("UPDATE %s SET %s = %s WHERE key = $1", x.table, name, other), key)
	return key, func() {
		x.must(t, fmt.Sprintf("UPDATE %s SET %s = $2::text::%s WHERE key = $1", x.table, name, kind), key, was)
	}
}

// remove takes some row away, and answers what brings it back.
func (x *tampering) remove(t *testing.T, r *rand.Rand) (undo func()) {
	t.Helper()
	key := x.some(t, r, "true")
	var whole string
	x.row(t, fmt.Sprintf("SELECT to_jsonb(t)::text FROM %s t WHERE key = $1", x.table), key, &whole)
	x.must(t, fmt.Sprintf("DELETE FROM %s WHERE key = $1", x.table), key)
	return func() {
		x.must(t, fmt.Sprintf("INSERT INTO %[1]s SELECT * FROM jsonb_populate_record(NULL::%[1]s, $1::text::jsonb)", x.table), whole)
	}
}

// some is the key of any row, the same for a seed.
func (x *tampering) some(t *testing.T, r *rand.Rand, where string) (key string) {
	t.Helper()
	salt := fmt.Sprint(r.Uint64())
	x.row(t, fmt.Sprintf("SELECT key FROM %s WHERE NOT gone AND %s ORDER BY md5(key || $1) LIMIT 1", x.table, where), salt, &key)
	return key
}

func (x *tampering) row(t *testing.T, sql, arg string, into ...any) {
	t.Helper()
	if err := x.db.QueryRow(t.Context(), sql, arg).Scan(into...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func (x *tampering) must(t *testing.T, sql string, args ...any) {
	t.Helper()
	if done, err := x.db.Exec(t.Context(), sql, args...); err != nil || done.RowsAffected() != 1 {
		t.Fatalf("%s: %v, %d rows", strings.TrimSpace(sql), err, done.RowsAffected())
	}
}
