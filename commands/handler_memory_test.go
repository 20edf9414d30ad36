package commands_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tillstream/aggregates"
	"tillstream/commands"
	"tillstream/commands/commandtest"
	"tillstream/events"
)

// shelf keeps snapshots in memory.
type shelf struct {
	mu     sync.Mutex
	kept   map[string][]byte
	refuse error
}

func newShelf() *shelf { return &shelf{kept: map[string][]byte{}} }

func (s *shelf) Load(_ context.Context, stream string) ([]byte, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, found := s.kept[stream]
	return b, found, s.refuse
}

func (s *shelf) Save(_ context.Context, stream string, b []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept[stream] = b
	return s.refuse
}

// deliveries records n receipts of one lamp, each by a command of its own.
func deliveries(store *commandtest.Memory, n int, rec time.Time) {
	for i := range n {
		m := meta(fmt.Sprint("delivery ", i))
		m.Rec = rec
		store.Record(lampStock, m, received(1))
	}
}

func onHand(t testing.TB, h *commands.Handler) int64 {
	t.Helper()
	n, _, err := commands.Look(t.Context(), h, events.Stock(main, lamp), func(s aggregates.StockItem) int64 { return s.OnHand })
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// snapshotted appends to a long stream and returns when its snapshot is saved: a mailbox saves it before it goes on.
func snapshotted(t testing.TB, h *commands.Handler) {
	t.Helper()
	mustHandle(t, h, meta("last"), receive(1))
	onHand(t, h)
}

func TestAStreamRemembersTheCommandsOfADayAndAThousandMore(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	store := commandtest.NewMemory()
	deliveries(store, 3000, now)
	replayed := func(when time.Duration, id string) bool {
		h := commands.NewHandler(store, commands.Options{Now: func() time.Time { return now.Add(when) }})
		return mustHandle(t, h, meta(id), receive(1)).Replayed
	}
	if replayed(24*time.Hour, "of the same day") { // forgets, while it is recorded, what is too old
		t.Error("a new command is new")
	}
	if !replayed(24*time.Hour, "delivery 0") {
		t.Error("the first of 3,000 commands was forgotten within a day")
	}
	if replayed(25*time.Hour, "new") || !replayed(25*time.Hour, "new") {
		t.Error("a new command is new once")
	}
	if !replayed(25*time.Hour, "delivery 2002") {
		t.Error("one of the last 1,000 commands was forgotten")
	}
	if replayed(25*time.Hour, "delivery 0") {
		t.Error("the oldest command is remembered for ever: the memory of a stream would grow without end")
	}
}

func TestAStreamRemembersAHundredThousandCommandsAtMost(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	store := commandtest.NewMemory()
	deliveries(store, 100_001, now)
	h := commands.NewHandler(store, commands.Options{Now: func() time.Time { return now }})
	if !mustHandle(t, h, meta("delivery 1"), receive(1)).Replayed {
		t.Error("one of the last 100,000 commands was forgotten on its day")
	}
	if mustHandle(t, h, meta("delivery 0"), receive(1)).Replayed {
		t.Error("a stream of a million commands a day would remember them all")
	}
}

func TestACommandIsRecalledFromWhereItWasRecorded(t *testing.T) {
	store := commandtest.NewMemory()
	h := commands.NewHandler(store, commands.Options{})
	mustHandle(t, h, meta("first"), receive(5))
	want := mustHandle(t, h, meta("second"), receive(7))
	mustHandle(t, h, meta("third"), receive(9))

	got, err := commands.Recall(t.Context(), h, lampStock, 1, "second")
	if err != nil || !got.Replayed || got.At != want.At || !cmp.Equal(got.Facts, want.Facts) {
		t.Errorf("%+v, %v", got, err)
	}
	for _, wrong := range []uint64{0, 2, 3} {
		if a, err := commands.Recall(t.Context(), h, lampStock, wrong, "second"); err == nil {
			t.Errorf("at revision %d it recalls %+v", wrong, a)
		}
	}
}

func TestALongStreamIsReadFromItsSnapshot(t *testing.T) {
	store, kept := newUnruly(), newShelf()
	deliveries(store.Memory, 2500, time.Now())
	options := commands.Options{Snapshots: kept, LogID: "log-1"}
	snapshotted(t, commands.NewHandler(store, options))
	store.calls = nil

	h := commands.NewHandler(store, options)
	a := mustHandle(t, h, meta("delivery 0"), receive(1))

	if !a.Replayed || a.At != 1 {
		t.Errorf("the snapshot lost the commands of the stream: %+v", a)
	}
	for _, r := range store.reads() {
		if r.from < 2500 && r.from != 0 { // 0: the facts of delivery 0, to rebuild its answer
			t.Errorf("read from revision %d in spite of the snapshot", r.from)
		}
	}
	if n := onHand(t, h); n != 2501 {
		t.Errorf("%d lamps on hand, not 2501", n)
	}
}

func TestAVoidSnapshotIsAsGoodAsNone(t *testing.T) {
	made := newShelf()
	history := func() *unruly {
		store := newUnruly()
		deliveries(store.Memory, 1200, time.Now())
		return store
	}
	options := func(s commands.Snapshots) commands.Options {
		o := quiet()
		o.Snapshots, o.LogID = s, "log-1"
		return o
	}
	snapshotted(t, commands.NewHandler(history(), options(made)))
	good := made.kept[lampStock]
	if good == nil {
		t.Fatal("no snapshot was made")
	}
	changed := func(field string, to any) []byte {
		var s map[string]any
		if err := json.Unmarshal(good, &s); err != nil {
			t.Fatal(err)
		}
		s["state"] = map[string]any{"on_hand": 777} // seen if the snapshot is believed
		s[field] = to
		b, _ := json.Marshal(s)
		return b
	}
	for name, snapshot := range map[string][]byte{
		"of another log":               changed("log", "log-2"),
		"of another fold":              changed("fold", 99),
		"of another stream":            changed("stream", "stock-MAIN/BOX"),
		"ahead of its stream":          changed("revision", 5000),
		"from before the beginning":    changed("revision", -7),
		"at a place of something else": changed("position", 3),
		"with unreadable command ids":  changed("commands", []any{map[string]any{"id": string(good[:100])}}),
		"broken":                       good[:len(good)/2],
		"empty":                        {},
	} {
		t.Run(name, func(t *testing.T) {
			store := history()
			store.Record(lampStock, meta("last"), received(1))
			h := commands.NewHandler(store, options(&shelf{kept: map[string][]byte{lampStock: snapshot}}))
			if n := onHand(t, h); n != 1201 {
				t.Errorf("%d lamps on hand, not 1201", n)
			}
			mustHandle(t, h, meta("next"), receive(1))
		})
	}
	t.Run("not to be had", func(t *testing.T) {
		store := history()
		h := commands.NewHandler(store, options(&shelf{kept: map[string][]byte{}, refuse: errors.New("no such disk")}))
		mustHandle(t, h, meta("last"), receive(1))
		if n := onHand(t, h); n != 1201 {
			t.Errorf("%d lamps on hand, not 1201", n)
		}
	})
	t.Run("a good one is believed", func(t *testing.T) {
		store := history()
		store.Record(lampStock, meta("last"), received(1))
		h := commands.NewHandler(store, options(&shelf{kept: map[string][]byte{lampStock: changed("log", "log-1")}}))
		if n := onHand(t, h); n != 777 {
			t.Errorf("%d lamps on hand: the snapshot was not used, and this test proves nothing", n)
		}
	})
}

func TestAStreamPutOutOfMemoryIsReadAgain(t *testing.T) {
	const streams = 20_050 // 50 more than are kept
	store := newUnruly()
	h := commands.NewHandler(store, commands.Options{})
	open := func(i int) commands.Answer {
		c := commands.OpenCustomer{CustomerID: fmt.Sprint("c", i), Country: "DE"}
		a, err := commands.Handle(t.Context(), h, meta(fmt.Sprint("open ", i)), commands.Command[aggregates.Customer, events.CustomerEvent](c))
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	for i := range streams {
		open(i)
	}
	before := len(store.reads())
	if a := open(0); !a.Replayed || a.At != 1 {
		t.Errorf("told %+v", a)
	}
	if read := len(store.reads()) - before; read != 2 {
		t.Errorf("%d reads: the state and the answer of a forgotten stream take two", read)
	}
	before = len(store.reads())
	if a := open(streams - 1); !a.Replayed {
		t.Errorf("told %+v", a)
	}
	if read := len(store.reads()) - before; read != 1 {
		t.Errorf("%d reads: only the answer of a remembered stream is read", read)
	}
	if n := len(store.All()); n != streams {
		t.Errorf("%d facts, want %d", n, streams)
	}
}

func TestManyHandlersOnOneStreamAgree(t *testing.T) {
	store := commandtest.NewMemory()
	store.Record(lampStock, events.Meta{}, received(100))
	var handlers [4]*commands.Handler
	for i := range handlers {
		handlers[i] = commands.NewHandler(store, commands.Options{})
	}
	var heard []<-chan reply
	for buyer := range 150 {
		for range 2 { // each asks twice, wherever
			h := handlers[(buyer+len(heard))%len(handlers)]
			id := fmt.Sprint("buyer-", buyer)
			heard = append(heard, ask(t.Context(), h, meta(id), reserve(id, 1)))
		}
	}
	yes, no := 0, 0
	for _, answer := range heard {
		a := <-answer
		if a.err == nil {
			yes++
			continue
		}
		wantReason(t, a.err, "stock_insufficient")
		no++
	}
	if yes != 200 || no != 100 {
		t.Errorf("%d were told yes and %d no; 100 of 150 buyers got a lamp, and each asked twice", yes, no)
	}
	if n := len(store.All()) - 1; n != 100 {
		t.Errorf("%d reservations of 100 lamps", n)
	}
}
