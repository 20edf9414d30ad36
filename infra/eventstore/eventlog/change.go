package eventlog

import (
	"strings"

	"github.com/google/uuid"
)

// The changes a decision leads to. Whatever may fail is looked up before the first record is written, so that an
// append that fails has left nothing in the batch.

func (w *writer) storeEvents(a *Append, h *head) error {
	if a.Len() == 0 {
		a.finish(Stored, h.last, 0)
		return nil
	}
	meta, described, err := w.related(a.Stream, h)
	if err != nil {
		return err
	}
	before := h.last
	hash := w.recent.hash(a.Stream)
	for i := range a.Len() {
		h.last++
		w.write(a.record(i), a.Stream, hash, h.last)
	}
	a.finish(Stored, h.last, w.last)
	if h.softDeleted() {
		w.revive(a.Stream, h, meta, before+1)
	}
	if described != nil {
		w.metadataWritten(a.Stream, h, described, a.record(a.Len()-1))
	}
	return nil
}

// related are the heads an append touches beside its own: that of the stream's metadata when it revives the stream, and
// that of the stream it describes when it is metadata itself. Metadata of metadata describes nothing.
func (w *writer) related(stream string, h *head) (meta, described *head, err error) {
	if of, isMeta := strings.CutPrefix(stream, metaPrefix); isMeta {
		if strings.HasPrefix(of, metaPrefix) {
			return nil, nil, nil
		}
		described, err = w.head(of)
		return nil, described, err
	}
	if h.softDeleted() {
		meta, err = w.head(metaPrefix + stream)
	}
	return meta, nil, err
}

// metadataWritten keeps what the writer knows of a stream in step with its metadata. New metadata of a softly deleted
// stream revives it, empty.
func (w *writer) metadataWritten(stream string, meta, described *head, rec []byte) {
	wasDeleted := described.softDeleted()
	r, _ := parseRecord(0, rec) // just encoded
	described.deletedMeta = r.Data
	if wasDeleted {
		w.revive(strings.TrimPrefix(stream, metaPrefix), described, meta, described.last+1)
	}
	if !truncatesAll(described.deletedMeta) {
		described.deletedMeta = nil
	}
}

// revive writes the stream's metadata again with everything before revision cut off.
func (w *writer) revive(stream string, h, meta *head, revision int64) {
	data, ok := withTruncateBefore(h.deletedMeta, revision)
	if !ok {
		return
	}
	h.deletedMeta = nil
	w.writeMetadata(stream, meta, data)
}

func (w *writer) storeDelete(a *Append, h *head) error {
	meta, err := w.head(metaPrefix + a.Stream)
	if err != nil {
		return err
	}
	if h.last < 0 && meta.last < 0 {
		a.finish(WrongVersion, h.last, 0)
		return nil
	}
	if !strings.HasPrefix(a.Stream, metaPrefix) {
		h.deletedMeta = softDeleteMetadata
	}
	w.writeMetadata(a.Stream, meta, softDeleteMetadata)
	a.finish(Stored, h.last, w.last)
	return nil
}

func (w *writer) storeTombstone(a *Append, h *head) {
	rec := appendRecord(nil, uuid.New(), a.Stream, typeTombstone, false, nil, nil)
	w.write(rec, a.Stream, w.recent.hash(a.Stream), TombstoneRevision)
	h.last = TombstoneRevision
	if meta, ok := w.heads.Get(metaPrefix + a.Stream); ok {
		meta.last = TombstoneRevision
	}
	a.finish(Stored, h.last, w.last)
}

func (w *writer) writeMetadata(stream string, meta *head, data []byte) {
	name := metaPrefix + stream
	meta.last++
	w.write(appendRecord(nil, uuid.New(), name, typeMetadata, true, nil, data), name, w.recent.hash(name), meta.last)
}
