package events

import (
	"fmt"
	"strings"
)

// PersonalDataEvent is the closed set of facts about who looked at what is sealed of one person.
//
//sumtype:decl
type PersonalDataEvent interface {
	Event
	personalDataEvent()
}

// PersonalDataOpened says personal data of a subject was shown in plain text to the actor of the fact. It is recorded
// before anything is shown, and holds none of what was shown.
type PersonalDataOpened struct {
	Subject string   `json:"subject"`            // whose data: the name under which it is sealed
	Fields  []string `json:"fields"`             // what was opened: name, email, address
	EventID string   `json:"event_id,omitempty"` // the fact in which it stood
	Purpose string   `json:"purpose,omitempty"`  // what it was opened for, in the words of who looked
}

func (PersonalDataOpened) Type() string { return "personal_data.opened" }

func (PersonalDataOpened) personalDataEvent() {}

// PersonalData is the stream of who looked at the personal data of a subject.
func PersonalData(subject string) Stream[PersonalDataEvent] {
	return Stream[PersonalDataEvent]("personal_data-" + subject)
}

// Sentence says the fact in plain words.
func (e PersonalDataOpened) Sentence() string {
	return fmt.Sprintf("Personal data of %s was opened: %s%s", subjectWords(e.Subject), strings.Join(e.Fields, ", "), document(e.Purpose))
}

// subjectWords says whose data it is: customer 1f0c…, guest of order 7a21….
func subjectWords(subject string) string {
	kind, id, _ := strings.Cut(subject, "-")
	if kind == "guest" {
		return "the guest of order " + short(id)
	}
	return strings.TrimSpace(kind + " " + short(id))
}

func admitPersonalData(c *Codec) { Current[PersonalDataOpened](c) }
