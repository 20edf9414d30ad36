package replay_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tillstream/events"
	"tillstream/gateway"
	replayv1 "tillstream/gateway/api/replay/v1"
	"tillstream/infra/local/postgrestest"
	"tillstream/projections"
)

func refused(t *testing.T, err error, reason string) {
	t.Helper()
	var no *gateway.ReplayError
	if !errors.As(err, &no) || no.Reason != reason {
		t.Errorf("answered %v, not %s", err, reason)
	}
}

func TestAViewIsBuiltBesideTheOneThatAnswersThenSwitchedAndSwitchedBack(t *testing.T) {
	log := stocked(30)
	h := open(t, postgrestest.DSN(t), log, items(1, counting))
	h.shows(log)
	_, err := h.all.Promote(t.Context(), "items", "")
	refused(t, err, "generation_unknown")
	_, err = h.all.Rollback(t.Context(), "items")
	refused(t, err, "generation_unknown")

	h.apply()
	if h.generation("items_v1_g1").Served != true {
		t.Error("building alone switches")
	}
	if g := h.promote(""); g.Name != "items_v1_g2" || !g.Served || !g.Fed {
		t.Errorf("promoted is %v", g)
	}
	_, err = h.all.Promote(t.Context(), "items", "items_v1_g2")
	refused(t, err, "generation_served")
	refused(t, h.all.Retire(t.Context(), "items", "items_v1_g2"), "generation_served")

	// What came since is in the old one too.
	log.record("stock-sku-0", events.StockReceived{SKU: "sku-0", Quantity: 100})
	back, err := h.all.Rollback(t.Context(), "items")
	if err != nil || back.Name != "items_v1_g1" {
		t.Fatalf("%v, %v", back, err)
	}
	h.shows(log)
	if i, _, err := h.board.Get(t.Context(), "sku-0"); err != nil || i.Units != 109 {
		t.Errorf("after the rollback %+v, %v", i, err)
	}
	if err := h.all.Retire(t.Context(), "items", "items_v1_g2"); err != nil {
		t.Fatal(err)
	}
	if left := h.generations(); !slices.Equal(left, []string{"items_v1_g1"}) {
		t.Errorf("left are %v", left)
	}
	refused(t, h.all.Retire(t.Context(), "items", "items_v1_g2"), "generation_unknown")
}

func TestTheNextStartServesWhatWasPromotedAndFeedsTheOther(t *testing.T) {
	dsn, log := postgrestest.DSN(t), stocked(9)
	h := open(t, dsn, log, items(1, counting))
	h.shows(log)
	h.apply()
	h.promote("")
	h.stop()
	log.record("stock-sku-1", events.StockReceived{SKU: "sku-1", Quantity: 5})

	h = open(t, dsn, log, items(1, counting))
	h.shows(log)
	if h.generation("items_v1_g2").Served != true {
		t.Error("another generation answers")
	}
	if v := h.verify(&replayv1.VerifyRequest{}); !v.Equal || v.Left != "items_v1_g2" || v.Right != "items_v1_g1" || v.Compared != 9 {
		t.Errorf("%v", v)
	}
}

// Every row of a generation bears the mark that was set when it was built, so that a mixture would show.
func TestUnderThirtyTwoReadersNoneFailsAndNoneSeesBothGenerations(t *testing.T) {
	var mark atomic.Int64
	mark.Store(1)
	view := projections.Define("items", 1, projections.On(func(e events.ProductRegistered) []string { return named(e.SKU) },
		func(i item, _ string, _ projections.Fact[events.ProductRegistered]) item {
			i.Units = mark.Load()
			return i
		}),
		projections.On(func(e events.StockReceived) []string { return []string{"noise"} },
			func(i item, _ string, f projections.Fact[events.StockReceived]) item { i.Lost++; return i }))
	log := stocked(20)
	h := open(t, postgrestest.DSN(t), log, view)
	h.shows(log)
	mark.Store(2)
	h.apply()

	ctx, stop := context.WithCancel(t.Context())
	var readers sync.WaitGroup
	var answered [3]atomic.Int64
	for range 32 {
		readers.Go(func() {
			for ctx.Err() == nil {
				asked, release := projections.Pinned(context.Background())
				saw, err := marks(asked, h.board)
				release()
				if err != nil || len(saw) != 1 {
					t.Errorf("an answer bears the marks %v: %v", saw, err)
					return
				}
				answered[saw[0]].Add(1)
			}
		})
	}
	for turn := range 30 {
		log.record("stock-sku-1", events.StockReceived{SKU: "sku-1", Quantity: 1})
		seen := answered[2-turn%2].Load()
		if turn == 0 {
			h.promote("")
		} else if _, err := h.all.Rollback(t.Context(), "items"); err != nil {
			t.Error(err)
			break
		}
		for until := time.Now().Add(20 * time.Second); answered[2-turn%2].Load() == seen && !t.Failed(); {
			if time.Now().After(until) {
				t.Fatal("nobody is answered from what was promoted")
			}
			time.Sleep(time.Millisecond)
		}
	}
	stop()
	readers.Wait()
	t.Logf("%d requests were answered from the one, %d from the other", answered[1].Load(), answered[2].Load())
}

// marks asks a view several times, and lists the marks of all answers.
func marks(ctx context.Context, board *replaySwitchboard) (saw []int64, err error) {
	note := func(key string, i item) {
		if key != "noise" && !slices.Contains(saw, i.Units) {
			saw = append(saw, i.Units)
		}
	}
	for _, key := range []string{"sku-3", "sku-7"} {
		i, found, err := board.Get(ctx, key)
		if err != nil || !found {
			return nil, errors.Join(err, errors.New("a value is missing"))
		}
		note(key, i)
	}
	rows, err := board.List(ctx, projections.Query{Limit: 100})
	for _, r := range rows {
		note(r.Key, r.Value)
	}
	return saw, err
}

func TestAGenerationIsNotDroppedUnderWhoIsAnsweredFromIt(t *testing.T) {
	log := stocked(5)
	h := open(t, postgrestest.DSN(t), log, items(1, counting))
	h.shows(log)
	h.apply()
	asked, release := projections.Pinned(t.Context())
	if _, _, err := h.board.Get(asked, "sku-1"); err != nil {
		t.Fatal(err)
	}
	h.promote("")
	patient, giveUp := context.WithCancel(t.Context())
	retired := make(chan error, 1)
	go func() { retired <- h.all.Retire(patient, "items", "items_v1_g1") }()
	for !h.board.Awaited("items_v1_g1") {
		time.Sleep(time.Millisecond)
	}
	giveUp()
	refused(t, <-retired, "generation_read")
	if _, found, err := h.board.Get(asked, "sku-2"); err != nil || !found {
		t.Errorf("the request goes on with %v", err)
	}
	release()
	if err := h.all.Retire(t.Context(), "items", "items_v1_g1"); err != nil {
		t.Error(err)
	}
}
