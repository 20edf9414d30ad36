package eventlog

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"pgregory.net/rapid"
)

// model is an EventStoreDB in forty lines of memory: what the log must agree with.
type model struct {
	streams map[string][]modelEvent
	ended   map[string]bool
	tb      map[string]int64
	count   int
}

type modelEvent struct {
	id     [16]byte
	system bool
}

func (m *model) last(s string) int64 { return int64(len(m.streams[s])) - 1 }

func (m *model) deleted(s string) bool { return m.tb[s] == truncateAll }

func (m *model) append(s string, expected Expected, ids [][16]byte) (Outcome, int64) {
	if m.ended[strings.TrimPrefix(s, metaPrefix)] {
		return Deleted, TombstoneRevision
	}
	last := m.last(s)
	switch {
	case expected == StreamExists && m.deleted(s):
		return Deleted, last
	case expected == StreamExists && last < 0 && m.last(metaPrefix+s) < 0:
		return WrongVersion, last
	case expected == Any || expected == StreamExists:
		if o, at, ok := m.repeatedAnywhere(s, ids); ok {
			return o, at
		}
	case int64(expected) < last:
		if o, at, ok := m.repeatedAt(s, expected, ids); ok {
			return o, at
		}
	case int64(expected) > last:
		return WrongVersion, last
	}
	for _, id := range ids {
		m.add(s, modelEvent{id: id})
	}
	if m.deleted(s) && len(ids) > 0 {
		m.tb[s] = last + 1
		m.add(metaPrefix+s, modelEvent{system: true})
	}
	return Stored, m.last(s)
}

func (m *model) add(s string, e modelEvent) { m.streams[s] = append(m.streams[s], e); m.count++ }

func (m *model) repeatedAnywhere(s string, ids [][16]byte) (Outcome, int64, bool) {
	at := int64(-1)
	for i, id := range ids {
		at = -1
		for revision, e := range m.streams[s] {
			if e.id == id && !e.system {
				at = int64(revision)
			}
		}
		if at < 0 {
			return WrongVersion, m.last(s), i > 0
		}
	}
	return Stored, at, len(ids) > 0
}

func (m *model) repeatedAt(s string, expected Expected, ids [][16]byte) (Outcome, int64, bool) {
	for i, id := range ids {
		revision := int(expected) + 1 + i
		if revision >= len(m.streams[s]) || m.streams[s][revision].id != id {
			return WrongVersion, m.last(s), i > 0 || expected != NoStream || !m.deleted(s)
		}
	}
	if len(ids) == 0 {
		return WrongVersion, m.last(s), true
	}
	return Stored, int64(expected) + int64(len(ids)), true
}

func (m *model) end(s string, expected Expected, forEver bool) (Outcome, int64) {
	// A delete is checked as an append of an event nobody has seen, which is then not written.
	probe := *m
	probe.streams = map[string][]modelEvent{}
	for name, events := range m.streams {
		probe.streams[name] = events[:len(events):len(events)]
	}
	probe.tb = map[string]int64{s: m.tb[s]}
	if o, at := probe.append(s, expected, [][16]byte{{0xff}}); o != Stored {
		return o, at
	}
	if forEver {
		m.ended[s] = true
		m.count++
		return Stored, TombstoneRevision
	}
	if m.last(s) < 0 && m.last(metaPrefix+s) < 0 {
		return WrongVersion, -1
	}
	m.tb[s] = truncateAll
	m.add(metaPrefix+s, modelEvent{system: true})
	return Stored, m.last(s)
}

func (m *model) setMetadata(s string, id [16]byte, tb int64) (Outcome, int64) {
	wasDeleted := m.deleted(s)
	o, at := m.append(metaPrefix+s, Any, [][16]byte{id})
	if o != Stored || m.count == 0 {
		return o, at
	}
	m.tb[s] = tb
	if wasDeleted {
		m.tb[s] = m.last(s) + 1
		m.add(metaPrefix+s, modelEvent{system: true})
	}
	return o, at
}

func TestLogAgreesWithModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		fs := vfs.NewMem()
		l, err := Open(testDir, Options{FS: fs})
		if err != nil {
			rt.Fatal(err)
		}
		defer func() { _ = l.Close() }()
		m := &model{streams: map[string][]modelEvent{}, ended: map[string]bool{}, tb: map[string]int64{}}
		ids := 0
		stream := rapid.SampledFrom([]string{"a", "b", "a-b", "c"})
		expected := rapid.SampledFrom([]Expected{Any, NoStream, StreamExists, 0, 1, 2, 3, 5})
		agree := func(a *Append, o Outcome, at int64) {
			if a.Outcome != o || a.Revision != at {
				rt.Fatalf("%s expecting %d: outcome %d at %d, the model says %d at %d", a.Stream, a.Expected, a.Outcome, a.Revision, o, at)
			}
		}
		rt.Repeat(map[string]func(*rapid.T){
			"append": func(rt *rapid.T) {
				s, e := stream.Draw(rt, "stream"), expected.Draw(rt, "expected")
				n := rapid.IntRange(0, 3).Draw(rt, "events")
				first := rapid.IntRange(max(0, ids-4), ids).Draw(rt, "first id")
				var list [][16]byte
				for i := range n {
					list = append(list, id(0, first+i))
				}
				ids = max(ids, first+n)
				a := do(t, l, events(s, e, list...))
				o, at := m.append(s, e, list)
				agree(a, o, at)
			},
			"delete": func(rt *rapid.T) {
				s, e := stream.Draw(rt, "stream"), expected.Draw(rt, "expected")
				a := do(t, l, NewDelete(s, e))
				o, at := m.end(s, e, false)
				agree(a, o, at)
			},
			"tombstone": func(rt *rapid.T) {
				s, e := stream.Draw(rt, "stream"), expected.Draw(rt, "expected")
				a := do(t, l, NewTombstone(s, e))
				o, at := m.end(s, e, true)
				agree(a, o, at)
			},
			"metadata": func(rt *rapid.T) {
				s, tb := stream.Draw(rt, "stream"), rapid.Int64Range(0, 4).Draw(rt, "tb")
				a := metadataOf(s, fmt.Sprintf(`{"$tb":%d}`, tb))
				do(t, l, a)
				o, at := m.setMetadata(s, recordID(a.record(0)), tb)
				agree(a, o, at)
			},
			"reopen": func(rt *rapid.T) {
				if err := l.Close(); err != nil {
					rt.Fatal(err)
				}
				if l, err = Open(testDir, Options{FS: fs}); err != nil {
					rt.Fatal(err)
				}
			},
			"": func(rt *rapid.T) { compare(rt, t, l, m) },
		})
	})
}

func compare(rt *rapid.T, t *testing.T, l *Log, m *model) {
	if n := len(everything(t, l)); n != m.count {
		rt.Fatalf("%d events in all, the model has %d", n, m.count)
	}
	for _, s := range []string{"a", "b", "a-b", "c"} {
		v, seen := visible(t, l, s)
		if v.Tombstoned != m.ended[s] {
			rt.Fatalf("%s: tombstoned %v", s, v.Tombstoned)
		}
		if m.ended[s] {
			continue
		}
		if missing := m.last(s) < 0 || m.deleted(s); v.Missing != missing {
			rt.Fatalf("%s: missing %v, the model says %v", s, v.Missing, missing)
		}
		if v.Missing {
			continue
		}
		want := m.streams[s][min(m.tb[s], int64(len(m.streams[s]))):]
		if len(seen) != len(want) {
			rt.Fatalf("%s: readers see %d events, the model %d", s, len(seen), len(want))
		}
		for i, e := range want {
			if seen[i].ID != e.id {
				rt.Fatalf("%s: event %d differs", s, i)
			}
		}
	}
}
