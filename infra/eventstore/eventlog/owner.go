package eventlog

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// ownerFile names the process that holds the directory, for the one that finds it held. The lock itself is
// the storage engine's and ends with the process.
const ownerFile = "OWNER"

type owner struct {
	fs   vfs.FS
	file string
	lock *pebble.Lock
}

func acquire(fs vfs.FS, dir string) (*owner, error) {
	if err := makeDir(fs, dir); err != nil {
		return nil, fmt.Errorf("create event log directory %s: %w", dir, err)
	}
	o := &owner{fs: fs, file: fs.PathJoin(dir, ownerFile)}
	lock, err := pebble.LockDirectory(dir, fs)
	if err != nil {
		return nil, fmt.Errorf("event log %s is held by %s; stop it or choose another directory: %w", dir, o.holder(), err)
	}
	o.lock = lock
	if err := o.sign(); err != nil {
		return nil, errors.Join(fmt.Errorf("sign event log %s: %w", dir, err), lock.Close())
	}
	return o, nil
}

func (o *owner) sign() error {
	f, err := o.fs.Create(o.file, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(f, "process %d (%s) since %s", os.Getpid(), filepath.Base(os.Args[0]), time.Now().UTC().Format(time.RFC3339))
	return errors.Join(err, f.Close())
}

func (o *owner) holder() string {
	f, err := o.fs.Open(o.file)
	if err != nil {
		return "another process"
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, 1024))
	if err != nil || len(text) == 0 {
		return "another process"
	}
	return strings.TrimSpace(string(text))
}

func (o *owner) release() error {
	err := o.fs.Remove(o.file)
	if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, o.lock.Close())
}

// makeDir creates dir and syncs each parent that got a new entry, so that the first acknowledged append does
// not lie in a directory a power cut forgets.
func makeDir(fs vfs.FS, dir string) error {
	if _, err := fs.Stat(dir); err == nil {
		return nil
	}
	parent := fs.PathDir(dir)
	if parent != dir && parent != "" {
		if err := makeDir(fs, parent); err != nil {
			return err
		}
	}
	if err := fs.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	d, err := fs.OpenDir(parent)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
