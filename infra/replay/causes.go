package replay

import (
	"cmp"
	"context"
	"maps"
	"reflect"
	"slices"
	"strings"

	"tillstream/events"
	replayv1 "tillstream/gateway/api/replay/v1"
	"tillstream/infra/postgres"
	"tillstream/projections"
)

// tracing follows keys that differ through the log: which types of events touched them, and which of these changed the
// columns that differ.
type tracing[V any] struct {
	view  projections.View[V]
	keys  map[string]*traced[V]
	last  map[events.Position][]*traced[V] // by the facts that changed them last, in either generation
	types map[string]*replayv1.EventType
}

// traced is one key that differs.
type traced[V any] struct {
	postgres.Unlike
	doc     projections.Doc[V]
	fields  []int           // of V: the columns that differ
	types   map[string]bool // that touched it; whether such an event changed what differs
	touched events.Position
}

// causes groups the differences by the types of events that touched the keys, in one pass over the log.
func (v *verifying[V]) causes(ctx context.Context) error {
	t := newTracing(v.declared, v.unlike)
	upTo := max(v.left.at().At, v.right.at().At)
	read := uint64(0)
	for page, err := range v.Log.Scan(ctx, 0, upTo, pageEvents, v.declared.Hears) {
		if err != nil {
			return err
		}
		for _, r := range page.Facts {
			t.follow(r)
		}
		read += page.Count()
		v.progress.counted(read)
	}
	v.verdict.Types = t.ranked()
	for _, u := range v.unlike[:min(len(v.unlike), v.limit)] {
		v.verdict.Differences = append(v.verdict.Differences, t.difference(u, v.verdict.Types))
	}
	return nil
}

func newTracing[V any](view projections.View[V], unlike []postgres.Unlike) *tracing[V] {
	t := &tracing[V]{view: view, keys: map[string]*traced[V]{}, last: map[events.Position][]*traced[V]{}, types: map[string]*replayv1.EventType{}}
	fields := map[string]int{}
	for _, c := range projections.Columns[V]() {
		fields[c.Name] = c.Field
	}
	for _, u := range unlike {
		k := &traced[V]{Unlike: u, types: map[string]bool{}}
		for _, name := range u.Columns {
			name, _ = strings.CutSuffix(name, postgres.OpenedMark)
			if at, is := fields[name]; is {
				k.fields = append(k.fields, at)
			}
		}
		t.keys[u.Key] = k
		for _, at := range []events.Position{u.LeftAt, u.RightAt} {
			if at > 0 && !slices.Contains(t.last[at], k) {
				t.last[at] = append(t.last[at], k)
			}
		}
	}
	return t
}

// follow takes the next fact of the log.
func (t *tracing[V]) follow(r events.Recorded) {
	wire := r.Type()
	of := t.types[wire]
	if of == nil {
		of = &replayv1.EventType{Type: wire}
		t.types[wire] = of
	}
	of.EventsInAll++
	touched := false
	for _, key := range keysOf(t.view, r) {
		if k := t.keys[key]; k != nil && k.touched != r.Position {
			touched = true
			k.touched = r.Position
			t.note(of, k, t.changes(k, r))
		}
	}
	for _, k := range t.last[r.Position] {
		touched = true
		t.note(of, k, k.touched != r.Position || k.LeftAt != k.RightAt)
	}
	if touched {
		of.Events++
	}
}

// note counts a key once for each type that touched it.
func (t *tracing[V]) note(of *replayv1.EventType, k *traced[V], changed bool) {
	did, touched := k.types[of.Type]
	if !touched {
		of.Keys++
	}
	if changed && !did {
		of.Changed++
	}
	k.types[of.Type] = did || changed
}

// changes folds a fact into a key, and tells whether a column that differs was changed.
func (t *tracing[V]) changes(k *traced[V], r events.Recorded) bool {
	after, err := t.view.FoldInto(k.Key, k.doc, r)
	if err != nil {
		return false // its key would be parked
	}
	before := k.doc
	k.doc = after
	if !k.Left || !k.Right {
		return before.Position == 0 && after.Position > 0
	}
	was, is := reflect.ValueOf(before.Value), reflect.ValueOf(after.Value)
	return slices.ContainsFunc(k.fields, func(i int) bool { return !reflect.DeepEqual(was.Field(i).Interface(), is.Field(i).Interface()) })
}

// keysOf is what a fact names; nothing where a rule panics.
func keysOf[V any](view projections.View[V], r events.Recorded) (keys []string) {
	if _, unheard := r.Event.(projections.Unheard); unheard {
		return nil
	}
	defer func() {
		if recover() != nil {
			keys = nil
		}
	}()
	return view.Keys(r)
}

// ranked lists the types that touched keys that differ. First come those that touch such keys alone: when the fold of one
// type was changed, nearly all that it touches differs, of other types but some.
func (t *tracing[V]) ranked() []*replayv1.EventType {
	list := slices.Collect(maps.Values(t.types))
	list = slices.DeleteFunc(list, func(e *replayv1.EventType) bool { return e.Keys == 0 })
	share := func(e *replayv1.EventType) float64 { return float64(e.Events) / float64(e.EventsInAll) }
	slices.SortFunc(list, func(a, b *replayv1.EventType) int {
		return cmp.Or(cmp.Compare(share(b), share(a)), cmp.Compare(b.Changed, a.Changed), cmp.Compare(b.Keys, a.Keys), cmp.Compare(a.Type, b.Type))
	})
	return list
}

func (t *tracing[V]) difference(u postgres.Unlike, ranked []*replayv1.EventType) *replayv1.Difference {
	d := &replayv1.Difference{Key: u.Key, Kind: "differs", Columns: u.Columns}
	switch {
	case !u.Right:
		d.Kind = "only_left"
	case !u.Left:
		d.Kind = "only_right"
	}
	for _, first := range []bool{true, false} {
		for _, e := range ranked {
			if changed, touched := t.keys[u.Key].types[e.Type]; touched && changed == first {
				d.Types = append(d.Types, e.Type)
			}
		}
	}
	return d
}
