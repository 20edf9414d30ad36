package commands_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"tillstream/aggregates"
	"tillstream/commands"
	"tillstream/commands/commandtest"
	"tillstream/events"
)

func TestARetryAfterACrashIsAnsweredFromTheRecord(t *testing.T) {
	store := commandtest.NewMemory()
	first := mustHandle(t, commands.NewHandler(store, commands.Options{}), meta("delivery"), receive(5))
	mustHandle(t, commands.NewHandler(store, commands.Options{}), meta("next delivery"), receive(7))

	again := mustHandle(t, commands.NewHandler(store, commands.Options{}), meta("delivery"), receive(5))

	if !again.Replayed || again.At != first.At || !cmp.Equal(again.Facts, first.Facts) {
		t.Errorf("the retry was told %+v, the first time %+v", again, first)
	}
	if n := lampOnHand(t, store); n != 12 {
		t.Errorf("%d lamps were received, not 12", n)
	}
}

func TestAnIDNamesOneRequest(t *testing.T) {
	other := events.Meta{Command: "delivery", Request: "of something else"}
	store := commandtest.NewMemory()
	warm := commands.NewHandler(store, commands.Options{})
	mustHandle(t, warm, meta("delivery"), receive(5))

	for name, h := range map[string]*commands.Handler{"warm": warm, "after a crash": commands.NewHandler(store, commands.Options{})} {
		if _, err := commands.Handle(t.Context(), h, other, stockCommand(receive(6))); !errors.Is(err, commands.ErrReused) {
			t.Errorf("%s: another request under the same id got %v", name, err)
		}
	}
	if n := lampOnHand(t, store); n != 5 {
		t.Errorf("%d lamps were received, not 5", n)
	}
}

func TestACommandAskedTwiceInOneGroupIsDecidedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, gate := newUnruly(), newGated()
		h := commands.NewHandler(store, commands.Options{})
		ask(t.Context(), h, meta("gate"), gate)
		<-gate.entered
		first := ask(t.Context(), h, meta("delivery"), receive(5))
		synctest.Wait()
		again := ask(t.Context(), h, meta("delivery"), receive(5))
		other := ask(t.Context(), h, events.Meta{Command: "delivery", Request: "of something else"}, receive(6))
		synctest.Wait()
		close(gate.let)

		f, a, o := <-first, <-again, <-other
		if f.err != nil || a.err != nil || f.At != a.At || !cmp.Equal(f.Facts, a.Facts) || f.Replayed || !a.Replayed {
			t.Errorf("first told %+v, again %+v", f, a)
		}
		if !errors.Is(o.err, commands.ErrReused) {
			t.Errorf("another request under the id was told %+v", o)
		}
		if n := lampOnHand(t, store.Memory); n != 6 {
			t.Errorf("%d lamps were received, not 6", n)
		}
	})
}

func TestACommandNeedsAnID(t *testing.T) {
	store := newUnruly()
	_, err := commands.Handle(t.Context(), commands.NewHandler(store, commands.Options{}), events.Meta{}, stockCommand(receive(1)))
	if err == nil || len(store.calls) > 0 {
		t.Errorf("got %v after %d calls of the store", err, len(store.calls))
	}
}

func TestALostRaceIsDecidedAgainOnTheNewerState(t *testing.T) {
	store := commandtest.NewMemory()
	here, there := commands.NewHandler(store, commands.Options{}), commands.NewHandler(store, commands.Options{})
	mustHandle(t, here, meta("delivery"), receive(10))
	mustHandle(t, there, meta("ada"), reserve("ada", 8))

	_, err := commands.Handle(t.Context(), here, meta("bob"), stockCommand(reserve("bob", 3)))

	wantReason(t, err, "stock_insufficient")
	mustHandle(t, here, meta("eve"), reserve("eve", 2))
}

// A refusal appends nothing, so no conflict tells that it was decided on old news.
func TestARefusalIsNotDecidedOnOldNews(t *testing.T) {
	store := commandtest.NewMemory()
	here, there := commands.NewHandler(store, commands.Options{}), commands.NewHandler(store, commands.Options{})
	mustHandle(t, here, meta("delivery"), receive(1))
	mustHandle(t, there, meta("another delivery"), receive(1))
	mustHandle(t, here, meta("ada"), reserve("ada", 2))

	mustHandle(t, there, meta("give up"), commands.ReleaseStock{SKU: lamp, Warehouse: main, OrderID: "ada"})
	again := mustHandle(t, here, meta("ada again"), reserve("ada", 2))
	if len(again.Facts) != 1 {
		t.Errorf("ada holds nothing any more, yet was told she does: %+v", again)
	}

	mustHandle(t, there, meta("eve"), receive(1))
	once := mustHandle(t, there, meta("bob"), reserve("bob", 1))
	again = mustHandle(t, here, meta("bob"), reserve("bob", 1))
	if !again.Replayed || again.At != once.At {
		t.Errorf("a command that another process recorded was decided again: %+v", again)
	}
}

func TestARaceLostTooOftenNamesTheFactsBetween(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newUnruly()
		store.before = func(context.Context, []commands.Draft) error {
			store.Record(lampStock, events.Meta{}, received(1), events.StockCounted{SKU: lamp, Warehouse: main, Counted: 1})
			return nil
		}
		_, err := commands.Handle(t.Context(), commands.NewHandler(store, commands.Options{}), meta("delivery"), stockCommand(receive(5)))

		var lost *commands.LostRaceError
		if !errors.As(err, &lost) || lost.Stream != lampStock || lost.Attempts != len(store.appends()) {
			t.Fatalf("got %v after %d appends", err, len(store.appends()))
		}
		if want := slices.Repeat([]string{"stock.received", "stock.counted"}, 10); !cmp.Equal(lost.Between, want) {
			t.Errorf("between were %v, want the first %d since the command was asked", lost.Between, len(want))
		}
	})
}

func TestAStreamOfOtherFactsIsNotTakenForOneOfOurs(t *testing.T) {
	store := commandtest.NewMemory()
	store.Record(lampStock, events.Meta{}, events.EmailClaimed{Blind: "b", CustomerID: "c"})
	if _, err := commands.Handle(t.Context(), commands.NewHandler(store, commands.Options{}), meta("delivery"), stockCommand(receive(5))); err == nil {
		t.Error("a receipt was decided on an e-mail address")
	}
}

func TestATruncatedStreamIsRefused(t *testing.T) {
	h := commands.NewHandler(truncated{commandtest.NewMemory()}, commands.Options{})
	if _, err := commands.Handle(t.Context(), h, meta("delivery"), stockCommand(receive(5))); err == nil {
		t.Error("a receipt was decided on half a history")
	}
}

func TestALookSeesWhatIsInTheStore(t *testing.T) {
	store := commandtest.NewMemory()
	here, there := commands.NewHandler(store, commands.Options{}), commands.NewHandler(store, commands.Options{})
	mustHandle(t, here, meta("delivery"), receive(5))
	want := mustHandle(t, there, meta("another"), receive(2))

	n, at, err := commands.Look(t.Context(), here, events.Stock(main, lamp), func(s aggregates.StockItem) int64 { return s.OnHand })
	if err != nil || n != 7 || at != want.At {
		t.Errorf("saw %d lamps at %d, %v; want 7 at %d", n, at, err, want.At)
	}
	n, at, err = commands.Look(t.Context(), here, events.Stock(main, "NOTHING"), func(s aggregates.StockItem) int64 { return s.OnHand })
	if err != nil || n != 0 || at != 0 {
		t.Errorf("a stream that does not exist: %d at %d, %v", n, at, err)
	}
}

func TestWhatCannotNameAStreamIsRefusedWithoutAskingTheStore(t *testing.T) {
	store := newUnruly()
	h := commands.NewHandler(store, commands.Options{})
	for _, c := range []commands.ReceiveStock{
		{SKU: "A\x00B", Warehouse: main, Quantity: 1},
		{SKU: string(make([]byte, 1<<20)), Warehouse: main, Quantity: 1},
	} {
		_, err := commands.Handle(t.Context(), h, meta("delivery"), stockCommand(c))
		wantReason(t, err, commands.InvalidReason)
		if no := (*commands.Rejection)(nil); !errors.As(err, &no) || no.Details["field"] != "sku" {
			t.Errorf("%v does not name the field: %v", err, no.Details)
		}
	}
	_, err := commands.Handle(t.Context(), h, meta("erase"), commands.Command[aggregates.Customer, events.CustomerEvent](commands.EraseCustomer{}))
	wantReason(t, err, commands.InvalidReason)
	if len(store.calls) > 0 {
		t.Errorf("the store was asked %d times", len(store.calls))
	}
}
