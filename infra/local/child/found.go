package child

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// endPoll is how often it is looked whether processes that are not our children have gone.
const endPoll = 5 * time.Millisecond

// Found is a running process that an earlier parent started. Its handle names this very process: once it has ended, a
// signal reaches nobody, even when its number has been given to another process.
type Found struct {
	Pid    int
	parent int
	handle *os.Process
}

// Working finds the processes that run the named program in the working directory dir, whatever path led them there.
// A process that merely has the number of one that once did so is not found.
func Working(program, dir string) ([]Found, error) {
	want, err := os.Stat(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for processes of %s: %w", dir, err)
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, fmt.Errorf("look for processes of %s: %w", dir, err)
	}
	var found []Found
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == os.Getpid() || !works(pid, program, want) {
			continue
		}
		if f, ok := hold(pid, program, want); ok {
			found = append(found, f)
		}
	}
	return found, nil
}

// hold takes the handle first and looks again afterwards: what is true of the number then is true of the handle.
func hold(pid int, program string, dir os.FileInfo) (Found, bool) {
	handle, err := os.FindProcess(pid)
	if err != nil {
		return Found{}, false
	}
	if !works(pid, program, dir) || handle.Signal(syscall.Signal(0)) != nil {
		_ = handle.Release()
		return Found{}, false
	}
	return Found{Pid: pid, parent: parentOf(pid), handle: handle}, true
}

func works(pid int, program string, dir os.FileInfo) bool {
	at := "/proc/" + strconv.Itoa(pid)
	exe, err := os.Readlink(at + "/exe")
	if err != nil || filepath.Base(strings.TrimSuffix(exe, " (deleted)")) != program {
		return false
	}
	cwd, err := os.Stat(at + "/cwd")
	return err == nil && os.SameFile(cwd, dir)
}

// parentOf reads the fourth field of stat; the second, the name in brackets, may hold anything.
func parentOf(pid int) int {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0
	}
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) < 2 {
		return 0
	}
	parent, _ := strconv.Atoi(string(fields[1]))
	return parent
}

// EndWorking ends the processes that run the named program in dir by each step in turn, the heads of process trees
// first, then whoever remains. It returns how many it found, and an error naming those that outlived all steps.
func EndWorking(ctx context.Context, program, dir string, steps ...Step) (int, error) {
	found, err := Working(program, dir)
	count := len(found)
	for i := 0; err == nil && len(found) > 0 && i < len(steps); i++ {
		for _, f := range found {
			if i > 0 || !isChildOf(f, found) {
				_ = f.handle.Signal(steps[i].Signal)
			}
		}
		release(found)
		found, err = remaining(ctx, program, dir, steps[i].Wait)
	}
	defer release(found)
	if err != nil {
		return count, err
	}
	if len(found) > 0 {
		return count, fmt.Errorf("end %s left running in %s: still there: pid %s; end it and try again", program, dir, pids(found))
	}
	return count, nil
}

func remaining(ctx context.Context, program, dir string, wait time.Duration) ([]Found, error) {
	deadline := time.Now().Add(wait)
	for {
		found, err := Working(program, dir)
		if err != nil || len(found) == 0 || !time.Now().Before(deadline) {
			return found, err
		}
		select {
		case <-time.After(endPoll):
			release(found)
		case <-ctx.Done():
			return found, ctx.Err()
		}
	}
}

func isChildOf(f Found, all []Found) bool {
	for _, g := range all {
		if f.parent == g.Pid {
			return true
		}
	}
	return false
}

func release(found []Found) {
	for _, f := range found {
		_ = f.handle.Release()
	}
}

func pids(found []Found) string {
	names := make([]string, len(found))
	for i, f := range found {
		names[i] = strconv.Itoa(f.Pid)
	}
	return strings.Join(names, ", ")
}

func notEnded(err error) error {
	if errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	return err
}
