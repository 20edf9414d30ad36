package local

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"tillstream/infra/local/child"
	"tillstream/infra/local/durable"
)

const (
	postgresUser     = "tillstream"
	postgresDatabase = "tillstream"
	// postgresConnections is the most connections when none is asked for; each costs about 2 MB.
	postgresConnections = 40
	// postgresLogLimit bounds the server's log: twice this many bytes at most.
	postgresLogLimit = 1 << 20
)

// postgresStop is how a server of ours is ended: it finishes what is committed, then drops everything at once.
var postgresStop = []child.Step{{Signal: syscall.SIGINT, Wait: 20 * time.Second}, {Signal: syscall.SIGQUIT, Wait: 5 * time.Second}}

// PostgresOptions says where a private PostgreSQL lives and how large it may be. Only Dir is required.
type PostgresOptions struct {
	Dir            string       // holds cluster, password, socket and log; one server at a time
	BinDir         string       // where initdb and postgres are; empty: found on the machine, else fetched once
	MaxConnections int          // 0: 40
	Ephemeral      bool         // no fsync: for tests, whose data may be lost when the machine stops
	Log            *slog.Logger // nil: silent
	Progress       func(string) // told in a few words what takes longer than a moment; may be nil

	elsewhere         string // where a cluster of another user goes; empty: the constant of that name
	withoutNamespaces bool   // as on a machine that refuses them
	restartFirst      time.Duration
}

// Postgres is a private PostgreSQL server. It ends with this process, and is started again when it dies by itself.
type Postgres struct {
	options  PostgresOptions
	cluster  *cluster
	binaries binaries
	password string
	log      *child.Log
	lock     *durable.Lock

	stopOnce sync.Once
	stop     chan context.Context // holds the one request to stop, with its deadline
	restarts atomic.Int64
	done     chan struct{}
	err      error // set before done is closed
}

// StartPostgres starts the private server of a directory, making it first when there is none, and returns when it answers
// queries. What an earlier owner of the directory left running is ended first. It answers durable.ErrLocked when another
// process runs the server of that directory now.
func StartPostgres(ctx context.Context, o PostgresOptions) (*Postgres, error) {
	o, err := o.complete()
	if err != nil {
		return nil, err
	}
	lock, err := durable.TakeLock(filepath.Join(o.Dir, "lock"))
	if err != nil {
		return nil, fmt.Errorf("start postgresql in %s: %w", o.Dir, err)
	}
	p := &Postgres{options: o, lock: lock, stop: make(chan context.Context, 1), done: make(chan struct{}),
		log: &child.Log{Path: filepath.Join(o.Dir, "server.log"), Limit: postgresLogLimit}}
	server, err := p.open(ctx)
	if err != nil {
		p.release()
		return nil, fmt.Errorf("start postgresql in %s: %w", o.Dir, err)
	}
	go p.supervise(server)
	return p, nil
}

func (o PostgresOptions) complete() (PostgresOptions, error) {
	dir, err := filepath.Abs(o.Dir)
	if err != nil || o.Dir == "" {
		return o, errors.New("start postgresql: no directory given")
	}
	o.Dir = dir
	if o.MaxConnections == 0 {
		o.MaxConnections = postgresConnections
	}
	if o.elsewhere == "" {
		o.elsewhere = elsewhere
	}
	if o.restartFirst == 0 {
		o.restartFirst = restartFirst
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return o, fmt.Errorf("start postgresql: %w", err)
	}
	return o, nil
}

func (p *Postgres) open(ctx context.Context) (*child.Process, error) {
	var err error
	if p.binaries, err = findBinaries(ctx, p.options); err != nil {
		return nil, err
	}
	if p.cluster, err = openCluster(ctx, p.options, p.binaries); err != nil {
		return nil, err
	}
	if p.password, err = p.cluster.ensure(ctx, p.binaries); err != nil {
		return nil, err
	}
	server, err := p.launch(ctx)
	if err != nil {
		return nil, err
	}
	if err := ensureDatabase(ctx, p.dsn("postgres"), p.DSN()); err != nil {
		_ = server.End(ctx, postgresStop...)
		return nil, err
	}
	return server, nil
}

// DSN names the server and its database, with the password; it stays the same as long as this Postgres lives, restarts
// included. It is a secret: whoever has it may read and write everything.
func (p *Postgres) DSN() string { return p.dsn(postgresDatabase) }

func (p *Postgres) dsn(database string) string {
	u := url.URL{Scheme: "postgres", User: url.UserPassword(postgresUser, p.password), Path: "/" + database}
	// Not every client reads + as a space.
	u.RawQuery = strings.ReplaceAll(url.Values{"host": {p.cluster.socket}, "port": {socketPort}}.Encode(), "+", "%20")
	return u.String()
}

// Version is the version of the server's binaries, such as "15.18".
func (p *Postgres) Version() string { return p.binaries.version }

// Restarts counts how often the server died by itself and was started again.
func (p *Postgres) Restarts() int64 { return p.restarts.Load() }

// Stop ends the server: committed work is written first, open transactions are rolled back. When the context ends before
// it is done, the server is ended at once; nothing committed is lost by that either.
func (p *Postgres) Stop(ctx context.Context) error {
	p.stopOnce.Do(func() { p.stop <- ctx })
	<-p.done
	if errors.Is(p.err, errStopped) {
		return nil
	}
	return p.err
}

// Done is closed when the server is gone for good: stopped, or dead more often in a row than it is started again.
func (p *Postgres) Done() <-chan struct{} { return p.done }

// Err says why the server is gone: nil while it runs and after Stop.
func (p *Postgres) Err() error {
	select {
	case <-p.done:
	default:
		return nil
	}
	if errors.Is(p.err, errStopped) {
		return nil
	}
	return p.err
}

func (p *Postgres) release() {
	if p.cluster != nil && filepath.Dir(p.cluster.socket) != p.cluster.place {
		_ = os.Remove(p.cluster.socket) // it lies among other programs' temporary files
	}
	_ = p.log.Close()
	_ = p.lock.Close()
}
