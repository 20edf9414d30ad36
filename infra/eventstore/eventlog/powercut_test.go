package eventlog

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// A machine loses power at a random moment under many writers, while tables are written, merged and deleted: what was not
// synced may be on disk or not. What is left is not damage, however often it is opened.
func TestPowerCutKeepsWhatWasAcknowledged(t *testing.T) {
	for seed := range 40 {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			fs := vfs.NewCrashableMem()
			book := newLedger()
			for life := range 3 {
				l, err := Open(testDir, Options{FS: fs, GroupAppends: 4})
				if err != nil {
					t.Fatalf("life %d: %v", life, err)
				}
				crashed, promised := crashUnderWriters(t, l, fs, book, int64(seed*10+life), life)
				fs = crashed
				survivor, err := Open(testDir, Options{FS: fs})
				if err != nil {
					t.Fatalf("after crash %d: %v", life, err)
				}
				book.check(t, everything(t, survivor), promised)
				if err := survivor.Close(); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// The power fails at every write in turn while a directory is made, filled, closed and opened again.
func TestPowerCutAtEveryStep(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	live := func(fs vfs.FS, book *ledger) error {
		l, err := Open(testDir, Options{FS: fs})
		if err != nil {
			return err
		}
		for n := range 6 {
			ids := [][16]byte{id(int(l.Head()), n)}
			book.attempt(ids)
			if err := l.Append(t.Context(), events("s", Any, ids...)); err != nil {
				return err
			}
			book.promise(ids)
			if n%2 == 1 {
				if err := l.db.Flush(); err != nil {
					return err
				}
			}
		}
		return l.Close()
	}
	type cut struct {
		fs       *vfs.MemFS
		promised [][16]byte
	}
	var cuts []cut
	disk, book := vfs.NewCrashableMem(), newLedger()
	watched := &stepping{FS: disk, step: func() {
		for _, percent := range []int{0, 50, 100} {
			cuts = append(cuts, cut{disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: rng}), book.promises()})
		}
	}}
	for range 2 {
		if err := live(watched, book); err != nil {
			t.Fatal(err)
		}
	}
	if len(cuts) < 100 {
		t.Fatalf("only %d moments to fail at", len(cuts))
	}
	for n, c := range cuts {
		for again := range 2 {
			l, err := Open(testDir, Options{FS: c.fs})
			if err != nil {
				t.Fatalf("cut %d of %d, opened for the %d. time: %v", n, len(cuts), again+1, err)
			}
			book.check(t, everything(t, l), c.promised)
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// stepping is a disk that says before each of its changes that it is about to change.
type stepping struct {
	vfs.FS
	mu   sync.Mutex
	step func()
}

func (s *stepping) about() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.step()
}

func (s *stepping) Unwrap() vfs.FS { return s.FS }

func (s *stepping) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	s.about()
	f, err := s.FS.Create(name, c)
	return steppingFile{f, s}, err
}

func (s *stepping) OpenReadWrite(name string, c vfs.DiskWriteCategory, o ...vfs.OpenOption) (vfs.File, error) {
	s.about()
	f, err := s.FS.OpenReadWrite(name, c, o...)
	return steppingFile{f, s}, err
}

func (s *stepping) ReuseForWrite(from, to string, c vfs.DiskWriteCategory) (vfs.File, error) {
	s.about()
	f, err := s.FS.ReuseForWrite(from, to, c)
	return steppingFile{f, s}, err
}

func (s *stepping) OpenDir(name string) (vfs.File, error) {
	f, err := s.FS.OpenDir(name)
	return steppingFile{f, s}, err
}

func (s *stepping) Remove(name string) error {
	s.about()
	return s.FS.Remove(name)
}

func (s *stepping) Rename(from, to string) error {
	s.about()
	return s.FS.Rename(from, to)
}

type steppingFile struct {
	vfs.File
	fs *stepping
}

func (f steppingFile) Write(p []byte) (int, error) {
	f.fs.about()
	return f.File.Write(p)
}

func (f steppingFile) WriteAt(p []byte, at int64) (int, error) {
	f.fs.about()
	return f.File.WriteAt(p, at)
}

func (f steppingFile) Sync() error {
	f.fs.about()
	return f.File.Sync()
}

func (f steppingFile) SyncData() error {
	f.fs.about()
	return f.File.SyncData()
}

// crashUnderWriters copies the disk as a power cut would leave it while writers work and tables come and go, then lets
// them end.
func crashUnderWriters(t *testing.T, l *Log, fs *vfs.MemFS, book *ledger, seed int64, life int) (*vfs.MemFS, [][16]byte) {
	t.Helper()
	const writers = 8
	stop := make(chan struct{})
	var group sync.WaitGroup
	for w := range writers {
		group.Go(func() { book.write(context.Background(), l, life*writers+w, stop) })
	}
	group.Go(func() { churn(t, l, stop) })
	rng := rand.New(rand.NewPCG(uint64(seed), 1))
	for enough := rng.IntN(400); l.Head() < uint64(enough)*100; {
		f := l.Follow(l.Head())
		_, wait, _, err := f.Live()
		if err != nil {
			t.Fatal(err)
		}
		if wait != nil {
			<-wait
		}
	}
	promised := book.promises() // before the cut: these must be found
	crashed := fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: rng.IntN(101), RNG: rng})
	close(stop)
	group.Wait()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	book.forgetAllBut(promised) // what was promised after the cut was promised by a machine without power
	return crashed, promised
}

// churn writes and merges tables all the time.
func churn(t *testing.T, l *Log, stop <-chan struct{}) {
	for n := 1; ; n++ {
		select {
		case <-stop:
			return
		default:
		}
		err := l.db.Flush()
		if err == nil && n%4 == 0 {
			err = l.db.Compact(context.Background(), []byte{0}, []byte{0xff}, false)
		}
		if err != nil {
			t.Error(err)
			return
		}
	}
}
