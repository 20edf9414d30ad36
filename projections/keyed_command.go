package projections

import (
	"slices"
	"time"

	"tillstream/events"
)

// KeyedCommand answers what was asked under an Idempotency-Key, and where it was recorded: for ever, and in whatever
// stream. A command that was refused, or found its wish true, left nothing and is not here.
type KeyedCommand struct {
	Request  string            // keyed hash of what was asked
	Recorded []CommandRecorded // one entry per stream, in the order of the log
	At       time.Time         // when the first of it was recorded
}

// CommandRecorded is where the facts of a command begin in one stream.
type CommandRecorded struct {
	Stream   string `json:"stream"`
	Revision uint64 `json:"revision"`
}

// In is the revision at which the facts of the command begin in a stream; false when it recorded none there.
func (c KeyedCommand) In(stream string) (revision uint64, found bool) {
	i := slices.IndexFunc(c.Recorded, func(r CommandRecorded) bool { return r.Stream == stream })
	if i < 0 {
		return 0, false
	}
	return c.Recorded[i].Revision, true
}

// KeyedCommands holds one value per command of the API whose id was derived from a key. Imports and policies, whose
// commands come by the hundred thousand, know their own.
var KeyedCommands = Define("keyed_commands", 1, OnAny(
	func(r events.Recorded) []string {
		if r.Origin != events.FromAPI || !events.IsDerivedID(r.Command) {
			return nil
		}
		return []string{r.Command}
	},
	func(c KeyedCommand, _ string, r events.Recorded) KeyedCommand {
		if len(c.Recorded) == 0 {
			c.Request, c.At = r.Request, r.Rec
		}
		if _, known := c.In(r.Stream); !known {
			c.Recorded = append(slices.Clip(c.Recorded), CommandRecorded{r.Stream, r.Revision})
		}
		return c
	}))
