package projectiontest

import (
	"time"

	"tillstream/events"
	"tillstream/projections"
)

// Sample has a column of every kind. It asks to be removed when it is Closed.
type Sample struct {
	Name    string `col:",index"`
	Grade   Grade  `col:",index"`
	Count   int    `col:",index"`
	Minor   int64
	Units   uint64
	Small   int32
	Open    bool
	Share   float64
	At      time.Time  `col:",index"`
	Until   *time.Time `col:",index"`
	Tags    []string
	Sizes   map[string]int64
	Parts   []Part
	First   *Part
	Contact *events.Sealed `col:",opens=contact"`
	Note    *events.Sealed
	Closed  bool
}

// Grade is a named text.
type Grade string

// Part is nested in a Sample.
type Part struct {
	SKU   string    `json:"sku"`
	Taken int64     `json:"taken"`
	Since time.Time `json:"since"`
	Of    []Part    `json:"of"`
}

// Gone asks for removal.
func (s Sample) Gone() bool { return s.Closed }

// Samples is a view of Sample, for tests of generations; it hears nothing.
func Samples(version int) projections.View[Sample] {
	return projections.Define[Sample]("samples", version)
}

// Plain is how tests seal a contact: what stands in the cipher is the plain text. It is blank for a subject that was
// forgotten.
func Plain(value Sample, _ projections.Column) string {
	if value.Contact == nil || value.Contact.Subject == Forgotten {
		return ""
	}
	return string(value.Contact.Cipher)
}

// Forgotten is a subject whose key is gone.
const Forgotten = "forgotten"

func sealed(subject, plain string) *events.Sealed {
	return &events.Sealed{Subject: subject, Key: 1, Cipher: []byte(plain)}
}
