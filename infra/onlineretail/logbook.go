package onlineretail

import (
	"cmp"
	"context"
	"encoding/json"
	"hash/maphash"
	"slices"
	"strconv"
	"time"

	"tillstream/events"
	bulkv1 "tillstream/gateway/api/bulk/v1"
	"tillstream/projections"
)

// logbook is what the audit log says of a whole log: where and when each fact of an import is recorded, and what others
// wrote. It keeps 40 bytes of a fact.
type logbook struct {
	seed    maphash.Seed
	entries []entry             // of the import, by event id once sorted
	foreign []uint64            // hashes of the event ids of others, sorted as well
	next    map[uint64]int64    // by stream: the revision that comes next
	others  map[string]struct{} // what others' facts are about: orders, customers, SKUs, each on a day too, streams, and facts of stock
}

// entry is one fact of the import.
type entry struct {
	id       uint64 // hash of the event id
	row      uint64 // hash of the row; of a stream that others wrote to before, without the sentence
	at       events.Position
	rec      int64 // microseconds
	revision uint32
	loose    bool // others wrote to the stream before
	expected bool
}

func newLogbook() *logbook {
	return &logbook{seed: maphash.MakeSeed(), next: map[uint64]int64{}, others: map[string]struct{}{}}
}

// readLog reads the audit log, and checks that no stream has a gap in it: who knows each revision but the last knows it too.
func (c *comparison) readLog(ctx context.Context) error {
	const view = "audit_log"
	l := c.log
	err := c.views.rows(ctx, view, "", func(r *bulkv1.Row) error {
		c.Compared++
		e, ok := decoded[projections.AuditEntry](c, view, r)
		at, err := projections.AuditPosition(r.Key)
		if !ok || err != nil {
			if ok {
				c.differ(Difference{View: view, Key: r.Key, Field: "key", Found: r.Key})
			}
			return nil
		}
		stream := maphash.String(l.seed, e.Stream)
		if want := l.next[stream]; e.Revision != want {
			c.differ(Difference{View: view, Key: r.Key, Field: "revision", File: want, Found: e.Revision})
		}
		l.next[stream] = e.Revision + 1
		if e.Correlation != c.ImportID {
			l.note(e)
			return nil
		}
		own := entry{id: maphash.String(l.seed, e.EventID), row: maphash.Bytes(l.seed, r.Value), at: at, rec: e.RecordedAt.UnixMicro(),
			revision: uint32(e.Revision), loose: l.shared(e.Stream)}
		if own.loose {
			own.row, err = l.loosely(e)
		}
		l.entries = append(l.entries, own)
		return err
	})
	l.next = nil
	slices.Sort(l.foreign)
	slices.SortFunc(l.entries, func(a, b entry) int { return cmp.Compare(a.id, b.id) })
	return err
}

// note keeps what a fact of others is about.
func (l *logbook) note(e projections.AuditEntry) {
	l.foreign = append(l.foreign, maphash.String(l.seed, e.EventID))
	for _, id := range []string{e.Stream, e.OrderID, e.CustomerID, e.SKU} {
		if id != "" {
			l.others[id] = struct{}{}
		}
	}
	if e.Origin == string(events.FromAPI) {
		l.others[e.Command] = struct{}{}
	}
	if e.SKU != "" {
		l.others[e.SKU+"/"+utcDay(e.At)] = struct{}{}
		l.others[e.Stream+"@"+strconv.FormatInt(e.Revision, 10)] = struct{}{}
	}
}

func utcDay(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// shared tells whether others wrote to a stream.
func (l *logbook) shared(stream string) bool { return l.theirs(stream) }

// theirs tells whether facts of others are about a thing.
func (l *logbook) theirs(id string) bool {
	_, theirs := l.others[id]
	return theirs
}

// loosely hashes an entry without its sentence, whose words may hang on what others wrote.
func (l *logbook) loosely(e projections.AuditEntry) (uint64, error) {
	e.Sentence = ""
	row, err := json.Marshal(projections.Named(&e))
	return maphash.Bytes(l.seed, row), err
}

func (l *logbook) find(eventID string) *entry {
	id := maphash.String(l.seed, eventID)
	i, found := slices.BinarySearchFunc(l.entries, id, func(e entry, id uint64) int { return cmp.Compare(e.id, id) })
	if !found {
		return nil
	}
	return &l.entries[i]
}

func (l *logbook) holds(eventID string) bool { return l.find(eventID) != nil }

// misplaces tells whether an event of the import is entered as one of others.
func (l *logbook) misplaces(eventID string) bool {
	_, found := slices.BinarySearch(l.foreign, maphash.String(l.seed, eventID))
	return found
}

// place gives the facts of a day the place and time at which they were recorded, and brings them into the order of the
// log. One that is not recorded stays behind the one that was asked for before it.
func (l *logbook) place(day []rehearsed) []events.Recorded {
	var last events.Position
	placed := make([]events.Recorded, 0, len(day))
	for _, f := range day {
		if e := l.find(f.ID); e != nil {
			f.Position, f.Rec, f.Revision, last = e.at, time.UnixMicro(e.rec).UTC(), uint64(e.revision), e.at
		} else {
			f.Position = last
		}
		if f.Event != nil {
			placed = append(placed, f.Recorded)
		}
	}
	slices.SortStableFunc(placed, func(a, b events.Recorded) int { return cmp.Compare(a.Position, b.Position) })
	return placed
}

// entered compares the entries of a day with what the file implies.
func (c *comparison) entered(day []rehearsed) error {
	const view = "audit_log"
	for _, f := range day {
		e := c.log.find(f.ID)
		if e == nil {
			c.differ(Difference{View: view, Key: f.ID, Field: "row", File: f.Type() + " of " + f.Stream})
			continue
		}
		if e.expected = true; f.Event == nil {
			continue
		}
		f.Position, f.Rec, f.Revision = e.at, time.UnixMicro(e.rec).UTC(), uint64(e.revision)
		key := projections.AuditKey(e.at)
		want := projections.AuditLog.Fold(nil, []events.Recorded{f.Recorded})[key].Value
		if e.loose {
			want.Sentence = ""
		}
		row, err := json.Marshal(projections.Named(&want))
		if err != nil {
			return err
		}
		if maphash.Bytes(c.log.seed, row) != e.row {
			c.misentered = append(c.misentered, misentry{key, row, e.loose})
		}
	}
	return nil
}

// misentry is an entry that is not what the file implies.
type misentry struct {
	key   string
	want  []byte
	loose bool
}

// misread reads the entries that differ once more, to say in what. Those beyond what is listed are counted.
func (c *comparison) misread(ctx context.Context) error {
	const view = "audit_log"
	for n, m := range c.misentered {
		if n == differencesMax {
			c.more(view, len(c.misentered)-n)
			break
		}
		at, err := projections.AuditPosition(m.key)
		if err != nil {
			return err
		}
		r, err := c.views.first(ctx, view, projections.AuditKey(at-1))
		switch {
		case err != nil:
			return err
		case r == nil || r.Key != m.key:
			c.differ(Difference{View: view, Key: m.key, Field: "row", File: json.RawMessage(m.want)})
		default:
			var but []string
			if m.loose {
				but = []string{"sentence"}
			}
			c.compare(view, m.key, m.want, r.Value, func(column string) bool { return !slices.Contains(but, column) })
		}
	}
	for i := range c.log.entries {
		if e := &c.log.entries[i]; !e.expected {
			c.differ(Difference{View: view, Key: projections.AuditKey(e.at), Field: "row", Found: "an event that the file does not imply"})
		}
	}
	return nil
}
