package projections

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

var (
	jsonMarshaler = reflect.TypeFor[json.Marshaler]()
	textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()
)

// holdable tells why JSON would lose something of a nested value. inside holds the types around it. What JSON calls
// empty and omits comes back as nil: to a fold that is the same.
func holdable(t reflect.Type, inside []reflect.Type) error {
	if t.Implements(jsonMarshaler) || t.Implements(textMarshaler) || slices.Contains(inside, t) {
		return nil
	}
	inside = append(slices.Clone(inside), t)
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return holdable(t.Elem(), inside)
	case reflect.Map:
		if key := t.Key(); key.Kind() != reflect.String && !key.Implements(textMarshaler) && (key.Kind() < reflect.Int || key.Kind() > reflect.Uint64) {
			return fmt.Errorf("%v has keys that JSON cannot hold", t)
		}
		return holdable(t.Elem(), inside)
	case reflect.Struct:
		for i := range t.NumField() {
			f := t.Field(i)
			if !f.IsExported() && !f.Anonymous || strings.Split(f.Tag.Get("json"), ",")[0] == "-" {
				return fmt.Errorf("%v.%s would be lost: it is not exported, or left out of JSON", t, f.Name)
			}
			if err := holdable(f.Type, inside); err != nil {
				return err
			}
		}
		return nil
	case reflect.Interface, reflect.Chan, reflect.Func, reflect.UnsafePointer, reflect.Complex64, reflect.Complex128, reflect.Uintptr:
		return fmt.Errorf("%v cannot be read back", t)
	}
	return nil
}
