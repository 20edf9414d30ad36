package contract

import (
	"testing"
	"time"

	client "github.com/EventStore/EventStore-Client-Go/v4/esdb"
)

func metadata(t *testing.T, s *subject) {
	t.Run("it comes back as it was set", s.metadataRoundTrip)
	t.Run("its stream has revisions", s.metadataRevisions)
	t.Run("$maxCount keeps the newest", s.maxCount)
	t.Run("$tb hides what is before", s.truncateBefore)
	t.Run("$maxAge hides what is old", s.maxAge)
	t.Run("it may be set before the stream exists", s.metadataFirst)
}

var newest = client.ReadStreamOptions{Direction: client.Backwards, From: client.End{}}

func (s *subject) setMetadata(t *testing.T, stream string, set func(*client.StreamMetadata)) {
	t.Helper()
	m := client.StreamMetadata{}
	set(&m)
	if _, err := s.SetStreamMetadata(bounded(t), stream, client.AppendToStreamOptions{}, m); err != nil {
		t.Fatal(err)
	}
}

func (s *subject) metadataRoundTrip(t *testing.T) {
	stream := s.stream()
	s.setMetadata(t, stream, func(m *client.StreamMetadata) {
		m.SetMaxCount(7)
		m.SetMaxAge(time.Hour)
		m.SetTruncateBefore(3)
		m.SetCacheControl(time.Minute)
		m.AddCustomProperty("owner", "sales")
	})
	m, err := s.GetStreamMetadata(bounded(t), stream, newest)
	if err != nil {
		t.Fatal(err)
	}
	if m.MaxCount() == nil || *m.MaxCount() != 7 || m.MaxAge() == nil || *m.MaxAge() != time.Hour || m.TruncateBefore() == nil ||
		*m.TruncateBefore() != 3 || m.CacheControl() == nil || *m.CacheControl() != time.Minute || m.CustomProperty("owner") != "sales" {
		t.Errorf("%+v", m)
	}
}

func (s *subject) metadataRevisions(t *testing.T) {
	stream, m := s.stream(), client.StreamMetadata{}
	for revision := range uint64(2) {
		r, err := s.SetStreamMetadata(bounded(t), stream, client.AppendToStreamOptions{}, m)
		if err != nil || r.NextExpectedVersion != revision {
			t.Fatalf("%+v, %v", r, err)
		}
	}
	_, err := s.SetStreamMetadata(bounded(t), stream, client.AppendToStreamOptions{ExpectedRevision: client.NoStream{}}, m)
	mustFail(t, err, client.ErrorCodeWrongExpectedVersion, "set it at no stream")
	mustFail(t, s.readError(t, stream), client.ErrorCodeResourceNotFound, "read the stream itself")
}

func (s *subject) maxCount(t *testing.T) {
	stream, events := s.filled(t, 10)
	s.setMetadata(t, stream, func(m *client.StreamMetadata) { m.SetMaxCount(3) })
	mustBe(t, "forwards", s.read(t, stream, client.ReadStreamOptions{}, 20), events[7:]...)
	mustBe(t, "backwards", s.read(t, stream, newest, 20), reversed(events[7:])...)
	more := s.proposed(1)
	s.append(t, stream, client.Revision(9), more...)
	mustBe(t, "after one more", s.read(t, stream, client.ReadStreamOptions{}, 20), append(events[8:10:10], more...)...)
	mustBe(t, "from a hidden revision", s.read(t, stream, client.ReadStreamOptions{From: client.Revision(2)}, 1), events[8])
	s.setMetadata(t, stream, func(m *client.StreamMetadata) { m.SetMaxCount(1) })
	mustBe(t, "with a smaller one", s.read(t, stream, client.ReadStreamOptions{}, 20), more...)
}

func (s *subject) truncateBefore(t *testing.T) {
	stream, events := s.filled(t, 10)
	s.setMetadata(t, stream, func(m *client.StreamMetadata) { m.SetTruncateBefore(4) })
	mustBe(t, "forwards", s.read(t, stream, client.ReadStreamOptions{}, 20), events[4:]...)
	mustBe(t, "backwards", s.read(t, stream, newest, 20), reversed(events[4:])...)
	if r := s.append(t, stream, client.Revision(9), s.proposed(1)...); r.NextExpectedVersion != 10 {
		t.Errorf("the next revision is %d, not 10", r.NextExpectedVersion)
	}
}

func (s *subject) maxAge(t *testing.T) {
	stream, events := s.filled(t, 2)
	s.setMetadata(t, stream, func(m *client.StreamMetadata) { m.SetMaxAge(time.Hour) })
	mustBe(t, "within an hour", s.read(t, stream, client.ReadStreamOptions{}, 20), events...)
	s.setMetadata(t, stream, func(m *client.StreamMetadata) { m.SetMaxAge(time.Second) })
	look := time.NewTicker(50 * time.Millisecond) // at a clock that is the store's
	defer look.Stop()
	for ctx := bounded(t); len(s.read(t, stream, client.ReadStreamOptions{}, 20)) > 0; {
		select {
		case <-look.C:
		case <-ctx.Done():
			t.Fatal("events of more than a second ago are still read")
		}
	}
}

func (s *subject) metadataFirst(t *testing.T) {
	stream := s.stream()
	s.setMetadata(t, stream, func(m *client.StreamMetadata) { m.SetMaxCount(2) })
	events := s.proposed(5)
	s.append(t, stream, client.NoStream{}, events...)
	mustBe(t, "read it", s.read(t, stream, client.ReadStreamOptions{}, 20), events[3:]...)
}
