package commands_test

import (
	"testing"

	"tillstream/aggregates"
	"tillstream/commands"
	. "tillstream/commands/commandtest"
	"tillstream/events"
)

func TestOpenLog(t *testing.T) {
	opened := events.LogOpened{LogID: "log-1"}
	log := func(past ...events.LogEvent) Given[aggregates.Log, events.LogEvent] {
		return History[aggregates.Log](past...)
	}

	log().Then(t, commands.OpenLog{LogID: "log-1"}, opened)
	log(opened).ThenNothing(t, commands.OpenLog{LogID: "log-1"})
	log(opened).ThenNothing(t, commands.OpenLog{LogID: "log-2"}) // a log keeps the identity it has
	refusesField(t, log(), commands.OpenLog{}, "log_id")
}
