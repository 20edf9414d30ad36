package projections

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"tillstream/events"
)

// Interval is one delivery: all that one log holds after From, up to and including To.
type Interval struct {
	Log      events.LogID
	From, To events.Position
	Facts    []events.Recorded
	Broken   []Broken // those of the events that could not be decoded
}

// Broken is an event of the log that this binary cannot read.
type Broken struct {
	Wire     string
	Stream   string
	Revision uint64
	ID       string
	Position events.Position
	Data     []byte // as it is stored
	Err      error  // wraps events.ErrUnknownType when the log is newer than the binary
}

// Log reads the event store itself, in log order, in pages of bounded size; each page is an interval that begins where
// the one before ended.
type Log interface {
	Between(ctx context.Context, after, upTo events.Position) iter.Seq2[Interval, error]
	// EventAt reads the one event at a position: an interval that ends there and holds nothing else.
	EventAt(ctx context.Context, position events.Position) (Interval, error)
}

// Checkpoint is where a consumer stands: it has applied all of Log up to and including At, which were Count events.
type Checkpoint struct {
	Log   events.LogID
	At    events.Position
	Count uint64
}

// ErrForeignLog says a checkpoint belongs to another log, or lies beyond the end of this one: what was built cannot
// belong to it. The consumer stops; its view is to be built anew.
var ErrForeignLog = errors.New("the checkpoint belongs to another log: rebuild the view")

// Beyond cuts off what a consumer at position at has applied already.
func (i Interval) Beyond(at events.Position) Interval {
	for len(i.Facts) > 0 && i.Facts[0].Position <= at {
		i.Facts = i.Facts[1:]
	}
	for len(i.Broken) > 0 && i.Broken[0].Position <= at {
		i.Broken = i.Broken[1:]
	}
	i.From = max(i.From, at)
	return i
}

// upTo keeps of an interval what Beyond cuts off.
func (i Interval) upTo(at events.Position) Interval {
	facts := slices.IndexFunc(i.Facts, func(r events.Recorded) bool { return r.Position > at })
	if facts >= 0 {
		i.Facts = i.Facts[:facts:facts]
	}
	broken := slices.IndexFunc(i.Broken, func(b Broken) bool { return b.Position > at })
	if broken >= 0 {
		i.Broken = i.Broken[:broken:broken]
	}
	i.To = min(i.To, at)
	return i
}

// halves cuts an interval of two events or more in the middle.
func (i Interval) halves() (first, second Interval) {
	var all []events.Position
	for _, r := range i.Facts {
		all = append(all, r.Position)
	}
	for _, b := range i.Broken {
		all = append(all, b.Position)
	}
	slices.Sort(all)
	middle := all[len(all)/2-1]
	return i.upTo(middle), i.Beyond(middle)
}

// Count is the number of events in the interval.
func (i Interval) Count() uint64 { return uint64(len(i.Facts) + len(i.Broken)) }

// inOrder tells what is wrong with an interval whose facts are not in log order, or not inside it: applied, they would be
// applied again.
func (i Interval) inOrder() error {
	last := i.From
	for _, r := range i.Facts {
		if r.Position <= last || r.Position > i.To {
			return fmt.Errorf("position %d follows %d in (%d, %d]", r.Position, last, i.From, i.To)
		}
		last = r.Position
	}
	return nil
}

// stops tells why a consumer must not go past this interval, whatever it hears.
func (i Interval) stops() error {
	for _, b := range i.Broken {
		if errors.Is(b.Err, events.ErrUnknownType) {
			return fmt.Errorf("the log is newer than this binary: %s at position %d of stream %s: deploy the newer binary: %w", b.Wire, b.Position, b.Stream, b.Err)
		}
	}
	return nil
}
