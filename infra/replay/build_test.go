package replay_test

import (
	"context"
	"errors"
	"testing"

	"tillstream/events"
	replayv1 "tillstream/gateway/api/replay/v1"
	"tillstream/infra/local/postgrestest"
	"tillstream/infra/replay"
	"tillstream/projections"
)

type replaySwitchboard = replay.Switchboard[item]

// slowly builds under a rate that makes many pages of few facts, and hangs up after the page that reaches a position.
func slowly(t *testing.T, h *house[item], log *memory, after events.Position) {
	t.Helper()
	ctx, hangUp := context.WithCancel(t.Context())
	defer hangUp()
	log.passed = func(at events.Position) {
		if at >= after {
			hangUp()
		}
	}
	defer func() { log.passed = nil }()
	if err := h.all.Apply(ctx, &replayv1.ApplyRequest{View: "items", Rate: 100}, silent); !errors.Is(err, context.Canceled) {
		t.Fatalf("it ends with %v", err)
	}
}

func TestAnInterruptedRebuildGoesOnWhereItWas(t *testing.T) {
	dsn, log := postgrestest.DSN(t), stocked(60)
	h := open(t, dsn, log, items(1, counting))
	h.shows(log)
	slowly(t, h, log, 500)
	begun := h.generation("items_v1_g2")
	if begun.Position == 0 || begun.CaughtUp || begun.Fed {
		t.Fatalf("begun is %v", begun)
	}
	_, err := h.all.Promote(t.Context(), "items", "items_v1_g2")
	refused(t, err, "generation_behind")

	slowly(t, h, log, events.Position(begun.Position)+300)
	further := h.generation("items_v1_g2").Position
	if further <= begun.Position {
		t.Errorf("it went from %d to %d", begun.Position, further)
	}
	h.stop() // and so it does in another process

	h = open(t, dsn, log, items(1, counting))
	var first events.Position
	log.passed = func(at events.Position) {
		if first == 0 {
			first = at
		}
	}
	h.apply()
	log.passed = nil
	if uint64(first) <= further {
		t.Errorf("another process began at %d, it stood at %d", first, further)
	}
	if v := h.verify(&replayv1.VerifyRequest{}); !v.Equal || v.Right != "items_v1_g2" || v.Compared != 60 {
		t.Errorf("%v", v)
	}
	h.apply() // again: there is nothing to do
	if n := len(h.generations()); n != 2 {
		t.Errorf("there are %d generations", n)
	}
	if err := h.all.Apply(t.Context(), &replayv1.ApplyRequest{View: "items", Anew: true}, silent); err != nil {
		t.Fatal(err)
	}
	if h.generation("items_v1_g3").CaughtUp != true {
		t.Error("a new one is not built")
	}
}

func TestARebuildTriesAgainWhatPasses(t *testing.T) {
	log := stocked(30)
	h := open(t, postgrestest.DSN(t), log, items(1, counting))
	h.shows(log)
	log.fail(errors.New("the store is away"))
	err := h.all.Apply(t.Context(), &replayv1.ApplyRequest{View: "items"}, func(p *replayv1.Progress) error {
		if p.Position == 0 {
			log.fail(nil) // once it was told about
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if v := h.verify(&replayv1.VerifyRequest{}); !v.Equal {
		t.Errorf("%v", v)
	}
}

func TestALogNewerThanTheBinaryEndsARebuild(t *testing.T) {
	log := stocked(3)
	h := open(t, postgrestest.DSN(t), log, items(1, counting))
	h.shows(log)
	log.fail(events.ErrUnknownType)
	err := h.all.Apply(t.Context(), &replayv1.ApplyRequest{View: "items"}, silent)
	refused(t, err, "generation_behind")
}

func TestOneRebuildOfAViewRunsAtATimeAndCanBeStopped(t *testing.T) {
	log := stocked(60)
	h := open(t, postgrestest.DSN(t), log, items(1, counting))
	h.shows(log)
	refused(t, h.all.Stop(t.Context(), "items"), "replay_idle")
	begun := make(chan struct{}, 1)
	log.passed = func(events.Position) {
		select {
		case begun <- struct{}{}:
		default:
		}
	}
	if err := h.all.Start(t.Context(), &replayv1.ApplyRequest{View: "items", Rate: 1}); err != nil {
		t.Fatal(err)
	}
	<-begun
	refused(t, h.all.Apply(t.Context(), &replayv1.ApplyRequest{View: "items"}, silent), "replay_running")
	refused(t, h.all.Retire(t.Context(), "items", "items_v1_g2"), "replay_running")
	if p := h.generation("items_v1_g2").Progress; p == nil || p.Head == 0 {
		t.Errorf("the list tells %v", p)
	}
	if err := h.all.Stop(t.Context(), "items"); err != nil {
		t.Fatal(err)
	}
	refused(t, h.all.Stop(t.Context(), "items"), "replay_idle")
}

func TestAPlanSaysWhatItTakes(t *testing.T) {
	dsn, log := postgrestest.DSN(t), stocked(9)
	h := open(t, dsn, log, items(1, counting))
	h.shows(log)
	plan, err := h.all.Plan(t.Context(), "items")
	if err != nil || plan.Events != 21 || plan.Bytes != 210 || plan.HeardTypes != 3 || plan.DiskBytes == 0 || plan.PerSecond == 0 || len(plan.Changes) > 0 {
		t.Errorf("%v, %v", plan, err)
	}
	h.stop()
	other := projections.Define("items", 2, projections.On(func(e events.StockReceived) []string { return named(e.SKU) }, received),
		projections.On(func(e events.ProductDescribed) []string { return named(e.SKU) },
			func(i item, _ string, f projections.Fact[events.ProductDescribed]) item {
				i.Name = f.Event.Name
				return i
			}))
	h = open(t, dsn, log, other)
	plan, err = h.all.Plan(t.Context(), "items")
	want := []string{"version 1, declared is 2", "rule removed: product.registered", "rule removed: stock.adjusted", "rule added: product.described"}
	if err != nil || !equal(plan.Changes, want) {
		t.Errorf("%v: %v", err, plan.GetChanges())
	}
}
