package eventlog

import (
	"errors"
	"fmt"
	"runtime"
	"sync"

	"github.com/cockroachdb/pebble/v2"
)

// ErrClosed answers every call after Close.
var ErrClosed = errors.New("the event log is closed")

// StoppedError says that the log stopped by itself and why. Nothing is read or written any more; what was
// acknowledged is safe. A new process must open the directory.
type StoppedError struct{ Reason error }

func (e *StoppedError) Error() string {
	return fmt.Sprintf("the event log has stopped and must be opened again by a new process: %v", e.Reason)
}

func (e *StoppedError) Unwrap() error { return e.Reason }

// DamageError names a file that does not hold what was written to it. Nothing of it was or will be served.
type DamageError struct {
	File string
	Err  error
}

func (e *DamageError) Error() string {
	file := "a file"
	if e.File != "" {
		file = "file " + e.File
	}
	return fmt.Sprintf("%s is damaged: %v; put it, or the whole event log, back from a backup", file, e.Err)
}

func (e *DamageError) Unwrap() error { return e.Err }

// damage turns the storage engine's word for corruption into ours and passes other errors on.
func damage(err error) error {
	if err == nil || !pebble.IsCorruptionError(err) {
		return err
	}
	d := &DamageError{Err: err}
	if info := pebble.ExtractDataCorruptionInfo(err); info != nil {
		d.File = info.Path
	}
	return d
}

// stopped holds the first reason for which the log can no longer work.
type stopped struct {
	mu     sync.Mutex
	ch     chan struct{}
	err    error
	closed bool
}

func (s *stopped) init() { s.ch = make(chan struct{}) }

// fail keeps the first reason only: what follows is its consequence.
func (s *stopped) fail(reason error) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil || s.closed {
		return false
	}
	s.err = &StoppedError{Reason: reason}
	close(s.ch)
	return true
}

func (s *stopped) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil && !s.closed {
		close(s.ch)
	}
	s.closed = true
}

func (s *stopped) failed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err != nil
}

func (s *stopped) reason() error {
	select {
	case <-s.ch:
	default:
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	return ErrClosed
}

func (l *Log) fail(reason error) {
	if l.stop.fail(reason) {
		l.opts.Logger.Error("event log stopped", "dir", l.dir, "reason", reason)
		l.feed.wakeAll()
	}
}

// engineLogger hears the storage engine. After a failed write or fsync of a commit or manifest it calls Fatalf and
// relies on its not returning: going on would delete logs whose content was never made durable elsewhere. So the
// goroutine ends there, its deferred unlocks run, and the log is stopped.
type engineLogger struct{ log *Log }

func (e engineLogger) Infof(string, ...any) {}

func (e engineLogger) Errorf(format string, args ...any) {
	e.log.opts.Logger.Warn("event log storage", "dir", e.log.dir, "message", fmt.Sprintf(format, args...))
}

func (e engineLogger) Fatalf(format string, args ...any) {
	e.log.fail(fatal(format, args))
	runtime.Goexit()
}

func fatal(format string, args []any) error {
	for _, a := range args {
		if err, ok := a.(error); ok {
			return fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), damage(err))
		}
	}
	return fmt.Errorf(format, args...)
}

// failIfDamaged stops the log on damage: what else lies on that disk cannot be trusted to be appended to.
func (l *Log) failIfDamaged(err error) {
	var d *DamageError
	if errors.As(err, &d) {
		l.fail(err)
	}
}
