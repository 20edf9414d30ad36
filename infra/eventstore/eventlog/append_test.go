package eventlog

import (
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Each case is told as: given what was appended, when this is asked, then this is the outcome.
func TestAppendOutcomes(t *testing.T) {
	a, b, c, d := id(0, 0), id(0, 1), id(0, 2), id(0, 3)
	given := func(as ...*Append) []*Append { return as }
	two := func() *Append { return events("s", NoStream, a, b) }
	cases := []struct {
		name     string
		given    []*Append
		when     *Append
		outcome  Outcome
		revision int64
	}{
		{"no stream, and there is none", nil, events("s", NoStream, a), Stored, 0},
		{"no stream, and there is one", given(two()), events("s", NoStream, c), WrongVersion, 1},
		{"any, and there is none", nil, events("s", Any, a, b), Stored, 1},
		{"any, and there is one", given(two()), events("s", Any, c), Stored, 2},
		{"stream exists, and it does", given(two()), events("s", StreamExists, c), Stored, 2},
		{"stream exists, and it does not", nil, events("s", StreamExists, a), WrongVersion, -1},
		{"stream exists, and only its metadata does", given(metadataOf("s", `{}`)), events("s", StreamExists, a), Stored, 0},
		{"the exact revision", given(two()), events("s", 1, c), Stored, 2},
		{"a revision too low", given(two()), events("s", 0, c), WrongVersion, 1},
		{"a revision too high", given(two()), events("s", 2, c), WrongVersion, 1},
		{"a revision of no stream", nil, events("s", 0, a), WrongVersion, -1},

		{"repeated: no stream", given(two()), events("s", NoStream, a, b), Stored, 1},
		{"repeated: any", given(two()), events("s", Any, a, b), Stored, 1},
		{"repeated: stream exists", given(two()), events("s", StreamExists, a, b), Stored, 1},
		{"repeated: exact revision", given(two(), events("s", 1, c)), events("s", 1, c), Stored, 2},
		{"repeated after others came", given(two(), events("s", 1, c)), events("s", NoStream, a, b), Stored, 1},
		{"repeated first part", given(two()), events("s", NoStream, a), Stored, 0},
		{"repeated last part under any", given(two()), events("s", Any, b), Stored, 1},
		{"repeated and more, no stream", given(two()), events("s", NoStream, a, b, c), WrongVersion, 1},
		{"repeated and more, any", given(two()), events("s", Any, a, b, c), WrongVersion, 1},
		{"new before repeated, any", given(two()), events("s", Any, c, a), Stored, 3},
		{"repeated in another order", given(two()), events("s", NoStream, b, a), WrongVersion, 1},
		{"the same ids in another stream", given(two()), events("t", Any, a, b), Stored, 1},

		{"nothing, any", given(two()), events("s", Any), Stored, 1},
		{"nothing to no stream", nil, events("s", NoStream), Stored, -1},
		{"nothing, revision too low", given(two()), events("s", 0), WrongVersion, 1},

		{"delete any", given(two()), NewDelete("s", Any), Stored, 1},
		{"delete exact", given(two()), NewDelete("s", 1), Stored, 1},
		{"delete wrong", given(two()), NewDelete("s", 0), WrongVersion, 1},
		{"delete none", nil, NewDelete("s", Any), WrongVersion, -1},
		{"after delete: any", given(two(), NewDelete("s", Any)), events("s", Any, c), Stored, 2},
		{"after delete: no stream", given(two(), NewDelete("s", Any)), events("s", NoStream, c), Stored, 2},
		{"after delete: exact", given(two(), NewDelete("s", Any)), events("s", 1, c), Stored, 2},
		{"after delete: stream exists", given(two(), NewDelete("s", Any)), events("s", StreamExists, c), Deleted, 1},
		{"after delete: repeated", given(two(), NewDelete("s", Any)), events("s", NoStream, a, b), Stored, 1},
		{"after delete and revival", given(two(), NewDelete("s", Any), events("s", Any, c)), events("s", StreamExists, d), Stored, 3},

		{"tombstone", given(two()), NewTombstone("s", 1), Stored, TombstoneRevision},
		{"tombstone of no stream", nil, NewTombstone("s", NoStream), Stored, TombstoneRevision},
		{"tombstone wrong", given(two()), NewTombstone("s", 0), WrongVersion, 1},
		{"after tombstone: any", given(two(), NewTombstone("s", Any)), events("s", Any, c), Deleted, TombstoneRevision},
		{"after tombstone: repeated", given(two(), NewTombstone("s", Any)), events("s", NoStream, a, b), Deleted, TombstoneRevision},
		{"after tombstone: delete", given(two(), NewTombstone("s", Any)), NewDelete("s", Any), Deleted, TombstoneRevision},
		{"after tombstone: metadata", given(two(), NewTombstone("s", Any)), metadataOf("s", `{}`), Deleted, TombstoneRevision},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			l := open(t, vfs.NewMem())
			for _, a := range c.given {
				stored(t, l, a)
			}
			before := len(everything(t, l))
			do(t, l, c.when)
			if c.when.Outcome != c.outcome || c.when.Revision != c.revision {
				t.Fatalf("outcome %d at %d, want %d at %d", c.when.Outcome, c.when.Revision, c.outcome, c.revision)
			}
			all := everything(t, l)
			if c.outcome != Stored && len(all) != before {
				t.Fatalf("a refused append added %d events", len(all)-before)
			}
			if c.outcome == Stored && c.when.kind == kindEvents && c.when.Len() > 0 {
				last := recordID(c.when.record(c.when.Len() - 1))
				if !contains(all, last, c.when.Position) {
					t.Fatalf("position %d does not hold the last event appended", c.when.Position)
				}
			}
		})
	}
}

func contains(all []fact, id [16]byte, position uint64) bool {
	for _, f := range all {
		if f.ID == id && f.Position == position {
			return true
		}
	}
	return false
}

func TestRepeatedAppendIsKnownAfterReopening(t *testing.T) {
	fs := vfs.NewMem()
	l := open(t, fs)
	first := stored(t, l, events("s", Any, id(0, 0), id(0, 1)))
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}

	l = open(t, fs)
	again := stored(t, l, events("s", Any, id(0, 0), id(0, 1)))
	if again.Position != first.Position || again.Revision != first.Revision {
		t.Fatalf("answered position %d revision %d, the first time %d and %d", again.Position, again.Revision, first.Position, first.Revision)
	}
	if n := len(everything(t, l)); n != 2 {
		t.Fatalf("%d events, want 2", n)
	}
}

func TestSoftDeletedStreamComesBackAfterItsOldEvents(t *testing.T) {
	l := open(t, vfs.NewMem())
	stored(t, l, metadataOf("s", `{"$maxAge":3600,"owner":"x"}`))
	stored(t, l, events("s", NoStream, id(0, 0), id(0, 1)))
	stored(t, l, NewDelete("s", 1))
	if v, _ := visible(t, l, "s"); !v.Missing {
		t.Fatal("a deleted stream is still found")
	}

	stored(t, l, events("s", NoStream, id(0, 2)))

	_, seen := visible(t, l, "s")
	if len(seen) != 1 || seen[0].Revision != 2 {
		t.Fatalf("readers see %v, want revision 2 alone", seen)
	}
	_, meta := visible(t, l, "$$s")
	if len(meta) != 1 || meta[0].Data != `{"$tb":2}` {
		t.Fatalf("metadata %v, want the truncation alone", meta)
	}
}

func TestMetadataOfASoftlyDeletedStreamRevivesItEmpty(t *testing.T) {
	l := open(t, vfs.NewMem())
	stored(t, l, events("s", NoStream, id(0, 0)))
	stored(t, l, NewDelete("s", Any))
	stored(t, l, metadataOf("s", `{"owner":"x"}`))

	v, seen := visible(t, l, "s")
	if v.Missing || len(seen) != 0 {
		t.Fatalf("missing %v, events %v; want an empty stream", v.Missing, seen)
	}
	if _, meta := visible(t, l, "$$s"); meta[0].Data != `{"$tb":1,"owner":"x"}` {
		t.Fatalf("metadata %s", meta[0].Data)
	}
}

func TestMetadataLimitsWhatReadersSee(t *testing.T) {
	cases := []struct{ name, metadata, want string }{
		{"none", `{}`, "01234"},
		{"max count", `{"$maxCount":2}`, "34"},
		{"truncate before", `{"$tb":3}`, "34"},
		{"both, the stricter wins", `{"$maxCount":4,"$tb":2}`, "234"},
		{"all cut off", `{"$tb":9}`, ""},
		{"not understood", `{"$maxCount":"two"}`, "01234"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			l := open(t, vfs.NewMem())
			for n := range 5 {
				stored(t, l, events("s", Any, id(0, n)))
			}
			stored(t, l, metadataOf("s", c.metadata))
			got := ""
			_, seen := visible(t, l, "s")
			for _, f := range seen {
				got += string(rune('0' + f.Revision))
			}
			if got != c.want {
				t.Fatalf("readers see %q, want %q", got, c.want)
			}
		})
	}
}

func TestOnlyTheNewestMetadataIsSeen(t *testing.T) {
	l := open(t, vfs.NewMem())
	stored(t, l, metadataOf("s", `{"a":1}`))
	stored(t, l, metadataOf("s", `{"a":2}`))
	_, meta := visible(t, l, "$$s")
	if len(meta) != 1 || meta[0].Data != `{"a":2}` || meta[0].Revision != 1 {
		t.Fatalf("readers see %v", meta)
	}
}

func TestMetadataItselfCannotBeDeleted(t *testing.T) {
	l := open(t, vfs.NewMem())
	stored(t, l, metadataOf("s", `{"a":1}`))
	stored(t, l, NewDelete("$$s", Any))
	stored(t, l, metadataOf("$$s", `{"$tb":9223372036854775807}`))
	again := stored(t, l, metadataOf("s", `{"a":2}`))
	if _, meta := visible(t, l, "$$s"); len(meta) != 1 || meta[0].Data != `{"a":2}` || again.Revision != 1 {
		t.Fatalf("readers see %v at revision %d", meta, again.Revision)
	}
}
