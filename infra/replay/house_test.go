package replay_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"tillstream/events"
	replayv1 "tillstream/gateway/api/replay/v1"
	"tillstream/infra/feed"
	"tillstream/infra/postgres"
	"tillstream/infra/replay"
	"tillstream/projections"
)

// item is what is known of a SKU.
type item struct {
	Name  string `col:",index"`
	Units int64
	Lost  int64
}

func named(sku string) []string { return []string{sku} }

func registered(i item, _ string, f projections.Fact[events.ProductRegistered]) item {
	if f.Event.Name == "poison" {
		projections.Fail("it is poison")
	}
	i.Name = f.Event.Name
	return i
}

func received(i item, _ string, f projections.Fact[events.StockReceived]) item {
	i.Units += f.Event.Quantity
	return i
}

// items is the view of this test, whose folds differ in what an adjustment does.
func items(version int, adjusted func(item, int64) item) projections.View[item] {
	return projections.Define("items", version,
		projections.On(func(e events.ProductRegistered) []string { return named(e.SKU) }, registered),
		projections.On(func(e events.StockReceived) []string { return named(e.SKU) }, received),
		projections.On(func(e events.StockAdjusted) []string { return named(e.SKU) },
			func(i item, _ string, f projections.Fact[events.StockAdjusted]) item {
				return adjusted(i, f.Event.Quantity)
			}),
	)
}

// counting is the fold of version 1; forgetting, that of version 2, leaves units alone.
func counting(i item, quantity int64) item {
	i.Units += quantity
	i.Lost -= min(quantity, 0)
	return i
}

func forgetting(i item, quantity int64) item {
	i.Lost -= min(quantity, 0)
	return i
}

// house is one process of a platform with one view.
type house[V any] struct {
	t     *testing.T
	db    *postgres.DB
	hub   *feed.Hub
	all   *replay.Views
	board *replay.Switchboard[V]
	stop  func()
}

// open starts a process that declares a view. It ends with the test, or when it is stopped.
func open[V any](t *testing.T, dsn string, log *memory, view projections.View[V]) *house[V] {
	t.Helper()
	db, err := postgres.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	quiet := slog.New(slog.DiscardHandler)
	h := &house[V]{t: t, db: db, hub: feed.New(log, logID, quiet)}
	h.all = &replay.Views{Parts: replay.Parts{DB: db, Log: log, ID: logID, Hub: h.hub, Logger: quiet}}
	if h.board, err = replay.Serve(t.Context(), h.all, view); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- h.hub.Run(ctx) }()
	stopped := false
	h.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		_ = h.all.Close() // it never fails
		db.Close()
	}
	t.Cleanup(h.stop)
	return h
}

// shows waits until the view shows the whole log.
func (h *house[V]) shows(log *memory) {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), 20*time.Second)
	defer cancel()
	head, _ := log.Head(ctx)
	if err := h.board.Wait(ctx, head); err != nil {
		h.t.Fatalf("the view does not show %d: %v", head, err)
	}
}

func silent(*replayv1.Progress) error { return nil }

func (h *house[V]) apply() {
	h.t.Helper()
	if err := h.all.Apply(h.t.Context(), &replayv1.ApplyRequest{View: "items"}, silent); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house[V]) promote(generation string) *replayv1.Generation {
	h.t.Helper()
	g, err := h.all.Promote(h.t.Context(), "items", generation)
	if err != nil {
		h.t.Fatal(err)
	}
	return g
}

func (h *house[V]) verify(in *replayv1.VerifyRequest) *replayv1.Verdict {
	h.t.Helper()
	in.View = "items"
	v, err := h.all.Verify(h.t.Context(), in, silent)
	if err != nil {
		h.t.Fatal(err)
	}
	return v
}

// generations are the names of those that are there.
func (h *house[V]) generations() (names []string) {
	h.t.Helper()
	list, err := h.all.Generations(h.t.Context(), "items")
	if err != nil {
		h.t.Fatal(err)
	}
	for _, g := range list {
		names = append(names, g.Name)
	}
	slices.Sort(names)
	return names
}

func (h *house[V]) generation(name string) *replayv1.Generation {
	h.t.Helper()
	list, err := h.all.Generations(h.t.Context(), "items")
	for _, g := range list {
		if g.Name == name {
			return g
		}
	}
	h.t.Fatalf("there is no %s: %v", name, err)
	return nil
}

// stocked is a log of n SKUs, each registered and received; every third was adjusted.
func stocked(n int) *memory {
	log := newMemory()
	for i := range n {
		sku := fmt.Sprint("sku-", i)
		log.record("product-"+sku, events.ProductRegistered{SKU: sku, Name: "Lamp " + sku})
		log.record("stock-"+sku, events.StockReceived{SKU: sku, Quantity: 10})
		if i%3 == 0 {
			log.record("stock-"+sku, events.StockAdjusted{SKU: sku, Quantity: -1})
		}
	}
	return log
}
