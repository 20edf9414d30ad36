package postgres

import (
	"encoding/binary"
	"fmt"
	"reflect"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5"

	"tillstream/events"
	"tillstream/projections"
)

const (
	schema = "tillstream"
	// nameMost is how many bytes PostgreSQL keeps of a name: it cuts off the rest, and two names would become one.
	nameMost     = 63
	openedSuffix = "_opened"
	// ownColumns lead each row: key, position, gone.
	ownColumns = 3
	// valueMost is how many bytes one column of one row may have: a fold that makes more of it has run away.
	valueMost = 16 << 20
	// indexedMost is how many bytes of text and key an index takes: a page holds three entries.
	indexedMost = 2600
)

var (
	viewName   = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	errIndexed = fmt.Errorf("together with the key more than %d bytes, which an index cannot take", indexedMost)
	errLarge   = fmt.Errorf("more than %d bytes", valueMost)
	errLong    = fmt.Errorf("more than %d bytes, which an index cannot take", indexedMost)
)

// table is one generation of a view as SQL. Its names carry the generation and its columns never change, so that no
// prepared statement ever goes stale.
type table struct {
	name   string
	fields []field // what follows key, position and gone
	opened []field // those of fields whose plain text stands in the table beside it
}

type field struct {
	projections.Column
	codec
}

func tableOf(view string, version, run int, columns []projections.Column) (table, error) {
	t := table{name: fmt.Sprintf("%s_v%d_g%d", view, version, run)}
	if !viewName.MatchString(view) {
		return t, fmt.Errorf("the view's name %q is not of small letters, digits and _", view)
	}
	longest := t.name + openedSuffix
	for _, c := range columns {
		f := field{c, codecOf(c.Kind)}
		t.fields = append(t.fields, f)
		if c.Opens != "" {
			t.opened = append(t.opened, f)
		}
		if index := t.indexName(c.Name); c.Index && len(index) > len(longest) {
			longest = index
		}
	}
	if len(longest) > nameMost {
		return t, fmt.Errorf("the name %s has %d bytes, PostgreSQL keeps %d", longest, len(longest), nameMost)
	}
	return t, nil
}

func (t table) indexName(column string) string { return t.name + "_" + column }

// shape tells tables apart that one binary could not use for another.
func (t table) shape() string {
	var b strings.Builder
	for _, f := range t.fields {
		b.WriteString(f.shape())
	}
	return b.String()
}

func (f field) shape() string {
	return fmt.Sprintf("%s %s index=%t opens=%s\n", f.Name, f.base, f.Index, f.Opens)
}

func quoted(name string) string { return pgx.Identifier{name}.Sanitize() }

func (t table) quoted() string       { return pgx.Identifier{schema, t.name}.Sanitize() }
func (t table) quotedOpened() string { return pgx.Identifier{schema, t.name + openedSuffix}.Sanitize() }

// list is the columns of the table in their order.
func (t table) list() string {
	names := []string{"key", "position", "gone"}
	for _, f := range t.fields {
		names = append(names, quoted(f.Name))
	}
	return strings.Join(names, ", ")
}

// ddl makes the table, and the table of opened columns: unlogged, so that plain text never reaches the write-ahead log, and
// without statistics, so that it reaches no catalog.
func (t table) ddl() []string {
	columns := []string{`key text COLLATE "C" PRIMARY KEY`, "position bigint NOT NULL", "gone boolean NOT NULL"}
	for _, f := range t.fields {
		column := quoted(f.Name) + " " + f.sql
		if !f.Nullable && f.Scalar() {
			column += " NOT NULL"
		}
		columns = append(columns, column)
	}
	statements := []string{fmt.Sprintf("CREATE TABLE %s (%s)", t.quoted(), strings.Join(columns, ", "))}
	if len(t.opened) == 0 {
		return statements
	}
	columns = []string{`key text COLLATE "C" PRIMARY KEY`}
	var after []string
	for _, f := range t.opened {
		columns = append(columns, quoted(f.Name)+` text COLLATE "C" NOT NULL`)
		after = append(after, fmt.Sprintf("ALTER TABLE %s ALTER COLUMN %s SET STATISTICS 0", t.quotedOpened(), quoted(f.Name)))
	}
	statements = append(statements, fmt.Sprintf("CREATE UNLOGGED TABLE %s (%s)", t.quotedOpened(), strings.Join(columns, ", ")))
	return append(statements, after...)
}

// index is what finds rows by a column.
type index struct{ name, statement string }

func (t table) indexes() (list []index) {
	for _, f := range t.fields {
		if f.Index && f.Scalar() {
			name := t.indexName(f.Name)
			list = append(list, index{name, fmt.Sprintf("CREATE INDEX IF NOT EXISTS %s ON %s (%s, key) WHERE NOT gone", quoted(name), t.quoted(), quoted(f.Name))})
		}
	}
	return list
}

// encode appends the binary form of each column of a document to what the column's number gives. It fails with a
// *projections.DataError.
func (t table) encode(key string, doc reflect.Value, position events.Position, gone bool, to func(column int) *[]byte) (err error) {
	fail := func(column string, err error) error {
		return &projections.DataError{Key: key, Column: column, Err: err}
	}
	if len(key) > indexedMost {
		return fail("", errLong)
	}
	if position > 1<<63-1 {
		return fail("position", errTooGreat)
	}
	b := to(0)
	if *b, err = appendString(*b, key); err != nil {
		return fail("", err)
	}
	b = to(1)
	*b = appendEight(*b, uint64(position))
	b = to(2)
	*b = appendTruth(*b, gone)
	for i, f := range t.fields {
		value := doc.Field(f.Field)
		if f.Index && f.Kind == projections.TextColumn && value.Len()+len(key) > indexedMost {
			return fail(f.Name, errIndexed)
		}
		b := to(i + ownColumns)
		before := len(*b)
		if *b, err = f.append(*b, value); err != nil {
			return fail(f.Name, err)
		}
		if len(*b)-before > valueMost {
			return fail(f.Name, errLarge)
		}
	}
	return nil
}

// read makes a document of the raw columns that list names. It fails with a *projections.UnreadableError.
func (t table) read(raw [][]byte, into reflect.Value) (key string, position events.Position, err error) {
	key, position = string(raw[0]), events.Position(binary.BigEndian.Uint64(raw[1]))
	for i, f := range t.fields {
		if b := raw[i+ownColumns]; b != nil {
			if err := f.read(into.Field(f.Field), b); err != nil {
				return key, position, &projections.UnreadableError{Key: key, Column: f.Name, Err: err}
			}
		}
	}
	return key, position, nil
}
