package tilltest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
)

var built struct {
	once sync.Once
	path string
	err  error
}

// Binary is the path of till, built once per test process from the working tree, for any user to run.
func Binary(t testing.TB) string {
	t.Helper()
	built.once.Do(func() {
		dir, err := os.MkdirTemp("", "till-*")
		if err == nil {
			err = os.Chmod(dir, 0o755)
		}
		if err != nil {
			built.err = err
			return
		}
		built.path = filepath.Join(dir, "till")
		cmd := exec.Command("go", "build", "-o", built.path, "tillstream")
		if out, err := cmd.CombinedOutput(); err != nil {
			built.err = fmt.Errorf("build till: %w\n%s", err, out)
		}
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return built.path
}

// RemoveBinary removes what Binary has built: for the end of a test process.
func RemoveBinary() {
	if built.path != "" {
		_ = os.RemoveAll(filepath.Dir(built.path))
	}
}

// Result is what a run of the command line came to.
type Result struct {
	Code     int // -1: ended by a signal
	Out, Err string
	Peak     int64 // most memory it ever held, in bytes
}

// Run runs till with args to its end; it is killed when ctx ends.
func Run(ctx context.Context, t testing.TB, args ...string) Result {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(ctx, Binary(t), args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) && ctx.Err() == nil {
		t.Fatal(err)
	}
	r := Result{Code: -1, Out: out.String(), Err: errs.String()}
	if cmd.ProcessState != nil {
		r.Code = cmd.ProcessState.ExitCode()
		if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
			r.Peak = usage.Maxrss << 10
		}
	}
	return r
}

// Output keeps what a process prints; it is safe for concurrent use.
type Output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements io.Writer.
func (o *Output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

// String is everything printed so far.
func (o *Output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}
