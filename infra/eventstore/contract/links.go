package contract

import (
	"fmt"
	"testing"

	client "github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"
)

func links(t *testing.T, s *subject) {
	t.Run("read as they are", s.linksUnresolved)
	t.Run("resolved", s.linksResolved)
	t.Run("resolved in $all", s.linksInAll)
	t.Run("resolved by a subscription", s.linksSubscribed)
	t.Run("to nothing", s.linksDangling)
}

// link points to an event of a stream.
func link(stream string, revision int) client.EventData {
	return client.EventData{EventID: uuid.New(), EventType: "$>", Data: fmt.Appendf(nil, "%d@%s", revision, stream)}
}

// linked is a stream of n events and another that links to them from the last to the first.
func (s *subject) linked(t *testing.T, n int) (target string, events []client.EventData, from string, pointers []client.EventData) {
	t.Helper()
	target, events = s.filled(t, n)
	from = s.stream()
	for i := range n {
		pointers = append(pointers, link(target, n-1-i))
	}
	s.append(t, from, client.NoStream{}, pointers...)
	return target, events, from, pointers
}

func mustResolve(t *testing.T, read []*client.ResolvedEvent, target, from string, events, pointers []client.EventData) {
	t.Helper()
	if len(read) != len(pointers) {
		t.Fatalf("read %d events of %d", len(read), len(pointers))
	}
	for i, r := range read {
		want := len(events) - 1 - i
		if r.Link == nil || r.Link.EventID != pointers[i].EventID || r.Link.StreamID != from || r.Link.EventNumber != uint64(i) {
			t.Errorf("link %d is %+v", i, r.Link)
		}
		if r.Event == nil || r.Event.EventID != events[want].EventID || r.Event.StreamID != target || r.Event.EventNumber != uint64(want) {
			t.Errorf("link %d leads to %+v", i, r.Event)
		}
	}
}

func (s *subject) linksUnresolved(t *testing.T) {
	_, _, from, pointers := s.linked(t, 3)
	read := s.read(t, from, client.ReadStreamOptions{}, 10)
	mustBe(t, "read", read, pointers...)
	for _, r := range read {
		if r.Link != nil || r.Event.EventType != "$>" {
			t.Errorf("it was resolved: %+v", r)
		}
	}
}

func (s *subject) linksResolved(t *testing.T) {
	target, events, from, pointers := s.linked(t, 3)
	mustResolve(t, s.read(t, from, client.ReadStreamOptions{ResolveLinkTos: true}, 10), target, from, events, pointers)
	back := s.read(t, from, client.ReadStreamOptions{ResolveLinkTos: true, Direction: client.Backwards, From: client.End{}}, 10)
	mustResolve(t, reversed(back), target, from, events, pointers)
	plain := s.read(t, target, client.ReadStreamOptions{ResolveLinkTos: true}, 10)
	mustBe(t, "a stream without links", plain, events...)
}

func (s *subject) linksInAll(t *testing.T) {
	target, events, from, pointers := s.linked(t, 3)
	at := s.positions(t, from)
	read := ours(s.readAll(t, client.ReadAllOptions{From: at[0], ResolveLinkTos: true}, 100), from)
	mustResolve(t, read, target, from, events, pointers)
}

func (s *subject) linksSubscribed(t *testing.T) {
	target, events, from, pointers := s.linked(t, 3)
	sub, err := s.SubscribeToStream(bounded(t), from, client.SubscribeToStreamOptions{From: client.Start{}, ResolveLinkTos: true})
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	h := &hearing{sub: sub}
	mustResolve(t, h.untilCaughtUp(t), target, from, events, pointers)
	s.append(t, from, client.Any{}, link(target, 1))
	if r := h.next(t); r.Event == nil || r.Event.EventID != events[1].EventID || r.Link == nil || r.Link.EventNumber != 3 {
		t.Errorf("what came was %+v", r)
	}
}

func (s *subject) linksDangling(t *testing.T) {
	gone, _ := s.filled(t, 1)
	if _, err := s.tombstone(bounded(t), gone, client.Any{}); err != nil {
		t.Fatal(err)
	}
	existing, _ := s.filled(t, 1)
	from := s.stream()
	s.append(t, from, client.NoStream{}, link(s.stream(), 0), link(existing, 7), link(gone, 0))
	for i, r := range s.read(t, from, client.ReadStreamOptions{ResolveLinkTos: true}, 10) {
		if r.Event != nil || r.Link == nil || r.Link.EventNumber != uint64(i) {
			t.Errorf("link %d leads to %+v", i, r.Event)
		}
	}
}
