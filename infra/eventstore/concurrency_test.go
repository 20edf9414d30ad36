package eventstore_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"

	"tillstream/infra/eventstore"
	"tillstream/infra/eventstore/eventstoretest"
)

// Many writers, readers and subscribers at once: every subscriber sees every event once, in the order of the log.
func TestManyWritersReadersAndSubscribers(t *testing.T) {
	const writers, each, subscribers = 64, 20, 4
	conn := eventstoretest.StartWith(t, eventstore.Options{MaxGroup: 16})
	c := connect(t, conn)
	var group sync.WaitGroup
	for n := range subscribers {
		o := esdb.SubscribeToAllOptions{From: esdb.Start{}}
		if n%2 == 1 {
			o.Filter = &esdb.SubscriptionFilter{Type: esdb.StreamFilterType, Prefixes: []string{"writer-"}}
			o.MaxSearchWindow, o.CheckpointInterval = 32, 1
		}
		sub, err := c.SubscribeToAll(timeout(t), o)
		if err != nil {
			t.Fatal(err)
		}
		group.Go(func() { follow(t, sub, writers*each) })
	}
	for w := range writers {
		group.Go(func() { write(t, c, fmt.Sprint("writer-", w), each) })
	}
	for w := range 4 {
		group.Go(func() { reread(t, c, fmt.Sprint("writer-", w), each) })
	}
	group.Wait()
}

// write appends one by one, each on the revision before, and tries each again as a retry would.
func write(t *testing.T, c *esdb.Client, stream string, n int) {
	var expected esdb.ExpectedRevision = esdb.NoStream{}
	for i := range n {
		e := jsonEvent("x", i)
		for attempt := range 2 {
			res, err := c.AppendToStream(timeout(t), stream, esdb.AppendToStreamOptions{ExpectedRevision: expected}, e)
			if err != nil || res.NextExpectedVersion != uint64(i) {
				t.Errorf("%s: append %d, attempt %d: %+v, %v", stream, i, attempt, res, err)
				return
			}
		}
		expected = esdb.Revision(uint64(i))
	}
}

// follow checks order and completeness.
func follow(t *testing.T, sub *esdb.Subscription, n int) {
	defer sub.Close()
	next, last := map[string]uint64{}, uint64(0)
	for seen := 0; seen < n; {
		e := sub.Recv()
		if e.SubscriptionDropped != nil {
			t.Errorf("dropped after %d events: %v", seen, e.SubscriptionDropped.Error)
			return
		}
		if e.EventAppeared == nil {
			continue
		}
		r := e.EventAppeared.Event
		if r.EventNumber != next[r.StreamID] || r.Position.Commit <= last {
			t.Errorf("%d@%s at %d after %d, due was %d", r.EventNumber, r.StreamID, r.Position.Commit, last, next[r.StreamID])
			return
		}
		next[r.StreamID]++
		last = r.Position.Commit
		seen++
	}
}

// reread reads a stream again and again until it is complete; what it has seen once must stay.
func reread(t *testing.T, c *esdb.Client, stream string, n int) {
	for seen := 0; seen < n; {
		read, err := c.ReadStream(timeout(t), stream, esdb.ReadStreamOptions{}, 1000)
		if err != nil {
			t.Error(err)
			return
		}
		now := 0
		for {
			e, err := read.Recv()
			if err != nil {
				break
			}
			if e.Event.EventNumber != uint64(now) {
				t.Errorf("%s: revision %d where %d is due", stream, e.Event.EventNumber, now)
			}
			now++
		}
		read.Close()
		if now < seen {
			t.Errorf("%s: %d events after %d had been seen", stream, now, seen)
			return
		}
		seen = now
	}
}
