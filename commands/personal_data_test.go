package commands_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"tillstream/aggregates"
	"tillstream/commands"
	. "tillstream/commands/commandtest"
	"tillstream/events"
)

var (
	openName = commands.OpenPersonalData{Subject: "customer-ada", Fields: []string{"name", "address"}, EventID: "e1", Purpose: "the parcel came back"}
	nameSeen = events.PersonalDataOpened{Subject: "customer-ada", Fields: []string{"name", "address"}, EventID: "e1", Purpose: "the parcel came back"}
)

func looked(past ...events.PersonalDataEvent) Given[aggregates.PersonalData, events.PersonalDataEvent] {
	return History[aggregates.PersonalData](past...)
}

func TestEveryLookAtPersonalDataIsAFact(t *testing.T) {
	looked().Then(t, openName, nameSeen)
	looked(nameSeen, nameSeen).Then(t, openName, nameSeen)

	for field, broken := range map[string]commands.OpenPersonalData{
		"subject":  {Fields: []string{"name"}},
		"fields":   {Subject: "customer-ada"},
		"event_id": {Subject: "customer-ada", Fields: []string{"name"}, EventID: "an id"},
		"purpose":  {Subject: "customer-ada", Fields: []string{"name"}, Purpose: strings.Repeat("p", 257)},
	} {
		refusesField(t, looked(), broken, field)
	}
	for _, fields := range [][]string{{"name", "name"}, {"shoe_size"}, {""}, {events.FieldPaymentToken}} {
		refusesField(t, looked(), commands.OpenPersonalData{Subject: "customer-ada", Fields: fields}, "fields")
	}
}

func TestLooksAreCounted(t *testing.T) {
	checkReached(t, func(t *rapid.T, reached map[string]int) {
		s := newStory[aggregates.PersonalData, events.PersonalDataEvent](t, reached)
		n := rapid.Int64Range(1, 4).Draw(t, "looks")
		for range n {
			s.ask(openName)
		}
		if s.state.Opened != n {
			t.Fatalf("%d looks were counted as %d", n, s.state.Opened)
		}
	}, typesOf("personal_data")...)
}
