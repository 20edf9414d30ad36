// Package tilltest runs the real binary in processes of its own, so that tests can use the platform as its users do, and
// kill it as power cuts do.
package tilltest

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
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
	goneWithin  = 30 * time.Second // a process that was killed
)

// Up says how to run `till up`. Only Data is required; the addresses are free ones unless Flags name others.
type Up struct {
	Data  string
	Flags []string
	Env   []string            // the whole environment; nil: that of the test
	As    *syscall.Credential // nil: the user of the test
	Dir   string              // working directory; empty: that of the test
	Bare  bool                // no flags but Data and Flags: addresses come from elsewhere
	Till  string              // the binary; empty: that of the working tree
}

// Till is a platform in a process of its own.
type Till struct {
	HTTP  string        // http://host:port, once it is ready
	GRPC  string        // host:port
	Store string        // connection string of its event store
	Took  time.Duration // from the start of the process to the moment it answers, by the process's own clock
	Data  string
	Log   *Output // standard error
	Out   *Output // standard output

	cmd   *exec.Cmd
	first chan string   // its first line
	done  chan struct{} // closed when it has ended and was reaped
}

// Start runs `till up` on a data directory, with free ports and further flags, and returns when it answers. The platform
// ends with the test.
func Start(t testing.TB, data string, flags ...string) *Till {
	t.Helper()
	till := Up{Data: data, Flags: flags}.Launch(t)
	till.Ready(t)
	return till
}

// Launch runs the platform and returns at once. The platform ends with the test.
func (up Up) Launch(t testing.TB) *Till {
	t.Helper()
	args := []string{"up", "--json", "--data", up.Data}
	if !up.Bare {
		args = append(args, "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0")
	}
	till := &Till{Data: up.Data, Log: &Output{}, Out: &Output{}, first: make(chan string, 1), done: make(chan struct{})}
	binary := up.Till
	if binary == "" {
		binary = Binary(t)
	}
	till.cmd = exec.Command(binary, append(args, up.Flags...)...)
	till.cmd.Stderr, till.cmd.Env, till.cmd.Dir = till.Log, up.Env, up.Dir
	till.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL, Credential: up.As}
	out, err := till.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := till.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		b := bufio.NewReader(io.TeeReader(out, till.Out))
		line, _ := b.ReadString('\n')
		till.first <- line
		_, _ = io.Copy(io.Discard, b)
		_ = till.cmd.Wait()
		close(till.done)
	}()
	t.Cleanup(func() { till.Kill(t) })
	return till
}

// Ready waits until the platform answers, and fails the test when it does not come up.
func (till *Till) Ready(t testing.TB) {
	t.Helper()
	select {
	case line := <-till.first:
		var where struct {
			HTTP, GRPC, EventStore string
			ReadyMS                int64 `json:"ready_ms"`
		}
		if err := json.Unmarshal([]byte(line), &where); err != nil {
			t.Fatalf("till up did not come up: it printed %q\n%s", line, till.Log)
		}
		till.HTTP, till.GRPC, till.Store = where.HTTP, where.GRPC, where.EventStore
		till.Took = time.Duration(where.ReadyMS) * time.Millisecond
	case <-time.After(startWithin):
		t.Fatalf("till up did not come up within %v\n%s", startWithin, till.Log)
	}
}

// Pid is the id of the platform's own process.
func (till *Till) Pid() int { return till.cmd.Process.Pid }

// Stop ends the platform as Ctrl-C does, and fails the test unless it ends cleanly.
func (till *Till) Stop(t testing.TB) {
	t.Helper()
	till.Signal(t, os.Interrupt)
	if code := till.Ended(t); code != 0 {
		t.Fatalf("till up ended with %d after an interrupt\n%s", code, till.Log)
	}
}

// Signal sends a signal to the platform's own process.
func (till *Till) Signal(t testing.TB, s os.Signal) {
	t.Helper()
	if err := till.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// Ended waits for the end of the platform's own process and answers its exit code, -1 when a signal ended it.
func (till *Till) Ended(t testing.TB) int {
	t.Helper()
	select {
	case <-till.done:
	case <-time.After(stopWithin):
		t.Fatalf("till up did not end within %v\n%s", stopWithin, till.Log)
	}
	return till.cmd.ProcessState.ExitCode()
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
