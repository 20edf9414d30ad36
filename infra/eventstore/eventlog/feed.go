package eventlog

import (
	"sort"
	"sync"
)

// entry is a record just made durable, kept encoded for followers.
type entry struct {
	position uint64
	rec      []byte
}

// feed is the newest part of the log in memory: a ring bounded in records and bytes. Followers take from it at their
// own pace and read the log when they fall out of it, so none of them can hold the writer up.
type feed struct {
	mu    sync.Mutex
	ring  []entry
	first int // index of the oldest
	count int
	bytes int
	floor uint64 // every record after floor is in the ring
	wake  chan struct{}
}

func (f *feed) init(head uint64) {
	f.floor = head
}

func (f *feed) publish(es []entry) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, e := range es {
		f.push(e)
	}
	f.wakeLocked()
}

func (f *feed) push(e entry) {
	if f.count == len(f.ring) && len(f.ring) < maxFeedRecords {
		f.grow()
	}
	for f.count > 0 && (f.count == len(f.ring) || f.bytes+len(e.rec) > maxFeedBytes) {
		f.drop()
	}
	f.ring[(f.first+f.count)%len(f.ring)] = e
	f.count++
	f.bytes += len(e.rec)
}

func (f *feed) drop() {
	old := &f.ring[f.first]
	f.floor = old.position
	f.bytes -= len(old.rec)
	*old = entry{}
	f.first = (f.first + 1) % len(f.ring)
	f.count--
}

func (f *feed) grow() {
	ring := make([]entry, min(max(64, 2*len(f.ring)), maxFeedRecords))
	for i := range f.count {
		ring[i] = f.at(i)
	}
	f.ring, f.first = ring, 0
}

func (f *feed) at(i int) entry { return f.ring[(f.first+i)%len(f.ring)] }

// after fills dst with the records that follow position. When there are none it gives a channel closed at the next
// publish. It answers false when records between position and the ring are no longer in memory.
func (f *feed) after(position uint64, dst []entry) (n int, wake <-chan struct{}, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if position < f.floor {
		return 0, nil, false
	}
	i := sort.Search(f.count, func(i int) bool { return f.at(i).position > position })
	for ; i < f.count && n < len(dst); i++ {
		dst[n] = f.at(i)
		n++
	}
	if n == 0 {
		if f.wake == nil {
			f.wake = make(chan struct{})
		}
		wake = f.wake
	}
	return n, wake, true
}

func (f *feed) wakeAll() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.wakeLocked()
}

func (f *feed) wakeLocked() {
	if f.wake != nil {
		close(f.wake)
		f.wake = nil
	}
}
