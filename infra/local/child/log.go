package child

import (
	"fmt"
	"os"
	"sync"
)

// Log is a file that keeps the last lines of a server: at Limit bytes it becomes PATH.1, replacing the one before, so that
// both together never exceed twice the limit and one write.
type Log struct {
	Path  string
	Limit int64

	mu   sync.Mutex
	file *os.File
	size int64
}

// Write appends to the file, which it makes with mode 0600 when it is not there.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.ready(); err != nil {
		return 0, err
	}
	n, err := l.file.Write(p)
	l.size += int64(n)
	return n, err
}

func (l *Log) ready() error {
	if l.file != nil && l.size < l.Limit {
		return nil
	}
	if l.file == nil {
		return l.open()
	}
	_ = l.file.Close()
	l.file = nil
	if err := os.Rename(l.Path, l.Path+".1"); err != nil {
		return fmt.Errorf("rotate log: %w", err)
	}
	return l.open()
}

func (l *Log) open() error {
	file, err := os.OpenFile(l.Path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("open log: %w", err)
	}
	info, err := file.Stat()
	if err != nil {
		_ = file.Close()
		return fmt.Errorf("open log: %w", err)
	}
	l.file, l.size = file, info.Size()
	return nil
}

// Close closes the file; a later Write opens it again.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return nil
	}
	err := l.file.Close()
	l.file = nil
	return err
}

// Tail returns at most the last n bytes of the file, for an error that has to say why a server did not start.
func (l *Log) Tail(n int64) string {
	file, err := os.Open(l.Path)
	if err != nil {
		return ""
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return ""
	}
	from := max(0, info.Size()-n)
	tail := make([]byte, info.Size()-from)
	read, _ := file.ReadAt(tail, from)
	return string(tail[:read])
}
