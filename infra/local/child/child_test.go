package child_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"tillstream/infra/local/child"
)

const (
	patience = 30 * time.Second
	// waitForEver is a shell that reads what nobody writes.
	waitForEver = "mkfifo silence; read -r never <>silence"
)

var path = []string{"PATH=/usr/bin:/bin"}

func TestAChildSaysHowItEnded(t *testing.T) {
	var said written
	p, err := child.Start(child.Command{Path: "/bin/sh", Args: []string{"-c", "echo $GIVEN$HOME; exit 3"}, Env: []string{"GIVEN=only this"}, Output: &said})
	if err != nil {
		t.Fatal(err)
	}
	<-p.Done()
	var exit *exec.ExitError
	if err := p.Err(); !errors.As(err, &exit) || exit.ExitCode() != 3 {
		t.Fatalf("ended with %v", err)
	}
	if said.String() != "only this\n" {
		t.Fatalf("said %q", said.String())
	}
	if err := p.Signal(syscall.SIGTERM); err != nil {
		t.Fatalf("a signal to an ended child: %v", err)
	}
}

func TestAProgramThatIsNotThereIsNamed(t *testing.T) {
	_, err := child.Start(child.Command{Path: "/nowhere/server"})
	if err == nil || !strings.Contains(err.Error(), "/nowhere/server") {
		t.Fatalf("got %v", err)
	}
}

func TestAChildThatRefusesToEndIsKilled(t *testing.T) {
	for _, given := range []string{"time for every step", "no time left"} {
		t.Run(given, func(t *testing.T) {
			p := deaf(t, t.TempDir())
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if given == "no time left" {
				cancel()
			}
			err := p.End(ctx, child.Step{Signal: syscall.SIGINT, Wait: time.Millisecond}, child.Step{Signal: syscall.SIGTERM, Wait: time.Millisecond})
			if err != nil {
				t.Fatal(err)
			}
			if state := p.Err(); state == nil || !strings.Contains(state.Error(), "killed") {
				t.Fatalf("ended with %v", state)
			}
		})
	}
}

func TestARunEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := child.Run(ctx, child.Command{Path: "/bin/sh", Args: []string{"-c", waitForEver}, Env: path, Dir: t.TempDir()})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
}

func TestOnlyProcessesOfThatProgramInThatDirectoryAreEnded(t *testing.T) {
	dir, elsewhere := filepath.Join(t.TempDir(), "a b"), t.TempDir()
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	ours, bystander := deaf(t, dir), deaf(t, elsewhere)
	shell, err := filepath.EvalSymlinks("/bin/sh")
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Base(shell)
	if n, err := child.EndWorking(t.Context(), "postgres", dir, child.Step{Signal: syscall.SIGKILL, Wait: patience}); n != 0 || err != nil {
		t.Fatalf("another program: %d, %v", n, err)
	}

	n, err := child.EndWorking(t.Context(), program, dir,
		child.Step{Signal: syscall.SIGINT, Wait: time.Millisecond}, child.Step{Signal: syscall.SIGKILL, Wait: patience})

	if n != 1 || err != nil {
		t.Fatalf("ended %d, %v", n, err)
	}
	<-ours.Done()
	select {
	case <-bystander.Done():
		t.Fatal("a process in another directory was ended")
	default:
	}
}

func TestAProcessThatOutlivesAllStepsIsNamed(t *testing.T) {
	dir := t.TempDir()
	p := deaf(t, dir)
	shell, _ := filepath.EvalSymlinks("/bin/sh")
	_, err := child.EndWorking(t.Context(), filepath.Base(shell), dir, child.Step{Signal: syscall.SIGINT, Wait: time.Millisecond})
	if err == nil || !strings.Contains(err.Error(), "pid") {
		t.Fatalf("pid %d still runs, yet: %v", p.Pid(), err)
	}
}

func TestALogStaysWithinItsLimit(t *testing.T) {
	log := &child.Log{Path: filepath.Join(t.TempDir(), "server.log"), Limit: 1000}
	for range 300 {
		if _, err := log.Write([]byte("a line of the server\n")); err != nil {
			t.Fatal(err)
		}
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{log.Path, log.Path + ".1"} {
		info, err := os.Stat(file)
		if err != nil || info.Size() > 1000+21 || info.Mode().Perm() != 0o600 {
			t.Fatalf("%s: %v, %v", file, info, err)
		}
	}
	if _, err := log.Write([]byte("the last line")); err != nil || log.Tail(8) != "ast line" {
		t.Fatalf("tail %q, %v", log.Tail(8), err)
	}
}

// deaf is a child that hears only SIGKILL, and has said that it is so.
func deaf(t *testing.T, dir string) *child.Process {
	t.Helper()
	var said written
	p, err := child.Start(child.Command{Path: "/bin/sh", Args: []string{"-c", "trap '' INT TERM; echo deaf; " + waitForEver},
		Env: path, Dir: dir, Output: &said, DeathSignal: syscall.SIGKILL})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Signal(syscall.SIGKILL); <-p.Done() })
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(patience); said.String() == ""; {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("the child said nothing")
		}
	}
	return p
}

type written struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (w *written) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(p)
}

func (w *written) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}
