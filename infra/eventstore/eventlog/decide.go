package eventlog

const (
	typeMetadata  = "$metadata"
	typeTombstone = "$streamDeleted"
	metaPrefix    = "$$"
)

// decide answers one append and, when it is to be stored, adds it to the batch. The rules, and the order they
// are asked in, are EventStoreDB's. An append that cannot be decided fails alone, unless the reason is damage.
func (w *writer) decide(a *Append) {
	if err := w.tryDecide(a); err != nil {
		w.log.failIfDamaged(err)
		a.finish(Failed, -1, 0)
		a.Err = err
	}
}

func (w *writer) tryDecide(a *Append) error {
	h, err := w.head(a.Stream)
	if err != nil {
		return err
	}
	ok, err := w.check(a, h)
	if err != nil || !ok {
		return err
	}
	switch a.kind {
	case kindDelete:
		return w.storeDelete(a, h)
	case kindTombstone:
		w.storeTombstone(a, h)
		return nil
	}
	return w.storeEvents(a, h)
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
