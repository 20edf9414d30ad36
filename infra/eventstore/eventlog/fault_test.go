package eventlog

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

func pid() int { return os.Getpid() }

var errDisk = errors.New("disk is on fire")

// failing makes one kind of operation on files with a suffix fail from when it is armed.
type failing struct {
	armed  atomic.Bool
	kinds  []errorfs.OpKind
	suffix string
	hits   atomic.Int64
}

func (f *failing) String() string { return "failing" }

func (f *failing) MaybeError(op errorfs.Op) error {
	if !f.armed.Load() || !strings.Contains(op.Path, f.suffix) {
		return nil
	}
	for _, k := range f.kinds {
		if op.Kind == k {
			f.hits.Add(1)
			return errDisk
		}
	}
	return nil
}

func TestFailedWriteOrSyncOfTheLogStopsTheStore(t *testing.T) {
	cases := map[string][]errorfs.OpKind{
		"sync":  {errorfs.OpFileSync, errorfs.OpFileSyncData, errorfs.OpFileSyncTo},
		"write": {errorfs.OpFileWrite, errorfs.OpFileWriteAt},
	}
	for name, kinds := range cases {
		t.Run(name, func(t *testing.T) {
			disk := vfs.NewCrashableMem()
			fault := &failing{kinds: kinds, suffix: ".log"}
			l := open(t, errorfs.Wrap(disk, fault))
			stored(t, l, events("s", NoStream, id(0, 0)))

			fault.armed.Store(true)
			var group sync.WaitGroup
			for w := range 8 {
				group.Go(func() {
					err := l.Append(context.Background(), events("t", Any, id(1, w)))
					var stopped *StoppedError
					if !errors.As(err, &stopped) || !errors.Is(err, errDisk) {
						t.Errorf("append on a failing disk: %v; want it stopped, and why", err)
					}
				})
			}
			group.Wait()
			hits := fault.hits.Load()
			fault.armed.Store(false) // the disk recovers; the log must not

			if err := l.Append(context.Background(), events("t", Any, id(2, 0))); !errors.Is(err, errDisk) {
				t.Fatalf("append after: %v", err)
			}
			if _, err := l.View("s"); !errors.Is(err, errDisk) {
				t.Fatalf("read after: %v", err)
			}
			if l.Head() != firstPosition {
				t.Fatalf("head moved to %d", l.Head())
			}
			if name == "sync" && hits != 1 {
				t.Fatalf("fsync was tried %d times, want once", hits)
			}
			survivor := open(t, disk.CrashClone(vfs.CrashCloneCfg{}))
			if all := everything(t, survivor); len(all) != 1 || all[0].ID != id(0, 0) {
				t.Fatalf("on disk: %v, want the acknowledged event alone", all)
			}
		})
	}
}

func TestFailedManifestStopsTheStore(t *testing.T) {
	disk := vfs.NewCrashableMem()
	fault := &failing{kinds: []errorfs.OpKind{errorfs.OpFileSync, errorfs.OpFileSyncData}, suffix: "MANIFEST"}
	l := open(t, errorfs.Wrap(disk, fault))
	stored(t, l, events("s", NoStream, id(0, 0)))

	fault.armed.Store(true)
	if _, err := l.db.AsyncFlush(); err != nil {
		t.Fatal(err)
	}
	<-l.Stopped()

	if err := l.Append(context.Background(), events("s", 0, id(0, 1))); !errors.Is(err, errDisk) {
		t.Fatalf("append after: %v", err)
	}
	survivor := open(t, disk.CrashClone(vfs.CrashCloneCfg{}))
	if all := everything(t, survivor); len(all) != 1 {
		t.Fatalf("on disk: %v, want the acknowledged event", all)
	}
}

func TestFailedTableStopsTheStore(t *testing.T) {
	disk := vfs.NewCrashableMem()
	fault := &failing{kinds: []errorfs.OpKind{errorfs.OpFileSync, errorfs.OpFileSyncData}, suffix: ".sst"}
	l := open(t, errorfs.Wrap(disk, fault))
	stored(t, l, events("s", NoStream, id(0, 0)))

	fault.armed.Store(true)
	if _, err := l.db.AsyncFlush(); err != nil {
		t.Fatal(err)
	}
	<-l.Stopped()
	if err := l.Err(); !errors.Is(err, errDisk) {
		t.Fatalf("stopped for %v", err)
	}
	fault.armed.Store(false)
}

func TestFailedManifestRefusesToOpen(t *testing.T) {
	fault := &failing{kinds: []errorfs.OpKind{errorfs.OpFileSync, errorfs.OpFileSyncData}, suffix: "MANIFEST"}
	fault.armed.Store(true)
	_, err := Open(testDir, Options{FS: errorfs.Wrap(vfs.NewMem(), fault)})
	if !errors.Is(err, errDisk) {
		t.Fatalf("opened: %v", err)
	}
}

// watched knows how much of each log file was written and how much of that was synced.
type watched struct {
	vfs.FS
	mu      sync.Mutex
	written map[string]int64
	synced  map[string]int64
}

type watchedFile struct {
	vfs.File
	fs   *watched
	name string
}

func (w *watched) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := w.FS.Create(name, c)
	if err != nil || !strings.HasSuffix(name, ".log") {
		return f, err
	}
	return &watchedFile{f, w, name}, nil
}

func (f *watchedFile) Write(p []byte) (int, error) {
	n, err := f.File.Write(p)
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	f.fs.written[f.name] += int64(n)
	return n, err
}

func (f *watchedFile) sync(do func() error) error {
	f.fs.mu.Lock()
	upTo := f.fs.written[f.name]
	f.fs.mu.Unlock()
	if err := do(); err != nil {
		return err
	}
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	f.fs.synced[f.name] = max(f.fs.synced[f.name], upTo)
	return nil
}

func (f *watchedFile) Sync() error     { return f.sync(f.File.Sync) }
func (f *watchedFile) SyncData() error { return f.sync(f.File.SyncData) }

func (w *watched) unsynced() (bytes int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for name, n := range w.written {
		bytes += n - w.synced[name]
	}
	return bytes
}

func TestEveryAcknowledgementComesAfterASync(t *testing.T) {
	fs := &watched{FS: vfs.NewMem(), written: map[string]int64{}, synced: map[string]int64{}}
	l := open(t, fs)
	for n := range 200 {
		a := events("s", Any, id(0, n))
		unsynced := make(chan int64, 1)
		a.Done = func(*Append) { unsynced <- fs.unsynced() }
		before := fs.total()
		if err := l.Submit(context.Background(), a); err != nil {
			t.Fatal(err)
		}
		if left := <-unsynced; left != 0 {
			t.Fatalf("append %d was acknowledged with %d bytes of the log not synced", n, left)
		}
		if fs.total() == before {
			t.Fatalf("append %d was acknowledged without a byte written", n)
		}
	}
}

func (w *watched) total() (bytes int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, n := range w.written {
		bytes += n
	}
	return bytes
}
