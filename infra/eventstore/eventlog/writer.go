package eventlog

import (
	"encoding/binary"
	"runtime"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// writer is the one goroutine that decides and stores appends. What it knows runs ahead of the disk by the
// group at work; when that group cannot be made durable the log stops, so nobody ever acts on it.
type writer struct {
	log    *Log
	heads  *simplelru.LRU[string, *head]
	recent recentIDs
	last   uint64 // position of the newest record
	next   uint64 // position of the next one

	batch   *pebble.Batch
	group   []*Append
	bytes   int
	entries []entry
	created int64
}

// firstPosition keeps 0 for "before everything". Positions count the bytes of all records before, so each record
// says where the next one is and a missing one is noticed.
const firstPosition = 1

const ticksPerSecond = int64(time.Second / 100)

func newWriter(l *Log) *writer {
	heads, err := simplelru.NewLRU[string, *head](maxHeads, nil)
	if err != nil {
		panic(err) // only for a size that is not positive
	}
	return &writer{log: l, heads: heads, recent: newRecentIDs(), next: firstPosition}
}

func (w *writer) run() {
	defer w.abandon()
	for a := range w.log.queue {
		w.collect(a)
		w.store()
	}
}

// collectYields is how often the writer lets others run before it takes the queue for empty: those it has just answered
// are about to submit again. It makes groups a third larger under load and costs a lone append nothing.
const collectYields = 2

// collect takes what has queued up while the last group was stored, within the bounds of a group.
func (w *writer) collect(a *Append) {
	w.take(a)
	yields := 0
	for len(w.group) < w.log.opts.GroupAppends && w.bytes < w.log.opts.GroupBytes {
		select {
		case a, ok := <-w.log.queue:
			if !ok {
				return
			}
			w.take(a)
		default:
			if yields == collectYields {
				return
			}
			yields++
			runtime.Gosched()
		}
	}
}

func (w *writer) take(a *Append) {
	w.group = append(w.group, a)
	w.bytes += len(a.buf)
}

// store decides the group in order, makes what it adds durable with one fsync, shows it to readers and only then
// answers.
func (w *writer) store() {
	now := w.log.opts.Now()
	w.created = now.Unix()*ticksPerSecond + int64(now.Nanosecond()/100)
	w.batch = w.log.db.NewBatchWithSize(w.bytes + w.bytes/2 + 64*len(w.group))
	for _, a := range w.group {
		if !a.Deadline.IsZero() && a.Deadline.Before(now) {
			a.finish(Expired, -1, 0)
			continue
		}
		w.decide(a)
	}
	if len(w.entries) > 0 && !w.commit() {
		w.answer(w.log.Err())
		return
	}
	w.answer(nil)
}

func (w *writer) commit() bool {
	if err := w.batch.Commit(pebble.Sync); err != nil {
		w.log.fail(damage(err))
	}
	if w.log.Err() != nil {
		return false
	}
	_ = w.batch.Close() // a committed batch only goes back to its pool
	w.log.head.Store(w.last)
	w.log.feed.publish(w.entries)
	return true
}

func (w *writer) answer(err error) {
	for i, a := range w.group {
		w.group[i] = nil
		if err != nil {
			a.Outcome, a.Err = Failed, err
		}
		w.log.budget.Release(min(int64(len(a.buf)), maxQueuedBytes))
		a.Done(a)
	}
	clear(w.entries)
	w.group, w.entries, w.bytes = w.group[:0], w.entries[:0], 0
}

// abandon runs when the writer ends: after Close there is nothing left, after a failure every append in the group
// and every later one is told the reason until Close.
func (w *writer) abandon() {
	if !w.log.stop.failed() {
		return
	}
	w.answer(w.log.Err())
	go func() {
		for a := range w.log.queue {
			w.take(a)
			w.answer(w.log.Err())
		}
	}()
}

// write adds one record to the batch and to what followers will see.
func (w *writer) write(rec []byte, stream string, hash uint64, revision int64) {
	position := w.next
	sealRecord(rec, position, uint64(revision), w.created)

	op := w.batch.SetDeferred(recordKeySize, len(rec))
	appendRecordKey(op.Key[:0], position)
	copy(op.Value, rec)
	op.Finish()

	op = w.batch.SetDeferred(1+2+len(stream)+8, 8)
	appendStreamKey(op.Key[:0], stream, uint64(revision))
	binary.BigEndian.PutUint64(op.Value, position)
	op.Finish()

	w.recent.add(recentKey{recordID(rec), hash}, recentPlace{revision, position})
	w.entries = append(w.entries, entry{position, rec})
	w.last, w.next = position, position+uint64(len(rec))
}
