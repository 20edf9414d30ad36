package eventlog

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/atomicfs"
)

// Markers are empty files that say something by their names, so they are there as a whole or not at all.
const (
	// walMarker names the write-ahead logs that are to be there when the directory is opened. Without it a lost log
	// would pass for an empty one, and a lost manifest for a new database.
	walMarker = "tillstream-wal"
	// sealMarker says what the manifest held when it was last synced.
	sealMarker = "tillstream-manifest"
	// usedMarker says that the database was ours: an empty one is a damaged one from then on.
	usedMarker = "tillstream-format"
	usedValue  = "1"

	optionsPrefix = "OPTIONS-" // of the storage engine's files of settings
)

// notes are the log's own, beside the storage engine's files: what was made durable in this directory, for the next who
// opens it.
type notes struct {
	fs     vfs.FS
	dir    string
	log    *slog.Logger
	wal    *atomicfs.Marker
	seals  *atomicfs.Marker
	format *atomicfs.Marker
	synced vfs.File // nil until the directory was found whole

	claimed bool   // the database was ours when it was last opened
	used    bool   // the database was there
	found   string // the manifest that held when the directory was opened
	holds   seal   // of the newest manifest; the engine's to change

	mu   sync.Mutex
	wals []string // write-ahead logs that must be there
}

// readNotes finds what is noted of a directory and refuses one that does not hold it. It changes nothing.
func readNotes(fs vfs.FS, dir string, log *slog.Logger) (*notes, error) {
	n := &notes{fs: fs, dir: dir, log: log}
	err := n.check()
	if err != nil {
		err = errors.Join(err, n.close())
	}
	return n, err
}

func (n *notes) check() (err error) {
	var wal, sealed, format string
	for _, m := range []struct {
		name   string
		marker **atomicfs.Marker
		value  *string
	}{{walMarker, &n.wal, &wal}, {sealMarker, &n.seals, &sealed}, {usedMarker, &n.format, &format}} {
		if *m.marker, *m.value, err = atomicfs.LocateMarker(n.fs, n.dir, m.name); err != nil {
			return err
		}
	}
	n.used, n.claimed = wal != "", format != ""
	if n.used {
		n.wals = strings.Split(wal, "+")
	}
	if n.claimed && format != usedValue {
		return fmt.Errorf("its layout is %q, this program reads %q", format, usedValue)
	}
	if err := n.checkManifest(sealed); err != nil {
		return err
	}
	if err := n.checkOptions(); err != nil {
		return err
	}
	return n.auditWALs()
}

// checkOptions refuses a damaged OPTIONS file by its name: the engine tells what it dislikes in it, but not where.
func (n *notes) checkOptions() error {
	names, err := n.fs.List(n.dir)
	if err != nil {
		return err
	}
	newest := ""
	for _, name := range names { // the numbers in the names have leading zeros
		if strings.HasPrefix(name, optionsPrefix) && (len(name) > len(newest) || len(name) == len(newest) && name > newest) {
			newest = name
		}
	}
	if newest == "" {
		return nil
	}
	path := n.fs.PathJoin(n.dir, newest)
	text, err := readWhole(n.fs, path)
	if err != nil {
		return err
	}
	var ours pebble.Options
	ours.EnsureDefaults()
	if err := ours.CheckCompatibility(n.dir, string(text)); err != nil {
		return &DamageError{File: path, Err: err}
	}
	return nil
}

// Used says whether dir was ever opened as a log.
func Used(fs vfs.FS, dir string) (bool, error) {
	wal, err := atomicfs.ReadMarker(fs, dir, walMarker)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	return wal != "", err
}

// begin is called when the directory was found whole.
func (n *notes) begin() (err error) {
	n.synced, err = n.fs.OpenReadWrite(n.fs.PathJoin(n.dir, syncedFile), vfs.WriteCategoryUnspecified)
	return err
}

// opened is called when the engine has opened its database and the log has found it to be its own.
func (n *notes) opened() error {
	if !n.claimed {
		if err := move(n.format, usedValue); err != nil {
			return err
		}
		n.claimed = true
	}
	for _, m := range []*atomicfs.Marker{n.wal, n.seals, n.format} {
		if err := m.RemoveObsolete(); err != nil { // what a crash has left of them
			return err
		}
	}
	return nil
}

// walCreated requires a new write-ahead log before anything is written to it.
func (n *notes) walCreated(info pebble.WALCreateInfo) error {
	if info.Err != nil {
		return nil // the engine's caller stops on it
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.wals = append(n.wals, n.fs.PathBase(info.Path))
	return move(n.wal, strings.Join(n.wals, "+"))
}

// walGivenUp requires a write-ahead log no longer.
func (n *notes) walGivenUp(name string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	at := slices.Index(n.wals, name)
	if at < 0 {
		return nil
	}
	n.wals = slices.Delete(n.wals, at, at+1)
	return move(n.wal, strings.Join(n.wals, "+"))
}

func (n *notes) close() (err error) {
	for _, m := range []*atomicfs.Marker{n.wal, n.seals, n.format} {
		if m != nil {
			err = errors.Join(err, m.Close())
		}
	}
	if n.synced != nil {
		err = errors.Join(err, n.synced.Close())
	}
	return err
}

// blame names the file for which the storage engine cannot open its database, where the engine does not name it itself.
func (n *notes) blame(err error) error {
	switch {
	case errors.Is(err, pebble.ErrDBDoesNotExist):
		return &DamageError{File: n.fs.PathJoin(n.dir, "marker."+manifestMarker+".*"), Err: errMissing}
	case errors.Is(err, pebble.ErrDBNotPristine):
		return &DamageError{File: n.fs.PathJoin(n.dir, "marker.format-version.*"), Err: errMissing}
	case errors.Is(err, os.ErrNotExist), strings.Contains(err.Error(), "object size mismatch"):
		return n.lost(fmt.Sprintf("a table that it names: %v", err))
	}
	err = damage(err)
	var d *DamageError
	if errors.As(err, &d) && d.File == "" {
		d.File = damagedWAL(n.fs, n.dir)
	}
	return err
}

// lost says what a database no longer has that its manifest stands for.
func (n *notes) lost(what string) error {
	return &DamageError{File: n.fs.PathJoin(n.dir, n.found), Err: fmt.Errorf("the database has lost %s", what)}
}

// move gives a marker a new value, durably.
func move(m *atomicfs.Marker, value string) (err error) {
	defer func() {
		if r := recover(); r != nil { // a directory that cannot be synced panics
			err = fmt.Errorf("sync directory: %v", r)
		}
	}()
	return m.Move(value)
}
