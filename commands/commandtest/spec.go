// Package commandtest lets a decision be specified as given, when, then.
package commandtest

import (
	"encoding/json"
	"errors"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tillstream/aggregates"
	"tillstream/commands"
	"tillstream/events"
)

// Given is the history a command meets.
type Given[S aggregates.State[S, E], E events.Event] struct{ history []E }

// History gives a stream's past. History() is a stream that does not exist.
func History[S aggregates.State[S, E], E events.Event](past ...E) Given[S, E] {
	return Given[S, E]{past}
}

// Then checks the facts that a command records, and laws that no test has to remember: facts survive storage, the
// state survives a snapshot, and the same command asked twice adds nothing and is answered alike.
func (g Given[S, E]) Then(t testing.TB, cmd commands.Command[S, E], want ...E) {
	t.Helper()
	store := g.store(cmd)
	before := len(store.All())
	meta := events.Meta{Command: "asked", Request: "this", Origin: events.FromAPI}
	first, err := commands.Handle(t.Context(), commands.NewHandler(store, commands.Options{}), meta, cmd)
	if err != nil {
		t.Fatalf("%s was refused: %v", cmd.Name(), err)
	}
	if diff := cmp.Diff(want, facts[E](first)); diff != "" {
		t.Fatalf("%s decided otherwise (-want +got):\n%s", cmd.Name(), diff)
	}
	for _, r := range store.All()[before:] {
		if i := int(r.Position) - 1 - before; !reflect.DeepEqual(r.Event, events.Event(want[i])) {
			t.Errorf("%s does not survive storage: %s", r.Type(), cmp.Diff(events.Event(want[i]), r.Event))
		}
	}
	again, err := commands.Handle(t.Context(), commands.NewHandler(store, commands.Options{}), meta, cmd)
	if diff := cmp.Diff(first.Facts, again.Facts); err != nil || diff != "" || first.At != again.At {
		t.Errorf("%s asked twice was answered differently: %v %s", cmd.Name(), err, diff)
	}
	if after := len(store.All()); after != before+len(want) {
		t.Errorf("%s asked twice recorded %d facts, not %d", cmd.Name(), after-before, len(want))
	}
	g.survivesSnapshot(t, cmd)
}

// ThenNothing checks that the wish is already true.
func (g Given[S, E]) ThenNothing(t testing.TB, cmd commands.Command[S, E]) {
	t.Helper()
	g.Then(t, cmd)
}

// Rejects checks the reason of a refusal, and that it left nothing behind.
func (g Given[S, E]) Rejects(t testing.TB, cmd commands.Command[S, E], reason string) *commands.Rejection {
	t.Helper()
	store := g.store(cmd)
	a, err := commands.Handle(t.Context(), commands.NewHandler(store, commands.Options{}), events.Meta{Command: "asked"}, cmd)
	var no *commands.Rejection
	if !errors.As(err, &no) || no.Reason != reason {
		t.Fatalf("%s decided %+v, %v; want the rejection %s", cmd.Name(), a.Facts, err, reason)
	}
	if no.Message == "" || len(store.All()) != len(g.history) {
		t.Errorf("%s: a refusal needs a message and leaves no facts: %q, %d facts", cmd.Name(), no.Message, len(store.All()))
	}
	return no
}

// State is the folded history.
func (g Given[S, E]) State() (s S) {
	for _, e := range g.history {
		s = s.Evolve(e)
	}
	return s
}

func (g Given[S, E]) survivesSnapshot(t testing.TB, cmd commands.Command[S, E]) {
	t.Helper()
	var back S
	b, err := json.Marshal(g.State())
	if err == nil {
		err = json.Unmarshal(b, &back)
	}
	if err != nil {
		t.Fatalf("the state does not survive a snapshot: %v", err)
	}
	want, wantErr := cmd.Decide(g.State())
	got, gotErr := cmd.Decide(back)
	if diff := cmp.Diff(want, got); diff != "" || (wantErr == nil) != (gotErr == nil) {
		t.Errorf("%s decides otherwise on a snapshot: %v, %v %s", cmd.Name(), wantErr, gotErr, diff)
	}
}

func (g Given[S, E]) store(cmd commands.Command[S, E]) *Memory {
	m := NewMemory()
	for _, e := range g.history {
		m.Record(string(cmd.Stream()), events.Meta{}, e)
	}
	return m
}

func facts[E events.Event](a commands.Answer) (es []E) {
	for _, f := range a.Facts {
		es = append(es, f.(E))
	}
	return es
}
