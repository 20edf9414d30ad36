package contract

import (
	"slices"
	"testing"

	client "github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"
)

func streamReads(t *testing.T, s *subject) {
	t.Run("from every place, both ways, with limits", s.readPlaces)
	t.Run("a missing stream is not found", func(t *testing.T) {
		mustFail(t, s.readError(t, s.stream()), client.ErrorCodeResourceNotFound, "read it")
	})
	t.Run("more than a page", s.readLong)
	t.Run("a read may be left early", s.readLeft)
}

func (s *subject) readPlaces(t *testing.T) {
	stream, e := s.filled(t, 10)
	for name, c := range map[string]struct {
		way   client.Direction
		from  client.StreamPosition
		count uint64
		want  []client.EventData
	}{
		"forwards from the start":            {client.Forwards, client.Start{}, 100, e},
		"forwards, a few":                    {client.Forwards, client.Start{}, 3, e[:3]},
		"forwards from a revision":           {client.Forwards, client.Revision(4), 100, e[4:]},
		"forwards from a revision, one":      {client.Forwards, client.Revision(4), 1, e[4:5]},
		"forwards from the last":             {client.Forwards, client.Revision(9), 100, e[9:]},
		"forwards from beyond":               {client.Forwards, client.Revision(10), 100, nil},
		"forwards from the end":              {client.Forwards, client.End{}, 100, nil},
		"backwards from the end":             {client.Backwards, client.End{}, 100, reversed(e)},
		"backwards from the end, a few":      {client.Backwards, client.End{}, 3, reversed(e[7:])},
		"backwards from a revision":          {client.Backwards, client.Revision(4), 100, reversed(e[:5])},
		"backwards from a revision, one":     {client.Backwards, client.Revision(4), 1, e[4:5]},
		"backwards from revision 0":          {client.Backwards, client.Revision(0), 100, e[:1]},
		"backwards from the start":           {client.Backwards, client.Start{}, 100, e[:1]},
		"backwards from beyond":              {client.Backwards, client.Revision(50), 100, reversed(e)},
		"backwards from beyond, with limits": {client.Backwards, client.Revision(50), 2, reversed(e[8:])},
	} {
		mustBe(t, name, s.read(t, stream, client.ReadStreamOptions{Direction: c.way, From: c.from}, c.count), c.want...)
	}
}

func (s *subject) readLong(t *testing.T) {
	const n = 2500
	stream, events := s.filled(t, n)
	read := s.read(t, stream, client.ReadStreamOptions{}, n+100)
	mustBe(t, "forwards", read, events...)
	for i, e := range read {
		if e.Event.EventNumber != uint64(i) {
			t.Fatalf("revision %d is the %d-th", e.Event.EventNumber, i)
		}
	}
	mustBe(t, "backwards", s.read(t, stream, newest, n+100), reversed(events)...)
}

func (s *subject) readLeft(t *testing.T) {
	stream, events := s.filled(t, 2500)
	r, err := s.ReadStream(bounded(t), stream, client.ReadStreamOptions{}, 2500)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Recv(); err != nil {
		t.Fatal(err)
	}
	r.Close()
	mustBe(t, "the next read", s.read(t, stream, client.ReadStreamOptions{}, 1), events[0])
}

func allReads(t *testing.T, s *subject) {
	t.Run("forwards from an event, which comes first", s.allForwards)
	t.Run("backwards from an event, which does not come", s.allBackwards)
	t.Run("backwards from the end", s.allFromEnd)
	t.Run("forwards from the end is empty", s.allBeyondEnd)
	t.Run("from the start, positions rise", s.allFromStart)
	t.Run("positions order streams as they were appended", s.allOrder)
}

func (s *subject) readAll(t *testing.T, o client.ReadAllOptions, count uint64) []*client.ResolvedEvent {
	t.Helper()
	r, err := s.ReadAll(bounded(t), o, count)
	if err != nil {
		t.Fatal(err)
	}
	return drain(t, r)
}

// ours is those events that are in a stream.
func ours(events []*client.ResolvedEvent, stream string) []*client.ResolvedEvent {
	return slices.DeleteFunc(events, func(e *client.ResolvedEvent) bool { return e.OriginalEvent().StreamID != stream })
}

func (s *subject) positions(t *testing.T, stream string) (at []client.Position) {
	t.Helper()
	for _, e := range s.read(t, stream, client.ReadStreamOptions{}, 1000) {
		at = append(at, e.Event.Position)
	}
	return at
}

func (s *subject) allForwards(t *testing.T) {
	stream, events := s.filled(t, 10)
	at := s.positions(t, stream)
	for _, from := range []int{0, 3, 9} {
		mustBe(t, "forwards", ours(s.readAll(t, client.ReadAllOptions{From: at[from]}, 1000), stream), events[from:]...)
		mustBe(t, "forwards, one", s.readAll(t, client.ReadAllOptions{From: at[from]}, 1), events[from])
	}
}

func (s *subject) allBackwards(t *testing.T) {
	stream, events := s.filled(t, 10)
	at := s.positions(t, stream)
	for _, from := range []int{1, 3, 9} {
		o := client.ReadAllOptions{Direction: client.Backwards, From: at[from]}
		mustBe(t, "backwards", ours(s.readAll(t, o, 1000), stream), reversed(events[:from])...)
	}
	s.filled(t, 1)
	o := client.ReadAllOptions{Direction: client.Backwards, From: client.End{}}
	mustBe(t, "backwards from the end", ours(s.readAll(t, o, 1000), stream), reversed(events)...)
}

func (s *subject) allFromEnd(t *testing.T) {
	stream, events := s.filled(t, 3)
	read := ours(s.readAll(t, client.ReadAllOptions{Direction: client.Backwards, From: client.End{}}, 100), stream)
	mustBe(t, "backwards", read, reversed(events)...)
	if one := s.readAll(t, client.ReadAllOptions{Direction: client.Backwards, From: client.End{}}, 1); len(one) != 1 {
		t.Errorf("read %d events of 1", len(one))
	}
}

func (s *subject) allBeyondEnd(t *testing.T) {
	s.filled(t, 3)
	if read := s.readAll(t, client.ReadAllOptions{From: client.End{}}, 10); len(read) != 0 {
		t.Errorf("read %d events", len(read))
	}
	if read := s.readAll(t, client.ReadAllOptions{Direction: client.Backwards, From: client.Start{}}, 10); len(read) != 0 {
		t.Errorf("read %d events before the first", len(read))
	}
}

func (s *subject) allFromStart(t *testing.T) {
	s.filled(t, 3)
	read := s.readAll(t, client.ReadAllOptions{}, 50)
	if len(read) < 3 {
		t.Fatalf("read %d events", len(read))
	}
	last := client.Position{}
	for _, e := range read {
		at := e.OriginalEvent().Position
		if at.Commit <= last.Commit || at.Prepare > at.Commit || e.Commit == nil || *e.Commit != at.Commit {
			t.Errorf("position %+v, commit %v, follows %+v", at, e.Commit, last)
		}
		last = at
	}
}

func (s *subject) allOrder(t *testing.T) {
	one, other := s.stream(), s.stream()
	var want []uuid.UUID
	var from client.Position
	for i := range 10 {
		stream := []string{one, other}[i%2]
		e := s.proposed(1)
		r := s.append(t, stream, client.Any{}, e...)
		if i == 0 {
			from = client.Position{Commit: r.CommitPosition, Prepare: r.PreparePosition}
		}
		want = append(want, e[0].EventID)
	}
	read := slices.DeleteFunc(s.readAll(t, client.ReadAllOptions{From: from}, 1000), func(e *client.ResolvedEvent) bool {
		return e.Event.StreamID != one && e.Event.StreamID != other
	})
	if !slices.Equal(ids(read), want) {
		t.Errorf("read %v, appended %v", ids(read), want)
	}
}
