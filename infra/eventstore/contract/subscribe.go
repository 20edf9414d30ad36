package contract

import (
	"context"
	"testing"

	client "github.com/EventStore/EventStore-Client-Go/v4/esdb"
)

func streamSubscriptions(t *testing.T, s *subject) {
	t.Run("from the start: what was, then what comes", s.subscribeFromStart)
	t.Run("from a revision: what is after it", s.subscribeFromRevision)
	t.Run("from the end: only what comes", s.subscribeFromEnd)
	t.Run("before the stream exists", s.subscribeToMissing)
	t.Run("a long history", s.subscribeToLong)
	t.Run("many at once hear the same", s.subscribeMany)
	t.Run("a tombstone ends it", s.subscribeToTombstoned)
	t.Run("it can be closed", s.subscribeAndClose)
}

// hearing takes what a subscription tells apart.
type hearing struct {
	sub         *client.Subscription
	caughtUp    int
	checkpoints []client.Position
}

// next is the next event; checkpoints and the like on the way are noted.
func (h *hearing) next(t *testing.T) *client.ResolvedEvent {
	t.Helper()
	for {
		e := h.sub.Recv()
		switch {
		case e.EventAppeared != nil:
			return e.EventAppeared
		case e.SubscriptionDropped != nil:
			t.Fatalf("the subscription dropped: %v", e.SubscriptionDropped.Error)
		default:
			h.note(e)
		}
	}
}

func (h *hearing) note(e *client.SubscriptionEvent) {
	switch {
	case e.CaughtUp != nil:
		h.caughtUp++
	case e.CheckPointReached != nil:
		h.checkpoints = append(h.checkpoints, *e.CheckPointReached)
	}
}

func (h *hearing) take(t *testing.T, n int) (events []*client.ResolvedEvent) {
	t.Helper()
	for range n {
		events = append(events, h.next(t))
	}
	return events
}

// untilCaughtUp gathers events up to the word that there are no more.
func (h *hearing) untilCaughtUp(t *testing.T) (events []*client.ResolvedEvent) {
	t.Helper()
	for h.caughtUp == 0 {
		e := h.sub.Recv()
		switch {
		case e.SubscriptionDropped != nil:
			t.Fatalf("the subscription dropped: %v", e.SubscriptionDropped.Error)
		case e.EventAppeared != nil:
			events = append(events, e.EventAppeared)
		default:
			h.note(e)
		}
	}
	return events
}

func (s *subject) subscribe(t *testing.T, stream string, from client.StreamPosition) *hearing {
	t.Helper()
	sub, err := s.SubscribeToStream(bounded(t), stream, client.SubscribeToStreamOptions{From: from})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sub.Close() })
	if sub.Id() == "" {
		t.Error("the subscription has no id")
	}
	return &hearing{sub: sub}
}

func (s *subject) subscribeFromStart(t *testing.T) {
	stream, events := s.filled(t, 5)
	h := s.subscribe(t, stream, client.Start{})
	mustBe(t, "what was", h.untilCaughtUp(t), events...)
	for range 3 {
		more := s.proposed(2)
		s.append(t, stream, client.Any{}, more...)
		mustBe(t, "what came", h.take(t, 2), more...)
	}
}

func (s *subject) subscribeFromRevision(t *testing.T) {
	stream, events := s.filled(t, 5)
	h := s.subscribe(t, stream, client.Revision(2))
	mustBe(t, "what was", h.untilCaughtUp(t), events[3:]...)
	more := s.proposed(1)
	s.append(t, stream, client.Any{}, more...)
	mustBe(t, "what came", h.take(t, 1), more...)
}

func (s *subject) subscribeFromEnd(t *testing.T) {
	stream, _ := s.filled(t, 5)
	h := s.subscribe(t, stream, client.End{})
	more := s.proposed(3)
	s.append(t, stream, client.Any{}, more...)
	mustBe(t, "what came", h.take(t, 3), more...)
}

func (s *subject) subscribeToMissing(t *testing.T) {
	for name, from := range map[string]client.StreamPosition{"start": client.Start{}, "end": client.End{}} {
		stream, events := s.stream(), s.proposed(2)
		h := s.subscribe(t, stream, from)
		s.append(t, stream, client.NoStream{}, events...)
		mustBe(t, "from the "+name, h.take(t, 2), events...)
	}
}

func (s *subject) subscribeToLong(t *testing.T) {
	stream, events := s.filled(t, 3000)
	h := s.subscribe(t, stream, client.Start{})
	mustBe(t, "what was", h.take(t, 3000), events...)
}

func (s *subject) subscribeMany(t *testing.T) {
	stream, events := s.filled(t, 10)
	var all []*hearing
	for range 20 {
		all = append(all, s.subscribe(t, stream, client.Start{}))
	}
	more := s.proposed(10)
	s.append(t, stream, client.Any{}, more...)
	for _, h := range all {
		mustBe(t, "what was and came", h.take(t, 20), append(events[:10:10], more...)...)
	}
}

func (s *subject) subscribeToTombstoned(t *testing.T) {
	stream, _ := s.filled(t, 1)
	if _, err := s.tombstone(bounded(t), stream, client.Any{}); err != nil {
		t.Fatal(err)
	}
	sub, err := s.SubscribeToStream(bounded(t), stream, client.SubscribeToStreamOptions{From: client.Start{}})
	if err != nil {
		mustFail(t, err, client.ErrorCodeStreamDeleted, "subscribe")
		return
	}
	defer sub.Close()
	for {
		e := sub.Recv()
		if e.EventAppeared != nil {
			t.Fatal("an event of a tombstoned stream appeared")
		}
		if e.SubscriptionDropped != nil {
			return
		}
	}
}

func (s *subject) subscribeAndClose(t *testing.T) {
	stream, _ := s.filled(t, 1)
	h := s.subscribe(t, stream, client.Start{})
	h.take(t, 1)
	h.sub.Close()
	if e := h.sub.Recv(); e.SubscriptionDropped == nil {
		t.Errorf("a closed subscription goes on with %+v", e)
	}
}

func allSubscriptions(t *testing.T, s *subject) {
	t.Run("from a position: what is after it", s.subscribeAllFromPosition)
	t.Run("from the end: only what comes", s.subscribeAllFromEnd)
	t.Run("from the start", s.subscribeAllFromStart)
	t.Run("nothing is lost or doubled as it catches up under load", s.subscribeAllUnderLoad)
}

func (s *subject) subscribeAll(t *testing.T, o client.SubscribeToAllOptions) *hearing {
	t.Helper()
	sub, err := s.SubscribeToAll(bounded(t), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sub.Close() })
	return &hearing{sub: sub}
}

func (s *subject) subscribeAllFromPosition(t *testing.T) {
	stream, events := s.filled(t, 5)
	at := s.positions(t, stream)
	h := s.subscribeAll(t, client.SubscribeToAllOptions{From: at[1]})
	mustBe(t, "what was", ours(h.untilCaughtUp(t), stream), events[2:]...)
	more := s.proposed(2)
	s.append(t, stream, client.Any{}, more...)
	mustBe(t, "what came", h.takeOf(t, stream, 2), more...)
}

// takeOf takes events of one stream, and passes others over.
func (h *hearing) takeOf(t *testing.T, stream string, n int) (events []*client.ResolvedEvent) {
	t.Helper()
	for len(events) < n {
		if e := h.next(t); e.OriginalEvent().StreamID == stream {
			events = append(events, e)
		}
	}
	return events
}

func (s *subject) subscribeAllFromEnd(t *testing.T) {
	stream, _ := s.filled(t, 5)
	h := s.subscribeAll(t, client.SubscribeToAllOptions{From: client.End{}})
	more := s.proposed(2)
	s.append(t, stream, client.Any{}, more...)
	mustBe(t, "what came", h.takeOf(t, stream, 2), more...)
}

func (s *subject) subscribeAllFromStart(t *testing.T) {
	h := s.subscribeAll(t, client.SubscribeToAllOptions{From: client.Start{}})
	first := s.readAll(t, client.ReadAllOptions{}, 1)
	if len(first) == 0 {
		s.filled(t, 1)
		first = s.readAll(t, client.ReadAllOptions{}, 1)
	}
	if got := h.next(t); got.OriginalEvent().EventID != first[0].OriginalEvent().EventID {
		t.Errorf("it begins with %+v, the log with %+v", got.OriginalEvent(), first[0].OriginalEvent())
	}
}

func (s *subject) subscribeAllUnderLoad(t *testing.T) {
	const n = 2000
	stream, events := s.stream(), s.proposed(n)
	at := s.append(t, stream, client.NoStream{}, events[0])
	ctx, cancel := context.WithCancel(bounded(t))
	defer cancel()
	failed := make(chan error, 1)
	go func() {
		var err error
		for i := 1; i < n && err == nil; i += 10 {
			o := client.AppendToStreamOptions{ExpectedRevision: client.Revision(uint64(i - 1))}
			_, err = s.AppendToStream(ctx, stream, o, events[i:min(i+10, n)]...)
		}
		failed <- err
	}()
	h := s.subscribeAll(t, client.SubscribeToAllOptions{From: client.Position{Commit: at.CommitPosition, Prepare: at.PreparePosition}})
	mustBe(t, "what came", h.takeOf(t, stream, n-1), events[1:]...)
	if err := <-failed; err != nil {
		t.Error(err)
	}
}
