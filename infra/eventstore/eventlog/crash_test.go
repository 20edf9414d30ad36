package eventlog

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// ledger is what writers know, kept outside the store: what they asked for and what was promised to them.
type ledger struct {
	mu        sync.Mutex
	attempted map[[16]byte][][16]byte // by first id, the ids of the append
	promised  map[[16]byte]bool       // by first id
}

func newLedger() *ledger {
	return &ledger{attempted: map[[16]byte][][16]byte{}, promised: map[[16]byte]bool{}}
}

func (l *ledger) attempt(ids [][16]byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.attempted[ids[0]] = ids
}

func (l *ledger) promise(ids [][16]byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.promised[ids[0]] = true
}

// promises is what must be found by who looks from now on.
func (l *ledger) promises() [][16]byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([][16]byte, 0, len(l.promised))
	for first := range l.promised {
		out = append(out, first)
	}
	return out
}

func (l *ledger) forgetAllBut(promised [][16]byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.promised)
	for _, first := range promised {
		l.promised[first] = true
	}
}

// check verifies: promised ⊆ stored ⊆ attempted, and each append as a whole or not at all.
func (l *ledger) check(t *testing.T, all []fact, promised [][16]byte) {
	t.Helper()
	checkWhole(t, all)
	l.mu.Lock()
	defer l.mu.Unlock()
	found := map[[16]byte]bool{}
	for _, f := range all {
		found[f.ID] = true
	}
	for _, first := range promised {
		if !found[first] {
			t.Fatalf("acknowledged append %x is gone", first)
		}
	}
	for _, ids := range l.attempted {
		for _, id := range ids {
			if found[id] != found[ids[0]] {
				t.Fatalf("append %x is there in part", ids[0])
			}
			delete(found, id)
		}
	}
	if len(found) > 0 {
		t.Fatalf("%d events were stored that nobody attempted", len(found))
	}
}

// write appends to a stream of the writer's own until the log or the test ends.
func (l *ledger) write(ctx context.Context, log *Log, writer int, stop <-chan struct{}) {
	for n := 0; ; n += 3 {
		select {
		case <-stop:
			return
		default:
		}
		ids := [][16]byte{id(writer, n), id(writer, n+1), id(writer, n+2)}[:1+n%3]
		l.attempt(ids)
		a := events(fmt.Sprintf("writer-%d", writer), Any, ids...)
		if err := log.Append(ctx, a); err != nil || a.Outcome != Stored {
			return
		}
		l.promise(ids)
	}
}

func TestTailCutAtEveryByte(t *testing.T) {
	fs := vfs.NewMem()
	l := open(t, fs)
	book := newLedger()
	type promise struct {
		size int
		id   [16]byte
	}
	var promises []promise
	wal := walName(t, fs)
	for n := 0; n < 24; n += 3 {
		ids := [][16]byte{id(0, n), id(0, n+1), id(0, n+2)}[:1+n%3]
		book.attempt(ids)
		stored(t, l, events("s", Any, ids...))
		promises = append(promises, promise{len(readFile(t, fs, wal)), ids[0]})
	}
	whole := len(readFile(t, fs, wal))

	for cut := 0; cut <= whole; cut++ {
		torn := copyFS(t, fs, func(name string, data []byte) []byte {
			if name == wal {
				return data[:cut:cut]
			}
			return data
		})
		reopened, err := Open(testDir, Options{FS: torn})
		if err != nil {
			t.Fatalf("cut at byte %d of %d: %v", cut, whole, err)
		}
		var due [][16]byte
		for _, p := range promises {
			if p.size <= cut {
				due = append(due, p.id)
			}
		}
		book.check(t, everything(t, reopened), due)
		stored(t, reopened, events("s", Any, id(1, 0))) // and it goes on
		checkWhole(t, everything(t, reopened))
		if err := reopened.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func walName(t *testing.T, fs vfs.FS) string {
	t.Helper()
	names, err := fs.List(testDir)
	if err != nil {
		t.Fatal(err)
	}
	newest := ""
	for _, name := range names {
		if strings.HasSuffix(name, ".log") && name > newest {
			newest = name
		}
	}
	if newest == "" {
		t.Fatal("no log file")
	}
	return newest
}

func TestHeldDirectoryNamesItsHolder(t *testing.T) {
	dir := t.TempDir() + "/with space"
	l, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = Open(dir, Options{})
	if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("held by process %d", pid())) {
		t.Fatalf("second owner: %v; want the holder named", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := Open(dir, Options{})
	if err != nil {
		t.Fatalf("after the holder left: %v", err)
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestClosedLogAnswersEveryCall(t *testing.T) {
	l := open(t, vfs.NewMem())
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := l.Append(context.Background(), events("s", Any, id(0, 0))); !errors.Is(err, ErrClosed) {
		t.Fatalf("append: %v", err)
	}
	if _, err := l.View("s"); !errors.Is(err, ErrClosed) {
		t.Fatalf("read: %v", err)
	}
	if _, _, _, err := l.Follow(0).Live(); !errors.Is(err, ErrClosed) {
		t.Fatalf("follow: %v", err)
	}
}
