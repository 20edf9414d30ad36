package eventlog

import (
	"encoding/binary"
	"errors"
	"strings"

	"github.com/cockroachdb/pebble/v2"
)

// head is what the writer must know of a stream to decide on an append.
type head struct {
	last        int64  // -1: no event yet
	deletedMeta []byte // the stream's metadata while it is softly deleted, else nil
}

func (h *head) softDeleted() bool { return h.deletedMeta != nil }

func (w *writer) head(stream string) (*head, error) {
	if h, ok := w.heads.Get(stream); ok {
		return h, nil
	}
	h, err := w.load(stream)
	if err != nil {
		return nil, err
	}
	w.heads.Add(stream, h)
	return h, nil
}

// load reads a stream's head from the index. Most streams asked for are new: for them this is three lookups that
// the Bloom filters answer.
func (w *writer) load(stream string) (*head, error) {
	h := &head{last: -1}
	of, isMeta := strings.CutPrefix(stream, metaPrefix)
	if isMeta {
		original, err := w.head(of)
		if err != nil {
			return nil, err
		}
		if original.last == TombstoneRevision {
			h.last = TombstoneRevision
			return h, nil
		}
	}
	last, err := w.log.lastRevision(stream)
	if err != nil {
		return nil, err
	}
	h.last = last
	if isMeta || last == TombstoneRevision {
		return h, nil
	}
	h.deletedMeta, err = w.log.deletedMetadata(stream)
	return h, err
}

// lastRevision ignores durability: only the writer asks, for whom its own unsynced writes count.
func (l *Log) lastRevision(stream string) (int64, error) {
	for _, revision := range [...]uint64{0, TombstoneRevision} {
		_, found, err := l.positionOf(stream, revision)
		if err != nil {
			return 0, err
		}
		if found {
			last, _, err := l.lastIndexed(stream, ^uint64(0))
			return last, err
		}
	}
	return -1, nil
}

// lastIndexed is the newest revision of stream at or before a position, -1 when there is none.
func (l *Log) lastIndexed(stream string, bound uint64) (revision int64, position uint64, err error) {
	iter, err := l.db.NewIter(streamBounds(stream, 0))
	if err != nil {
		return 0, 0, damage(err)
	}
	defer iter.Close()
	for ok := iter.Last(); ok; ok = iter.Prev() {
		value, err := iter.ValueAndErr()
		if err != nil {
			return 0, 0, damage(err)
		}
		if position := binary.BigEndian.Uint64(value); position <= bound {
			return int64(revisionOfKey(iter.Key())), position, nil
		}
	}
	return -1, 0, damage(iter.Error())
}

func (l *Log) positionOf(stream string, revision uint64) (position uint64, found bool, err error) {
	var buf [64]byte
	value, closer, err := l.db.Get(appendStreamKey(buf[:0], stream, revision))
	if errors.Is(err, pebble.ErrNotFound) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, damage(err)
	}
	defer closer.Close()
	return binary.BigEndian.Uint64(value), true, nil
}

// storedID tells whether the event at a revision has this id.
func (l *Log) storedID(stream string, revision int64, id [16]byte) (position uint64, same bool, err error) {
	position, found, err := l.positionOf(stream, uint64(revision))
	if err != nil || !found {
		return 0, false, err
	}
	err = l.withRecord(position, func(r Record) { same = r.ID == id })
	return position, same, err
}

// deletedMetadata is the newest metadata of stream if it cuts everything off.
func (l *Log) deletedMetadata(stream string) ([]byte, error) {
	meta := metaPrefix + stream
	if _, found, err := l.positionOf(meta, 0); err != nil || !found {
		return nil, err
	}
	_, position, err := l.lastIndexed(meta, ^uint64(0))
	if err != nil {
		return nil, err
	}
	var data []byte
	err = l.withRecord(position, func(r Record) {
		if truncatesAll(r.Data) {
			data = append([]byte{}, r.Data...)
		}
	})
	return data, err
}

// withRecord opens the record at a position the index names; its not being there is damage.
func (l *Log) withRecord(position uint64, use func(Record)) error {
	var buf [recordKeySize]byte
	value, closer, err := l.db.Get(appendRecordKey(buf[:0], position))
	if errors.Is(err, pebble.ErrNotFound) {
		return l.damagedRecord(position, errMissing)
	}
	if err != nil {
		return damage(err)
	}
	defer closer.Close()
	r, err := decodeRecord(position, value)
	if err != nil {
		return l.damagedRecord(position, err)
	}
	use(r)
	return nil
}

var errMissing = errors.New("missing")

func streamBounds(stream string, from uint64) *pebble.IterOptions {
	lower := appendStreamKey(make([]byte, 0, 2*(11+len(stream))), stream, from)
	upper := appendStreamKey(lower[len(lower):], stream, ^uint64(0))
	return &pebble.IterOptions{LowerBound: lower, UpperBound: upper}
}
