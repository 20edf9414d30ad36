package eventlog

import (
	"strings"

	"github.com/google/uuid"
)

const (
	typeMetadata  = "$metadata"
	typeTombstone = "$streamDeleted"
	metaPrefix    = "$$"
)

// decide answers one append and, when it is to be stored, adds it to the batch. The rules, and the order they
// are asked in, are EventStoreDB's.
func (w *writer) decide(a *Append) {
	h, err := w.head(a.Stream)
	if err != nil {
		w.log.failIfDamaged(err)
		a.finish(Failed, -1, 0)
		a.Err = err
		return
	}
	ok, err := w.check(a, h)
	if err != nil {
		w.log.failIfDamaged(err)
		a.finish(Failed, -1, 0)
		a.Err = err
		return
	}
	if !ok {
		return
	}
	switch a.kind {
	case kindEvents:
		w.storeEvents(a, h)
	case kindDelete:
		w.storeDelete(a, h)
	case kindTombstone:
		w.storeTombstone(a, h)
	}
}

// check answers a itself unless it is to be stored.
func (w *writer) check(a *Append, h *head) (store bool, err error) {
	if h.last == TombstoneRevision {
		a.finish(Deleted, h.last, 0)
		return false, nil
	}
	switch {
	case a.Expected == Any:
		return w.checkRepeat(a, h), nil
	case a.Expected == StreamExists:
		exists, err := w.checkExists(a, h)
		return exists && w.checkRepeat(a, h), err
	case int64(a.Expected) < h.last:
		return w.checkExactRepeat(a, h)
	case int64(a.Expected) > h.last:
		a.finish(WrongVersion, h.last, 0)
		return false, nil
	}
	return true, nil
}

// checkExists: a stream with nothing but metadata exists too.
func (w *writer) checkExists(a *Append, h *head) (bool, error) {
	if h.softDeleted() {
		a.finish(Deleted, h.last, 0)
		return false, nil
	}
	if h.last >= 0 {
		return true, nil
	}
	meta, err := w.head(metaPrefix + a.Stream)
	if err != nil {
		return false, err
	}
	if meta.last < 0 {
		a.finish(WrongVersion, h.last, 0)
		return false, nil
	}
	return true, nil
}

// checkRepeat knows an append without exact revision by its event ids, if they are among the newest of the log: all
// known, it is stored already; only the first ones known, it is another request with the same ids.
func (w *writer) checkRepeat(a *Append, h *head) (store bool) {
	if a.kind != kindEvents || a.Len() == 0 {
		return true
	}
	var at recentPlace
	hash := w.recent.hash(a.Stream)
	for i := range a.Len() {
		known, ok := w.recent.find(recentKey{recordID(a.record(i)), hash})
		if !ok {
			if i > 0 {
				a.finish(WrongVersion, h.last, 0)
			}
			return i == 0
		}
		at = known
	}
	a.finish(Stored, at.revision, at.position)
	return false
}

// checkExactRepeat compares the ids with those stored after the expected revision.
func (w *writer) checkExactRepeat(a *Append, h *head) (store bool, err error) {
	hash := w.recent.hash(a.Stream)
	revision := int64(a.Expected)
	var position uint64
	for i := range a.Len() {
		revision++
		id := recordID(a.record(i))
		if known, ok := w.recent.find(recentKey{id, hash}); ok && known.revision == revision {
			position = known.position
			continue
		}
		at, same, err := w.log.storedID(a.Stream, revision, id)
		if err != nil {
			return false, err
		}
		if !same {
			return w.refuse(a, h, i == 0), nil
		}
		position = at
	}
	if a.Len() == 0 {
		return w.refuse(a, h, true), nil
	}
	a.finish(Stored, revision, position)
	return false, nil
}

// refuse: a softly deleted stream may be begun anew with "no stream".
func (w *writer) refuse(a *Append, h *head, firstDiffers bool) (store bool) {
	begunAnew := a.kind != kindEvents || a.Len() > 0
	if firstDiffers && begunAnew && a.Expected == NoStream && h.softDeleted() {
		return true
	}
	a.finish(WrongVersion, h.last, 0)
	return false
}

func (w *writer) storeEvents(a *Append, h *head) {
	if a.Len() == 0 {
		a.finish(Stored, h.last, 0)
		return
	}
	before := h.last
	hash := w.recent.hash(a.Stream)
	for i := range a.Len() {
		h.last++
		w.write(a.record(i), a.Stream, hash, h.last)
	}
	a.finish(Stored, h.last, w.last)
	if h.softDeleted() {
		w.revive(a.Stream, h, before+1)
	}
	if of, ok := strings.CutPrefix(a.Stream, metaPrefix); ok {
		w.metadataWritten(of, a.record(a.Len()-1))
	}
}

// metadataWritten keeps what the writer knows of a stream in step with its metadata. New metadata of a softly deleted
// stream revives it, empty.
func (w *writer) metadataWritten(stream string, rec []byte) {
	h, err := w.head(stream)
	if err != nil {
		w.log.failIfDamaged(err)
		return
	}
	wasDeleted := h.softDeleted()
	r, _ := parseRecord(0, rec)
	h.deletedMeta = r.Data
	if wasDeleted {
		w.revive(stream, h, h.last+1)
	}
	if !truncatesAll(h.deletedMeta) {
		h.deletedMeta = nil
	}
}

// revive writes the stream's metadata again with everything before revision cut off.
func (w *writer) revive(stream string, h *head, revision int64) {
	data, ok := withTruncateBefore(h.deletedMeta, revision)
	if !ok {
		return
	}
	h.deletedMeta = nil
	w.writeSystem(metaPrefix+stream, typeMetadata, data)
}

func (w *writer) storeDelete(a *Append, h *head) {
	meta, err := w.head(metaPrefix + a.Stream)
	if err != nil {
		w.log.failIfDamaged(err)
		a.finish(Failed, -1, 0)
		a.Err = err
		return
	}
	if h.last < 0 && meta.last < 0 {
		a.finish(WrongVersion, h.last, 0)
		return
	}
	h.deletedMeta = softDeleteMetadata
	w.writeSystem(metaPrefix+a.Stream, typeMetadata, softDeleteMetadata)
	a.finish(Stored, h.last, w.last)
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

// writeSystem appends an event of the log's own to a metadata stream.
func (w *writer) writeSystem(stream, typ string, data []byte) {
	h, err := w.head(stream)
	if err != nil {
		w.log.failIfDamaged(err)
		return
	}
	h.last++
	w.write(appendRecord(nil, uuid.New(), stream, typ, true, nil, data), stream, w.recent.hash(stream), h.last)
}
