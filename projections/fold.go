package projections

import (
	"fmt"
	"maps"
	"runtime/debug"
	"slices"

	"tillstream/events"
)

// Doc is the value of a key and the position of the fact that last changed it.
type Doc[V any] struct {
	Value    V
	Position events.Position
}

// Fold applies a batch, in log order, to the documents its keys name, and answers those that changed. docs holds what
// was found of Touched, and for a view with indexes every document; it is not changed. What a rule panics with, Fold
// does.
func (v View[V]) Fold(docs map[string]Doc[V], batch []events.Recorded) map[string]Doc[V] {
	f := newFolding(v, docs)
	for value, keys := range v.entriesOf(docs) {
		f.found[value] = keys
	}
	for _, r := range batch {
		for _, t := range f.indexed(r, v.touches(r)) {
			if fault := f.into(t, r); fault != nil {
				panic(fault.cause)
			}
		}
	}
	return f.changed
}

// FoldInto folds a fact into one value alone, if the fact touches it. It fails where the fold of that value panics or ends
// with Fail.
func (v View[V]) FoldInto(key string, doc Doc[V], r events.Recorded) (Doc[V], error) {
	named, _, fault := v.namedBy(r)
	if fault != nil {
		return doc, fault
	}
	f := newFolding(v, map[string]Doc[V]{key: doc})
	if t := v.touchOf(key, doc.Value, r, named); len(t.rules) > 0 {
		if fault := f.into(t, r); fault != nil {
			return doc, fault
		}
	}
	return f.doc(key), nil
}

// touchOf is how a fact touches one value: by name, and by what the value has in the indexes.
func (v View[V]) touchOf(key string, value V, r events.Recorded, named []touch[V]) touch[V] {
	t := touch[V]{key: key}
	for _, one := range named {
		if one.key == key {
			t.rules = slices.Clone(one.rules)
		}
	}
	if len(v.indexes) == 0 {
		return t
	}
	has := v.entries(value)
	for _, rule := range v.rulesFor(r.Type()) {
		if rule.value != nil && slices.Contains(has, Entry{rule.index, rule.value(r)}) {
			t.rules = append(t.rules, rule)
		}
	}
	return t
}

// touch is one value that a fact touches, and the rules that fold the fact into it, in their order.
type touch[V any] struct {
	key   string
	rules []Rule[V]
}

// touches lists the values that a fact names, each once, in the order in which they are named first.
func (v View[V]) touches(r events.Recorded) []touch[V] {
	rules := v.rulesFor(r.Type())
	if len(rules) == 1 && rules[0].keys != nil {
		keys := once(rules[0].keys(r))
		list := make([]touch[V], len(keys))
		for i, key := range keys {
			list[i] = touch[V]{key, rules}
		}
		return list
	}
	var list []touch[V]
	for _, rule := range rules {
		if rule.keys != nil {
			list = touching(list, rule, once(rule.keys(r)))
		}
	}
	return list
}

// touching adds to a list that a rule folds into keys.
func touching[V any](list []touch[V], rule Rule[V], keys []string) []touch[V] {
	for _, key := range keys {
		at := slices.IndexFunc(list, func(t touch[V]) bool { return t.key == key })
		if at < 0 {
			at = len(list)
			list = append(list, touch[V]{key: key})
		}
		list[at].rules = append(slices.Clip(list[at].rules), rule)
	}
	return list
}

// once drops what is named again: an order may name a SKU on several lines.
func once(keys []string) []string {
	if len(keys) < 2 {
		return keys
	}
	named := make(map[string]struct{}, len(keys))
	return slices.DeleteFunc(slices.Clone(keys), func(key string) bool {
		before := len(named)
		named[key] = struct{}{}
		return len(named) == before
	})
}

// folding is a batch being folded in memory.
type folding[V any] struct {
	view    View[V]
	docs    map[string]Doc[V] // as the host has them
	changed map[string]Doc[V]
	origin  map[string]string         // of changed keys that a fact opened: the key it was folded into
	found   map[Entry][]string        // which keys the host has in the indexes
	placed  map[Entry]map[string]bool // which changed keys stand there now, and which did
}

func newFolding[V any](view View[V], docs map[string]Doc[V]) *folding[V] {
	return &folding[V]{view: view, docs: docs, changed: map[string]Doc[V]{}, found: map[Entry][]string{}}
}

func (f *folding[V]) doc(key string) Doc[V] {
	if doc, ok := f.changed[key]; ok {
		return doc
	}
	return f.docs[key]
}

// into folds a fact into one value. A fault leaves everything as it was before the fact.
func (f *folding[V]) into(t touch[V], r events.Recorded) (failed *fault) {
	defer func() {
		if cause := recover(); cause != nil {
			failed = recovered(cause)
		}
	}()
	was := f.doc(t.key)
	now, opened := foldAll(was.Value, t, r)
	for _, value := range opened {
		f.view.entries(value) // an index may panic as well: before anything is changed
	}
	if !equal(was.Value, now) {
		f.view.entries(now)
		f.change(t.key, was.Value, Doc[V]{now, r.Position})
	}
	for key, value := range opened {
		if f.origin == nil {
			f.origin = map[string]string{}
		}
		f.origin[key] = t.key
		f.change(key, f.doc(key).Value, Doc[V]{value, r.Position})
	}
	return nil
}

func foldAll[V any](v V, t touch[V], r events.Recorded) (now V, opened map[string]V) {
	now = v
	for _, rule := range t.rules {
		if rule.opens != nil {
			if opened == nil {
				opened = map[string]V{}
			}
			maps.Copy(opened, rule.opens(now, t.key, r))
		}
		now = rule.fold(now, t.key, r)
	}
	return now, opened
}

func (f *folding[V]) change(key string, was V, now Doc[V]) {
	f.changed[key] = now
	f.place(key, was, now.Value)
}

// fault is why a rule could not go on.
type fault struct {
	cause any    // what it panicked with
	stack string // empty: it ended with Fail
}

func (f *fault) Error() string {
	if failed, is := f.cause.(Failed); is {
		return failed.Reason
	}
	return fmt.Sprintf("it panicked: %v", f.cause)
}

func recovered(cause any) *fault {
	f := &fault{cause: cause}
	if _, is := cause.(Failed); !is {
		f.stack = string(debug.Stack())
	}
	return f
}

// namedBy is what a fact touches without any document, and by which entries it looks for more. A panic is a fault.
func (v View[V]) namedBy(r events.Recorded) (list []touch[V], seeks []Entry, failed *fault) {
	defer func() {
		if cause := recover(); cause != nil {
			list, seeks, failed = nil, nil, recovered(cause)
		}
	}()
	return v.touches(r), v.seeks(r), nil
}

// IsGone tells whether a value asks to be removed.
func IsGone[V any](value V) bool {
	g, ok := any(value).(gone)
	return ok && g.Gone()
}

type gone interface{ Gone() bool }

func isGoner[V any]() bool {
	var zero V
	_, is := any(zero).(gone)
	return is
}
