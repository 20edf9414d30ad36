package contract

import (
	"context"
	"math"
	"testing"

	client "github.com/EventStore/EventStore-Client-Go/v4/esdb"
)

func deletes(t *testing.T, s *subject) {
	t.Run("a deleted stream is not found", s.deletedNotFound)
	t.Run("the expected revision is checked", func(t *testing.T) { s.deleteExpectations(t, s.softDelete, false) })
	t.Run("a deleted stream goes on where it ended", s.recreate)
	t.Run("what is appended to it expects it as it was", s.recreateExpectations)
	t.Run("a deleted stream can be ended for ever", s.tombstoneAfterDelete)
	t.Run("its events stay in $all until scavenged", s.deletedStaysInAll)
}

func tombstones(t *testing.T, s *subject) {
	t.Run("a tombstoned stream is deleted", s.tombstonedIsDeleted)
	t.Run("the expected revision is checked", func(t *testing.T) { s.deleteExpectations(t, s.tombstone, true) })
	t.Run("nothing can be done to it", s.tombstonedForEver)
}

func (s *subject) softDelete(ctx context.Context, stream string, expected client.ExpectedRevision) (*client.DeleteResult, error) {
	return s.DeleteStream(ctx, stream, client.DeleteStreamOptions{ExpectedRevision: expected})
}

func (s *subject) tombstone(ctx context.Context, stream string, expected client.ExpectedRevision) (*client.DeleteResult, error) {
	return s.TombstoneStream(ctx, stream, client.TombstoneStreamOptions{ExpectedRevision: expected})
}

func (s *subject) deletedNotFound(t *testing.T) {
	stream := s.stream()
	appended := s.append(t, stream, client.NoStream{}, s.proposed(2)...)
	deleted, err := s.softDelete(bounded(t), stream, client.Revision(1))
	if err != nil {
		t.Fatal(err)
	}
	if deleted.Position.Commit <= appended.CommitPosition {
		t.Errorf("deleted at %d, appended at %d", deleted.Position.Commit, appended.CommitPosition)
	}
	mustFail(t, s.readError(t, stream), client.ErrorCodeResourceNotFound, "read it")
	meta, err := s.GetStreamMetadata(bounded(t), stream, client.ReadStreamOptions{Direction: client.Backwards, From: client.End{}})
	if err != nil {
		t.Fatal(err)
	}
	if tb := meta.TruncateBefore(); tb == nil || *tb < math.MaxInt64 {
		t.Errorf("$tb of a deleted stream is %v", tb)
	}
}

// deleteExpectations: what does not exist can be ended for ever, but not deleted.
func (s *subject) deleteExpectations(t *testing.T, remove func(context.Context, string, client.ExpectedRevision) (*client.DeleteResult, error), missing bool) {
	for _, c := range []struct {
		name     string
		existing int
		expected client.ExpectedRevision
		accepted bool
	}{
		{"any, existing", 2, client.Any{}, true},
		{"any, missing", 0, client.Any{}, missing},
		{"stream exists, existing", 2, client.StreamExists{}, true},
		{"no stream, missing", 0, client.NoStream{}, missing},
		{"no stream, existing", 2, client.NoStream{}, false},
		{"the last revision", 2, client.Revision(1), true},
		{"an earlier revision", 2, client.Revision(0), false},
		{"a later revision", 2, client.Revision(5), false},
		{"a revision, missing", 0, client.Revision(0), false},
	} {
		stream := s.stream()
		if c.existing > 0 {
			s.append(t, stream, client.NoStream{}, s.proposed(c.existing)...)
		}
		_, err := remove(bounded(t), stream, c.expected)
		if (err == nil) != c.accepted {
			t.Errorf("%s: %v", c.name, err)
		}
		if still := s.readError(t, stream) == nil; still != (c.existing > 0 && !c.accepted) {
			t.Errorf("%s: it can be read: %v", c.name, still)
		}
	}
}

func (s *subject) recreate(t *testing.T) {
	stream, _ := s.filled(t, 2)
	if _, err := s.softDelete(bounded(t), stream, client.Revision(1)); err != nil {
		t.Fatal(err)
	}
	events := s.proposed(3)
	if r := s.append(t, stream, client.NoStream{}, events...); r.NextExpectedVersion != 4 {
		t.Errorf("it goes on to revision %d, not 4", r.NextExpectedVersion)
	}
	read := s.read(t, stream, client.ReadStreamOptions{}, 10)
	mustBe(t, "read it", read, events...)
	if len(read) > 0 && read[0].Event.EventNumber != 2 {
		t.Errorf("it begins at revision %d, not 2", read[0].Event.EventNumber)
	}
	meta, err := s.GetStreamMetadata(bounded(t), stream, client.ReadStreamOptions{Direction: client.Backwards, From: client.End{}})
	if err != nil {
		t.Fatal(err)
	}
	if tb := meta.TruncateBefore(); tb == nil || *tb != 2 {
		t.Errorf("$tb of the stream is %v, not 2", tb)
	}
}

func (s *subject) recreateExpectations(t *testing.T) {
	for _, c := range []struct {
		name     string
		expected client.ExpectedRevision
		refused  bool
		code     client.ErrorCode
	}{
		{"no stream", client.NoStream{}, false, 0},
		{"any", client.Any{}, false, 0},
		{"the last revision", client.Revision(1), false, 0},
		{"a later revision", client.Revision(5), true, client.ErrorCodeWrongExpectedVersion},
		{"stream exists", client.StreamExists{}, true, client.ErrorCodeStreamDeleted},
	} {
		stream, _ := s.filled(t, 2)
		if _, err := s.softDelete(bounded(t), stream, client.Any{}); err != nil {
			t.Fatal(err)
		}
		_, err := s.AppendToStream(bounded(t), stream, client.AppendToStreamOptions{ExpectedRevision: c.expected}, s.proposed(1)...)
		switch {
		case c.refused:
			mustFail(t, err, c.code, c.name)
		case err != nil:
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func (s *subject) tombstoneAfterDelete(t *testing.T) {
	stream, _ := s.filled(t, 2)
	if _, err := s.softDelete(bounded(t), stream, client.Any{}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.tombstone(bounded(t), stream, client.Any{}); err != nil {
		t.Fatal(err)
	}
	mustFail(t, s.readError(t, stream), client.ErrorCodeStreamDeleted, "read it")
}

func (s *subject) deletedStaysInAll(t *testing.T) {
	stream := s.stream()
	e := s.proposed(1)[0]
	at := s.append(t, stream, client.NoStream{}, e)
	if _, err := s.softDelete(bounded(t), stream, client.Any{}); err != nil {
		t.Fatal(err)
	}
	r, err := s.ReadAll(bounded(t), client.ReadAllOptions{From: client.Position{Commit: at.CommitPosition, Prepare: at.PreparePosition}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	mustBe(t, "read $all", drain(t, r), e)
}

func (s *subject) tombstonedIsDeleted(t *testing.T) {
	stream := s.stream()
	appended := s.append(t, stream, client.NoStream{}, s.proposed(2)...)
	ended, err := s.tombstone(bounded(t), stream, client.Revision(1))
	if err != nil {
		t.Fatal(err)
	}
	if ended.Position.Commit <= appended.CommitPosition {
		t.Errorf("ended at %d, appended at %d", ended.Position.Commit, appended.CommitPosition)
	}
	mustFail(t, s.readError(t, stream), client.ErrorCodeStreamDeleted, "read it")
}

func (s *subject) tombstonedForEver(t *testing.T) {
	stream := s.stream()
	if _, err := s.tombstone(bounded(t), stream, client.NoStream{}); err != nil {
		t.Fatal(err)
	}
	for name, expected := range map[string]client.ExpectedRevision{
		"any": client.Any{}, "no stream": client.NoStream{}, "stream exists": client.StreamExists{}, "a revision": client.Revision(5),
	} {
		_, err := s.AppendToStream(bounded(t), stream, client.AppendToStreamOptions{ExpectedRevision: expected}, s.proposed(1)...)
		mustFail(t, err, client.ErrorCodeStreamDeleted, "append at "+name)
	}
	_, err := s.softDelete(bounded(t), stream, client.Any{})
	mustFail(t, err, client.ErrorCodeStreamDeleted, "delete it")
	_, err = s.tombstone(bounded(t), stream, client.Any{})
	mustFail(t, err, client.ErrorCodeStreamDeleted, "tombstone it again")
}
