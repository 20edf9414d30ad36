package commands

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"tillstream/aggregates"
	"tillstream/events"
)

// Request is a command whose state type is forgotten, so that unlike commands fit one list.
type Request struct {
	Command interface{ Name() string }
	Stream  string
	send    func(context.Context, *Handler, events.Meta) (Answer, error)
	decide  func(state any) ([]events.Event, any, error)
}

// Ask makes a Request of a command.
func Ask[S aggregates.State[S, E], E events.Event](cmd Command[S, E]) Request {
	return Request{cmd, string(cmd.Stream()), func(ctx context.Context, h *Handler, m events.Meta) (Answer, error) {
		return Handle(ctx, h, m, cmd)
	}, func(state any) ([]events.Event, any, error) { return decideOn(state, cmd) }}
}

func decideOn[S aggregates.State[S, E], E events.Event](state any, cmd Command[S, E]) (facts []events.Event, after any, err error) {
	s, _ := state.(S)
	decided, err := cmd.Decide(s)
	if err != nil {
		return nil, state, err
	}
	for _, e := range decided {
		facts, s = append(facts, e), s.Evolve(e)
	}
	return facts, s, nil
}

// Send asks the command, as Handle does.
func (r Request) Send(ctx context.Context, h *Handler, m events.Meta) (Answer, error) {
	return r.send(ctx, h, m)
}

// Decide answers what the command would record on a state that is kept nowhere else, and the state after that; nil is the
// state of an empty stream. The state given is spent.
func (r Request) Decide(state any) (facts []events.Event, after any, err error) {
	return r.decide(state)
}

// Codec turns the wire form of commands (name and JSON) into Requests.
type Codec struct {
	decode map[string]func([]byte) (Request, error)
}

// Offer admits C under its own Name.
func Offer[C Command[S, E], S aggregates.State[S, E], E events.Event](c *Codec) {
	var zero C
	name := zero.Name()
	if _, taken := c.decode[name]; taken {
		panic("commands: " + name + " offered twice")
	}
	if c.decode == nil {
		c.decode = map[string]func([]byte) (Request, error){}
	}
	c.decode[name] = func(b []byte) (Request, error) {
		var cmd C
		if err := json.Unmarshal(b, &cmd); err != nil {
			return Request{}, err
		}
		return Ask[S, E](cmd), nil
	}
}

// Decode reads a command from its wire form.
func (c *Codec) Decode(name string, b []byte) (Request, error) {
	decode, known := c.decode[name]
	if !known {
		return Request{}, invalid("name", "%q is not a command of this shop", name)
	}
	r, err := decode(b)
	if err != nil {
		return Request{}, invalid("command", "is not a readable %s: %v", name, err)
	}
	return r, nil
}

// Names lists every command, sorted.
func (c *Codec) Names() []string { return slices.Sorted(maps.Keys(c.decode)) }

// Encode is the wire form of a request's command.
func Encode(r Request) (name string, b []byte, err error) {
	b, err = json.Marshal(r.Command)
	if err != nil {
		err = fmt.Errorf("encode %s: %w", r.Command.Name(), err)
	}
	return r.Command.Name(), b, err
}
