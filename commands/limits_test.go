package commands

import (
	"fmt"
	"testing"
	"time"

	"tillstream/aggregates"
	"tillstream/events"
)

// These limits are too large to be met from outside in a test that anybody would wait for.

type stockBox = mailbox[aggregates.StockItem, events.StockEvent]

func boxOf(t *testing.T, h *Handler, stream string) *stockBox {
	t.Helper()
	m, err := mailboxOf[aggregates.StockItem, events.StockEvent](h, stream)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// remembers gives a mailbox n command ids, one fact each.
func (m *mailbox[S, E]) remembers(n int) {
	for range n {
		m.last++
		m.seen.note(fmt.Sprint(m.stream, m.last), "", uint64(m.last), time.Unix(0, 0))
	}
	m.weigh()
}

func TestStreamsWithTooManyCommandIDsAreForgottenOldestFirst(t *testing.T) {
	h := NewHandler(nil, Options{})
	busy, oldest := boxOf(t, h, "stock-A/2"), boxOf(t, h, "stock-A/1")
	busy.running = true
	busy.remembers(seenAtMost)
	oldest.remembers(seenAtMost)
	full := seenMax / seenAtMost
	for i := range full - 2 {
		boxOf(t, h, fmt.Sprint("stock-B/", i)).remembers(seenAtMost)
	}
	newer := boxOf(t, h, "stock-A/3")
	newer.remembers(1000)
	boxOf(t, h, "stock-A/4")

	if h.seen != seenMax-seenAtMost+1000 || len(h.open) != full+1 || h.recent.Len() != full+1 {
		t.Errorf("%d ids of %d streams are kept", h.seen, len(h.open))
	}
	if boxOf(t, h, "stock-A/2") != busy || boxOf(t, h, "stock-A/3") != newer {
		t.Error("a busy stream, or one used later, was forgotten")
	}
	if boxOf(t, h, "stock-A/1") == oldest {
		t.Error("the stream used longest ago was kept")
	}
	oldest.remembers(10) // it was in use while it was forgotten: what it does is counted no more
	if h.seen != seenMax-seenAtMost+1000 {
		t.Errorf("%d ids are counted", h.seen)
	}
}

func TestASnapshotIsNotDueMoreOftenThanItsIDsAreWorth(t *testing.T) {
	m := boxOf(t, NewHandler(nil, Options{}), "stock-A/1")
	var saved []int64
	for range 16_000 {
		m.remembers(1)
		if m.snapshotDue() {
			saved, m.snapshot = append(saved, m.last), m.last
		}
	}
	if len(saved) < 4 || saved[0] != snapshotEvery || len(saved) > 10 {
		t.Errorf("16,000 commands are snapshotted at %v", saved)
	}
}

func TestAStreamHoldsFactsOfOneKind(t *testing.T) {
	h := NewHandler(nil, Options{})
	boxOf(t, h, "stock-A/1")
	if _, err := mailboxOf[aggregates.Log, events.LogEvent](h, "stock-A/1"); err == nil {
		t.Error("one stream is a stock item and a log")
	}
}
