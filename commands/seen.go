package commands

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// A stream remembers the commands it has recorded facts for: all of the last seenFor of record time, and seenAtLeast
// whatever their age; but seenAtMost, which are some 12 MB, though they be of one day.
const (
	seenFor     = 24 * time.Hour
	seenAtLeast = 1000
	seenAtMost  = 100_000
)

// tag is an id in 16 bytes, since a busy stream remembers thousands.
type tag [16]byte

// tagOf keeps a UUID as it is and hashes anything else.
func tagOf(id string) tag {
	if u, err := uuid.Parse(id); err == nil {
		return tag(u)
	}
	sum := sha256.Sum256([]byte(id))
	return tag(sum[:16])
}

func (t tag) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, t[:]), nil }

func (t *tag) UnmarshalText(b []byte) error {
	if len(b) != hex.EncodedLen(len(t)) {
		return fmt.Errorf("a tag has %d hexadecimal digits, not %d", hex.EncodedLen(len(t)), len(b))
	}
	_, err := hex.Decode(t[:], b)
	return err
}

// recorded says what a command left in a stream: Count facts from revision First on.
type recorded struct {
	Command tag    `json:"id"`
	Request tag    `json:"req"`
	First   uint64 `json:"first"`
	Count   int32  `json:"n"`
	Rec     int64  `json:"rec"` // Unix seconds
}

// seen is the memory of a stream; order lists it oldest first from start on.
type seen struct {
	byID  map[tag]recorded
	order []tag
	start int
}

// note adds the fact at revision to what its command is known to have recorded.
func (s *seen) note(command, request string, revision uint64, rec time.Time) {
	if command == "" {
		return
	}
	id := tagOf(command)
	r, known := s.byID[id]
	if !known {
		r = recorded{Command: id, Request: tagOf(request), First: revision, Rec: rec.Unix()}
		if s.byID == nil {
			s.byID = map[tag]recorded{}
		}
		s.order = append(s.order, id)
	}
	r.Count++
	s.byID[id] = r
	s.forget(rec)
}

func (s *seen) forget(now time.Time) {
	for s.len() > seenAtLeast {
		oldest := s.order[s.start]
		if s.len() <= seenAtMost && now.Unix()-s.byID[oldest].Rec <= int64(seenFor/time.Second) {
			return
		}
		delete(s.byID, oldest)
		s.start++
	}
	if s.start > seenAtLeast && s.start > len(s.order)/2 {
		s.order, s.start = append([]tag(nil), s.order[s.start:]...), 0
	}
}

func (s *seen) len() int { return len(s.order) - s.start }

func (s *seen) list() []recorded {
	all := make([]recorded, 0, s.len())
	for _, id := range s.order[s.start:] {
		all = append(all, s.byID[id])
	}
	return all
}

func (s *seen) restore(all []recorded) {
	s.byID, s.order, s.start = make(map[tag]recorded, len(all)), make([]tag, 0, len(all)), 0
	for _, r := range all {
		s.byID[r.Command] = r
		s.order = append(s.order, r.Command)
	}
}
