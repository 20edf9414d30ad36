package projections

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"tillstream/events"
)

// ColumnKind is how a host stores a field.
type ColumnKind int

// The closed set of kinds.
const (
	TextColumn   ColumnKind = iota // string and types of it
	IntColumn                      // int, int32, int64, uint64 and types of them
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
	case c.Opens != "" && c.Kind != SealedColumn:
		return c, fmt.Errorf("only *events.Sealed can open")
	}
	return c, nil
}

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
	case reflect.Int, reflect.Int32, reflect.Int64, reflect.Uint64, reflect.Uint8:
		return IntColumn, false
	case reflect.Bool:
		return BoolColumn, false
	case reflect.Float64:
		return FloatColumn, false
	}
	return NestedColumn, t.Kind() == reflect.Pointer
}

// snake turns OrderID into order_id and GrossMinor into gross_minor.
func snake(name string) string {
	var b strings.Builder
	for i, r := range name {
		upper := r >= 'A' && r <= 'Z'
		if upper && i > 0 {
			before, after := name[i-1], byte('A')
			if i+1 < len(name) {
				after = name[i+1]
			}
			if before < 'A' || before > 'Z' || after >= 'a' && after <= 'z' {
				b.WriteByte('_')
			}
		}
		b.WriteString(strings.ToLower(string(r)))
	}
	return b.String()
}
