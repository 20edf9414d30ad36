package contract

import (
	"bytes"
	"strings"
	"testing"
	"time"

	client "github.com/EventStore/EventStore-Client-Go/v4/esdb"
)

func appends(t *testing.T, s *subject) {
	t.Run("an event comes back as it was given", s.roundTrip)
	t.Run("the result tells revision and position", s.appendResult)
	t.Run("the expected revision is checked", s.expectedRevisions)
	t.Run("a wrong one tells the actual", s.wrongExpected)
	t.Run("no events leave no stream", s.appendNothing)
	t.Run("empty data and metadata are kept", s.appendEmpty)
	t.Run("names may be any UTF-8", s.appendUnicode)
}

func (s *subject) roundTrip(t *testing.T) {
	stream, before := s.stream(), time.Now()
	json := s.proposed(1)[0]
	binary := s.proposed(1)[0]
	binary.ContentType, binary.Data = client.ContentTypeBinary, []byte{0, 255, 1, 254}
	result := s.append(t, stream, client.NoStream{}, json, binary)
	read := s.read(t, stream, client.ReadStreamOptions{}, 10)
	if len(read) != 2 {
		t.Fatalf("read %d events of 2", len(read))
	}
	for i, want := range []client.EventData{json, binary} {
		e, contentType := read[i].Event, "application/json"
		if want.ContentType == client.ContentTypeBinary {
			contentType = "application/octet-stream"
		}
		if e.EventID != want.EventID || e.EventType != want.EventType || e.StreamID != stream || e.EventNumber != uint64(i) ||
			e.ContentType != contentType || !bytes.Equal(e.Data, want.Data) || !bytes.Equal(e.UserMetadata, want.Metadata) {
			t.Errorf("%+v came back as %+v", want, e)
		}
		if d := e.CreatedDate.Sub(before); d < -time.Hour || d > time.Hour {
			t.Errorf("it was created at %v, at about %v", e.CreatedDate, before)
		}
		if read[i].Link != nil {
			t.Error("it is shown as a link")
		}
	}
	if last := read[1].Event.Position; last.Commit != result.CommitPosition {
		t.Errorf("appended at %d, read at %d", result.CommitPosition, last.Commit)
	}
}

func (s *subject) appendResult(t *testing.T) {
	stream := s.stream()
	first := s.append(t, stream, client.NoStream{}, s.proposed(1)...)
	second := s.append(t, stream, client.Revision(0), s.proposed(3)...)
	if first.NextExpectedVersion != 0 || second.NextExpectedVersion != 3 {
		t.Errorf("revisions %d and %d, not 0 and 3", first.NextExpectedVersion, second.NextExpectedVersion)
	}
	if first.CommitPosition == 0 || second.CommitPosition <= first.CommitPosition {
		t.Errorf("positions %d and %d do not rise", first.CommitPosition, second.CommitPosition)
	}
}

func (s *subject) expectedRevisions(t *testing.T) {
	for _, c := range []struct {
		name     string
		existing int
		expected client.ExpectedRevision
		accepted bool
	}{
		{"any, new stream", 0, client.Any{}, true},
		{"any, existing stream", 2, client.Any{}, true},
		{"no stream, new stream", 0, client.NoStream{}, true},
		{"no stream, existing stream", 2, client.NoStream{}, false},
		{"stream exists, new stream", 0, client.StreamExists{}, false},
		{"stream exists, existing stream", 2, client.StreamExists{}, true},
		{"the last revision", 2, client.Revision(1), true},
		{"an earlier revision", 2, client.Revision(0), false},
		{"a later revision", 2, client.Revision(2), false},
		{"a revision, new stream", 0, client.Revision(0), false},
	} {
		stream := s.stream()
		if c.existing > 0 {
			s.append(t, stream, client.Any{}, s.proposed(c.existing)...)
		}
		_, err := s.AppendToStream(bounded(t), stream, client.AppendToStreamOptions{ExpectedRevision: c.expected}, s.proposed(1)...)
		want := c.existing
		if c.accepted {
			want++
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
		} else {
			mustFail(t, err, client.ErrorCodeWrongExpectedVersion, c.name)
		}
		if got := s.read(t, stream, client.ReadStreamOptions{}, 10); len(got) != want {
			t.Errorf("%s: the stream has %d events, not %d", c.name, len(got), want)
		}
	}
}

func (s *subject) wrongExpected(t *testing.T) {
	existing, _ := s.filled(t, 3)
	for _, c := range []struct {
		stream          string
		expected        client.ExpectedRevision
		expects, actual string
	}{
		{existing, client.NoStream{}, "'no_stream'", "'2'"},
		{existing, client.Revision(0), "'0'", "'2'"},
		{existing, client.Revision(7), "'7'", "'2'"},
		{s.stream(), client.StreamExists{}, "'stream_exists'", "'no_stream'"},
		{s.stream(), client.Revision(4), "'4'", "'no_stream'"},
	} {
		_, err := s.AppendToStream(bounded(t), c.stream, client.AppendToStreamOptions{ExpectedRevision: c.expected}, s.proposed(1)...)
		mustFail(t, err, client.ErrorCodeWrongExpectedVersion, c.expects)
		if err != nil && !(strings.Contains(err.Error(), "expecting "+c.expects) && strings.Contains(err.Error(), "got "+c.actual)) {
			t.Errorf("expecting %s, got %s, is told as: %v", c.expects, c.actual, err)
		}
	}
}

func (s *subject) appendNothing(t *testing.T) {
	stream := s.stream()
	s.append(t, stream, client.NoStream{})
	s.append(t, stream, client.Any{})
	mustFail(t, s.readError(t, stream), client.ErrorCodeResourceNotFound, "read it")
}

func (s *subject) appendEmpty(t *testing.T) {
	stream := s.stream()
	s.append(t, stream, client.NoStream{}, client.EventData{EventType: s.eventType("empty")})
	read := s.read(t, stream, client.ReadStreamOptions{}, 10)
	if len(read) != 1 || len(read[0].Event.Data) != 0 || len(read[0].Event.UserMetadata) != 0 {
		t.Errorf("read %+v", read)
	}
}

func (s *subject) appendUnicode(t *testing.T) {
	stream := s.stream() + "/Zürich 東京 — ✓"
	e := s.proposed(1)[0]
	e.EventType = s.eventType("grüße ✓")
	s.append(t, stream, client.NoStream{}, e)
	read := s.read(t, stream, client.ReadStreamOptions{}, 10)
	if len(read) != 1 || read[0].Event.StreamID != stream || read[0].Event.EventType != e.EventType {
		t.Errorf("read %+v", read)
	}
}
