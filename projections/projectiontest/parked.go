package projectiontest

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"tillstream/events"
	"tillstream/projections"
)

// parks keeps what is parked from a checkpoint to the next.
func parks(t *testing.T, host Host, change projections.Parked, from, to projections.Checkpoint) {
	t.Helper()
	if err := host.Keep(t.Context(), projections.Batch[Sample]{Parked: change, From: from, To: to}); err != nil {
		t.Fatal(err)
	}
}

func wantParked(t *testing.T, host Host, want ...projections.ParkedKey) {
	t.Helper()
	got, err := host.Parked(t.Context(), "", len(want)+1)
	if err != nil || len(got) != len(want) || len(want) > 0 && !reflect.DeepEqual(got, want) {
		t.Errorf("parked are\n%+v, not\n%+v: %v", got, want, err)
	}
}

func wantRemembered(t *testing.T, host Host, key string, want ...events.Position) {
	t.Helper()
	got, err := host.Remembered(t.Context(), key, 0, len(want)+1)
	if err != nil || len(got) != len(want) || len(want) > 0 && !reflect.DeepEqual(got, want) {
		t.Errorf("%q remembers %v, not %v: %v", key, got, want, err)
	}
}

func poisonedKey(key string) projections.ParkedKey {
	return projections.ParkedKey{Key: key, Cause: projections.FoldFailed, Failed: 5, Wire: "stock.received", Error: "it panicked: “oh”",
		Stack: "goroutine 1 [running]:\n\tx.go:1", Since: time.Date(2026, 1, 2, 3, 4, 5, 6_000, time.UTC), Tries: 2}
}

// hostileKeys are keys that an index, or a text column, would not take.
var hostileKeys = []string{"", "a\x00b", "\xff", strings.Repeat("x", 10_000), "<stream-1>"}

func parksWhatItCannotKeep(t *testing.T, host Host) {
	change := projections.Parked{Remembered: map[string][]events.Position{}}
	for _, key := range hostileKeys {
		k := poisonedKey(key)
		k.Follows = key
		change.Parked = append(change.Parked, k)
		change.Remembered[key] = []events.Position{5, 6, 7}
	}
	parks(t, host, change, start, begun)

	listed, err := host.Parked(t.Context(), "", 100)
	if err != nil || len(listed) != len(hostileKeys) {
		t.Fatalf("%d of %d are parked: %v", len(listed), len(hostileKeys), err)
	}
	for _, k := range listed {
		want := poisonedKey(k.Key)
		want.Follows, want.Facts = k.Key, 3
		if !reflect.DeepEqual(k, want) {
			t.Errorf("%.20q is\n%+v, not\n%+v", k.Key, k, want)
		}
		wantRemembered(t, host, k.Key, 5, 6, 7)
	}
	for i := range listed[1:] {
		if listed[i].Key >= listed[i+1].Key {
			t.Errorf("%.20q is listed before %.20q", listed[i].Key, listed[i+1].Key)
		}
		if next, err := host.Parked(t.Context(), projections.NextKey(listed[i].Key), 1); err != nil || next[0].Key != listed[i+1].Key {
			t.Errorf("after %.20q comes %v: %v", listed[i].Key, next, err)
		}
	}
}

func parkedAreReleased(t *testing.T, host Host) {
	parks(t, host, projections.Parked{Parked: []projections.ParkedKey{poisonedKey("a"), poisonedKey("b")},
		Remembered: map[string][]events.Position{"a": {5}, "b": {5, 6}}}, start, begun)
	next := projections.Checkpoint{Log: "log", At: 9, Count: 4}
	again := poisonedKey("b")
	again.Cause, again.Error, again.Tries = projections.FoldedAnew, "another", 0
	parks(t, host, projections.Parked{Remembered: map[string][]events.Position{"a": {8}}}, begun, next)
	if some, err := host.Remembered(t.Context(), "a", 5, 10); err != nil || !reflect.DeepEqual(some, []events.Position{8}) {
		t.Errorf("after 5 it remembers %v: %v", some, err)
	}
	parks(t, host, projections.Parked{Released: []string{"a", "b", "never"}, Parked: []projections.ParkedKey{again},
		Remembered: map[string][]events.Position{"b": {1, 2, 3}}}, next, next)

	again.Facts = 3
	wantParked(t, host, again)
	wantRemembered(t, host, "b", 1, 2, 3)
	wantRemembered(t, host, "a")
}

func parkedGoWithTheCheckpoint(t *testing.T, host Host) {
	change := projections.Parked{Parked: []projections.ParkedKey{poisonedKey("k")}, Remembered: map[string][]events.Position{"k": {5}}}
	if err := host.Keep(t.Context(), projections.Batch[Sample]{Parked: change, From: begun, To: begun}); !errors.Is(err, projections.ErrFenced) {
		t.Fatal(err)
	}
	refused := projections.Batch[Sample]{Changed: map[string]projections.Doc[Sample]{"x": {Value: Sample{Units: 1 << 63}, Position: 1}},
		Indexed: []projections.IndexChange{{Entry: projections.Entry{Index: "i", Value: "v"}, Key: "x"}}, Parked: change, From: start, To: begun}
	wantDataError(t, host.Keep(t.Context(), refused), "x", "units")
	wantParked(t, host)
	if found, err := host.Indexed(t.Context(), []projections.Entry{{Index: "i", Value: "v"}}); err != nil || len(found) != 0 {
		t.Errorf("half a batch stands in an index: %v, %v", found, err)
	}
}

func operationsAreKept(t *testing.T, host Host) {
	var want []projections.Operation
	for n := range 3 {
		o := projections.Operation{What: projections.Drop, Key: "a\x00b", Actor: events.Actor{Kind: "staff", ID: "anna"}, Why: fmt.Sprint("reason ", n),
			At: time.Date(2026, 1, 2, 3, 4, n, 0, time.UTC), Facts: n, Outcome: "no"}
		parks(t, host, projections.Parked{Done: &o}, start, start)
		want = append([]projections.Operation{o}, want...)
	}
	if got, err := host.Operations(t.Context(), 2); err != nil || !reflect.DeepEqual(got, want[:2]) {
		t.Errorf("done was %+v, not %+v: %v", got, want[:2], err)
	}
}

func indexes(t *testing.T, host Host) {
	entry := func(index, value string) projections.Entry { return projections.Entry{Index: index, Value: value} }
	change := func(from, to projections.Checkpoint, changes ...projections.IndexChange) {
		t.Helper()
		if err := host.Keep(t.Context(), projections.Batch[Sample]{Indexed: changes, From: from, To: to}); err != nil {
			t.Fatal(err)
		}
	}
	change(start, begun, projections.IndexChange{Entry: entry("tag", "x"), Key: "a"}, projections.IndexChange{Entry: entry("tag", "x"), Key: "b"},
		projections.IndexChange{Entry: entry("tag", ""), Key: "a"}, projections.IndexChange{Entry: entry("other", "x"), Key: "c"})
	change(begun, projections.Checkpoint{Log: "log", At: 9, Count: 4}, projections.IndexChange{Entry: entry("tag", "x"), Key: "b", Removed: true},
		projections.IndexChange{Entry: entry("tag", "never"), Key: "b", Removed: true})

	got, err := host.Indexed(t.Context(), []projections.Entry{entry("tag", "x"), entry("tag", ""), entry("tag", "none"), entry("tag", "a\x00b")})
	want := map[projections.Entry][]string{entry("tag", "x"): {"a"}, entry("tag", ""): {"a"}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("under the entries stand %v, not %v: %v", got, want, err)
	}
}
