package events

import (
	"encoding/json"
	"fmt"
	"time"
)

// MetaVersion is the shape of Meta that this binary writes.
const MetaVersion = 1

// Meta says why a fact is there. It is stored beside the fact and carries no personal data.
type Meta struct {
	Correlation string    `json:"$correlationId,omitempty"`
	Causation   string    `json:"$causationId,omitempty"`
	V           int       `json:"v"`
	Command     string    `json:"cmd"`             // id of the command that decided the fact
	Request     string    `json:"req,omitempty"`   // keyed hash of what was asked, to tell a repeat from another wish
	Actor       Actor     `json:"actor"`           // who asked
	At          time.Time `json:"at"`              // business time: when it was so
	Rec         time.Time `json:"rec"`             // record time: when we came to know; set by commands.Handle alone
	Why         string    `json:"why,omitempty"`   // free text of staff
	Trace       string    `json:"trace,omitempty"` // W3C traceparent
	Origin      Origin    `json:"origin"`
}

// Actor is who asked for a fact: "customer:…", "staff:…", "process:…", or "anonymous:".
type Actor struct {
	Kind string `json:"kind"`
	ID   string `json:"id,omitempty"`
}

// String is the form of the X-Actor header, kind:id.
func (a Actor) String() string { return a.Kind + ":" + a.ID }

// Origin tells whether processes may act on a fact: imported history is folded, never acted on.
type Origin string

// The closed set of origins.
const (
	FromAPI    Origin = "api"
	FromPolicy Origin = "policy"
	FromImport Origin = "import"
)

// Time is t as facts and views keep it: UTC, whole microseconds, so that it survives JSON and Postgres unchanged.
func Time(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// EncodeMeta is the stored form of m.
func EncodeMeta(m Meta) ([]byte, error) {
	m.V = MetaVersion
	return json.Marshal(m)
}

// DecodeMeta reads stored metadata. Metadata of a version newer than MetaVersion is refused, since it may say things
// this binary would lose.
func DecodeMeta(b []byte) (m Meta, err error) {
	if err := json.Unmarshal(b, &m); err != nil {
		return m, fmt.Errorf("metadata is not readable: %w", err)
	}
	if m.V > MetaVersion {
		return m, fmt.Errorf("metadata has version %d, this binary reads up to %d: deploy the newer binary", m.V, MetaVersion)
	}
	return m, nil
}
