package proof

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"tillstream/projections"
)

// tampering changes a table of the views as nobody should.
type tampering struct {
	db      *pgx.Conn
	view    string
	table   string
	columns []projections.Column
}

// change gives a column of some row another value, of a row that has one if any has.
func (x *tampering) change(t *testing.T, r *rand.Rand, c projections.Column, not []string, before func(key string)) (key string, undo func()) {
	t.Helper()
	name := pgx.Identifier{c.Name}.Sanitize()
	nested, where := "'[]'", name+" IS NOT NULL"
	if c.Nullable {
		nested = "'{}'"
	}
	if c.Kind == projections.NestedColumn {
		where += " AND " + name + " <> " + nested + "::jsonb"
	}
	if x.none(t, where) {
		where = "true"
	}
	return x.set(t, r, c, map[projections.ColumnKind]string{
		projections.TextColumn: name + " || 'X'", projections.IntColumn: name + " + 1", projections.BoolColumn: "NOT " + name,
		projections.TimeColumn: name + " + interval '1 hour'", projections.NestedColumn: nested, projections.SealedColumn: `'{"s": "X", "k": 1, "c": ""}'`,
	}[c.Kind], where, not, before)
}

// set gives a column of some row a value, and answers what undoes that.
func (x *tampering) set(t *testing.T, r *rand.Rand, c projections.Column, value, where string, not []string, before func(key string)) (key string, undo func()) {
	t.Helper()
	name := pgx.Identifier{c.Name}.Sanitize()
	key = x.some(t, r, where, not)
	before(key)
	var was *string
	var kind string
	x.row(t, fmt.Sprintf("SELECT %[1]s::text, pg_typeof(%[1]s)::text FROM %[2]s WHERE key = $1", name, x.table), []any{key}, &was, &kind)
	x.must(t, fmt.Sprintf("UPDATE %s SET %s = %s WHERE key = $1", x.table, name, value), key)
	return key, func() {
		x.must(t, fmt.Sprintf("UPDATE %s SET %s = $2::text::%s WHERE key = $1", x.table, name, kind), key, was)
	}
}

// remove takes some row away, and answers what brings it back.
func (x *tampering) remove(t *testing.T, r *rand.Rand) (key, alias string, undo func()) {
	t.Helper()
	key = x.some(t, r, "true", nil)
	alias = x.alias(t, key)
	var whole string
	x.row(t, fmt.Sprintf("SELECT to_jsonb(t)::text FROM %s t WHERE key = $1", x.table), []any{key}, &whole)
	x.must(t, fmt.Sprintf("DELETE FROM %s WHERE key = $1", x.table), key)
	return key, alias, func() {
		x.must(t, fmt.Sprintf("INSERT INTO %[1]s SELECT * FROM jsonb_populate_record(NULL::%[1]s, $1::text::jsonb)", x.table), whole)
	}
}

// add writes some row under another key once more, and answers what takes it away.
func (x *tampering) add(t *testing.T, r *rand.Rand) (key string, undo func()) {
	t.Helper()
	from := x.some(t, r, "true", nil)
	key = from + "X"
	x.must(t, fmt.Sprintf(`INSERT INTO %[1]s SELECT (jsonb_populate_record(NULL::%[1]s, to_jsonb(t) || jsonb_build_object('key', $2::text))).* FROM %[1]s t WHERE key = $1`,
		x.table), from, key)
	return key, func() { x.must(t, fmt.Sprintf("DELETE FROM %s WHERE key = $1", x.table), key) }
}

// invent writes a row of nothing that ever was.
func (x *tampering) invent(t *testing.T) (undo func()) {
	t.Helper()
	names, values := []string{"key", "position", "gone"}, []string{"'X/X'", "1", "false"}
	for _, c := range x.columns {
		names, values = append(names, pgx.Identifier{c.Name}.Sanitize()), append(values, sample(c))
	}
	x.must(t, fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s)", x.table, strings.Join(names, ", "), strings.Join(values, ", ")))
	return func() { x.must(t, fmt.Sprintf("DELETE FROM %s WHERE key = 'X/X'", x.table)) }
}

// some is the key of any row but those named, the same for a seed.
func (x *tampering) some(t *testing.T, r *rand.Rand, where string, not []string) (key string) {
	t.Helper()
	salt := fmt.Sprint(r.Uint64())
	x.row(t, fmt.Sprintf("SELECT key FROM %s WHERE NOT gone AND %s AND key <> ALL(coalesce($2::text[], '{}')) ORDER BY md5(key || $1) LIMIT 1",
		x.table, where), []any{salt, not}, &key)
	return key
}

// alias is the event of an entry of the audit log; nothing in other views.
func (x *tampering) alias(t *testing.T, key string) (event string) {
	t.Helper()
	if x.view == projections.AuditLog.Name {
		x.row(t, "SELECT event_id FROM "+x.table+" WHERE key = $1", []any{key}, &event)
	}
	return event
}

func (x *tampering) none(t *testing.T, where string) (none bool) {
	t.Helper()
	x.row(t, fmt.Sprintf("SELECT NOT EXISTS (SELECT 1 FROM %s WHERE NOT gone AND %s)", x.table, where), nil, &none)
	return none
}

func (x *tampering) count(t *testing.T) (rows int) {
	t.Helper()
	x.row(t, fmt.Sprintf("SELECT count(*) FROM %s WHERE NOT gone", x.table), nil, &rows)
	return rows
}

func (x *tampering) row(t *testing.T, sql string, args []any, into ...any) {
	t.Helper()
	if err := x.db.QueryRow(t.Context(), sql, args...).Scan(into...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func (x *tampering) must(t *testing.T, sql string, args ...any) {
	t.Helper()
	if done, err := x.db.Exec(t.Context(), sql, args...); err != nil || done.RowsAffected() != 1 {
		t.Fatalf("%s: %v, %d rows", strings.TrimSpace(sql), err, done.RowsAffected())
	}
}
