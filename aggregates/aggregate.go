// Package aggregates holds what each stream means: state, folded from events.
package aggregates

import (
	"iter"

	"tillstream/events"
)

// State grows event by event. Its zero value is the empty stream. Evolve owns its receiver and may change it in place:
// nobody keeps a state past the next Evolve. A State survives JSON, since long streams keep snapshots of it; FoldVersion
// is raised when Evolve changes, which makes older snapshots void.
type State[S any, E events.Event] interface {
	Evolve(E) S
	FoldVersion() int
}

// Fold replays a history from nothing.
func Fold[S State[S, E], E events.Event](history iter.Seq[E]) (s S) {
	for e := range history {
		s = s.Evolve(e)
	}
	return s
}
