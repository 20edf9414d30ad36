package projections

import (
	"reflect"
	"sync"
)

// Named is a value under the names of its columns, for encoding/json to write or to read into: what is read is in v.
func Named[V any](v *V) any {
	return reflect.NewAt(namedType[V](), reflect.ValueOf(v).UnsafePointer()).Interface()
}

var namedTypes sync.Map // reflect.Type → reflect.Type

// namedType is V but for its tags, which do not change how it lies in memory.
func namedType[V any]() reflect.Type {
	t := reflect.TypeFor[V]()
	if known, ok := namedTypes.Load(t); ok {
		return known.(reflect.Type)
	}
	fields := make([]reflect.StructField, t.NumField())
	for i := range fields {
		fields[i] = t.Field(i)
	}
	for _, c := range Columns[V]() {
		fields[c.Field].Tag = reflect.StructTag(`json:"` + c.Name + `"`)
	}
	known, _ := namedTypes.LoadOrStore(t, reflect.StructOf(fields))
	return known.(reflect.Type)
}
