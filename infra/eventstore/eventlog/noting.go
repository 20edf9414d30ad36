package eventlog

import (
	"hash/crc32"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// noting is the disk as the storage engine sees it. What the engine makes durable is noted before the engine hears of it,
// and so before it deletes what was needed until then.
type noting struct {
	vfs.FS
	notes *notes
}

// Unwrap gives the engine the disk below.
func (n noting) Unwrap() vfs.FS { return n.FS }

// Create watches manifests and write-ahead logs.
func (n noting) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := n.FS.Create(name, c)
	return n.watch(name, f, err)
}

// Remove gives up a write-ahead log before it removes it.
func (n noting) Remove(name string) error {
	if err := n.notes.walGivenUp(n.PathBase(name)); err != nil {
		return err
	}
	return n.FS.Remove(name)
}

// ReuseForWrite gives up a write-ahead log before it makes another of it.
func (n noting) ReuseForWrite(from, to string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if err := n.notes.walGivenUp(n.PathBase(from)); err != nil {
		return nil, err
	}
	f, err := n.FS.ReuseForWrite(from, to, c)
	return n.watch(to, f, err)
}

func (n noting) watch(path string, f vfs.File, err error) (vfs.File, error) {
	if err != nil {
		return nil, err
	}
	name := n.PathBase(path)
	if number, ok := walNumber(name); ok {
		return &notedFile{File: f, note: func(size int64, _ uint32) error { return n.notes.walSynced(number, size) }}, nil
	}
	if strings.HasPrefix(name, manifestPrefix) {
		return &notedFile{File: f, summed: true, note: n.notes.manifestBegun(name)}, nil
	}
	return f, nil
}

// notedFile is written from its beginning to its end, by one goroutine at a time.
type notedFile struct {
	vfs.File
	summed bool
	size   int64
	sum    uint32
	note   func(size int64, sum uint32) error
}

func (f *notedFile) Write(p []byte) (int, error) {
	sum := f.sum
	if f.summed { // first, for the file may change p
		sum = crc32.Update(sum, castagnoli, p)
	}
	n, err := f.File.Write(p)
	f.size, f.sum = f.size+int64(n), sum
	return n, err
}

func (f *notedFile) Sync() error     { return f.synced(f.File.Sync()) }
func (f *notedFile) SyncData() error { return f.synced(f.File.SyncData()) }

func (f *notedFile) synced(err error) error {
	if err != nil {
		return err
	}
	return f.note(f.size, f.sum)
}
