package onlineretail

import (
	"hash/maphash"
	"iter"
)

// tally compares two bags of values of which one is made again at will and the other is read once: it keeps a hash and a
// count for each different value, so that a file of half a million rows fits in little memory.
type tally[T comparable] struct {
	seed maphash.Seed
	left map[uint64]int32
}

func newTally[T comparable](all iter.Seq[T]) *tally[T] {
	t := &tally[T]{maphash.MakeSeed(), map[uint64]int32{}}
	for v := range all {
		t.left[maphash.Comparable(t.seed, v)]++
	}
	return t
}

// take crosses one v off, and tells whether there was one.
func (t *tally[T]) take(v T) bool {
	h := maphash.Comparable(t.seed, v)
	n := t.left[h]
	switch n {
	case 0:
		return false
	case 1:
		delete(t.left, h)
	default:
		t.left[h] = n - 1
	}
	return true
}

// rest lists what was not crossed off, of the same values again.
func (t *tally[T]) rest(all iter.Seq[T]) iter.Seq[T] {
	return func(yield func(T) bool) {
		for v := range all {
			if len(t.left) == 0 || t.take(v) && !yield(v) {
				return
			}
		}
	}
}
