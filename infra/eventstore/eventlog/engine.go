package eventlog

import (
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
)

// logFormat is the version of the layout in key.go and record.go.
const logFormat = "tillstream event log 1"

func (l *Log) pebbleOptions() *pebble.Options {
	o := &pebble.Options{
		FS:   noting{l.opts.FS, l.notes},
		Lock: l.lock.lock,
		// A database that was there and cannot be found is not to be replaced by an empty one.
		ErrorIfNotExists: l.notes.used,
		// Sync chunks, which tell a torn tail from damage before it, came with a late version.
		FormatMajorVersion:          pebble.FormatNewest,
		Cache:                       l.cache,
		MemTableSize:                memTableBytes,
		MemTableStopWritesThreshold: 4,
		Logger:                      engineLogger{l},
		EventListener: &pebble.EventListener{
			WALCreated: func(info pebble.WALCreateInfo) {
				if err := l.notes.walCreated(info); err != nil {
					l.fail(fmt.Errorf("mark write-ahead log %s: %w", info.Path, err))
				}
			},
			// A failed flush or compaction is retried by the engine, on the same disk, for ever; we stop.
			BackgroundError: func(err error) { l.fail(damage(err)) },
			DataCorruption: func(info pebble.DataCorruptionInfo) {
				l.fail(&DamageError{File: info.Path, Err: info.Details})
			},
		},
	}
	for i := range o.Levels {
		o.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
	}
	return o
}

// startingPoint reads where the log ends and primes the writer with its newest event ids.
func (l *Log) startingPoint() (*writer, error) {
	if err := l.claimFormat(); err != nil {
		return nil, err
	}
	w := newWriter(l)
	iter, err := l.db.NewIter(recordBounds(0, ^uint64(0)))
	if err != nil {
		return nil, damage(err)
	}
	defer iter.Close()
	for ok := iter.Last(); ok && !w.recent.full(); ok = iter.Prev() {
		value, err := iter.ValueAndErr()
		if err != nil {
			return nil, damage(err)
		}
		position := positionOfKey(iter.Key())
		r, err := decodeRecord(position, value)
		if err != nil {
			return nil, l.damagedRecord(position, err)
		}
		if w.last == 0 {
			w.last, w.next = position, position+uint64(len(value))
		}
		w.recent.addOlder(recentKey{r.ID, w.recent.hash(string(r.Stream))}, recentPlace{int64(r.Revision), position})
	}
	w.recent.startOlder()
	return w, damage(iter.Error())
}

// claimFormat marks a new database as ours and refuses any other. One that was ours and no longer says so has lost more
// than that.
func (l *Log) claimFormat() error {
	value, closer, err := l.db.Get(formatKey)
	switch {
	case err == nil:
		defer closer.Close()
		if string(value) != logFormat {
			return fmt.Errorf("its format is %q, this program reads %q", value, logFormat)
		}
		return nil
	case !errors.Is(err, pebble.ErrNotFound):
		return damage(err)
	case l.notes.claimed:
		return l.notes.lost("the record of its format")
	}
	iter, err := l.db.NewIter(nil)
	if err != nil {
		return damage(err)
	}
	defer iter.Close()
	if iter.First() {
		return errors.New("the directory holds a database that is no event log")
	}
	if err := iter.Error(); err != nil {
		return damage(err)
	}
	return l.db.Set(formatKey, []byte(logFormat), pebble.Sync)
}

func (l *Log) damagedRecord(position uint64, err error) error {
	return &DamageError{File: l.dir, Err: fmt.Errorf("record at position %d: %w", position, err)}
}

func recordBounds(from, to uint64) *pebble.IterOptions {
	return &pebble.IterOptions{
		LowerBound: appendRecordKey(make([]byte, 0, recordKeySize), from),
		UpperBound: appendRecordKey(make([]byte, 0, recordKeySize), to),
	}
}
