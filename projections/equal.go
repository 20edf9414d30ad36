package projections

import (
	"reflect"
	"time"
)

// equal is reflect.DeepEqual, but for values that compare with == as they are: most rows do.
func equal[V any](a, b V) bool {
	t := reflect.TypeFor[V]()
	if t.Comparable() && !holdsPointer(t) {
		return any(a) == any(b)
	}
	return reflect.DeepEqual(a, b)
}

// holdsPointer tells whether == on t would compare addresses or interface values. A time.Time does hold one, of its
// zone, but facts carry UTC alone.
func holdsPointer(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Interface, reflect.Chan, reflect.UnsafePointer:
		return true
	case reflect.Array:
		return holdsPointer(t.Elem())
	case reflect.Struct:
		if t == reflect.TypeFor[time.Time]() {
			return false
		}
		for i := range t.NumField() {
			if holdsPointer(t.Field(i).Type) {
				return true
			}
		}
	}
	return false
}
