package eventlog

import (
	"encoding/binary"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// Bounds of one page. A page is copied out of the database, so a slow reader pins nothing there.
const (
	MaxPageRecords = 256
	maxPageBytes   = 1 << 20 // a page ends after the record that reaches it
)

// Page receives records; it may be used again and again, which ends the life of what it held.
type Page struct {
	Records []Record
	// End says that there was nothing more on disk in the direction read.
	End bool

	chunk     []byte
	positions []uint64
	bytes     int
}

func (p *Page) reset() {
	p.Records, p.positions, p.chunk, p.bytes, p.End = p.Records[:0], p.positions[:0], p.chunk[:0], 0, false
}

func (p *Page) full(limit int) bool { return len(p.Records) >= limit || p.bytes >= maxPageBytes }

func (p *Page) add(l *Log, position uint64, value []byte) error {
	if len(p.chunk)+len(value) > cap(p.chunk) {
		p.chunk = make([]byte, 0, max(64<<10, len(value)))
	}
	start := len(p.chunk)
	p.chunk = append(p.chunk, value...)
	r, err := decodeRecord(position, p.chunk[start:])
	if err != nil {
		return l.damagedRecord(position, err)
	}
	p.Records = append(p.Records, r)
	p.bytes += len(value)
	return nil
}

// Forward fills the page with up to limit records at or after a position.
func (l *Log) Forward(from uint64, limit int, p *Page) error {
	p.reset()
	return l.reading(func() error {
		head := l.Head()
		if from > head {
			p.End = true
			return nil
		}
		iter, err := l.db.NewIter(recordBounds(from, head+1))
		if err != nil {
			return damage(err)
		}
		defer iter.Close()
		next := uint64(0)
		for ok := iter.First(); ok; ok = iter.Next() {
			if p.full(limit) {
				return nil
			}
			position := positionOfKey(iter.Key())
			if next != 0 && position != next {
				return l.damagedRecord(next, errMissing)
			}
			value, err := iter.ValueAndErr()
			if err != nil {
				return damage(err)
			}
			if err := p.add(l, position, value); err != nil {
				return err
			}
			next = position + uint64(len(value))
		}
		p.End = true
		return damage(iter.Error())
	})
}

// Backward fills the page with up to limit records before a position, newest first.
func (l *Log) Backward(before uint64, limit int, p *Page) error {
	p.reset()
	return l.reading(func() error {
		iter, err := l.db.NewIter(recordBounds(0, min(before, l.Head()+1)))
		if err != nil {
			return damage(err)
		}
		defer iter.Close()
		for ok := iter.Last(); ok; ok = iter.Prev() {
			if p.full(limit) {
				return nil
			}
			value, err := iter.ValueAndErr()
			if err != nil {
				return damage(err)
			}
			if err := p.add(l, positionOfKey(iter.Key()), value); err != nil {
				return err
			}
		}
		p.End = true
		return damage(iter.Error())
	})
}

// StreamForward fills the page with up to limit records of stream at or after a revision, none beyond head.
func (l *Log) StreamForward(stream string, from, head uint64, limit int, p *Page) error {
	return l.streamPage(stream, streamBounds(stream, from), head, limit, p, (*pebble.Iterator).First, (*pebble.Iterator).Next)
}

// StreamBackward fills the page with up to limit records of stream at or before a revision, newest first.
func (l *Log) StreamBackward(stream string, from, head uint64, limit int, p *Page) error {
	bounds := streamBounds(stream, 0)
	if from < ^uint64(0) {
		bounds.UpperBound = appendStreamKey(nil, stream, from+1)
	}
	return l.streamPage(stream, bounds, head, limit, p, (*pebble.Iterator).Last, (*pebble.Iterator).Prev)
}

func (l *Log) streamPage(stream string, bounds *pebble.IterOptions, head uint64, limit int, p *Page,
	start, step func(*pebble.Iterator) bool) error {
	p.reset()
	return l.reading(func() error {
		iter, err := l.db.NewIter(bounds)
		if err != nil {
			return damage(err)
		}
		defer iter.Close()
		more := false
		for ok := start(iter); ok && !more; ok = step(iter) {
			value, err := iter.ValueAndErr()
			if err != nil {
				return damage(err)
			}
			position := binary.BigEndian.Uint64(value)
			if position > head {
				continue
			}
			if more = len(p.positions) == limit; !more {
				p.positions = append(p.positions, position)
			}
		}
		if err := iter.Error(); err != nil {
			return damage(err)
		}
		fetched, err := l.fetch(p, limit)
		p.End = fetched && !more
		return err
	})
}

// fetch reads the records at the page's positions; it answers false when the page was full before the last.
func (l *Log) fetch(p *Page, limit int) (all bool, err error) {
	if len(p.positions) == 0 {
		return true, nil
	}
	iter, err := l.db.NewIter(recordBounds(0, ^uint64(0)))
	if err != nil {
		return false, damage(err)
	}
	defer iter.Close()
	var key [recordKeySize]byte
	for _, position := range p.positions {
		if p.full(limit) {
			return false, nil
		}
		k := appendRecordKey(key[:0], position)
		if !iter.SeekGE(k) || positionOfKey(iter.Key()) != position {
			if err := iter.Error(); err != nil {
				return false, damage(err)
			}
			return false, l.damagedRecord(position, errMissing)
		}
		value, err := iter.ValueAndErr()
		if err != nil {
			return false, damage(err)
		}
		if err := p.add(l, position, value); err != nil {
			return false, err
		}
	}
	return true, nil
}

// reading guards the database against being closed, and stops the log when it finds damage.
func (l *Log) reading(read func() error) error {
	l.reads.RLock()
	defer l.reads.RUnlock()
	if err := l.stop.reason(); err != nil {
		return err
	}
	if err := read(); err != nil {
		l.failIfDamaged(err)
		return fmt.Errorf("read event log: %w", err)
	}
	return nil
}
