package contract

import (
	"testing"

	client "github.com/EventStore/EventStore-Client-Go/v4/esdb"
)

// repeat is a second append, of events[from:to], after six events with the ids 0 to 5 were appended at once.
type repeat struct {
	from, to int
	expected client.ExpectedRevision
	revision uint64 // of its result, where it is reliable
	total    int    // events in the stream afterwards; 0: refused as a wrong expected version
}

// idempotence is that of EventStoreDB: exact for an expected revision and for "no stream", best effort for the others.
func idempotence(t *testing.T, s *subject) {
	t.Run("six events appended, then", func(t *testing.T) {
		for name, r := range map[string]repeat{
			"0 at no stream":                {0, 1, client.NoStream{}, 0, 6},
			"0 at any":                      {0, 1, client.Any{}, 0, 6},
			"0 at stream exists":            {0, 1, client.StreamExists{}, 0, 6},
			"0 to 5 at no stream":           {0, 6, client.NoStream{}, 5, 6},
			"0 to 5 at any":                 {0, 6, client.Any{}, 5, 6},
			"0 to 2 at no stream":           {0, 3, client.NoStream{}, 2, 6},
			"1 at its revision":             {1, 2, client.Revision(0), 1, 6},
			"1 at any":                      {1, 2, client.Any{}, 1, 6},
			"2 to 4 at its revision":        {2, 5, client.Revision(1), 4, 6},
			"2 to 4 at any":                 {2, 5, client.Any{}, 4, 6},
			"0 at the end is new":           {0, 1, client.Revision(5), 6, 7},
			"0 beyond the end":              {0, 1, client.Revision(6), 0, 0},
			"0 at an earlier revision":      {0, 1, client.Revision(4), 0, 0},
			"1 at no stream":                {1, 2, client.NoStream{}, 0, 0},
			"5 and a new one at revision 4": {5, 7, client.Revision(4), 0, 0},
			"all and a new one, no stream":  {0, 7, client.NoStream{}, 0, 0},
			"all and a new one, any":        {0, 7, client.Any{}, 0, 0},
			"a new one at any":              {6, 7, client.Any{}, 6, 7},
		} {
			t.Run(name, func(t *testing.T) { s.repeated(t, r) })
		}
	})
	t.Run("an id that comes twice in one append", s.sameIDWithin)
	t.Run("the same id in another stream is new", s.sameIDElsewhere)
	t.Run("a repeat answers where the first stands", s.repeatPosition)
	t.Run("a repeat after others is still known", s.repeatLater)
}

func (s *subject) repeated(t *testing.T, r repeat) {
	stream, events := s.stream(), s.proposed(7)
	s.append(t, stream, client.NoStream{}, events[:6]...)
	result, err := s.AppendToStream(bounded(t), stream, client.AppendToStreamOptions{ExpectedRevision: r.expected}, events[r.from:r.to]...)
	total := r.total
	if total == 0 {
		mustFail(t, err, client.ErrorCodeWrongExpectedVersion, "the second append")
		total = 6
	} else if err != nil {
		t.Fatal(err)
	} else if result.NextExpectedVersion != r.revision {
		t.Errorf("its revision is %d, not %d", result.NextExpectedVersion, r.revision)
	}
	if read := s.read(t, stream, client.ReadStreamOptions{}, 20); len(read) != total {
		t.Errorf("the stream has %d events, not %d", len(read), total)
	}
}

func (s *subject) sameIDWithin(t *testing.T) {
	for name, expected := range map[string]client.ExpectedRevision{"no stream": client.NoStream{}, "any": client.Any{}} {
		stream, e := s.stream(), s.proposed(1)[0]
		six := []client.EventData{e, e, e, e, e, e}
		if r := s.append(t, stream, expected, six...); r.NextExpectedVersion != 5 {
			t.Errorf("%s: the first append ends at revision %d", name, r.NextExpectedVersion)
		}
		// With any, the revision that a repeat is told is not to be relied upon.
		if r := s.append(t, stream, expected, six...); name == "no stream" && r.NextExpectedVersion != 5 {
			t.Errorf("%s: its repeat ends at revision %d", name, r.NextExpectedVersion)
		}
		if read := s.read(t, stream, client.ReadStreamOptions{}, 20); len(read) != 6 {
			t.Errorf("%s: the stream has %d events", name, len(read))
		}
	}
}

func (s *subject) sameIDElsewhere(t *testing.T) {
	_, events := s.filled(t, 2)
	other := s.stream()
	s.append(t, other, client.Any{}, events...)
	mustBe(t, "the other stream", s.read(t, other, client.ReadStreamOptions{}, 20), events...)
}

func (s *subject) repeatPosition(t *testing.T) {
	stream, events := s.stream(), s.proposed(3)
	first := s.append(t, stream, client.NoStream{}, events...)
	again := s.append(t, stream, client.NoStream{}, events...)
	if *again != *first {
		t.Errorf("answered %+v, then %+v", first, again)
	}
}

func (s *subject) repeatLater(t *testing.T) {
	stream, events := s.stream(), s.proposed(2)
	s.append(t, stream, client.NoStream{}, events...)
	for i := range 20 {
		s.append(t, stream, client.Revision(uint64(1+i)), s.proposed(1)...)
	}
	for _, expected := range []client.ExpectedRevision{client.NoStream{}, client.Any{}, client.StreamExists{}} {
		s.append(t, stream, expected, events...)
	}
	if read := s.read(t, stream, client.ReadStreamOptions{}, 50); len(read) != 22 {
		t.Errorf("the stream has %d events, not 22", len(read))
	}
}
