package commands_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"tillstream/aggregates"
	"tillstream/commands"
	. "tillstream/commands/commandtest"
	"tillstream/events"
)

// story is one stream under commands that nobody planned. Beside what a test looks at, it checks of every command that
// asking it twice adds nothing and answers alike, and that a snapshot decides as the state it was made of.
type story[S aggregates.State[S, E], E events.Event] struct {
	t       *rapid.T
	store   *Memory
	handler *commands.Handler
	state   S
	facts   []E
	asked   int
	reached map[string]int
}

func newStory[S aggregates.State[S, E], E events.Event](t *rapid.T, reached map[string]int) *story[S, E] {
	store := NewMemory()
	return &story[S, E]{t: t, store: store, handler: commands.NewHandler(store, commands.Options{}), reached: reached}
}

// ask answers with the new facts, or with the reason of the refusal.
func (s *story[S, E]) ask(cmd commands.Command[S, E]) (facts []E, reason string) {
	s.t.Helper()
	s.asked++
	meta := events.Meta{Command: fmt.Sprint("command-", s.asked), Request: "r", Origin: events.FromAPI}
	s.sameFromSnapshot(cmd)
	first, err := commands.Handle(s.t.Context(), s.handler, meta, cmd)
	if no := (*commands.Rejection)(nil); errors.As(err, &no) {
		s.reached[no.Reason]++
		return nil, no.Reason
	}
	if err != nil {
		s.t.Fatalf("%s: %v", cmd.Name(), err)
	}
	stored := len(s.store.All())
	for _, f := range first.Facts {
		s.reached[f.Type()]++
		facts = append(facts, f.(E))
		s.state = s.state.Evolve(f.(E))
	}
	s.facts = append(s.facts, facts...)
	again, err := commands.Handle(s.t.Context(), s.handler, meta, cmd)
	if err != nil || !reflect.DeepEqual(first.Facts, again.Facts) || len(s.store.All()) != stored {
		s.t.Fatalf("%s asked twice: %+v, then %+v, %v", cmd.Name(), first.Facts, again.Facts, err)
	}
	return facts, ""
}

func (s *story[S, E]) sameFromSnapshot(cmd commands.Command[S, E]) {
	s.t.Helper()
	var back S
	b, err := json.Marshal(s.state)
	if err == nil {
		err = json.Unmarshal(b, &back)
	}
	if err != nil {
		s.t.Fatalf("the state does not survive a snapshot: %v", err)
	}
	want, wantErr := cmd.Decide(s.state)
	got, gotErr := cmd.Decide(back)
	if !reflect.DeepEqual(want, got) || (wantErr == nil) != (gotErr == nil) {
		s.t.Fatalf("%s decides otherwise on a snapshot: %+v %v, not %+v %v", cmd.Name(), got, gotErr, want, wantErr)
	}
	if after, _ := json.Marshal(s.state); string(after) != string(b) {
		s.t.Fatalf("%s changed the state while it decided", cmd.Name())
	}
}

// roundsMax is how often a property is checked again for what it did not happen to reach: so often that the rarest of
// them, met in one round of twelve, is missed less than once in ten million runs.
const roundsMax = 200

// checkReached checks property until it reached every one of the required event types and reasons.
func checkReached(t *testing.T, property func(*rapid.T, map[string]int), required ...string) {
	t.Helper()
	reached := map[string]int{}
	missing := required
	for range roundsMax {
		rapid.Check(t, func(t *rapid.T) { property(t, reached) })
		missing = slices.DeleteFunc(slices.Clone(required), func(what string) bool { return reached[what] > 0 })
		if len(missing) == 0 || t.Failed() {
			break
		}
	}
	told.Lock()
	defer told.Unlock()
	for _, what := range slices.Sorted(maps.Keys(reached)) {
		told.types[what] = true
		t.Logf("%7d × %s", reached[what], what)
	}
	if len(missing) > 0 {
		t.Errorf("never reached in %d rounds: %v", roundsMax, missing)
	}
}

// likely draws one of the choices, each as often as its weight says.
func likely(t *rapid.T, label string, weights map[string]int) string {
	var choices []string
	for _, choice := range slices.Sorted(maps.Keys(weights)) {
		choices = append(choices, slices.Repeat([]string{choice}, weights[choice])...)
	}
	return rapid.SampledFrom(choices).Draw(t, label)
}
