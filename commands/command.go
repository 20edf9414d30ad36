// Package commands holds what may be asked of the shop, and the answer to each request.
package commands

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"tillstream/aggregates"
	"tillstream/events"
)

// Command is a request to one stream. Decide is pure: it may read only the state and the command. It answers with new
// facts, with no facts when the wish is already true, or with a Rejection. Decide must not change the state.
type Command[S aggregates.State[S, E], E events.Event] interface {
	Name() string // the wire name, subject.verb in the imperative: "order.place"
	Stream() events.Stream[E]
	Decide(S) ([]E, error)
}

// Rejection is a business "no" with a stable reason. The caller may fix the request; asking it again as it is will not
// help until the world has changed.
type Rejection struct {
	Reason  string         // stable: a rule's name, such as stock_insufficient
	Message string         // for people: what was asked, of what, and what to do
	Details map[string]any // for programs; may be nil
}

func (r *Rejection) Error() string { return r.Reason + ": " + r.Message }

// Is tells that two rejections are for the same reason, whatever their words.
func (r *Rejection) Is(target error) bool {
	other, ok := target.(*Rejection)
	return ok && other.Reason == r.Reason
}

// reject states reason with a message made as by fmt.Sprintf.
func reject(reason, format string, args ...any) *Rejection {
	return &Rejection{Reason: reason, Message: fmt.Sprintf(format, args...)}
}

// with adds a detail to the rejection and returns it.
func (r *Rejection) with(key string, value any) *Rejection {
	if r.Details == nil {
		r.Details = map[string]any{}
	}
	r.Details[key] = value
	return r
}

// Within is the same rejection of a field that stands inside another: sku becomes lines[2].sku.
func (r *Rejection) Within(at string) *Rejection {
	if r == nil {
		return nil
	}
	field, named := r.Details["field"].(string)
	if !named {
		return r
	}
	return invalid(at+"."+field, "%s", strings.TrimPrefix(r.Message, field+" "))
}

// entry is the path of the i-th entry of a list.
func entry(list string, i int) string { return list + "[" + strconv.Itoa(i) + "]" }

// InvalidReason is the reason of every command that is not well formed, whatever the state: a 400, not a 409.
const InvalidReason = "invalid_argument"

// invalid says that field of a command is not well formed.
func invalid(field, format string, args ...any) *Rejection {
	return reject(InvalidReason, field+" "+format, args...).with("field", field)
}

// ErrReused says a command id was used before for another request.
var ErrReused = errors.New("this command id was used before for another request")

// ErrUnknownOutcome says the store did not tell in time whether the facts were recorded. Asking the same command again,
// under the same id, is safe and tells.
var ErrUnknownOutcome = errors.New("the outcome is not known yet: ask again under the same id")

// ConflictError says a stream did not end where the reader of its history thought.
type ConflictError struct {
	Stream   string
	Expected int64 // last revision of the history that was decided on; -1: none
	Actual   int64 // last revision of the stream; -1: none, -2: not told
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("%s ends at revision %d, not %d", e.Stream, e.Actual, e.Expected)
}

// LostRaceError says others kept appending to a stream while a command was decided Attempts times.
type LostRaceError struct {
	Stream   string
	Attempts int
	Between  []string // types of the facts that came in between, oldest first, at most 20
}

func (e *LostRaceError) Error() string {
	return fmt.Sprintf("%s moved on %d times while this was decided (%s): ask again", e.Stream, e.Attempts, strings.Join(e.Between, ", "))
}
