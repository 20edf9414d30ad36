package commands

import (
	"slices"

	"tillstream/aggregates"
	"tillstream/events"
)

// OpenPersonalData records that personal data of a subject is about to be shown to the actor. Every look is a fact of
// its own, however often it is repeated.
type OpenPersonalData struct {
	Subject string   `json:"subject"`
	Fields  []string `json:"fields"`
	EventID string   `json:"event_id,omitempty"`
	Purpose string   `json:"purpose,omitempty"`
}

// openable are the fields that anybody may ever look at. A payment token is for the payment provider alone.
var openable = []string{events.FieldName, events.FieldEmail, events.FieldAddress}

// subjectMax is for a kind and an id: customer-….
const subjectMax = 2 * idMax

// Name implements Command.
func (OpenPersonalData) Name() string { return "personal_data.open" }

// Stream implements Command.
func (c OpenPersonalData) Stream() events.Stream[events.PersonalDataEvent] {
	return events.PersonalData(c.Subject)
}

// Decide implements Command.
func (c OpenPersonalData) Decide(aggregates.PersonalData) ([]events.PersonalDataEvent, error) {
	err := check(checkName("subject", c.Subject, subjectMax), checkOptionalID("event_id", c.EventID), checkNote("purpose", c.Purpose, noteMax),
		checkOpenable(c.Fields))
	if err != nil {
		return nil, err
	}
	return []events.PersonalDataEvent{events.PersonalDataOpened{Subject: c.Subject, Fields: c.Fields, EventID: c.EventID, Purpose: c.Purpose}}, nil
}

func checkOpenable(fields []string) *Rejection {
	if len(fields) == 0 {
		return invalid("fields", "is required: name what is opened")
	}
	for i, f := range fields {
		if !slices.Contains(openable, f) || slices.Contains(fields[:i], f) {
			return invalid("fields", "may name %v, each once", openable)
		}
	}
	return nil
}

func offerPersonalData(c *Codec) { Offer[OpenPersonalData](c) }
