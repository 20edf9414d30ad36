package contract

import (
	"bytes"
	"testing"

	client "github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// maxAppendSize is what a server accepts at once unless it is configured otherwise.
const maxAppendSize = 1 << 20

func limits(t *testing.T, s *subject) {
	t.Run("a large event", s.largeEvent)
	t.Run("large events are read in one go", s.largeRead)
	t.Run("beyond the maximum append size", s.tooLarge)
	t.Run("a stream needs a name", s.nameless)
}

func (s *subject) sized(n int) client.EventData {
	e := s.proposed(1)[0]
	e.ContentType, e.Data = client.ContentTypeBinary, bytes.Repeat([]byte{'x'}, n)
	return e
}

func (s *subject) largeEvent(t *testing.T) {
	stream, e := s.stream(), s.sized(maxAppendSize-1024)
	s.append(t, stream, client.NoStream{}, e)
	read := s.read(t, stream, client.ReadStreamOptions{}, 10)
	if len(read) != 1 || !bytes.Equal(read[0].Event.Data, e.Data) {
		t.Errorf("read %d events", len(read))
	}
}

func (s *subject) largeRead(t *testing.T) {
	stream := s.stream()
	var events []client.EventData
	for range 24 {
		e := s.sized(900 << 10)
		s.append(t, stream, client.Any{}, e)
		events = append(events, e)
	}
	mustBe(t, "read", s.read(t, stream, client.ReadStreamOptions{}, 100), events...)
	h := s.subscribe(t, stream, client.Start{})
	mustBe(t, "heard", h.take(t, len(events)), events...)
}

func (s *subject) tooLarge(t *testing.T) {
	half := s.sized(maxAppendSize / 2)
	for name, events := range map[string][]client.EventData{
		"one event":      {s.sized(maxAppendSize + 1)},
		"many, together": {half, s.sized(maxAppendSize / 2), s.sized(1024)},
	} {
		stream := s.stream()
		_, err := s.AppendToStream(bounded(t), stream, client.AppendToStreamOptions{}, events...)
		e, _ := client.FromError(err)
		if e == nil || status.Code(e.Err()) != codes.InvalidArgument {
			t.Errorf("%s: %v", name, err)
		}
		mustFail(t, s.readError(t, stream), client.ErrorCodeResourceNotFound, name)
	}
}

func (s *subject) nameless(t *testing.T) {
	if _, err := s.AppendToStream(bounded(t), "", client.AppendToStreamOptions{}, s.proposed(1)...); err == nil {
		t.Error("an append without a stream was accepted")
	}
}
