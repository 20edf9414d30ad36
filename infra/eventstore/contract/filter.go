package contract

import (
	"fmt"
	"regexp"
	"testing"

	client "github.com/EventStore/EventStore-Client-Go/v4/esdb"
)

func filters(t *testing.T, s *subject) {
	for name, c := range map[string]struct {
		filter func(stream, kind string) client.SubscriptionFilter
		kinds  []int
	}{
		"type prefix":        {func(_, kind string) client.SubscriptionFilter { return byType(kind + ".1") }, []int{1}},
		"two type prefixes":  {func(_, kind string) client.SubscriptionFilter { return byType(kind+".2", kind+".0") }, []int{0, 2}},
		"type regex":         {func(_, kind string) client.SubscriptionFilter { return byTypeRegex("^" + quoted(kind) + `\.[12]$`) }, []int{1, 2}},
		"regex, no anchors":  {func(_, kind string) client.SubscriptionFilter { return byTypeRegex(quoted(kind) + `\.2`) }, []int{2}},
		"stream prefix":      {func(stream, _ string) client.SubscriptionFilter { return byStream(stream) }, []int{0, 1, 2}},
		"an idle prefix too": {func(stream, _ string) client.SubscriptionFilter { return byStream("never-", stream) }, []int{0, 1, 2}},
		"stream regex":       {func(stream, _ string) client.SubscriptionFilter { return byStreamRegex("^" + quoted(stream) + "$") }, []int{0, 1, 2}},
	} {
		t.Run(name, func(t *testing.T) {
			m := s.mixture(t, 30)
			f := c.filter(m.stream, m.kind)
			h := s.subscribeAll(t, client.SubscribeToAllOptions{From: m.before, Filter: &f})
			was := every(m.events, c.kinds)
			mustBe(t, "what was", h.take(t, len(was)), was...)
			more := s.kinds(m.kind, 3)
			s.append(t, m.stream, client.Any{}, more...)
			came := every(more, c.kinds)
			mustBe(t, "what came", h.take(t, len(came)), came...)
		})
	}
	t.Run("system events are left out", s.filterSystem)
	t.Run("checkpoints go on where nothing matches", s.filterCheckpoints)
	t.Run("a filter needs an expression that is understood", s.filterWrong)
}

func quoted(s string) string { return regexp.QuoteMeta(s) }

func byType(prefixes ...string) client.SubscriptionFilter {
	return client.SubscriptionFilter{Type: client.EventFilterType, Prefixes: prefixes}
}

func byTypeRegex(regex string) client.SubscriptionFilter {
	return client.SubscriptionFilter{Type: client.EventFilterType, Regex: regex}
}

func byStream(prefixes ...string) client.SubscriptionFilter {
	return client.SubscriptionFilter{Type: client.StreamFilterType, Prefixes: prefixes}
}

func byStreamRegex(regex string) client.SubscriptionFilter {
	return client.SubscriptionFilter{Type: client.StreamFilterType, Regex: regex}
}

// mixture is a new stream whose events have the types kind.0, kind.1, kind.2, kind.0, …, and a position before it.
type mixture struct {
	stream, kind string
	events       []client.EventData
	before       client.Position
}

func (s *subject) mixture(t *testing.T, n int) mixture {
	t.Helper()
	mark := s.append(t, s.stream(), client.NoStream{}, s.proposed(1)...)
	m := mixture{stream: s.stream(), before: client.Position{Commit: mark.CommitPosition, Prepare: mark.PreparePosition}}
	m.kind = s.eventType(fmt.Sprint("mix", s.streams.Load()))
	m.events = s.kinds(m.kind, n)
	s.append(t, m.stream, client.NoStream{}, m.events...)
	return m
}

func (s *subject) kinds(kind string, n int) []client.EventData {
	events := s.proposed(n)
	for i := range events {
		events[i].EventType = fmt.Sprintf("%s.%d", kind, i%3)
	}
	return events
}

func every(events []client.EventData, kinds []int) (some []client.EventData) {
	for i, e := range events {
		for _, k := range kinds {
			if i%3 == k {
				some = append(some, e)
			}
		}
	}
	return some
}

func (s *subject) filterSystem(t *testing.T) {
	m := s.mixture(t, 3)
	s.setMetadata(t, m.stream, func(m *client.StreamMetadata) { m.SetMaxCount(1000) })
	more := s.proposed(1)
	s.append(t, m.stream, client.Any{}, more...)
	h := s.subscribeAll(t, client.SubscribeToAllOptions{From: m.before, Filter: client.ExcludeSystemEventsFilter()})
	want := append(m.events[:3:3], more...)
	for _, e := range h.take(t, 4) {
		if e.Event.EventType[0] == '$' {
			t.Errorf("%s appeared", e.Event.EventType)
		}
		if e.Event.EventID != want[0].EventID {
			t.Errorf("%v appeared, not %v", e.Event.EventID, want[0].EventID)
		}
		want = want[1:]
	}
}

func (s *subject) filterCheckpoints(t *testing.T) {
	m := s.mixture(t, 100)
	f := byType(s.eventType("never"))
	h := s.subscribeAll(t, client.SubscribeToAllOptions{From: m.before, Filter: &f, MaxSearchWindow: 5, CheckpointInterval: 2})
	at := s.positions(t, m.stream)
	for reached := (client.Position{}); reached.Commit < at[89].Commit; {
		e := h.sub.Recv()
		switch {
		case e.SubscriptionDropped != nil:
			t.Fatalf("dropped: %v", e.SubscriptionDropped.Error)
		case e.EventAppeared != nil:
			t.Fatalf("%s appeared", e.EventAppeared.Event.EventType)
		case e.CheckPointReached != nil:
			if e.CheckPointReached.Commit < reached.Commit {
				t.Fatalf("checkpoint %d follows %d", e.CheckPointReached.Commit, reached.Commit)
			}
			reached = *e.CheckPointReached
			h.checkpoints = append(h.checkpoints, reached)
		}
	}
	if len(h.checkpoints) < 2 {
		t.Errorf("%d checkpoints in 90 events, one was asked for in every 10", len(h.checkpoints))
	}
	last := h.checkpoints[len(h.checkpoints)-1]
	s.append(t, m.stream, client.Any{}, s.kinds(s.eventType("never"), 1)...)
	again := s.subscribeAll(t, client.SubscribeToAllOptions{From: last, Filter: &f})
	if e := again.next(t); e.Event.StreamID != m.stream {
		t.Errorf("after a checkpoint comes %+v", e.Event)
	}
}

func (s *subject) filterWrong(t *testing.T) {
	for name, f := range map[string]client.SubscriptionFilter{"none": {}, "not a regex": byTypeRegex("(")} {
		sub, err := s.SubscribeToAll(bounded(t), client.SubscribeToAllOptions{Filter: &f})
		if err != nil {
			continue
		}
		for e := sub.Recv(); e.SubscriptionDropped == nil; e = sub.Recv() {
			if e.EventAppeared != nil {
				t.Errorf("%s: an event appeared", name)
			}
		}
	}
}
