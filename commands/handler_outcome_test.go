package commands_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"tillstream/commands"
)

func TestAnUnknownOutcomeAsksTheIdenticalAppendAgain(t *testing.T) {
	for name, recorded := range map[string]bool{"recorded but not told": true, "not recorded": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store, decided, failures := newUnruly(), 0, 0
				cut := func() error {
					if failures++; failures <= 3 {
						return errNoWord
					}
					return nil
				}
				if recorded {
					store.after = func(context.Context) error { return cut() }
				} else {
					store.before = func(context.Context, []commands.Draft) error { return cut() }
				}
				a := mustHandle(t, commands.NewHandler(store, commands.Options{}), meta("delivery"), counted{receive(5), &decided})

				asked := store.appends()
				if len(asked) != 4 {
					t.Fatalf("%d appends, want 4", len(asked))
				}
				for _, again := range asked[1:] {
					if !cmp.Equal(asked[0], again, cmp.AllowUnexported(call{})) {
						t.Errorf("first asked %+v, then %+v", asked[0], again)
					}
				}
				if decided != 1 || len(store.All()) != 1 || a.At != 1 || a.Replayed {
					t.Errorf("decided %d times, recorded %d facts, told %+v", decided, len(store.All()), a)
				}
			})
		})
	}
}

func TestAnOutcomeThatStaysUnknownIsSaidSoAndRetried(t *testing.T) {
	for name, recorded := range map[string]bool{"recorded but never told": true, "never recorded": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newUnruly()
				h := commands.NewHandler(store, commands.Options{})
				mustHandle(t, h, meta("before"), receive(1))
				if recorded {
					store.after = hangs
				} else {
					store.before = func(ctx context.Context, _ []commands.Draft) error { return hangs(ctx) }
				}
				_, err := commands.Handle(t.Context(), h, meta("delivery"), stockCommand(receive(5)))
				if !errors.Is(err, commands.ErrUnknownOutcome) {
					t.Fatalf("got %v", err)
				}
				store.before, store.after = nil, nil
				asked := len(store.calls)

				a := mustHandle(t, h, meta("delivery"), receive(5))

				if store.calls[asked].appends {
					t.Error("the retry was decided before the stream was read")
				}
				if a.Replayed != recorded || len(store.All()) != 2 || a.At != 2 {
					t.Errorf("told %+v, %d facts", a, len(store.All()))
				}
			})
		})
	}
}

func TestConcurrentCommandsOfOneStreamAreAppendedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const crowd = 256
		store, gate := newUnruly(), newGated()
		h := commands.NewHandler(store, commands.Options{})
		ask(t.Context(), h, meta("gate"), gate)
		<-gate.entered
		var heard []<-chan reply
		for i := range crowd {
			heard = append(heard, ask(t.Context(), h, meta(fmt.Sprint("buyer ", i)), reserve(fmt.Sprint("order-", i), 1)))
		}
		restock := ask(t.Context(), h, meta("restock"), receive(crowd))
		synctest.Wait()
		close(gate.let)

		accepted := 0
		for _, answer := range heard {
			if a := <-answer; a.err == nil {
				accepted++
			}
		}
		if r := <-restock; r.err != nil {
			t.Error(r.err)
		}
		if asked := len(store.appends()); asked > 3 {
			t.Errorf("%d commands took %d appends; the gate's own and two groups were enough", crowd+2, asked)
		}
		if promised := len(store.All()) - 2; promised != accepted {
			t.Errorf("%d were told yes, %d reservations are recorded", accepted, promised)
		}
	})
}

func TestARefusalWaitsForTheFactsItWasDecidedOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, gate, let := newUnruly(), newGated(), make(chan struct{})
		h := commands.NewHandler(store, commands.Options{})
		ask(t.Context(), h, meta("gate"), gate)
		<-gate.entered
		store.before = func(_ context.Context, facts []commands.Draft) error {
			if facts[0].Type != "stock.reserved" {
				return nil
			}
			<-let
			if len(facts) > 0 && string(facts[0].Data) == `{"sku":"LAMP","warehouse":"MAIN","order_id":"ada","lines":[{"line_id":"1","quantity":1}]}` {
				return fmt.Errorf("too large: %w", commands.ErrNotRecorded)
			}
			return nil
		}
		ada := ask(t.Context(), h, meta("ada"), reserve("ada", 1))
		synctest.Wait()
		bob := ask(t.Context(), h, meta("bob"), reserve("bob", 1))
		synctest.Wait()
		close(gate.let)
		synctest.Wait()
		select {
		case b := <-bob:
			t.Fatalf("bob was answered %+v while ada's reservation is not recorded", b)
		default:
		}
		close(let)

		if a := <-ada; !errors.Is(a.err, commands.ErrNotRecorded) {
			t.Errorf("ada was told %+v", a)
		}
		if b := <-bob; b.err != nil {
			t.Errorf("bob was refused for the sake of a reservation that never was: %v", b.err)
		}
	})
}

func TestACallerWhoLeavesDoesNotTakeTheAnswersOfOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, let := newUnruly(), make(chan struct{})
		store.before = func(context.Context, []commands.Draft) error { <-let; return nil }
		h := commands.NewHandler(store, commands.Options{})
		gate := newGated()
		first := ask(t.Context(), h, meta("gate"), gate)
		<-gate.entered
		leaving, leave := context.WithCancel(t.Context())
		ada := ask(leaving, h, meta("ada"), receive(2))
		bob := ask(t.Context(), h, meta("bob"), receive(3))
		gone, goAway := context.WithCancel(t.Context())
		eve := ask(gone, h, meta("eve"), receive(4))
		synctest.Wait()
		goAway() // before it is decided
		close(gate.let)
		let <- struct{}{} // the gate's own append
		synctest.Wait()
		leave() // decided, not yet recorded

		if a := <-ada; !errors.Is(a.err, commands.ErrUnknownOutcome) || !errors.Is(a.err, context.Canceled) {
			t.Errorf("ada was told %+v", a)
		}
		if e := <-eve; !errors.Is(e.err, context.Canceled) {
			t.Errorf("eve was told %+v", e)
		}
		close(let)
		if f, b := <-first, <-bob; f.err != nil || b.err != nil {
			t.Errorf("the others were told %v, %v", f.err, b.err)
		}
		if n := lampOnHand(t, store.Memory); n != 1+2+3 {
			t.Errorf("%d lamps were received; eve's were never decided, ada's were", n)
		}
		if a := mustHandle(t, h, meta("ada"), receive(2)); !a.Replayed {
			t.Errorf("ada's retry was told %+v", a)
		}
	})
}

func TestAFaultOfOneCommandIsNotTheAnswerOfOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, gate := newUnruly(), newGated()
		h := commands.NewHandler(store, quiet())
		ask(t.Context(), h, meta("gate"), gate)
		<-gate.entered
		ada := ask(t.Context(), h, meta("ada"), receive(2))
		bad := ask(t.Context(), h, meta("bad"), faulty{receive(99)})
		bob := ask(t.Context(), h, meta("bob"), receive(3))
		synctest.Wait()
		close(gate.let)

		if b := <-bad; b.err == nil {
			t.Errorf("the faulty command was told %+v", b)
		}
		if a, b := <-ada, <-bob; a.err != nil || b.err != nil {
			t.Errorf("the others were told %v, %v", a.err, b.err)
		}
		mustHandle(t, h, meta("next"), receive(4))
		if n := lampOnHand(t, store.Memory); n != 1+2+3+4 {
			t.Errorf("%d lamps were received", n)
		}
	})
}

func TestAStreamThatTooManyWaitForSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const waiting = 4096
		gate := newGated()
		h := commands.NewHandler(newUnruly(), commands.Options{})
		ask(t.Context(), h, meta("gate"), gate)
		<-gate.entered
		var heard []<-chan reply
		for i := range waiting {
			heard = append(heard, ask(t.Context(), h, meta(fmt.Sprint(i)), receive(1)))
		}
		synctest.Wait()
		if _, err := commands.Handle(t.Context(), h, meta("one more"), stockCommand(receive(1))); !errors.Is(err, commands.ErrBusy) {
			t.Errorf("got %v", err)
		}
		close(gate.let)
		for _, answer := range heard {
			if a := <-answer; a.err != nil {
				t.Fatal(a.err)
			}
		}
	})
}
