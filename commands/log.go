package commands

import (
	"tillstream/aggregates"
	"tillstream/events"
)

// OpenLog gives a new log its identity; a log that has one keeps it.
type OpenLog struct {
	LogID events.LogID `json:"log_id"`
}

// Name implements Command.
func (OpenLog) Name() string { return "log.open" }

// Stream implements Command.
func (OpenLog) Stream() events.Stream[events.LogEvent] { return events.Log() }

// Decide implements Command.
func (c OpenLog) Decide(l aggregates.Log) ([]events.LogEvent, error) {
	if err := check(checkID("log_id", string(c.LogID))); err != nil {
		return nil, err
	}
	if l.ID != "" {
		return nil, nil
	}
	return []events.LogEvent{events.LogOpened{LogID: c.LogID}}, nil
}

func offerLog(c *Codec) { Offer[OpenLog](c) }
