package commands

import (
	"context"
	"encoding/json"
	"fmt"

	"tillstream/events"
)

// load makes the state that of the stream: from a snapshot and the facts after it the first time, and by the facts
// others appended where the newest state is asked for. A known state is otherwise trusted: an append that expects its
// revision tells when it is old.
func (m *mailbox[S, E]) load(ctx context.Context, newest bool) error {
	if m.loaded && !newest {
		return nil
	}
	if !m.loaded {
		m.loadSnapshot(ctx)
	}
	for r, err := range m.h.store.Read(ctx, m.stream, uint64(m.last+1)) {
		if err != nil {
			return fmt.Errorf("read %s from revision %d: %w", m.stream, m.last+1, err)
		}
		if r.Revision != uint64(m.last+1) {
			return fmt.Errorf("%s goes on at revision %d, not %d: it was truncated, and its state is not known", m.stream, r.Revision, m.last+1)
		}
		e, ok := r.Event.(E)
		if !ok {
			return fmt.Errorf("%s holds a foreign fact %s at revision %d", m.stream, r.Type(), r.Revision)
		}
		m.state = m.state.Evolve(e)
		m.last, m.at = int64(r.Revision), r.Position
		m.seen.note(r.Command, r.Request, r.Revision, r.Rec)
	}
	m.loaded = true
	return nil
}

// snapshot is the stored form of a folded stream.
type snapshot[S any] struct {
	LogID    events.LogID    `json:"log"`
	Stream   string          `json:"stream"`
	Revision int64           `json:"revision"`
	Position events.Position `json:"position"`
	Fold     int             `json:"fold"`
	State    S               `json:"state"`
	Commands []recorded      `json:"commands"`
}

// loadSnapshot starts the state from a snapshot that fits; one that does not, or cannot be read, is as good as none.
func (m *mailbox[S, E]) loadSnapshot(ctx context.Context) {
	if m.h.opts.Snapshots == nil {
		return
	}
	call, cancel := context.WithTimeout(ctx, snapshotWithin)
	defer cancel()
	b, found, err := m.h.opts.Snapshots.Load(call, m.stream)
	if err != nil || !found {
		if err != nil {
			m.h.opts.Log.Warn("a snapshot could not be read; the stream is", "stream", m.stream, "err", err)
		}
		return
	}
	var s snapshot[S]
	if json.Unmarshal(b, &s) != nil || s.LogID != m.h.opts.LogID || s.Stream != m.stream || s.Fold != m.state.FoldVersion() {
		return
	}
	if !m.stands(call, s.Revision, s.Position) {
		return
	}
	m.state, m.last, m.at, m.snapshot = s.State, s.Revision, s.Position, s.Revision
	m.seen.restore(s.Commands)
}

// stands tells whether the log has a fact where the snapshot says its last one is. A snapshot that is ahead of its
// stream, or of another one, would make every append a conflict.
func (m *mailbox[S, E]) stands(ctx context.Context, revision int64, at events.Position) bool {
	if revision < 0 {
		return false
	}
	for r, err := range m.h.store.Read(ctx, m.stream, uint64(revision)) {
		return err == nil && r.Revision == uint64(revision) && r.Position == at
	}
	return false
}

// snapshotDue tells whether enough facts have come since the last snapshot: snapshotEvery, and a quarter of the command
// ids that it lists, so that a stream of thousands of commands a second does not spend its time on listing them.
func (m *mailbox[S, E]) snapshotDue() bool {
	return m.last-m.snapshot >= max(snapshotEvery, int64(m.seen.len()/4))
}

// keepSnapshot saves the state when a snapshot is due. Failing that costs time later, never truth.
func (m *mailbox[S, E]) keepSnapshot() {
	var err error
	defer m.recovered(&err)
	if m.h.opts.Snapshots == nil || !m.snapshotDue() {
		return
	}
	m.snapshot = m.last
	b, err := json.Marshal(snapshot[S]{m.h.opts.LogID, m.stream, m.last, m.at, m.state.FoldVersion(), m.state, m.seen.list()})
	if err == nil {
		ctx, cancel := context.WithTimeout(context.Background(), snapshotWithin)
		defer cancel()
		err = m.h.opts.Snapshots.Save(ctx, m.stream, b)
	}
	if err != nil {
		m.h.opts.Log.Warn("a snapshot could not be saved; the stream is read instead", "stream", m.stream, "err", err)
	}
}
