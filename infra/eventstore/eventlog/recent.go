package eventlog

import (
	"hash/maphash"
	"slices"
)

// recentID says where an event id was last written.
type recentID struct {
	stream   uint64 // hash of the name
	revision int64
	position uint64
}

type seenID struct {
	id       [16]byte
	position uint64
}

// recentIDs knows the newest event ids of the log, maxRecentIDs of them; the oldest leave first. Only the
// writer uses it.
type recentIDs struct {
	seed  maphash.Seed
	byID  map[[16]byte]recentID
	ring  []seenID
	first int
}

func newRecentIDs() recentIDs {
	return recentIDs{seed: maphash.MakeSeed(), byID: map[[16]byte]recentID{}}
}

func (r *recentIDs) hash(stream string) uint64 { return maphash.String(r.seed, stream) }

func (r *recentIDs) full() bool { return len(r.ring) == maxRecentIDs }

func (r *recentIDs) add(id [16]byte, at recentID) {
	seen := seenID{id, at.position}
	if !r.full() {
		r.ring = append(r.ring, seen)
	} else {
		oldest := r.ring[r.first]
		if r.byID[oldest.id].position == oldest.position {
			delete(r.byID, oldest.id)
		}
		r.ring[r.first] = seen
		r.first = (r.first + 1) % maxRecentIDs
	}
	r.byID[id] = at
}

// addOlder takes what is on disk from newest to oldest, before the first add; startOlder ends it.
func (r *recentIDs) addOlder(id [16]byte, at recentID) {
	r.ring = append(r.ring, seenID{id, at.position})
	if _, newer := r.byID[id]; !newer {
		r.byID[id] = at
	}
}

func (r *recentIDs) startOlder() { slices.Reverse(r.ring) }

func (r *recentIDs) find(id [16]byte, stream uint64) (recentID, bool) {
	at, ok := r.byID[id]
	return at, ok && at.stream == stream
}
