// Package durable writes small files so that what it has reported as written survives kill -9 and a power cut.
package durable

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Write puts the content under the name with mode 0600, whole or not at all, replacing what was there.
func Write(path string, content []byte) error { return write(path, content, os.Rename) }

// WriteNew is Write for a name that nobody has yet; when somebody has, it changes nothing and answers os.ErrExist.
func WriteNew(path string, content []byte) error { return write(path, content, os.Link) }

func write(path string, content []byte, publish func(from, to string) error) error {
	dir := filepath.Dir(path)
	temporary, err := Temporary(dir, content)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer os.Remove(temporary)
	if err := publish(temporary, path); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := SyncDir(dir); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// Temporary writes the content to a new file of a passing name and syncs it. The name's own durability is not promised:
// it is a step towards another name.
func Temporary(dir string, content []byte) (string, error) {
	file, err := os.CreateTemp(dir, ".new-*") // has mode 0600
	if err != nil {
		return "", err
	}
	_, err = file.Write(content)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		_ = os.Remove(file.Name())
		return "", err
	}
	return file.Name(), nil
}

// Overwrite replaces the bytes of a file where they stand, for content that must not linger, and syncs them. Media that
// write elsewhere (copy-on-write file systems, flash) may keep the old bytes: what matters must have been encrypted.
func Overwrite(path string, content []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = file.WriteAt(content, 0)
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

// SyncDir makes the names in a directory durable.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
