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
	Version int                  // raised when a fold changes: the view is then built anew beside the old one
	rules   map[string][]Rule[V] // by event type, those for all types at the end
	any     []Rule[V]
	indexes []Rule[V]
}

// Define declares a view. It panics on a version below 1, two rules for one event type, a rule on an index that is not
// there, a V that no host can hold, or a Gone that only *V has: all of these are mistakes of the program.
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
	v := View[V]{Name: name, Version: version, rules: make(map[string][]Rule[V], len(rules))}
	for _, r := range rules {
		switch {
		case r.entries != nil:
			if v.hasIndex(r.index) {
				panic("projections: " + name + " has two indexes " + r.index)
			}
			v.indexes = append(v.indexes, r)
		case r.wire == "":
			v.any = append(v.any, r)
		default:
			if slices.ContainsFunc(v.rules[r.wire], func(o Rule[V]) bool { return o.index == r.index }) {
				panic("projections: " + name + " has two rules for " + r.wire)
			}
			v.rules[r.wire] = append(v.rules[r.wire], r)
		}
	}
	for wire, own := range v.rules {
		for _, r := range own {
			if r.index != "" && !v.hasIndex(r.index) {
				panic("projections: " + name + " has no index " + r.index)
			}
		}
		v.rules[wire] = append(own, v.any...)
	}
	return v
}

func (v View[V]) hasIndex(name string) bool {
	return slices.ContainsFunc(v.indexes, func(r Rule[V]) bool { return r.index == name })
}

// Wires lists the event types the view listens to, sorted; nil when it listens to all.
func (v View[V]) Wires() []string {
	if len(v.any) > 0 {
		return nil
	}
	wires := slices.AppendSeq(make([]string, 0, len(v.rules)), maps.Keys(v.rules))
	slices.Sort(wires)
	return wires
}

// Hears tells whether the view listens to a wire name.
func (v View[V]) Hears(wire string) bool {
	_, handled := v.rules[wire]
	return handled || len(v.any) > 0
}

// Keys lists the values that a fact names, in the order in which its rules fold them. What it reaches by an index is not
// among them.
func (v View[V]) Keys(r events.Recorded) (keys []string) {
	for _, rule := range v.rulesFor(r.Type()) {
		if rule.keys != nil {
			keys = append(keys, rule.keys(r)...)
		}
	}
	return keys
}

func (v View[V]) rulesFor(wire string) []Rule[V] {
	if rules, handled := v.rules[wire]; handled {
		return rules
	}
	return v.any
}

// Touched lists every key that a batch names, once.
func (v View[V]) Touched(batch []events.Recorded) []string {
	keys := map[string]struct{}{}
	for _, r := range batch {
		for _, key := range v.Keys(r) {
			keys[key] = struct{}{}
		}
	}
	return slices.Collect(maps.Keys(keys))
}
