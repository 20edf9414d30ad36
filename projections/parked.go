package projections

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"tillstream/events"
)

// Limits of what may be parked in one generation. Beyond them its projector stops and says so: a view that cannot fold
// most of what it hears is broken, not poisoned.
const (
	ParkedMost     = 10_000   // keys and streams
	RememberedMost = 50_000   // facts of one of them
	errorMost      = 2 << 10  // bytes kept of an error
	stackMost      = 8 << 10  // and of a stack
	shownMost      = 64 << 10 // bytes shown of an event that cannot be read
)

// Cause is why a key is parked.
type Cause string

// The closed set of causes.
const (
	FoldFailed Cause = "fold"       // the fold of a fact panicked, or ended with Fail
	KeysFailed Cause = "keys"       // which keys a fact touches could not be computed; parks the stream
	SaveFailed Cause = "save"       // no host keeps what the fold made
	Unreadable Cause = "unreadable" // the event cannot be decoded; parks the stream
	Behind     Cause = "behind"     // a fact of a parked stream touches the key: it waits for that stream
	FoldedAnew Cause = "anew"       // of a stream that was mended: the key is to be folded from its first fact on
)

// ParkedKey is a key that stands still: what touches it from Failed on is remembered by position and folded when somebody
// has it retried. Key is StreamKey of a stream where no key could be computed.
type ParkedKey struct {
	Key     string
	Cause   Cause
	Follows string          // of Behind: the key of the parked stream
	Failed  events.Position // the fact it failed on
	Wire    string          // the type of that
	Error   string          // names no personal datum
	Stack   string          // of a panic
	Since   time.Time       // when it was parked
	Tries   int             // how often it was retried in vain
	Facts   int             // how many are remembered; a host counts them
}

// StreamKey is what a stream is parked as.
func StreamKey(stream string) string { return "<" + stream + ">" }

// IsStream tells whether it is a stream that is parked.
func (p ParkedKey) IsStream() bool { return p.Cause == Unreadable || p.Cause == KeysFailed }

// Parked is what a batch changes of what is parked. Released comes first, then Parked, then Remembered.
type Parked struct {
	Released   []string                     // forgotten, with all that they remember
	Parked     []ParkedKey                  // new, or in place of what is kept of the key; Facts is not looked at
	Remembered map[string][]events.Position // added, in order
	Done       *Operation                   // by whom; nil: by the projector
}

// Empty tells whether nothing changes.
func (p Parked) Empty() bool {
	return len(p.Released) == 0 && len(p.Parked) == 0 && len(p.Remembered) == 0 && p.Done == nil
}

// Operation is what somebody did about a parked key. It is kept by the host beside the generation: what operators do to a
// view is no fact of the shop.
type Operation struct {
	What    string // retry or drop
	Key     string
	Actor   events.Actor
	Why     string // as it was given; may be empty
	At      time.Time
	Facts   int    // how many were folded, or forgotten
	Outcome string // empty: it was done; else why the key is still parked
}

// Operations that there are.
const (
	Retry = "retry"
	Drop  = "drop"
)

// ErrNotParked says that a key is not parked.
var ErrNotParked = errors.New("it is not parked")

// FollowsError says that a key waits for a parked stream: that is to be retried or dropped first.
type FollowsError struct{ Stream string }

func (e *FollowsError) Error() string {
	return fmt.Sprintf("it waits for the parked stream %s: retry or drop that first", e.Stream)
}

// CountError says that the count given to confirm a drop is not how many facts would be forgotten.
type CountError struct{ Facts int }

func (e *CountError) Error() string {
	return fmt.Sprintf("%d facts would be forgotten: give that count to confirm", e.Facts)
}

// StillParkedError says that a retry failed, and on what.
type StillParkedError struct{ ParkedKey }

func (e *StillParkedError) Error() string {
	return fmt.Sprintf("%s at position %d still fails: %s", e.Wire, e.Failed, e.ParkedKey.Error)
}

// tooManyError stops a projector.
func tooManyError(view, what string, most int) error {
	return fmt.Errorf("%s has parked %s, of which at most %d are kept: mend the fold and retry them, or drop them; \"till parked list %s\" shows them",
		view, what, most, view)
}

// cut keeps the beginning of a text, as valid UTF-8.
func cut(text string, most int) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}
