package eventlog

import (
	"hash/maphash"
	"slices"
)

// recentKey is an event id within a stream; the stream stands as the hash of its name.
type recentKey struct {
	id     [16]byte
	stream uint64
}

// recentPlace is where an event was last written.
type recentPlace struct {
	revision int64
	position uint64
}

type recentEntry struct {
	key      recentKey
	position uint64
}

// recentIDs knows the newest event ids of the log, maxRecentIDs of them; the oldest leave first. Only the
// writer uses it.
type recentIDs struct {
	seed   maphash.Seed
	places map[recentKey]recentPlace
	ring   []recentEntry
	first  int
}

func newRecentIDs() recentIDs {
	return recentIDs{seed: maphash.MakeSeed(), places: map[recentKey]recentPlace{}}
}

func (r *recentIDs) hash(stream string) uint64 { return maphash.String(r.seed, stream) }

func (r *recentIDs) full() bool { return len(r.ring) == maxRecentIDs }

func (r *recentIDs) add(key recentKey, at recentPlace) {
	e := recentEntry{key, at.position}
	if !r.full() {
		r.ring = append(r.ring, e)
	} else {
		oldest := r.ring[r.first]
		if r.places[oldest.key].position == oldest.position {
			delete(r.places, oldest.key)
		}
		r.ring[r.first] = e
		r.first = (r.first + 1) % maxRecentIDs
	}
	r.places[key] = at
}

// addOlder takes what is on disk from newest to oldest, before the first add; startOlder ends it.
func (r *recentIDs) addOlder(key recentKey, at recentPlace) {
	r.ring = append(r.ring, recentEntry{key, at.position})
	if _, newer := r.places[key]; !newer {
		r.places[key] = at
	}
}

func (r *recentIDs) startOlder() { slices.Reverse(r.ring) }

func (r *recentIDs) find(key recentKey) (recentPlace, bool) {
	at, ok := r.places[key]
	return at, ok
}
