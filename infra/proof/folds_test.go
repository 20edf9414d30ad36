package proof

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"tillstream/events"
	"tillstream/infra/targets/tilltest"
	"tillstream/projections"
	"tillstream/projections/projectiontest"
)

// viewsEqualAFreshFold reads every row of every view from the database and compares it, column by column, with what a
// fold of the log in memory comes to.
func viewsEqualAFreshFold(t *testing.T, till *tilltest.Till, log []events.Recorded, empty ...string) {
	t.Helper()
	awaitViews(t, till)
	db := database(t, till.Data)
	compared := map[string]bool{}
	for _, view := range []struct {
		name    string
		compare func() int
	}{
		{projections.Products.Name, func() int { return equalsFold(t, db, projections.Products, log) }},
		{projections.ProductPages.Name, func() int { return equalsFold(t, db, projections.ProductPages, log) }},
		{projections.Prices.Name, func() int { return equalsFold(t, db, projections.Prices, log) }},
		{projections.StockLevels.Name, func() int { return equalsFold(t, db, projections.StockLevels, log) }},
		{projections.StockMovements.Name, func() int { return equalsFold(t, db, projections.StockMovements, log) }},
		{projections.DailyStockMovements.Name, func() int { return equalsFold(t, db, projections.DailyStockMovements, log) }},
		{projections.StockLedger.Name, func() int { return equalsFold(t, db, projections.StockLedger, log) }},
		{projections.Customers.Name, func() int { return equalsFold(t, db, projections.Customers, log) }},
		{projections.CustomerProfiles.Name, func() int { return equalsFold(t, db, projections.CustomerProfiles, log) }},
		{projections.Orders.Name, func() int { return equalsFold(t, db, projections.Orders, log) }},
		{projections.OrderLines.Name, func() int { return equalsFold(t, db, projections.OrderLines, log) }},
		{projections.CustomerOrders.Name, func() int { return equalsFold(t, db, projections.CustomerOrders, log) }},
		{projections.SalesFacts.Name, func() int { return equalsFold(t, db, projections.SalesFacts, log) }},
		{projections.PaymentMovements.Name, func() int { return equalsFold(t, db, projections.PaymentMovements, log) }},
		{projections.CreditNotes.Name, func() int { return equalsFold(t, db, projections.CreditNotes, log) }},
		{projections.LoyaltyAccounts.Name, func() int { return equalsFold(t, db, projections.LoyaltyAccounts, log) }},
		{projections.LoyaltyStatement.Name, func() int { return equalsFold(t, db, projections.LoyaltyStatement, log) }},
		{projections.ProcessStatuses.Name, func() int { return equalsFold(t, db, projections.ProcessStatuses, log) }},
		{projections.Imports.Name, func() int { return equalsFold(t, db, projections.Imports, log) }},
		{projections.KeyedCommands.Name, func() int { return equalsFold(t, db, projections.KeyedCommands, log) }},
		{projections.AuditLog.Name, func() int { return equalsFold(t, db, projections.AuditLog, log) }},
	} {
		if rows := view.compare(); rows == 0 && view.name != projections.ProcessStatuses.Name && !slices.Contains(empty, view.name) { // there is no process yet
			t.Errorf("%s has no rows: nothing was proven of it", view.name)
		}
		compared[view.name] = true
	}
	for _, declared := range projections.Views() {
		if !compared[declared.Name] {
			t.Errorf("%s was not compared", declared.Name)
		}
	}
}

// row is a row as canonical JSON: its columns, where it was changed last, and whether it is a tombstone.
type row struct {
	Columns  string
	Position int64
	Gone     bool
}

func equalsFold[V any](t *testing.T, db *pgx.Conn, view projections.View[V], log []events.Recorded) int {
	t.Helper()
	want := projectiontest.Folded(view, log)
	table := tableOf(t, db, view.Name)
	rows, err := db.Query(t.Context(), `SELECT key, position, gone, to_jsonb(t) - 'key' - 'position' - 'gone' FROM `+table.Sanitize()+` t`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, found, wrong := projections.Columns[V](), 0, 0
	for rows.Next() {
		var key string
		var is row
		var raw []byte
		if err := rows.Scan(&key, &is.Position, &is.Gone, &raw); err != nil {
			t.Fatal(err)
		}
		is.Columns = kept(t, columns, raw)
		doc, there := want[key]
		should := row{folded(t, columns, doc.Value), int64(doc.Position), projections.IsGone(doc.Value)}
		if found++; !there || is != should {
			if wrong++; wrong <= 3 {
				t.Errorf("%s: the row of %q is\n%+v\na fresh fold has (%v)\n%+v", view.Name, key, is, there, should)
			}
		}
		delete(want, key)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	for key := range want {
		if wrong++; wrong <= 3 {
			t.Errorf("%s: the row of %q is missing", view.Name, key)
		}
	}
	if wrong > 3 {
		t.Errorf("%s: %d rows are wrong", view.Name, wrong)
	}
	t.Logf("%s: %d rows of %d columns compared", view.Name, found, len(columns))
	return found
}

// kept is a row as Postgres has it.
func kept(t *testing.T, columns []projections.Column, raw []byte) string {
	t.Helper()
	var fields map[string]any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&fields); err != nil {
		t.Fatal(err)
	}
	if len(fields) != len(columns) {
		t.Fatalf("a row has the columns %v, the view declares %d", fields, len(columns))
	}
	for _, c := range columns {
		text, is := fields[c.Name].(string)
		if c.Kind != projections.TimeColumn || !is {
			continue
		}
		at, err := time.Parse(time.RFC3339Nano, strings.Replace(text, " ", "T", 1))
		if err != nil {
			t.Fatalf("%s: %v", c.Name, err)
		}
		fields[c.Name] = at.UTC().Format(time.RFC3339Nano)
	}
	return canonical(t, fields)
}

// folded is a row as the fold has it.
func folded[V any](t *testing.T, columns []projections.Column, value V) string {
	t.Helper()
	fields := map[string]any{}
	for _, c := range columns {
		f := reflect.ValueOf(value).Field(c.Field)
		switch k := f.Kind(); {
		case (k == reflect.Pointer || k == reflect.Map || k == reflect.Slice) && f.IsNil():
			fields[c.Name] = nil
		case c.Kind == projections.TimeColumn:
			fields[c.Name] = reflect.Indirect(f).Interface().(time.Time).UTC().Format(time.RFC3339Nano)
		default:
			fields[c.Name] = f.Interface()
		}
	}
	var plain map[string]any
	d := json.NewDecoder(strings.NewReader(canonical(t, fields)))
	d.UseNumber()
	if err := d.Decode(&plain); err != nil {
		t.Fatal(err)
	}
	return canonical(t, plain)
}

// canonical is JSON with its keys in order at every level, once the value has no structs.
func canonical(t *testing.T, value any) string {
	t.Helper()
	b, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
