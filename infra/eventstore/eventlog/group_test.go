package eventlog

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// held is a disk that counts the syncs of write-ahead logs, and holds the one that it is told to until it is let go.
type held struct {
	vfs.FS
	syncs atomic.Int64
	armed atomic.Bool
	asked chan struct{}
	letGo chan struct{}
}

func (h *held) Unwrap() vfs.FS { return h.FS }

func (h *held) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := h.FS.Create(name, c)
	if err != nil || !strings.HasSuffix(name, ".log") {
		return f, err
	}
	return &heldFile{f, h}, nil
}

type heldFile struct {
	vfs.File
	disk *held
}

func (f *heldFile) Sync() error     { return f.held(f.File.Sync) }
func (f *heldFile) SyncData() error { return f.held(f.File.SyncData) }

func (f *heldFile) held(sync func() error) error {
	if f.disk.armed.CompareAndSwap(true, false) {
		close(f.disk.asked)
		<-f.disk.letGo
	}
	f.disk.syncs.Add(1)
	return sync()
}

// groupsOf is how many appends each sync carried, of those that came while the disk was busy with the first.
func groupsOf(t *testing.T, o Options, waiting []*Append) (sizes []int) {
	t.Helper()
	disk := &held{FS: vfs.NewMem(), asked: make(chan struct{}), letGo: make(chan struct{})}
	o.FS = disk
	l, err := Open(testDir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	answered := make(chan int64, len(waiting)+1)
	submit := func(a *Append) {
		a.Done = func(a *Append) {
			if a.Outcome != Stored {
				t.Errorf("append to %s: outcome %d, %v", a.Stream, a.Outcome, a.Err)
			}
			answered <- disk.syncs.Load()
		}
		if err := l.Submit(context.Background(), a); err != nil {
			t.Fatal(err)
		}
	}
	disk.armed.Store(true)
	submit(events("first", NoStream, id(0, 0)))
	<-disk.asked
	for _, a := range waiting {
		submit(a)
	}
	close(disk.letGo)

	before := <-answered
	for range waiting {
		now := <-answered
		if now != before {
			sizes = append(sizes, 0)
			before = now
		}
		sizes[len(sizes)-1]++
	}
	return sizes
}

func appendsOf(n, size int) (all []*Append) {
	data := make([]byte, size)
	for i := range n {
		a := NewAppend("s", Any, 0)
		a.Add(id(1, i), []byte("tested"), false, nil, data)
		all = append(all, a)
	}
	return all
}

func TestOneSyncCarriesNoMoreThanAGroup(t *testing.T) {
	cases := []struct {
		name    string
		options Options
		waiting []*Append
		want    []int
	}{
		{"1,024 appends", Options{}, appendsOf(2*1024+100, 8), []int{1024, 1024, 100}},
		{"4 MiB, and the append that exceeds them", Options{}, appendsOf(20, 512<<10), []int{8, 8, 4}},
		{"one append alone may be larger", Options{}, appendsOf(3, 5<<20), []int{1, 1, 1}},
		{"as many appends as told", Options{GroupAppends: 3}, appendsOf(7, 8), []int{3, 3, 1}},
		{"as many bytes as told", Options{GroupBytes: 100 << 10}, appendsOf(5, 64<<10), []int{2, 2, 1}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := groupsOf(t, c.options, c.waiting); !slices.Equal(got, c.want) {
				t.Fatalf("the syncs carried %v appends, want %v", got, c.want)
			}
		})
	}
}

// What waits for the writer is bounded: who comes beyond that waits in Submit until his context ends, and is not answered.
func TestWhatIsQueuedIsBounded(t *testing.T) {
	cases := map[string]struct {
		n, size int // are taken
	}{
		"4,096 appends": {4096, 8},
		"64 MiB":        {63, 1 << 20},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			disk := &held{FS: vfs.NewMem(), asked: make(chan struct{}), letGo: make(chan struct{})}
			l := open(t, disk)
			submit := func(ctx context.Context, a *Append) error {
				a.Done = func(*Append) {}
				return l.Submit(ctx, a)
			}
			disk.armed.Store(true)
			if err := submit(t.Context(), events("first", NoStream, id(0, 0))); err != nil {
				t.Fatal(err)
			}
			<-disk.asked
			for _, a := range appendsOf(c.n, c.size) {
				if err := submit(t.Context(), a); err != nil {
					t.Fatal(err)
				}
			}
			if len(l.queue) < cap(l.queue) && l.budget.TryAcquire(int64(c.size)) {
				t.Errorf("there is room for more than %d appends of %d bytes", c.n, c.size)
			}
			ended, cancel := context.WithCancel(t.Context())
			refused := make(chan error, 1)
			go func() { refused <- submit(ended, appendsOf(1, c.size)[0]) }()
			cancel()
			if err := <-refused; !errors.Is(err, context.Canceled) {
				t.Errorf("one more: %v; want it to wait until its context ended", err)
			}
			close(disk.letGo)
		})
	}
}
