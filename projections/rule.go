package projections

import (
	"fmt"

	"tillstream/events"
)

// Fact is an event with the reasons and the place it was stored with.
type Fact[E events.Event] struct {
	Event E
	events.Meta
	ID       string
	Stream   string
	Revision uint64
	Position events.Position
}

func factOf[E events.Event](r events.Recorded) Fact[E] {
	return Fact[E]{r.Event.(E), r.Meta, r.ID, r.Stream, r.Revision, r.Position}
}

// Rule says which values one event type touches, and how; or, made by Index, how values are found by what is in them.
type Rule[V any] struct {
	wire  string // empty: every type
	keys  func(events.Recorded) []string
	fold  func(V, string, events.Recorded) V
	opens func(V, string, events.Recorded) map[string]V // nil: opens nothing

	index   string                       // of OnIndexed and Index: which
	value   func(events.Recorded) string // of OnIndexed: what touched values have in the index
	entries func(V) []string             // of Index
}

// On folds E once into each of the values that keys names, however often it names one. The fold is pure: it may change the
// value it is given, which is its own, but no map, slice or pointer inside it. A value that it gives back as it was, the
// zero value of a key never seen included, is not written. A fold that panics, or ends with Fail, parks the key.
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

// OnAny folds every event into the values that keys names, after the rule of its own type.
func OnAny[V any](keys func(events.Recorded) []string, fold func(V, string, events.Recorded) V) Rule[V] {
	return Rule[V]{keys: keys, fold: fold}
}

// Index lets OnIndexed reach values by what is in them: entries names it, purely, and names nothing for a value that
// shall not be reached. Its host keeps the index with the values; a batch sees its own changes.
func Index[V any](name string, entries func(V) []string) Rule[V] {
	return Rule[V]{index: name, entries: entries}
}

// OnIndexed folds E into every value that has value(E) in an index, after all other rules: the values as they are before
// the fact decide. While a view has parked keys, each of them remembers every such E, since none can know what
// it would have in the index.
func OnIndexed[E events.Event, V any](index string, value func(E) string, fold func(V, string, Fact[E]) V) Rule[V] {
	rule := On(nil, fold)
	rule.index, rule.keys = index, nil
	rule.value = func(r events.Recorded) string { return value(r.Event.(E)) }
	return rule
}

// Failed is why a rule that called Fail could not go on.
type Failed struct{ Reason string }

func (f Failed) Error() string { return f.Reason }

// Fail ends a fold that cannot go on with what it was given: the key is parked, with the reason, which names no personal
// datum.
func Fail(format string, args ...any) {
	panic(Failed{fmt.Sprintf(format, args...)})
}
