// Package eventlog keeps events on disk: appended in groups of one fsync each, read by stream and by position.
package eventlog

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"golang.org/x/sync/semaphore"
)

// Bounds of the log when Options leaves them zero.
const (
	DefaultGroupAppends = 1024     // appends in one fsync
	DefaultGroupBytes   = 4 << 20  // bytes in one fsync, one append may exceed it alone
	maxQueuedAppends    = 4096     // appends waiting for the writer; further ones wait in Submit
	maxQueuedBytes      = 64 << 20 // bytes waiting for the writer
	maxHeads            = 1 << 16  // streams whose last revision is kept in memory
	maxRecentIDs        = 1 << 16  // newest event ids known for idempotent appends with Any and StreamExists
	maxFeedRecords      = 1 << 13  // newest records kept in memory for followers
	maxFeedBytes        = 16 << 20 // bytes of them
	blockCacheBytes     = 64 << 20
	memTableBytes       = 32 << 20
)

// Options of Open. The zero value is a log on disk with the bounds above.
type Options struct {
	FS           vfs.FS // nil: the disk
	GroupAppends int
	GroupBytes   int
	Logger       *slog.Logger
	Now          func() time.Time // nil: the clock
}

// Log is one directory of events with one owner. All methods may be called at once from many goroutines.
type Log struct {
	dir    string
	db     *pebble.DB
	cache  *pebble.Cache
	lock   *owner
	opts   Options
	feed   feed
	stop   stopped
	queue  chan *Append
	budget *semaphore.Weighted
	writer sync.WaitGroup
	notes  *notes

	head      atomic.Uint64 // position of the last record that is on disk; nothing beyond is ever read
	admission sync.RWMutex  // held for writing only to close
	closed    bool
	reads     sync.RWMutex // held for reading while the database is read
}

// Open opens or creates the log in dir and becomes its only owner, until Close. It fails naming the holder when
// another has it, and naming the file when one is damaged.
func Open(dir string, o Options) (*Log, error) {
	o = withDefaults(o)
	lock, err := acquire(o.FS, dir)
	if err != nil {
		return nil, err
	}
	l := &Log{
		dir: dir, lock: lock, opts: o,
		queue:  make(chan *Append, maxQueuedAppends),
		budget: semaphore.NewWeighted(maxQueuedBytes),
	}
	l.stop.init()
	if err := l.openApart(); err != nil {
		return nil, errors.Join(fmt.Errorf("open event log %s: %w", dir, err), lock.release())
	}
	return l, nil
}

func withDefaults(o Options) Options {
	if o.FS == nil {
		o.FS = vfs.Default
	}
	if o.GroupAppends <= 0 {
		o.GroupAppends = DefaultGroupAppends
	}
	// The writer relies on no head of the group at work leaving its cache.
	o.GroupAppends = min(o.GroupAppends, maxHeads/8)
	if o.GroupBytes <= 0 {
		o.GroupBytes = DefaultGroupBytes
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// openApart opens in a goroutine of its own, for a failed write ends the goroutine it happens in.
func (l *Log) openApart() (err error) {
	var opening sync.WaitGroup
	opening.Go(func() { err = l.open() })
	opening.Wait()
	if l.stop.failed() {
		return l.Err()
	}
	return err
}

func (l *Log) open() (err error) {
	if l.notes, err = readNotes(l.opts.FS, l.dir, l.opts.Logger); err != nil {
		return err
	}
	w, err := l.openDatabase()
	if err != nil {
		return errors.Join(err, l.notes.close())
	}
	l.head.Store(w.last)
	l.feed.init(w.last)
	l.writer.Go(w.run)
	return nil
}

// openDatabase leaves nothing open when it fails.
func (l *Log) openDatabase() (*writer, error) {
	if err := l.notes.begin(); err != nil {
		return nil, err
	}
	l.cache = pebble.NewCache(blockCacheBytes)
	db, err := pebble.Open(l.dir, l.pebbleOptions())
	if err != nil {
		l.cache.Unref()
		return nil, l.notes.blame(err)
	}
	l.db = db
	w, err := l.startingPoint()
	if err == nil {
		err = l.notes.opened()
	}
	if err != nil {
		err = errors.Join(err, l.db.Close())
		l.cache.Unref()
		return nil, err
	}
	return w, nil
}

// Submit hands an append to the writer; it waits while the queue is full. An error means the append was not taken
// and Done will not be called.
func (l *Log) Submit(ctx context.Context, a *Append) error {
	l.admission.RLock()
	defer l.admission.RUnlock()
	if l.closed {
		return ErrClosed
	}
	if err := l.stop.reason(); err != nil {
		return err
	}
	size := min(int64(a.Size()), maxQueuedBytes)
	if err := l.budget.Acquire(ctx, size); err != nil {
		return err
	}
	select {
	case l.queue <- a:
		return nil
	case <-ctx.Done():
		l.budget.Release(size)
		return ctx.Err()
	}
}

// Append submits a and waits for its outcome. When ctx ends first the outcome is unknown: it may be stored yet.
func (l *Log) Append(ctx context.Context, a *Append) error {
	done := make(chan struct{})
	a.Done = func(*Append) { close(done) }
	if err := l.Submit(ctx, a); err != nil {
		return err
	}
	select {
	case <-done:
		return a.Err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Head is the position of the last event on disk, 0 in an empty log.
func (l *Log) Head() uint64 { return l.head.Load() }

// Stopped is closed when the log has stopped for a reason that Err then tells.
func (l *Log) Stopped() <-chan struct{} { return l.stop.ch }

// Err says why the log has stopped; nil while it works.
func (l *Log) Err() error { return l.stop.reason() }

// Close finishes the appends already submitted and gives the directory up. A log that has stopped by itself keeps
// its directory until the process ends, for what its files hold is not known.
func (l *Log) Close() error {
	l.admission.Lock()
	if l.closed {
		l.admission.Unlock()
		return nil
	}
	l.closed = true
	l.admission.Unlock()

	close(l.queue)
	l.writer.Wait()
	l.stop.close()
	if l.stop.failed() {
		return nil
	}
	l.reads.Lock()
	defer l.reads.Unlock()
	err := l.db.Close()
	l.cache.Unref()
	if err != nil {
		err = fmt.Errorf("close event log %s: %w", l.dir, err)
	}
	return errors.Join(err, l.notes.close(), l.lock.release())
}
