package durable

import (
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// ErrLocked says that another process, or another part of this one, holds the lock.
var ErrLocked = errors.New("locked by a running process")

// Lock is held until it is closed or its process ends in whatever way, so it never outlives its owner.
type Lock struct{ file *os.File }

// TakeLock takes the lock that the named file stands for, making the file when there is none, or answers ErrLocked at once.
func TakeLock(path string) (*Lock, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock: %w", err)
	}
	// An open-file-description lock, unlike flock, can be asked about without being taken.
	request := unix.Flock_t{Type: unix.F_WRLCK, Whence: io.SeekStart}
	err = unix.FcntlFlock(file.Fd(), unix.F_OFD_SETLK, &request)
	if err == nil {
		return &Lock{file}, nil
	}
	_ = file.Close()
	if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EACCES) {
		return nil, ErrLocked
	}
	return nil, fmt.Errorf("lock %s: %w", path, err)
}

// Close lets go of the lock.
func (l *Lock) Close() error { return l.file.Close() }

// Locked says whether somebody holds the lock, without ever standing in the way of one who takes it.
func Locked(path string) (bool, error) {
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer file.Close()
	request := unix.Flock_t{Type: unix.F_RDLCK, Whence: io.SeekStart}
	if err := unix.FcntlFlock(file.Fd(), unix.F_OFD_GETLK, &request); err != nil {
		return false, fmt.Errorf("ask for lock %s: %w", path, err)
	}
	return request.Type != unix.F_UNLCK, nil
}
