// Package tilltest runs the real binary in processes of its own, so that tests can use the platform as its users do, and
// kill it as power cuts do.
package tilltest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// Limits of a test's waiting; none is part of what is tested.
const (
	startWithin = 120 * time.Second // a first start may fetch and unpack a Postgres
	stopWithin  = 30 * time.Second
)

var built struct {
	once sync.Once
	path string
	err  error
}

// Binary is the path of till, built once per test process from the working tree.
func Binary(t testing.TB) string {
	t.Helper()
	built.once.Do(func() {
		dir, err := os.MkdirTemp("", "till-*")
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

// Till is a running platform.
type Till struct {
	HTTP string // http://host:port
	GRPC string // host:port
	Data string
	Log  *Output // standard error

	cmd  *exec.Cmd
	done chan struct{}
}

// Start runs `till up` on a data directory, with free ports and further flags, and returns when it answers. The platform
// ends with the test.
func Start(t testing.TB, data string, flags ...string) *Till {
	t.Helper()
	args := append([]string{"up", "--json", "--data", data, "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0"}, flags...)
	till := &Till{Data: data, Log: &Output{}, done: make(chan struct{})}
	till.cmd = exec.Command(Binary(t), args...)
	till.cmd.Stderr = till.Log
	till.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	out, err := till.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := till.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(out).ReadString('\n')
		lines <- line
		_, _ = io.Copy(io.Discard, out)
		_ = till.cmd.Wait()
		close(till.done)
	}()
	t.Cleanup(func() { till.Kill(t) })
	select {
	case line := <-lines:
		var where struct{ HTTP, GRPC string }
		if err := json.Unmarshal([]byte(line), &where); err != nil {
			t.Fatalf("till up did not come up: it printed %q\n%s", line, till.Log)
		}
		till.HTTP, till.GRPC = where.HTTP, where.GRPC
	case <-time.After(startWithin):
		t.Fatalf("till up did not come up within %v\n%s", startWithin, till.Log)
	}
	return till
}

// Kill ends the platform as a power cut does: its whole process group and its Postgres, at once.
func (till *Till) Kill(t testing.TB) {
	t.Helper()
	pids := till.postgres()
	_ = syscall.Kill(-till.cmd.Process.Pid, syscall.SIGKILL)
	for _, pid := range pids {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	<-till.done
	for _, pid := range pids {
		for syscall.Kill(pid, 0) == nil {
			time.Sleep(time.Millisecond)
		}
	}
}

// postgres lists the server of the data directory and its children.
func (till *Till) postgres() (pids []int) {
	matches, _ := filepath.Glob(filepath.Join(till.Data, "postgres", "*", "postmaster.pid"))
	for _, m := range matches {
		b, err := os.ReadFile(m)
		if err != nil {
			continue
		}
		first, _, _ := strings.Cut(string(b), "\n")
		pid, err := strconv.Atoi(strings.TrimSpace(first))
		if err != nil {
			continue
		}
		pids = append(pids, pid)
		children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
		for _, child := range strings.Fields(string(children)) {
			if n, err := strconv.Atoi(child); err == nil {
				pids = append(pids, n)
			}
		}
	}
	return pids
}

// Stop ends the platform as Ctrl-C does, and fails the test unless it ends cleanly.
func (till *Till) Stop(t testing.TB) {
	t.Helper()
	if err := till.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	select {
	case <-till.done:
	case <-time.After(stopWithin):
		t.Fatalf("till up did not end within %v of an interrupt\n%s", stopWithin, till.Log)
	}
	if code := till.cmd.ProcessState.ExitCode(); code != 0 {
		t.Fatalf("till up ended with %d after an interrupt\n%s", code, till.Log)
	}
}

// Conn is a gRPC connection to the platform, closed with the test.
func (till *Till) Conn(t testing.TB) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient("passthrough:///"+till.GRPC, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(16<<20)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// Result is what a run of the command line came to.
type Result struct {
	Code     int
	Out, Err string
}

// Run runs till with args to its end.
func Run(ctx context.Context, t testing.TB, args ...string) Result {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(ctx, Binary(t), args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return Result{cmd.ProcessState.ExitCode(), out.String(), errs.String()}
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
