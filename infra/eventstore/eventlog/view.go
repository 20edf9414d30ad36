package eventlog

import "strings"

// View is what readers may see of a stream at one moment.
type View struct {
	Last       int64  // newest revision, -1: none
	First      uint64 // revisions before it are cut off by $tb or $maxCount
	Oldest     int64  // events created before this tick are cut off by $maxAge
	Tombstoned bool
	// Missing means readers are told the stream does not exist: never written, or softly deleted.
	Missing bool
	// Head is the position the view was taken at.
	Head uint64
}

// View looks a stream up.
func (l *Log) View(stream string) (v View, err error) {
	err = l.reading(func() error {
		v, err = l.view(stream)
		return err
	})
	return v, err
}

func (l *Log) view(stream string) (View, error) {
	v := View{Head: l.Head()}
	of, isMeta := strings.CutPrefix(stream, metaPrefix)
	if isMeta {
		position, found, err := l.positionOf(of, TombstoneRevision)
		if err != nil || found && position <= v.Head {
			v.Tombstoned = true
			return v, err
		}
	}
	last, _, err := l.lastIndexed(stream, v.Head)
	if err != nil {
		return v, err
	}
	v.Last, v.Tombstoned, v.Missing = last, last == TombstoneRevision, last < 0
	if v.Missing || v.Tombstoned {
		return v, nil
	}
	meta := StreamMetadata{MaxCount: 1}
	if !isMeta {
		if meta, err = l.metadata(stream, v.Head); err != nil {
			return v, err
		}
	}
	l.limit(&v, meta)
	return v, nil
}

func (l *Log) limit(v *View, m StreamMetadata) {
	v.Missing = m.TruncateBefore == truncateAll
	v.First = uint64(m.TruncateBefore)
	if m.MaxCount > 0 {
		v.First = max(v.First, uint64(max(0, v.Last-m.MaxCount+1)))
	}
	if m.MaxAge > 0 {
		oldest := l.opts.Now().Add(-m.MaxAge)
		v.Oldest = oldest.Unix()*ticksPerSecond + int64(oldest.Nanosecond()/100)
	}
}

func (l *Log) metadata(stream string, head uint64) (m StreamMetadata, err error) {
	meta := metaPrefix + stream
	if _, found, err := l.positionOf(meta, 0); err != nil || !found {
		return m, err
	}
	last, position, err := l.lastIndexed(meta, head)
	if err != nil || last < 0 {
		return m, err
	}
	err = l.withRecord(position, func(r Record) { m = parseStreamMetadata(r.Data) })
	return m, err
}
