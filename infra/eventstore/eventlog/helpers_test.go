package eventlog

import (
	"context"
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"
)

const testDir = "/data/store"

func open(t testing.TB, fs vfs.FS) *Log {
	t.Helper()
	l, err := Open(testDir, Options{FS: fs})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// id makes ids that tests can tell apart: the n-th event of a writer.
func id(writer, n int) (out [16]byte) {
	binary.BigEndian.PutUint64(out[:8], uint64(writer)+1)
	binary.BigEndian.PutUint64(out[8:], uint64(n)+1)
	return out
}

func events(stream string, expected Expected, ids ...[16]byte) *Append {
	a := NewAppend(stream, expected, 0)
	for _, id := range ids {
		a.Add(id, []byte("tested"), true, []byte(`{"m":1}`), fmt.Appendf(nil, `{"id":%q}`, uuid.UUID(id)))
	}
	return a
}

func metadataOf(stream, json string) *Append {
	a := NewAppend(metaPrefix+stream, Any, 0)
	a.Add(uuid.New(), []byte(typeMetadata), true, nil, []byte(json))
	return a
}

func do(t testing.TB, l *Log, a *Append) *Append {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := l.Append(ctx, a); err != nil {
		t.Fatalf("append to %s: %v", a.Stream, err)
	}
	return a
}

func stored(t testing.TB, l *Log, a *Append) *Append {
	t.Helper()
	if do(t, l, a); a.Outcome != Stored {
		t.Fatalf("append to %s expecting %d: outcome %d at revision %d, want it stored", a.Stream, a.Expected, a.Outcome, a.Revision)
	}
	return a
}

// fact is a record without its buffers.
type fact struct {
	Position uint64
	Revision int64
	ID       [16]byte
	Stream   string
	Type     string
	Data     string
}

func factOf(r Record) fact {
	return fact{r.Position, int64(r.Revision), r.ID, string(r.Stream), string(r.Type), string(r.Data)}
}

func readAll(l *Log) (all []fact, err error) {
	var p Page
	for from := uint64(0); ; from = all[len(all)-1].Position + 1 {
		if err := l.Forward(from, 7, &p); err != nil {
			return all, err
		}
		for _, r := range p.Records {
			all = append(all, factOf(r))
		}
		if p.End {
			return all, nil
		}
	}
}

func everything(t testing.TB, l *Log) []fact {
	t.Helper()
	all, err := readAll(l)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// visible is what readers see of a stream.
func visible(t testing.TB, l *Log, stream string) (View, []fact) {
	t.Helper()
	v, err := l.View(stream)
	if err != nil {
		t.Fatal(err)
	}
	var out []fact
	if v.Missing || v.Tombstoned {
		return v, nil
	}
	var p Page
	for from := v.First; ; {
		if err := l.StreamForward(stream, from, v.Head, 3, &p); err != nil {
			t.Fatal(err)
		}
		for _, r := range p.Records {
			out = append(out, factOf(r))
			from = r.Revision + 1
		}
		if p.End {
			return v, out
		}
	}
}

// checkWhole verifies the laws of every log: positions rise, revisions have no gaps, no id stands twice.
func checkWhole(t testing.TB, all []fact) {
	t.Helper()
	last, revisions, seen := uint64(0), map[string]int64{}, map[[16]byte]bool{}
	for _, f := range all {
		if f.Position <= last {
			t.Fatalf("position %d follows %d", f.Position, last)
		}
		last = f.Position
		next, ok := revisions[f.Stream]
		if !ok {
			next = 0
		}
		if f.Revision != next && f.Revision != TombstoneRevision {
			t.Fatalf("stream %s: revision %d where %d is due", f.Stream, f.Revision, next)
		}
		revisions[f.Stream] = f.Revision + 1
		if seen[f.ID] {
			t.Fatalf("event %x is stored twice", f.ID)
		}
		seen[f.ID] = true
	}
}

// copyFS makes an independent in-memory copy of the store's directory; change may alter or drop a file's bytes.
func copyFS(t testing.TB, from vfs.FS, change func(name string, data []byte) []byte) *vfs.MemFS {
	t.Helper()
	to := vfs.NewMem()
	if err := to.MkdirAll(testDir, 0o755); err != nil {
		t.Fatal(err)
	}
	names, err := from.List(testDir)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if name == "LOCK" || name == ownerFile {
			continue
		}
		data := change(name, readFile(t, from, name))
		if data != nil {
			writeFile(t, to, name, data)
		}
	}
	return to
}

func readFile(t testing.TB, fs vfs.FS, name string) []byte {
	t.Helper()
	path := fs.PathJoin(testDir, name)
	info, err := fs.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	data := make([]byte, info.Size())
	f, err := fs.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if len(data) > 0 {
		if _, err := f.ReadAt(data, 0); err != nil {
			t.Fatal(err)
		}
	}
	return data
}

func writeFile(t testing.TB, fs vfs.FS, name string, data []byte) {
	t.Helper()
	f, err := fs.Create(fs.PathJoin(testDir, name), vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
