package eventstore_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"

	"tillstream/infra/eventstore/eventstoretest"
)

// told is what a subscription said, in one word each.
func told(t *testing.T, sub *esdb.Subscription, n int) (words []string) {
	t.Helper()
	for range n {
		switch e := sub.Recv(); {
		case e.EventAppeared != nil:
			r := e.EventAppeared.OriginalEvent()
			words = append(words, fmt.Sprintf("%s@%s", fmt.Sprint(r.EventNumber), r.StreamID))
		case e.CheckPointReached != nil:
			words = append(words, "checkpoint")
		case e.CaughtUp != nil:
			words = append(words, "caught up")
		case e.FellBehind != nil:
			words = append(words, "fell behind")
		default:
			t.Fatalf("subscription ended after %v: %v", words, e.SubscriptionDropped.Error)
		}
	}
	return words
}

func expect(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Fatalf("told %q, want %q", got, want)
	}
}

func TestSubscriptionToAStream(t *testing.T) {
	c := connect(t, eventstoretest.Start(t))
	appendTo(t, c, "s", jsonEvent("a", 0), jsonEvent("a", 1))
	appendTo(t, c, "other", jsonEvent("a", 0))

	sub := func(from esdb.StreamPosition) *esdb.Subscription {
		s, err := c.SubscribeToStream(timeout(t), "s", esdb.SubscribeToStreamOptions{From: from})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return s
	}
	start, after, end := sub(esdb.Start{}), sub(esdb.Revision(0)), sub(esdb.End{})
	expect(t, told(t, start, 3), "0@s", "1@s", "caught up")
	expect(t, told(t, after, 2), "1@s", "caught up")
	expect(t, told(t, end, 1), "caught up")

	appendTo(t, c, "other", jsonEvent("a", 1))
	appendTo(t, c, "s", jsonEvent("a", 2))
	for _, s := range []*esdb.Subscription{start, after, end} {
		expect(t, told(t, s, 1), "2@s")
	}

	if _, err := c.TombstoneStream(timeout(t), "s", esdb.TombstoneStreamOptions{ExpectedRevision: esdb.Any{}}); err != nil {
		t.Fatal(err)
	}
	expect(t, told(t, end, 1), "9223372036854775807@s")
	if e := end.Recv(); e.SubscriptionDropped == nil {
		t.Fatalf("after the tombstone: %+v, want the end", e)
	}
}

func TestSubscriptionToAStreamThatIsYetToBe(t *testing.T) {
	c := connect(t, eventstoretest.Start(t))
	s, err := c.SubscribeToStream(timeout(t), "s", esdb.SubscribeToStreamOptions{From: esdb.Start{}})
	if err != nil {
		t.Fatal(err)
	}
	expect(t, told(t, s, 1), "caught up")
	appendTo(t, c, "s", jsonEvent("a", 0))
	expect(t, told(t, s, 1), "0@s")
}

func TestSubscriptionToAll(t *testing.T) {
	c := connect(t, eventstoretest.Start(t))
	first := appendTo(t, c, "a", jsonEvent("x", 0))
	appendTo(t, c, "b", jsonEvent("y", 0), jsonEvent("x", 1))
	sub := func(o esdb.SubscribeToAllOptions) *esdb.Subscription {
		s, err := c.SubscribeToAll(timeout(t), o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return s
	}
	after := esdb.Position{Commit: first.CommitPosition, Prepare: first.PreparePosition}
	whole, rest, none := sub(esdb.SubscribeToAllOptions{From: esdb.Start{}}), sub(esdb.SubscribeToAllOptions{From: after}), sub(esdb.SubscribeToAllOptions{From: esdb.End{}})
	expect(t, told(t, whole, 4), "0@a", "0@b", "1@b", "caught up")
	expect(t, told(t, rest, 3), "0@b", "1@b", "caught up")
	expect(t, told(t, none, 1), "caught up")

	filters := map[string]struct {
		filter *esdb.SubscriptionFilter
		want   []string
	}{
		"type prefix":   {&esdb.SubscriptionFilter{Type: esdb.EventFilterType, Prefixes: []string{"z", "x"}}, []string{"0@a", "1@b"}},
		"type regex":    {&esdb.SubscriptionFilter{Type: esdb.EventFilterType, Regex: "^y$"}, []string{"0@b"}},
		"stream prefix": {&esdb.SubscriptionFilter{Type: esdb.StreamFilterType, Prefixes: []string{"b"}}, []string{"0@b", "1@b"}},
		"stream regex":  {&esdb.SubscriptionFilter{Type: esdb.StreamFilterType, Regex: "a|c"}, []string{"0@a"}},
	}
	for name, f := range filters {
		t.Run(name, func(t *testing.T) {
			s := sub(esdb.SubscribeToAllOptions{From: esdb.Start{}, Filter: f.filter, MaxSearchWindow: 32, CheckpointInterval: 1})
			want := append(slices.Clone(f.want), "checkpoint", "caught up")
			expect(t, told(t, s, len(want)), want...)
		})
	}
}

func TestFilteredSubscriptionGetsCheckpointsForWhatDoesNotMatch(t *testing.T) {
	c := connect(t, eventstoretest.Start(t))
	for n := range 6 {
		appendTo(t, c, "s", jsonEvent("other", n))
	}
	s, err := c.SubscribeToAll(timeout(t), esdb.SubscribeToAllOptions{
		From: esdb.Start{}, MaxSearchWindow: 2, CheckpointInterval: 2,
		Filter: &esdb.SubscriptionFilter{Type: esdb.EventFilterType, Prefixes: []string{"wanted"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	expect(t, told(t, s, 3), "checkpoint", "checkpoint", "caught up") // after four events, and of the history
	var last uint64
	for n := range 3 {
		appendTo(t, c, "s", jsonEvent("other", n))
	}
	last = appendTo(t, c, "s", jsonEvent("other", 3)).CommitPosition
	e := s.Recv()
	if e.CheckPointReached == nil || e.CheckPointReached.Commit != last {
		t.Fatalf("told %+v, want a checkpoint at %d, four events on", e, last)
	}
	appendTo(t, c, "s", jsonEvent("wanted.now", 0))
	expect(t, told(t, s, 1), "10@s")
}

func TestLinksLeadToTheirEvents(t *testing.T) {
	c := connect(t, eventstoretest.Start(t))
	appendTo(t, c, "a@b", jsonEvent("x", 0))
	appendTo(t, c, "gone", jsonEvent("x", 0))
	link := func(data string) esdb.EventData { return esdb.EventData{EventType: "$>", Data: []byte(data)} }
	appendTo(t, c, "links", link("0@a@b"), link("0@gone"), link("7@a@b"), link("0@nowhere"), link("no link"))
	if _, err := c.DeleteStream(timeout(t), "gone", esdb.DeleteStreamOptions{ExpectedRevision: esdb.Any{}}); err != nil {
		t.Fatal(err)
	}
	for _, resolve := range []bool{false, true} {
		read, err := c.ReadStream(timeout(t), "links", esdb.ReadStreamOptions{ResolveLinkTos: resolve}, 10)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for {
			e, err := read.Recv()
			if err != nil {
				break
			}
			word := "nothing"
			if e.Event != nil {
				word = e.Event.StreamID
			}
			if e.Link != nil {
				word += " by " + e.Link.StreamID
			}
			if *e.Commit != e.OriginalEvent().Position.Commit {
				t.Fatalf("position %d is not the link's", *e.Commit)
			}
			got = append(got, word)
		}
		if resolve {
			expect(t, got, "a@b by links", "nothing by links", "nothing by links", "nothing by links", "links")
		} else {
			expect(t, got, "links", "links", "links", "links", "links")
		}
	}
}

// A client that does not read holds nobody up; it is told that it fell behind, and misses nothing.
func TestSlowSubscriberFallsBehindAndMissesNothing(t *testing.T) {
	conn := eventstoretest.Start(t)
	c := connect(t, conn)
	o := readOptions("")
	o.StreamOption = &streams.ReadReq_Options_All{All: &streams.ReadReq_Options_AllOptions{
		AllOption: &streams.ReadReq_Options_AllOptions_Start{Start: &shared.Empty{}},
	}}
	o.CountOption = &streams.ReadReq_Options_Subscription{Subscription: &streams.ReadReq_Options_SubscriptionOptions{}}
	slow, err := streams.NewStreamsClient(dial(t, conn)).Read(timeout(t), &streams.ReadReq{Options: o})
	if err != nil {
		t.Fatal(err)
	}
	const batches, size = 400, 100 // far more than is kept in memory or on the wire
	for n := range batches {
		events := make([]esdb.EventData, size)
		for i := range events {
			events[i] = jsonEvent("x", n*size+i)
		}
		appendTo(t, c, "s", events...)
	}
	fellBehind, caughtUp, next := 0, 0, uint64(0)
	for next < batches*size || caughtUp < 2 {
		resp, err := slow.Recv()
		if err != nil {
			t.Fatal(err)
		}
		switch v := resp.Content.(type) {
		case *streams.ReadResp_Event:
			if v.Event.Event.StreamRevision != next {
				t.Fatalf("revision %d where %d is due", v.Event.Event.StreamRevision, next)
			}
			next++
		case *streams.ReadResp_FellBehind_:
			fellBehind++
		case *streams.ReadResp_CaughtUp_:
			caughtUp++
		}
	}
	if fellBehind == 0 {
		t.Fatal("it was never told that it fell behind")
	}
}
