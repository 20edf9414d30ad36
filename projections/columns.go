package projections

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"tillstream/events"
)

// ColumnKind is how a host stores a field.
type ColumnKind int

// The closed set of kinds.
const (
	TextColumn   ColumnKind = iota // string and types of it
	IntColumn                      // every kind of int and uint, and types of them; up to 63 bits and a sign
	BoolColumn                     // bool
	FloatColumn                    // float64
	TimeColumn                     // time.Time, *time.Time: microseconds, UTC
	NestedColumn                   // anything else: JSON
	SealedColumn                   // *events.Sealed: JSON, and opened beside it where the field says so
)

// Column is one field of a view's value as hosts and queries know it.
type Column struct {
	Name     string // snake_case, from the tag or the field's name
	Field    int    // index in the struct
	Kind     ColumnKind
	Nullable bool   // a pointer
	Index    bool   // queries look values up by it
	Opens    string // of a SealedColumn: the field under which it was sealed, and by whose plain text staff search it
}

// Columns lists the columns of V, in the order of its fields. A field is tagged `col:"name,index,opens=field"`, all of
// it optional; "-" leaves it out, which Define refuses unless the field can be rebuilt: so none is left out.
func Columns[V any]() []Column {
	columns, err := columnsOf[V]()
	if err != nil {
		panic("projections: " + err.Error())
	}
	return columns
}

func columnsOf[V any]() ([]Column, error) {
	t := reflect.TypeFor[V]()
	if t.Kind() != reflect.Struct {
		return nil, fmt.Errorf("%v is not a struct", t)
	}
	columns := make([]Column, 0, t.NumField())
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.IsExported() || f.Anonymous {
			return nil, fmt.Errorf("%v.%s is not exported, or embedded: no host could keep it", t, f.Name)
		}
		c, err := columnOf(f, i)
		if err != nil {
			return nil, fmt.Errorf("%v.%s: %w", t, f.Name, err)
		}
		if twice := slices.ContainsFunc(columns, func(b Column) bool { return b.Name == c.Name }); twice {
			return nil, fmt.Errorf("%v.%s: the name %s is taken by another field", t, f.Name, c.Name)
		}
		columns = append(columns, c)
	}
	return columns, nil
}

func columnOf(f reflect.StructField, i int) (Column, error) {
	c := Column{Name: snake(f.Name), Field: i}
	parts := strings.Split(f.Tag.Get("col"), ",")
	if parts[0] != "" {
		c.Name = parts[0]
	}
	for _, option := range parts[1:] {
		switch field, opens := strings.CutPrefix(option, "opens="); {
		case opens:
			c.Opens = field
		case option == "index":
			c.Index = true
		default:
			return c, fmt.Errorf("unknown column option %q", option)
		}
	}
	c.Kind, c.Nullable = kindOf(f.Type)
	switch {
	case c.Name == "key" || c.Name == "position" || c.Name == "gone":
		return c, fmt.Errorf("the name %s is kept for hosts", c.Name)
	case !columnName.MatchString(c.Name):
		return c, fmt.Errorf("the name %q is not of at most 48 small letters, digits and _", c.Name)
	case c.Opens != "" && c.Kind != SealedColumn:
		return c, fmt.Errorf("only *events.Sealed can open")
	case c.Index && !c.Scalar():
		return c, fmt.Errorf("a nested or sealed value cannot be looked up by")
	case c.Kind == NestedColumn:
		return c, holdable(f.Type, nil)
	}
	return c, nil
}

// columnName leaves room for the names of indexes.
var columnName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,47}$`)

func kindOf(t reflect.Type) (ColumnKind, bool) {
	switch t {
	case reflect.TypeFor[time.Time]():
		return TimeColumn, false
	case reflect.TypeFor[*time.Time]():
		return TimeColumn, true
	case reflect.TypeFor[*events.Sealed]():
		return SealedColumn, true
	}
	switch t.Kind() {
	case reflect.String:
		return TextColumn, false
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return IntColumn, false
	case reflect.Bool:
		return BoolColumn, false
	case reflect.Float64:
		return FloatColumn, false
	}
	return NestedColumn, t.Kind() == reflect.Pointer
}

// snake turns OrderID into order_id, GrossMinor into gross_minor, and SKUs into skus.
func snake(name string) string {
	upper := func(i int) bool { return i < len(name) && name[i] >= 'A' && name[i] <= 'Z' }
	lower := func(i int) bool { return i < len(name) && name[i] >= 'a' && name[i] <= 'z' }
	plural := func(i int) bool { return i < len(name) && name[i] == 's' && !lower(i+1) }
	var b strings.Builder
	for i := range len(name) {
		if i > 0 && upper(i) && (!upper(i-1) || lower(i+1) && !plural(i+1)) {
			b.WriteByte('_')
		}
		b.WriteByte(name[i])
	}
	return strings.ToLower(b.String())
}
