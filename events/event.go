// Package events holds every fact that may ever be stored, and the form it is stored in.
package events

// Event is a fact. Its Type is the name on disk and never changes; the Go name may.
type Event interface{ Type() string }

// Stream names one history and, in its type, the only facts that history may hold. The category is the part before
// the first dash: "order-7f3a…".
type Stream[E Event] string

// Position is a place in one log: strictly increasing, never 0, not dense. It means nothing in another log.
type Position uint64

// LogID tells one log from another. A position is only ever compared with positions of the same LogID.
type LogID string

// Recorded is a fact together with where it was stored, and why.
type Recorded struct {
	Event
	Meta
	ID       string
	Stream   string
	Revision uint64
	Position Position
}
