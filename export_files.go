package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"tillstream/infra/local/durable"
)

// exportFiles are the files of one export. They grow under passing names, and take their own when all are whole; whoever
// is interrupted before leaves those of the export before as they were.
type exportFiles struct {
	out    io.Writer // not nil: the one table goes there
	dir    string
	format string
	lock   *durable.Lock
	files  map[string]*os.File // by table
	order  []string
}

const (
	exportManifest = "export.json"
	exportLock     = ".till-export.lock" // one export at a time writes into a directory
)

// openExport opens the files. What an export that was killed has left of its own is overwritten.
func openExport(dir string, tables []string, format string) (e *exportFiles, err error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("make the directory of the files: %w", err)
	}
	e = &exportFiles{dir: dir, format: format, files: map[string]*os.File{}, order: tables}
	if e.lock, err = durable.TakeLock(filepath.Join(dir, exportLock)); err != nil {
		if errors.Is(err, durable.ErrLocked) {
			err = fmt.Errorf("another export is writing into %s: wait for it, or give --out another directory", dir)
		}
		return nil, err
	}
	defer func() {
		if err != nil {
			e.abandon()
		}
	}()
	for _, table := range tables {
		f, err := os.OpenFile(e.passing(table), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o666)
		if err != nil {
			return nil, fmt.Errorf("open the file of %s: %w", table, err)
		}
		e.files[table] = f
	}
	return e, nil
}

// path is the file of a table; empty where it goes to standard output.
func (e *exportFiles) path(table string) string {
	if e.out != nil {
		return ""
	}
	return filepath.Join(e.dir, table+"."+e.format)
}

func (e *exportFiles) passing(table string) string {
	return filepath.Join(e.dir, "."+table+"."+e.format+".partial")
}

func (e *exportFiles) write(table string, data []byte) (err error) {
	if e.out != nil {
		_, err = e.out.Write(data)
	} else {
		_, err = e.files[table].Write(data)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", table, err)
	}
	return nil
}

// publish gives the files their names: first what says of which moment the old ones are is removed, and last what says it
// of the new ones is written, so that a directory with export.json has files of one moment. All of it is durable.
func (e *exportFiles) publish(said *exportSaid) error {
	if e.out != nil {
		return nil
	}
	for _, table := range e.order {
		f := e.files[table]
		if err := errors.Join(f.Sync(), f.Close()); err != nil {
			return fmt.Errorf("write %s: %w", table, err)
		}
	}
	manifest := filepath.Join(e.dir, exportManifest)
	if err := os.Remove(manifest); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, table := range e.order {
		if err := os.Rename(e.passing(table), e.path(table)); err != nil {
			return err
		}
		delete(e.files, table)
	}
	if err := e.manifest(manifest, said); err != nil {
		return fmt.Errorf("write %s: %w", manifest, err)
	}
	return durable.SyncDir(e.dir)
}

func (e *exportFiles) manifest(path string, said *exportSaid) error {
	content, err := json.MarshalIndent(said, "", "  ")
	if err != nil {
		return err
	}
	f, err := os.Create(e.passing("export"))
	if err != nil {
		return err
	}
	_, err = f.Write(append(content, '\n'))
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(e.passing("export"), path)
}

// abandon removes what was not published.
func (e *exportFiles) abandon() {
	for table, f := range e.files {
		_ = f.Close()
		_ = os.Remove(e.passing(table))
	}
	if e.lock != nil {
		_ = e.lock.Close() // the file stays: who waits to take it must not take another than who comes later
		e.lock = nil
	}
}
