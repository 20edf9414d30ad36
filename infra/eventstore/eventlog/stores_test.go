package eventlog

import (
	"strings"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// stores are the states in which a directory can be found, each with the same 80 events.
var stores = map[string]func(*testing.T) vfs.FS{
	"closed": func(t *testing.T) vfs.FS {
		fs := vfs.NewMem()
		if err := twoTables(t, fs).Close(); err != nil {
			t.Fatal(err)
		}
		return fs
	},
	"closed in its second life": func(t *testing.T) vfs.FS {
		fs := vfs.NewMem()
		for life := range 2 {
			l := open(t, fs)
			storeEvents(t, l, life*40, life*40+40)
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
		}
		return fs
	},
	"killed": func(t *testing.T) vfs.FS {
		fs := vfs.NewMem()
		twoTables(t, fs)
		return fs
	},
	"killed before its first table": func(t *testing.T) vfs.FS {
		fs := vfs.NewMem()
		storeEvents(t, open(t, fs), 0, 80)
		return fs
	},
	"killed while it wrote a table": func(t *testing.T) vfs.FS {
		fs := &slow{FS: vfs.NewMem(), asked: make(chan struct{}), letGo: make(chan struct{})}
		l := open(t, fs)
		storeEvents(t, l, 0, 40)
		if _, err := l.db.AsyncFlush(); err != nil {
			t.Fatal(err)
		}
		<-fs.asked
		storeEvents(t, l, 40, 80)
		killed := copyFS(t, fs, func(_ string, data []byte) []byte { return data })
		close(fs.letGo)
		return killed
	},
}

// slow is a disk on which a table is begun only when it is let.
type slow struct {
	vfs.FS
	once         sync.Once
	asked, letGo chan struct{}
}

func (s *slow) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if strings.HasSuffix(name, ".sst") {
		s.once.Do(func() { close(s.asked); <-s.letGo })
	}
	return s.FS.Create(name, c)
}

// twoTables leaves tables, a manifest that was written in several goes, and a write-ahead log with events in it.
func twoTables(t *testing.T, fs vfs.FS) *Log {
	t.Helper()
	l := open(t, fs)
	for n := 0; n < 60; n += 30 {
		storeEvents(t, l, n, n+30)
		if err := l.db.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	storeEvents(t, l, 60, 80)
	return l
}

func storeEvents(t *testing.T, l *Log, from, to int) {
	t.Helper()
	for n := from; n < to; n++ {
		stored(t, l, events("s", Any, id(0, n)))
	}
}
