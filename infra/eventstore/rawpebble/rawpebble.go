// Package rawpebble stores values in Pebble and does nothing else: the limit of every event store that stands on it.
package rawpebble

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// As in the event log, so that only the work differs.
const (
	memTableBytes = 32 << 20
	cacheBytes    = 64 << 20
)

// DB is a database of values in the order they were put.
type DB struct {
	db   *pebble.DB
	next uint64
}

// Open makes a database in dir, which must be empty or missing.
func Open(dir string) (*DB, error) {
	db, err := pebble.Open(dir, &pebble.Options{
		FormatMajorVersion:          pebble.FormatNewest,
		CacheSize:                   cacheBytes,
		MemTableSize:                memTableBytes,
		MemTableStopWritesThreshold: 4,
		ErrorIfExists:               true,
		Logger:                      quiet{},
	})
	if err != nil {
		return nil, fmt.Errorf("open Pebble in %s: %w", dir, err)
	}
	return &DB{db: db}, nil
}

// Commit puts values in one batch with one sync; when it returns they are on disk. One goroutine may use it.
func (d *DB) Commit(values [][]byte) error {
	size := 0
	for _, v := range values {
		size += len(v) + 32
	}
	batch := d.db.NewBatchWithSize(size)
	for _, v := range values {
		op := batch.SetDeferred(8, len(v))
		binary.BigEndian.PutUint64(op.Key, d.next)
		copy(op.Value, v)
		if err := op.Finish(); err != nil {
			return errors.Join(err, batch.Close())
		}
		d.next++
	}
	return errors.Join(batch.Commit(pebble.Sync), batch.Close())
}

// Each visits every value in order until visit fails. The value lives until visit returns.
func (d *DB) Each(visit func(value []byte) error) error {
	iter, err := d.db.NewIter(nil)
	if err != nil {
		return err
	}
	for ok := iter.First(); ok; ok = iter.Next() {
		v, err := iter.ValueAndErr()
		if err == nil {
			err = visit(v)
		}
		if err != nil {
			return errors.Join(err, iter.Close())
		}
	}
	return iter.Close()
}

// Close gives the database up.
func (d *DB) Close() error { return d.db.Close() }

// quiet hears the engine; what matters is returned as an error.
type quiet struct{}

func (quiet) Infof(string, ...any)  {}
func (quiet) Errorf(string, ...any) {}

// Fatalf ends the program: after a failed sync the engine must not go on.
func (quiet) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
