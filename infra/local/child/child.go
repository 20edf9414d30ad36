// Package child runs a server as a child process that ends with its parent, and ends what an earlier parent left behind.
package child

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

// outputWait is how long a process's output is awaited once the process itself has ended: a grandchild may hold the pipe.
const outputWait = time.Second

// Command says what to run, where, with whose rights, and how it is to end when its parent does.
type Command struct {
	Path        string
	Args        []string
	Dir         string         // working directory
	Env         []string       // the whole environment; nothing is inherited
	Output      io.Writer      // standard output and error; nil discards them
	DeathSignal syscall.Signal // sent by the kernel when the parent ends in whatever way
	As          Identity
}

// Process is a running child. It is reaped as soon as it ends, whether or not anybody waits for it.
type Process struct {
	name string
	cmd  *exec.Cmd
	done chan struct{}
	err  error // set before done is closed
}

// Step is one way of asking a process to end, and how long to wait before the next, harsher one.
type Step struct {
	Signal syscall.Signal
	Wait   time.Duration
}

// Start starts the command. The child is in a process group of its own, so that a Ctrl-C meant for the parent reaches
// only the parent, which then ends its children in its own order.
func Start(c Command) (*Process, error) {
	cmd := exec.Command(c.Path, c.Args...)
	cmd.Dir, cmd.Env = c.Dir, c.Env
	if cmd.Env == nil {
		cmd.Env = []string{}
	}
	cmd.Stdout, cmd.Stderr = c.Output, c.Output
	cmd.WaitDelay = outputWait
	cmd.SysProcAttr = attributes(c.As, c.DeathSignal)
	p := &Process{name: filepath.Base(c.Path), cmd: cmd, done: make(chan struct{})}
	started := make(chan error)
	go func() {
		// The kernel sends the death signal when the *thread* that started the child ends, so this thread is kept as long
		// as the child lives.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		p.err = cmd.Wait()
		if errors.Is(p.err, exec.ErrWaitDelay) {
			p.err = nil
		}
		close(p.done)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s %s: %w", c.Path, c.As, err)
	}
	return p, nil
}

// Run runs the command to its end, or kills it when the context ends first.
func Run(ctx context.Context, c Command) error {
	p, err := Start(c)
	if err != nil {
		return err
	}
	select {
	case <-p.done:
		return p.Err()
	case <-ctx.Done():
		_ = p.Signal(syscall.SIGKILL)
		<-p.done
		return fmt.Errorf("run %s: %w", p.name, ctx.Err())
	}
}

// Pid is the process id on this machine, also after the process has ended.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Done is closed when the process has ended and has been reaped.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err says how the process ended: nil for exit code 0. It may be asked only once Done is closed.
func (p *Process) Err() error {
	if p.err == nil {
		return nil
	}
	return fmt.Errorf("%s ended: %w", p.name, p.err)
}

// Signal sends a signal to the process; to one that has ended it is no error.
func (p *Process) Signal(s syscall.Signal) error { return notEnded(p.cmd.Process.Signal(s)) }

// End asks the process to end by each step in turn and finally kills it. When the context ends it goes to the last
// resort at once. It returns when the process is gone.
func (p *Process) End(ctx context.Context, steps ...Step) error {
	for _, step := range steps {
		if ctx.Err() != nil {
			break
		}
		if err := p.Signal(step.Signal); err != nil {
			return fmt.Errorf("end %s (pid %d): %w", p.name, p.Pid(), err)
		}
		if p.endedWithin(ctx, step.Wait) {
			return nil
		}
	}
	if err := p.Signal(syscall.SIGKILL); err != nil {
		return fmt.Errorf("kill %s (pid %d): %w", p.name, p.Pid(), err)
	}
	<-p.done
	return nil
}

func (p *Process) endedWithin(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-p.done:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}
