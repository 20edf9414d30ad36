package commands_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"tillstream/commands"
)

// Commands that wait for one stream are appended in groups of at most 256, or of as many as make more than 512 KiB.
func TestAGroupOfCommandsIsBounded(t *testing.T) {
	cases := map[string]struct {
		waiting int
		why     string
		want    []int // facts of each append
	}{
		"by number": {600, "", []int{256, 256, 88}},
		"by bytes":  {20, strings.Repeat("w", 64<<10), []int{8, 8, 4}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store, gate := newUnruly(), newGated()
				h := commands.NewHandler(store, commands.Options{})
				ask(t.Context(), h, meta("gate"), gate)
				<-gate.entered
				var sizes []int
				store.before = func(_ context.Context, facts []commands.Draft) error {
					sizes = append(sizes, len(facts))
					return nil
				}
				var heard []<-chan reply
				for i := range c.waiting {
					m := meta(fmt.Sprint("delivery ", i))
					m.Why = c.why
					heard = append(heard, ask(t.Context(), h, m, receive(1)))
				}
				synctest.Wait()
				close(gate.let)
				for _, answer := range heard {
					if a := <-answer; a.err != nil {
						t.Fatal(a.err)
					}
				}
				if want := append([]int{1}, c.want...); !slices.Equal(sizes, want) {
					t.Fatalf("the appends carried %v facts, want %v, the gate's own first", sizes, want)
				}
			})
		})
	}
}
