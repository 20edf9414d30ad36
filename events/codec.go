package events

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// ErrUnknownType says the log holds a wire name this binary does not know: the log is newer than the binary.
var ErrUnknownType = errors.New("unknown event type")

// Codec turns stored bytes into the newest shape of an event.
type Codec struct {
	decode  map[string]func([]byte) (Event, error)
	current map[string]Event
}

// Current admits E under its own Type.
func Current[E Event](c *Codec) {
	var zero E
	c.admit(zero.Type(), func(b []byte) (Event, error) {
		var e E
		err := json.Unmarshal(b, &e)
		return e, err
	})
	c.current[zero.Type()] = zero
}

// Retired keeps an old shape readable: bytes stored as wire decode into Old and are lifted to E, one to one.
func Retired[Old any, E Event](c *Codec, wire string, lift func(Old) E) {
	c.admit(wire, func(b []byte) (Event, error) {
		var old Old
		if err := json.Unmarshal(b, &old); err != nil {
			return nil, err
		}
		return lift(old), nil
	})
}

func (c *Codec) admit(wire string, decode func([]byte) (Event, error)) {
	if _, taken := c.decode[wire]; taken {
		panic("events: " + wire + " admitted twice")
	}
	if c.decode == nil {
		c.decode, c.current = map[string]func([]byte) (Event, error){}, map[string]Event{}
	}
	c.decode[wire] = decode
}

// Knows tells whether wire is a name this binary can decode.
func (c *Codec) Knows(wire string) bool { return c.decode[wire] != nil }

// Decode reads the bytes stored under wire. The error wraps ErrUnknownType for a name not admitted.
func (c *Codec) Decode(wire string, b []byte) (Event, error) {
	decode, known := c.decode[wire]
	if !known {
		return nil, fmt.Errorf("%w %q: the log is newer than this binary", ErrUnknownType, wire)
	}
	if string(bytes.TrimSpace(b)) == "null" {
		return nil, fmt.Errorf("%s is null: a fact says something", wire)
	}
	e, err := decode(b)
	if err != nil {
		return nil, fmt.Errorf("%s is not readable: %w", wire, err)
	}
	return e, nil
}

// Encode is the stored form of e.
func Encode(e Event) ([]byte, error) { return json.Marshal(e) }

// Wires lists every readable wire name, retired ones included, sorted.
func (c *Codec) Wires() []string { return slices.Sorted(maps.Keys(c.decode)) }

// Types lists the zero value of every current event, sorted by wire name.
func (c *Codec) Types() []Event {
	zeros := make([]Event, 0, len(c.current))
	for _, wire := range slices.Sorted(maps.Keys(c.current)) {
		zeros = append(zeros, c.current[wire])
	}
	return zeros
}
