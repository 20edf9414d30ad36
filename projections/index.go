package projections

import (
	"slices"

	"tillstream/events"
)

// Entry is a place in an index of a view, under which the keys of the values stand that have it.
type Entry struct{ Index, Value string }

// IndexChange is a value that came to have an entry, or has it no more.
type IndexChange struct {
	Entry
	Key     string
	Removed bool
}

// entries lists what a value has in every index, each entry once, sorted. A value that is gone, and one of a key never
// seen, have none.
func (v View[V]) entries(value V) (list []Entry) {
	if len(v.indexes) == 0 || IsGone(value) {
		return nil
	}
	for _, index := range v.indexes {
		for _, text := range once(index.entries(value)) {
			list = append(list, Entry{index.index, text})
		}
	}
	return list
}

// entriesOf is the indexes over documents.
func (v View[V]) entriesOf(docs map[string]Doc[V]) map[Entry][]string {
	if len(v.indexes) == 0 {
		return nil
	}
	all := map[Entry][]string{}
	for key, doc := range docs {
		for _, e := range v.entries(doc.Value) {
			all[e] = append(all[e], key)
		}
	}
	return all
}

// seeks lists the entries by which the indexed rules look for what a fact touches.
func (v View[V]) seeks(r events.Recorded) (list []Entry) {
	if len(v.indexes) == 0 {
		return nil
	}
	for _, rule := range v.rulesFor(r.Type()) {
		if rule.value != nil {
			list = append(list, Entry{rule.index, rule.value(r)})
		}
	}
	return list
}

// place notes in which indexes a changed value stands.
func (f *folding[V]) place(key string, was, now V) {
	if len(f.view.indexes) == 0 {
		return
	}
	if f.placed == nil {
		f.placed = map[Entry]map[string]bool{}
	}
	put := func(e Entry, there bool) {
		if f.placed[e] == nil {
			f.placed[e] = map[string]bool{}
		}
		f.placed[e][key] = there
	}
	for _, e := range f.view.entries(was) {
		put(e, false)
	}
	for _, e := range f.view.entries(now) {
		put(e, true)
	}
}

// under lists the keys that stand under an entry now, sorted.
func (f *folding[V]) under(e Entry) (keys []string) {
	for _, key := range f.found[e] {
		if there, changed := f.placed[e][key]; there || !changed {
			keys = append(keys, key)
		}
	}
	for key, there := range f.placed[e] {
		if there && !slices.Contains(f.found[e], key) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// indexed adds to what a fact names what it reaches by indexes.
func (f *folding[V]) indexed(r events.Recorded, list []touch[V]) []touch[V] {
	if len(f.view.indexes) == 0 {
		return list
	}
	for _, rule := range f.view.rulesFor(r.Type()) {
		if rule.value != nil {
			list = touching(list, rule, f.under(Entry{rule.index, rule.value(r)}))
		}
	}
	return list
}

// moves lists how the indexes change with the changed values, of which the host keeps these.
func (f *folding[V]) moves(kept map[string]Doc[V]) (list []IndexChange) {
	if len(f.view.indexes) == 0 {
		return nil
	}
	for key, doc := range f.changed {
		before, after := f.view.entries(kept[key].Value), f.view.entries(doc.Value)
		for _, e := range before {
			if !slices.Contains(after, e) {
				list = append(list, IndexChange{e, key, true})
			}
		}
		for _, e := range after {
			if !slices.Contains(before, e) {
				list = append(list, IndexChange{e, key, false})
			}
		}
	}
	return list
}
