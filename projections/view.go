// Package projections folds facts into answers. A view may be thrown away and rebuilt at any time.
package projections

import (
	"fmt"
	"maps"
	"slices"

	"tillstream/events"
)

// View declares one read model: values of type V by key, each folded from the events routed to it. V is a struct whose
// exported fields are the columns: see Columns. A V that has the method Gone() bool and answers true is removed; a
// tombstone keeps its place.
type View[V any] struct {
	Name    string
	Version int // raised when a fold changes: the view is then built anew beside the old one
	rules   map[string]Rule[V]
	any     []Rule[V]
}

// Fact is an event with the reasons and the place it was stored with.
type Fact[E events.Event] struct {
	Event E
	events.Meta
	ID       string
	Stream   string
	Revision uint64
	Position events.Position
}

// Rule says which values one event type touches, and how.
type Rule[V any] struct {
	wire  string // empty: every type
	keys  func(events.Recorded) []string
	fold  func(V, string, events.Recorded) V
	opens func(V, string, events.Recorded) map[string]V // nil: opens nothing
}

// Define declares a view. It panics on a version below 1, two rules for one event type, a V that no host can hold, or a
// Gone that only *V has: all of these are mistakes of the program.
func Define[V any](name string, version int, rules ...Rule[V]) View[V] {
	if version < 1 {
		panic("projections: the version of " + name + " starts at 1")
	}
	if _, err := columnsOf[V](); err != nil {
		panic(fmt.Sprintf("projections: %s: %v", name, err))
	}
	if _, missed := any(new(V)).(gone); missed && !isGoner[V]() {
		panic("projections: " + name + ": Gone belongs to the value, not to its pointer")
	}
	v := View[V]{Name: name, Version: version, rules: make(map[string]Rule[V], len(rules))}
	for _, r := range rules {
		if r.wire == "" {
			v.any = append(v.any, r)
			continue
		}
		if _, taken := v.rules[r.wire]; taken {
			panic("projections: " + name + " has two rules for " + r.wire)
		}
		v.rules[r.wire] = r
	}
	return v
}

// On folds E once into each of the values that keys names, however often it names one. The fold is pure: it may change the
// value it is given, which is its own, but no map, slice or pointer inside it. A value that it gives back as it was, the
// zero value of a key never seen included, is not written.
func On[E events.Event, V any](keys func(E) []string, fold func(V, string, Fact[E]) V) Rule[V] {
	var zero E
	return Rule[V]{
		wire: zero.Type(),
		keys: func(r events.Recorded) []string { return keys(r.Event.(E)) },
		fold: func(v V, key string, r events.Recorded) V { return fold(v, key, factOf[E](r)) },
	}
}

// OnFact is On for values that are named by the fact itself: its id, its stream and revision.
func OnFact[E events.Event, V any](keys func(Fact[E]) []string, fold func(V, string, Fact[E]) V) Rule[V] {
	rule := On(nil, fold)
	rule.keys = func(r events.Recorded) []string { return keys(factOf[E](r)) }
	return rule
}

// Opening is a rule that also writes new values, which know what the folded value knew before the fact. Each stands
// under a key that begins with the folded value's and that no other fact touches: it is written once, and never loaded.
func Opening[E events.Event, V any](keys func(E) []string, fold func(V, string, Fact[E]) V, opens func(before V, key string, f Fact[E]) map[string]V) Rule[V] {
	rule := On(keys, fold)
	rule.opens = func(v V, key string, r events.Recorded) map[string]V { return opens(v, key, factOf[E](r)) }
	return rule
}

func factOf[E events.Event](r events.Recorded) Fact[E] {
	return Fact[E]{r.Event.(E), r.Meta, r.ID, r.Stream, r.Revision, r.Position}
}

// OnAny folds every event into the values that keys names, after the rule of its own type.
func OnAny[V any](keys func(events.Recorded) []string, fold func(V, string, events.Recorded) V) Rule[V] {
	return Rule[V]{keys: keys, fold: fold}
}

// Wires lists the event types the view listens to, sorted; nil when it listens to all.
func (v View[V]) Wires() []string {
	if len(v.any) > 0 {
		return nil
	}
	return slices.Sorted(maps.Keys(v.rules))
}

// Hears tells whether the view listens to a wire name.
func (v View[V]) Hears(wire string) bool {
	_, handled := v.rules[wire]
	return handled || len(v.any) > 0
}

// Keys lists the values that a fact touches, in the order in which its rules fold them.
func (v View[V]) Keys(r events.Recorded) (keys []string) {
	for _, rule := range v.rulesFor(r.Type()) {
		keys = append(keys, rule.keys(r)...)
	}
	return keys
}

func (v View[V]) rulesFor(wire string) []Rule[V] {
	rule, handled := v.rules[wire]
	if !handled {
		return v.any
	}
	if len(v.any) == 0 {
		return []Rule[V]{rule}
	}
	return append([]Rule[V]{rule}, v.any...)
}

// Doc is the value of a key and the position of the fact that last changed it.
type Doc[V any] struct {
	Value    V
	Position events.Position
}

// Fold applies a batch, in log order, to the documents its keys name, and answers those that changed. docs holds what
// was found of Touched; it is not changed.
func (v View[V]) Fold(docs map[string]Doc[V], batch []events.Recorded) map[string]Doc[V] {
	changed := map[string]Doc[V]{}
	for _, r := range batch {
		for _, rule := range v.rulesFor(r.Type()) {
			for _, key := range once(rule.keys(r)) {
				was, ok := changed[key]
				if !ok {
					was = docs[key]
				}
				now := rule.fold(was.Value, key, r)
				if !equal(was.Value, now) {
					changed[key] = Doc[V]{now, r.Position}
				}
				if rule.opens == nil {
					continue
				}
				for opened, value := range rule.opens(was.Value, key, r) {
					changed[opened] = Doc[V]{value, r.Position}
				}
			}
		}
	}
	return changed
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

// Touched lists every key that a batch touches, once.
func (v View[V]) Touched(batch []events.Recorded) []string {
	keys := map[string]struct{}{}
	for _, r := range batch {
		for _, key := range v.Keys(r) {
			keys[key] = struct{}{}
		}
	}
	return slices.Collect(maps.Keys(keys))
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
