package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"tillstream/infra/local/child"
)

const (
	// readyWithin bounds the start, recovery after a crash included: at most 256 MB of log are to be replayed.
	readyWithin = 60 * time.Second
	readyPoll   = 2 * time.Millisecond
	// recoveriesMost is how often a start is tried that ends in recovery. Of an unlogged table that a transaction made and
	// gave up, a kill can leave the main file alone: recovery then ends, for it cannot make that file, but has made the
	// mark by which the next recovery removes it first.
	recoveriesMost = 3
	// A server that dies is started again after 100 ms, doubling to 5 s, at most 8 times in a row; one that has lived for
	// a minute starts a new row.
	restartsMost  = 8
	restartFirst  = 100 * time.Millisecond
	restartMost   = 5 * time.Second
	restartHealed = time.Minute
	// tailLimit is how much of the server's log an error quotes.
	tailLimit = 1 << 10
)

var (
	errStopped   = errors.New("stopped")
	errUnstarted = errors.New("the server ended while starting")
	// leftovers is how a server that an earlier owner left running is ended. The kernel has asked it to end already when
	// that owner died, so it is rarely there; all three steps fit into the time a restart may take.
	leftovers = []child.Step{{Signal: syscall.SIGINT, Wait: 1500 * time.Millisecond}, {Signal: syscall.SIGQUIT, Wait: time.Second},
		{Signal: syscall.SIGKILL, Wait: time.Second}}
)

// launch starts the server on its cluster and returns when it accepts connections.
func (p *Postgres) launch(ctx context.Context) (*child.Process, error) {
	for tries := 1; ; tries++ {
		server, err := p.launchOnce(ctx)
		if !errors.Is(err, errUnstarted) || tries == recoveriesMost || ctx.Err() != nil {
			return server, err
		}
		p.options.Log.Info("postgresql is started once more", "error", err, "tries", tries)
	}
}

func (p *Postgres) launchOnce(ctx context.Context) (*child.Process, error) {
	if err := p.cluster.vacate(ctx, p.options.Log); err != nil {
		return nil, err
	}
	if err := p.cluster.configure(p.options); err != nil {
		return nil, err
	}
	server, err := child.Start(child.Command{
		Path: p.binaries.path("postgres"), Args: []string{"-D", p.cluster.data}, Dir: p.cluster.place, Env: serverEnvironment(),
		Output: p.log, DeathSignal: syscall.SIGINT, As: p.cluster.as,
	})
	if err != nil {
		return nil, err
	}
	if err := p.awaitReady(ctx, server); err != nil {
		_ = server.End(ctx, postgresStop...)
		return nil, fmt.Errorf("%w; its log %s ends: %s", err, p.log.Path, strings.TrimSpace(p.log.Tail(tailLimit)))
	}
	return server, nil
}

// awaitReady waits for the eighth line of the server's own status file: unlike a connection tried too early it leaves no
// noise in the log.
func (p *Postgres) awaitReady(ctx context.Context, server *child.Process) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	tick := time.NewTicker(readyPoll)
	defer tick.Stop()
	for {
		select {
		case <-server.Done():
			return fmt.Errorf("%w: %w", errUnstarted, server.Err())
		case <-ctx.Done():
			return fmt.Errorf("the server is not ready: %w", ctx.Err())
		case <-tick.C:
			if isReady(filepath.Join(p.cluster.data, "postmaster.pid"), server.Pid()) {
				return nil
			}
		}
	}
}

func isReady(path string, pid int) bool {
	status, err := os.ReadFile(path)
	if err != nil {
		return false
	}
	lines := strings.Split(string(status), "\n")
	return len(lines) >= 8 && lines[0] == strconv.Itoa(pid) && strings.TrimSpace(lines[7]) == "ready"
}

// serverEnvironment is all the server sees of ours: no variable of the caller's can redirect it.
func serverEnvironment() []string {
	return []string{"PATH=/usr/bin:/bin", "LC_ALL=C", "TZ=UTC"}
}

// ensureDatabase connects to the platform's database, and makes it on the first start.
func ensureDatabase(ctx context.Context, maintenance, dsn string) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	if err == nil {
		return conn.Close(ctx)
	}
	var refused *pgconn.PgError
	if !errors.As(err, &refused) || refused.Code != "3D000" { // invalid_catalog_name
		return fmt.Errorf("connect: %w", err)
	}
	if conn, err = pgx.Connect(ctx, maintenance); err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+postgresDatabase); err != nil {
		return fmt.Errorf("create database: %w", err)
	}
	return nil
}

// supervise owns the server until it is stopped or has died too often.
func (p *Postgres) supervise(server *child.Process) {
	defer close(p.done)
	defer p.release()
	deaths, since := 0, time.Now()
	for {
		select {
		case ctx := <-p.stop:
			p.end(ctx, server)
			return
		case <-server.Done():
		}
		if time.Since(since) > restartHealed {
			deaths = 0
		}
		p.options.Log.Error("postgresql died by itself", "error", server.Err(), "log", p.log.Path)
		if server, deaths = p.restart(server.Err(), deaths); server == nil {
			return
		}
		since = time.Now()
	}
}

func (p *Postgres) end(ctx context.Context, server *child.Process) {
	if p.err = server.End(ctx, postgresStop...); p.err == nil {
		p.err = errStopped
	}
}

// restart tries until the server runs again, it was stopped, or it was tried too often; in the latter two cases there is
// no server and the reason is recorded.
func (p *Postgres) restart(cause error, deaths int) (*child.Process, int) {
	for ; deaths < restartsMost; deaths++ {
		select {
		case <-p.stop:
			p.err = errStopped
			return nil, deaths
		case <-time.After(min(p.options.restartFirst<<deaths, restartMost)):
		}
		server, err := p.relaunch()
		if errors.Is(err, errStopped) {
			p.err = errStopped
			return nil, deaths
		}
		if err == nil {
			p.restarts.Add(1)
			p.options.Log.Info("postgresql runs again", "pid", server.Pid())
			return server, deaths + 1
		}
		cause = err
		p.options.Log.Error("postgresql did not start again", "error", err, "tries", deaths+1)
	}
	p.err = fmt.Errorf("postgresql in %s died %d times in a row and is not started again: %w", p.options.Dir, restartsMost, cause)
	return nil, deaths
}

// relaunch starts the server again, and gives up when it is asked to stop meanwhile.
func (p *Postgres) relaunch() (*child.Process, error) {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	type result struct {
		server *child.Process
		err    error
	}
	launched := make(chan result, 1)
	go func() {
		server, err := p.launch(ctx)
		launched <- result{server, err}
	}()
	select {
	case r := <-launched:
		return r.server, r.err
	case stop := <-p.stop:
		cancel(errStopped)
		if r := <-launched; r.server != nil {
			_ = r.server.End(stop, postgresStop...)
		}
		return nil, errStopped
	}
}
