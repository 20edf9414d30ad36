package local

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"tillstream/infra/local/durable"
)

const (
	ownerLock  = "owner.lock"
	ownerFacts = "owner.json"
)

// ErrNotRunning says that no platform owns the data directory at this moment.
var ErrNotRunning = errors.New("no platform runs on this data directory")

// ErrOwned says that a running platform owns the data directory already.
var ErrOwned = errors.New("a running platform owns this data directory")

// Addresses is where the owner of a data directory is reached; an empty one is not served.
type Addresses struct {
	HTTP       string `json:"http,omitempty"`
	GRPC       string `json:"grpc,omitempty"`
	EventStore string `json:"eventstore,omitempty"`
	Analysts   string `json:"analysts,omitempty"` // DSN of the read-only role, without its password
}

// Running is the platform that owns a data directory now. Its addresses are empty while it is starting.
type Running struct {
	Pid     int       `json:"pid"`
	Started time.Time `json:"started"`
	Addresses
}

// String names the process and where it is reached, for a person who wants to find or stop it.
func (r Running) String() string {
	parts := []string{fmt.Sprintf("pid %d", r.Pid)}
	if r.Pid == 0 {
		parts[0] = "a process that is starting or ending"
	}
	for _, a := range [][2]string{{"http", r.HTTP}, {"grpc", r.GRPC}, {"event store", r.EventStore}} {
		if a[1] != "" {
			parts = append(parts, a[0]+" "+a[1])
		}
	}
	return strings.Join(parts, ", ")
}

// Ownership is the right to write in a data directory. At most one process has it, and it ends with that process.
type Ownership struct {
	dir  string
	lock *durable.Lock

	mu    sync.Mutex
	facts Running
}

// Own takes the data directory, making it with mode 0700 when there is none. When a running platform owns it, it answers
// ErrOwned with that platform's process and addresses.
func Own(dir string) (*Ownership, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("own data directory: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("own data directory: %w", err)
	}
	lock, err := durable.TakeLock(filepath.Join(dir, ownerLock))
	if errors.Is(err, durable.ErrLocked) {
		owner, _ := readFacts(dir)
		return nil, fmt.Errorf("%w: %s is held by %s; use or stop that one, or choose another with --data", ErrOwned, dir, owner)
	}
	if err != nil {
		return nil, fmt.Errorf("own data directory %s: %w", dir, err)
	}
	o := &Ownership{dir: dir, lock: lock, facts: Running{Pid: os.Getpid(), Started: time.Now().UTC().Truncate(time.Millisecond)}}
	if err := o.Announce(Addresses{}); err != nil {
		_ = lock.Close()
		return nil, err
	}
	return o, nil
}

// Dir is the data directory as an absolute path.
func (o *Ownership) Dir() string { return o.dir }

// Announce says where the owner is reached, in place of what it said before.
func (o *Ownership) Announce(a Addresses) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.facts.Addresses = a
	content, err := json.Marshal(o.facts)
	if err != nil {
		return err
	}
	if err := durable.Write(filepath.Join(o.dir, ownerFacts), append(content, '\n')); err != nil {
		return fmt.Errorf("announce the owner of %s: %w", o.dir, err)
	}
	return nil
}

// Release gives the directory back.
func (o *Ownership) Release() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	err := os.Remove(filepath.Join(o.dir, ownerFacts))
	if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, o.lock.Close())
}

// Find returns the platform that owns the data directory now, or ErrNotRunning. What a killed platform left is not taken
// for a running one.
func Find(dir string) (Running, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return Running{}, err
	}
	held, err := durable.Locked(filepath.Join(dir, ownerLock))
	if err != nil {
		return Running{}, fmt.Errorf("find the platform of %s: %w", dir, err)
	}
	if !held {
		return Running{}, fmt.Errorf("%w: %s; start one with `till up --data %s`, or name it with --server", ErrNotRunning, dir, shellQuote(dir))
	}
	return readFacts(dir)
}

// readFacts is for a directory whose lock is held. An owner that has just taken it may not have replaced what the one
// before it left, which names a process that is gone.
func readFacts(dir string) (Running, error) {
	content, err := os.ReadFile(filepath.Join(dir, ownerFacts))
	if errors.Is(err, os.ErrNotExist) {
		return Running{}, nil
	}
	if err != nil {
		return Running{}, fmt.Errorf("find the platform of %s: %w", dir, err)
	}
	var r Running
	if err := json.Unmarshal(content, &r); err != nil {
		return Running{}, fmt.Errorf("find the platform of %s: %s: %w", dir, ownerFacts, err)
	}
	if errors.Is(syscall.Kill(r.Pid, 0), syscall.ESRCH) {
		return Running{}, nil
	}
	return r, nil
}

// shellQuote makes a path that can be pasted into a shell.
func shellQuote(path string) string {
	if !strings.ContainsFunc(path, func(r rune) bool { return strings.ContainsRune(" \t\n'\"\\$&|;<>()*?[]#~`!{}", r) }) {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}
