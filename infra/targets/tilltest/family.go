package tilltest

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Kill ends the platform as a power cut does: its process group and everything it has started, Postgres included, at once.
// It returns when all of them are gone. A platform that has ended already is no error.
func (till *Till) Kill(t testing.TB) {
	t.Helper()
	_ = syscall.Kill(-till.Pid(), syscall.SIGSTOP) // nothing new is started while the family is looked for
	family := till.Family()
	_ = syscall.Kill(-till.Pid(), syscall.SIGKILL)
	for _, pid := range family {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	<-till.done
	for _, pid := range family {
		if err := gone(pid); err != nil {
			t.Fatal(err)
		}
	}
}

// KillAlone kills the platform's own process and leaves its children to themselves.
func (till *Till) KillAlone(t testing.TB) {
	t.Helper()
	till.Signal(t, syscall.SIGKILL)
	<-till.done
}

// Family lists what the platform's process has started and what those have, whatever sessions they made their own.
func (till *Till) Family() []int {
	select {
	case <-till.done: // its number may be another's by now
		return nil
	default:
		return descendants(till.Pid())
	}
}

func descendants(pid int) (list []int) {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, thread := range threads {
		children, _ := os.ReadFile(thread)
		for _, child := range strings.Fields(string(children)) {
			if n, err := strconv.Atoi(child); err == nil {
				list = append(append(list, n), descendants(n)...)
			}
		}
	}
	return list
}

// Alive tells whether a process runs; one that has ended and was not reaped does not.
func Alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(stat), ") ") // the name in brackets may hold anything but this
	return !strings.HasPrefix(rest, "Z") && !strings.HasPrefix(rest, "X")
}

// gone waits for the end of a process that is no child of the test's.
func gone(pid int) error {
	for until := time.Now().Add(goneWithin); Alive(pid); time.Sleep(time.Millisecond) {
		if time.Now().After(until) {
			return fmt.Errorf("process %d was killed and is still there after %v", pid, goneWithin)
		}
	}
	return nil
}
