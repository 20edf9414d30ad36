package commands_test

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"slices"
	"sync"
	"testing"

	"tillstream/aggregates"
	"tillstream/commands"
	"tillstream/commands/commandtest"
	"tillstream/events"
)

// unruly is a store in memory that can be told to misbehave, and remembers what it was asked.
type unruly struct {
	*commandtest.Memory
	before func(context.Context, []commands.Draft) error // what an append meets before it records
	after  func(context.Context) error                   // what it meets after: recorded, but not told

	mu    sync.Mutex
	calls []call
}

// call is one thing asked of the store.
type call struct {
	appends bool
	from    int64 // of an append: the last revision expected; of a read: the first wanted
	ids     []string
}

func newUnruly() *unruly { return &unruly{Memory: commandtest.NewMemory()} }

func (u *unruly) note(c call) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.calls = append(u.calls, c)
}

func (u *unruly) Read(ctx context.Context, stream string, from uint64) iter.Seq2[events.Recorded, error] {
	u.note(call{from: int64(from)})
	return u.Memory.Read(ctx, stream, from)
}

func (u *unruly) Append(ctx context.Context, stream string, after int64, facts []commands.Draft) (commands.Appended, error) {
	asked := call{appends: true, from: after}
	for _, f := range facts {
		asked.ids = append(asked.ids, f.ID)
	}
	u.note(asked)
	if u.before != nil {
		if err := u.before(ctx, facts); err != nil {
			return commands.Appended{}, err
		}
	}
	appended, err := u.Memory.Append(ctx, stream, after, facts)
	if err == nil && u.after != nil {
		if err := u.after(ctx); err != nil {
			return commands.Appended{}, err
		}
	}
	return appended, err
}

// appends lists the appends asked so far.
func (u *unruly) appends() []call {
	u.mu.Lock()
	defer u.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(u.calls), func(c call) bool { return !c.appends })
}

// reads lists the reads asked so far.
func (u *unruly) reads() []call {
	u.mu.Lock()
	defer u.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(u.calls), func(c call) bool { return c.appends })
}

var errNoWord = errors.New("the connection was cut")

// hangs is a store that never answers.
func hangs(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

// The stream that most of these tests are about: a receipt of goods is not idempotent by nature.
const (
	lamp      = "LAMP"
	main      = "MAIN"
	lampStock = "stock-MAIN/LAMP"
)

func receive(n int64) commands.ReceiveStock {
	return commands.ReceiveStock{SKU: lamp, Warehouse: main, Quantity: n}
}

func reserve(order string, n int64) commands.ReserveStock {
	return commands.ReserveStock{SKU: lamp, Warehouse: main, OrderID: order, Lines: []events.LineQuantity{{LineID: "1", Quantity: n}}}
}

func received(n int64) events.StockReceived {
	return events.StockReceived{SKU: lamp, Warehouse: main, Quantity: n}
}

// meta is of a command with its own request.
func meta(id string) events.Meta { return events.Meta{Command: id, Request: "of " + id} }

type stockCommand = commands.Command[aggregates.StockItem, events.StockEvent]

// reply is what a command was answered.
type reply struct {
	commands.Answer
	err error
}

// ask asks in the background; the answer comes once.
func ask(ctx context.Context, h *commands.Handler, m events.Meta, c stockCommand) <-chan reply {
	heard := make(chan reply, 1)
	go func() {
		a, err := commands.Handle(ctx, h, m, c)
		heard <- reply{a, err}
	}()
	return heard
}

// gated holds its stream's mailbox in Decide until it is let go, so that others queue behind it.
type gated struct {
	commands.ReceiveStock
	entered chan struct{}
	let     chan struct{}
}

func newGated() gated { return gated{receive(1), make(chan struct{}), make(chan struct{})} }

func (g gated) Decide(s aggregates.StockItem) ([]events.StockEvent, error) {
	close(g.entered)
	<-g.let
	return g.ReceiveStock.Decide(s)
}

// faulty is a command with a fault of the program in it.
type faulty struct{ commands.ReceiveStock }

func (faulty) Decide(aggregates.StockItem) ([]events.StockEvent, error) { panic("off by one") }

// counted counts how often it is decided.
type counted struct {
	commands.ReceiveStock
	times *int
}

func (c counted) Decide(s aggregates.StockItem) ([]events.StockEvent, error) {
	*c.times++
	return c.ReceiveStock.Decide(s)
}

func lampOnHand(t testing.TB, store *commandtest.Memory) (n int64) {
	t.Helper()
	for _, r := range store.All() {
		if e, ok := r.Event.(events.StockReceived); ok {
			n += e.Quantity
		}
	}
	return n
}

func mustHandle(t testing.TB, h *commands.Handler, m events.Meta, c stockCommand) commands.Answer {
	t.Helper()
	a, err := commands.Handle(t.Context(), h, m, c)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func wantReason(t testing.TB, err error, reason string) {
	t.Helper()
	var no *commands.Rejection
	if !errors.As(err, &no) || no.Reason != reason {
		t.Fatalf("got %v, want the rejection %s", err, reason)
	}
}

// truncated loses the beginning of every stream.
type truncated struct{ *commandtest.Memory }

func (s truncated) Read(context.Context, string, uint64) iter.Seq2[events.Recorded, error] {
	return func(yield func(events.Recorded, error) bool) {
		yield(events.Recorded{Event: received(1), Stream: lampStock, Revision: 7, Position: 8}, nil)
	}
}

// quiet logs nowhere.
func quiet() commands.Options { return commands.Options{Log: slog.New(slog.DiscardHandler)} }
