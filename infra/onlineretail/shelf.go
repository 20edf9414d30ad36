package onlineretail

import (
	"cmp"
	"context"
	"encoding/json"
	"hash/maphash"
	"slices"

	"tillstream/events"
	bulkv1 "tillstream/gateway/api/bulk/v1"
	"tillstream/projections"
)

// shelf is the rows of one view as the file implies them, to compare the view with. A row that no fact will change any
// more is kept as two hashes, so that a file of half a million rows fits in little memory.
type shelf[V any] struct {
	c    *comparison
	view projections.View[V]
	rule rule[V]
	wide int // columns

	open map[string]projections.Doc[V] // rows that facts may still change, and those of things that others changed too
	shut []digest                      // by key once all is folded
	read map[string]bool               // of open, once finished

	unlike map[uint64]*bulkv1.Row // rows that are not as they should be, by the hash of their keys; nil: not there
	wanted map[uint64]*bulkv1.Row // of an earlier shelf: the rows to keep open, so that it can be said in what they differ
	kept   map[string][]byte      // what became of wanted rows
}

// rule says how a view is compared.
type rule[V any] struct {
	correlated bool                           // the view tells what was imported with what
	about      func(key string) string        // the order, customer, SKU or stream that a row is about; nil: nobody but its one fact changes a row
	lasting    func(key string, value V) bool // whether facts of later days may change a row; nil: always
	shared     []string                       // the columns that are the file's to say even where others wrote about the same thing
	note       func(key string, value V)      // sees every row that is read; may be nil
}

type digest struct {
	key, row uint64
	seen     bool
}

func newShelf[V any](c *comparison, view projections.View[V], r rule[V]) *shelf[V] {
	return &shelf[V]{c: c, view: view, rule: r, wide: len(projections.Columns[V]()), open: map[string]projections.Doc[V]{},
		read: map[string]bool{}, unlike: map[uint64]*bulkv1.Row{}}
}

func (s *shelf[V]) name() string { return s.view.Name }

// put places a row that is not the file's, but that its facts are folded into.
func (s *shelf[V]) put(key string, value V) { s.open[key] = projections.Doc[V]{Value: value} }

// fold takes in the facts of a day.
func (s *shelf[V]) fold(day []events.Recorded) error {
	heard := make([]events.Recorded, 0, len(day))
	for _, f := range day {
		if s.view.Hears(f.Type()) {
			heard = append(heard, f)
		}
	}
	for key, doc := range s.view.Fold(s.open, heard) {
		if s.rule.lasting == nil || s.rule.lasting(key, doc.Value) || s.theirs(key) {
			s.open[key] = doc
			continue
		}
		delete(s.open, key)
		if err := s.shutRow(key, doc.Value); err != nil {
			return err
		}
	}
	return nil
}

// theirs tells whether others wrote about what a row is about.
func (s *shelf[V]) theirs(key string) bool {
	return s.rule.about != nil && s.c.log.theirs(s.rule.about(key))
}

func (s *shelf[V]) shutRow(key string, value V) error {
	row, err := json.Marshal(projections.Named(&value))
	if err != nil {
		return err
	}
	h := s.hash(key)
	if s.wanted == nil {
		s.shut = append(s.shut, digest{key: h, row: maphash.Bytes(s.c.log.seed, row)})
	} else if _, want := s.wanted[h]; want {
		s.kept[key] = row
	}
	return nil
}

func (s *shelf[V]) hash(key string) uint64 { return maphash.String(s.c.log.seed, key) }

// finish leaves open only the rows of things that others wrote about.
func (s *shelf[V]) finish() error {
	for key, doc := range s.open {
		switch {
		case projections.IsGone(doc.Value), s.rule.about != nil && s.c.earlier[s.rule.about(key)]:
			delete(s.open, key)
		case !s.theirs(key):
			delete(s.open, key)
			if err := s.shutRow(key, doc.Value); err != nil {
				return err
			}
		}
	}
	slices.SortFunc(s.shut, func(a, b digest) int { return cmp.Compare(a.key, b.key) })
	return nil
}

// check reads the view, and compares each row with what it should be.
func (s *shelf[V]) check(ctx context.Context) error {
	correlation := ""
	if s.rule.correlated {
		correlation = s.c.ImportID
	}
	err := s.c.views.rows(ctx, s.name(), correlation, func(r *bulkv1.Row) error {
		s.c.Compared += int64(s.wide)
		if s.rule.note != nil {
			if value, ok := decoded[V](s.c, s.name(), r); ok {
				s.rule.note(r.Key, value)
			}
		}
		return s.row(r)
	})
	if err != nil {
		return err
	}
	for key, doc := range s.open {
		if !s.read[key] {
			row, err := json.Marshal(projections.Named(&doc.Value))
			if err != nil {
				return err
			}
			s.c.differ(Difference{View: s.name(), Key: key, Field: "row", File: json.RawMessage(row)})
		}
	}
	for _, d := range s.shut {
		if !d.seen {
			s.note(d.key, nil)
		}
	}
	return nil
}

func (s *shelf[V]) row(r *bulkv1.Row) error {
	h := s.hash(r.Key)
	i, known := slices.BinarySearchFunc(s.shut, h, func(d digest, h uint64) int { return cmp.Compare(d.key, h) })
	if known {
		s.shut[i].seen = true
	}
	doc, open := s.open[r.Key]
	s.read[r.Key] = s.read[r.Key] || open
	switch {
	case r.Unreadable != "":
		if s.rule.note == nil { // else it was said
			s.c.unreadable(s.name(), r)
		}
	case known && s.shut[i].row == maphash.Bytes(s.c.log.seed, r.Value):
	case known:
		s.note(h, r)
	case open:
		want, err := json.Marshal(projections.Named(&doc.Value))
		if err != nil {
			return err
		}
		s.c.compare(s.name(), r.Key, want, r.Value, func(column string) bool { return slices.Contains(s.rule.shared, column) })
	case !s.theirs(r.Key):
		s.c.differ(Difference{View: s.name(), Key: r.Key, Field: "row", Found: json.RawMessage(r.Value)})
	}
	return nil
}

// note keeps a row that differs, or is not there, for a second look. Those beyond what is listed are counted.
func (s *shelf[V]) note(key uint64, r *bulkv1.Row) {
	if len(s.unlike) < differencesMax {
		s.unlike[key] = r
	} else {
		s.c.more(s.name(), 1)
	}
}

// again is the same shelf, empty, which keeps the rows that this one could not match; nil when it could match all.
func (s *shelf[V]) again() compared {
	if len(s.unlike) == 0 {
		return nil
	}
	second := newShelf(s.c, s.view, s.rule)
	second.wanted, second.kept = s.unlike, map[string][]byte{}
	return second
}

// explain says in what the wanted rows differ.
func (s *shelf[V]) explain() {
	for key, want := range s.kept {
		if r := s.wanted[s.hash(key)]; r != nil {
			s.c.compare(s.name(), key, want, r.Value, func(string) bool { return true })
		} else {
			s.c.differ(Difference{View: s.name(), Key: key, Field: "row", File: json.RawMessage(want)})
		}
	}
}
