package events

import "fmt"

// LogEvent is the closed set of facts about the log itself.
//
//sumtype:decl
type LogEvent interface {
	Event
	logEvent()
}

// LogOpened is the first event of a log and gives it its identity; a restore records another, for the restored log is
// another log from there on.
type LogOpened struct {
	LogID LogID `json:"log_id"`
}

func (LogOpened) Type() string { return "log.opened" }

func (LogOpened) logEvent() {}

// Log is the stream that holds the identity of the log.
func Log() Stream[LogEvent] { return "log-identity" }

// Sentence says the fact in plain words.
func (e LogOpened) Sentence() string {
	return fmt.Sprintf("The log was opened under the identity %s", short(string(e.LogID)))
}

func admitLog(c *Codec) { Current[LogOpened](c) }
