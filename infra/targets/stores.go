package targets

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"time"

	"tillstream/events"
	"tillstream/infra/esdb"
	"tillstream/infra/eventstore"
	"tillstream/infra/local"
	"tillstream/infra/postgres"
)

// Limits of a start.
const (
	storeWithin    = 30 * time.Second // until the event store answers
	storeQuiet     = 3 * time.Second  // until it is said that it does not
	databaseWithin = 60 * time.Second // until Postgres answers, once it was started
)

// closers are undone last first.
type closers []func() error

func (c *closers) add(f func() error) { *c = append(*c, f) }

func (c closers) close() (err error) {
	for i := len(c) - 1; i >= 0; i-- {
		if failed := c[i](); failed != nil && err == nil {
			err = failed
		}
	}
	return err
}

// log is the connection to the event store, embedded or not.
type log struct {
	*esdb.Store
	id       events.LogID
	where    string
	embedded *eventstore.Server // nil: configured
}

func openLog(ctx context.Context, c Config, undo *closers) (*log, error) {
	l := &log{where: c.EventStore}
	if l.where == "" {
		if err := l.embed(c, undo); err != nil {
			return nil, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, storeWithin)
	defer cancel()
	waiting := time.AfterFunc(storeQuiet, func() {
		c.tell(fmt.Sprintf("waiting for the event store at %s, for %s at most: it does not answer yet", esdb.AddressOf(l.where), storeWithin))
	})
	defer waiting.Stop()
	store, err := esdb.Dial(ctx, l.where, events.Catalog(), esdb.Options{Log: c.Log})
	if err != nil {
		return nil, fmt.Errorf("connect to the event store: %w", err)
	}
	undo.add(store.Close)
	l.Store = store
	if l.id, err = store.OpenLog(ctx); err != nil {
		return nil, fmt.Errorf("open the log: %w", err)
	}
	return l, nil
}

// embed serves the store of the data directory on a free port: the platform reaches its own store as it would any other.
func (l *log) embed(c Config, undo *closers) error {
	server, err := eventstore.Open(filepath.Join(c.Data, logDir), eventstore.Options{Logger: c.Log})
	if err != nil {
		return fmt.Errorf("open the embedded event store: %w", err)
	}
	undo.add(server.Close)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("serve the embedded event store: %w", err)
	}
	go func() {
		if err := server.Serve(listener); err != nil {
			c.Log.Error("the embedded event store stopped serving", "err", err)
		}
	}()
	l.embedded, l.where = server, eventstore.ConnectionString(listener.Addr())
	return nil
}

// stopped is closed when the embedded store has stopped by itself; it never is for a configured one.
func (l *log) stopped() <-chan struct{} {
	if l.embedded == nil {
		return nil
	}
	return l.embedded.Stopped()
}

// database is where views live, private or not.
type database struct {
	*postgres.DB
	dsn    string
	server *local.Postgres // nil: configured
}

func openDatabase(ctx context.Context, c Config, undo *closers) (*database, error) {
	d := &database{}
	dsn := c.Postgres
	if dsn == "" {
		server, err := local.StartPostgres(ctx, local.PostgresOptions{Dir: filepath.Join(c.Data, "postgres"), Log: c.Log, Progress: c.Progress})
		if err != nil {
			return nil, fmt.Errorf("start a private Postgres: %w", err)
		}
		undo.add(func() error { return server.Stop(context.WithoutCancel(ctx)) })
		d.server, dsn = server, server.DSN()
	}
	ctx, cancel := context.WithTimeout(ctx, databaseWithin)
	defer cancel()
	db, err := postgres.Open(ctx, dsn)
	if err != nil {
		return nil, fmt.Errorf("open the database of the views: %w", err)
	}
	undo.add(func() error { db.Close(); return nil })
	d.DB, d.dsn = db, dsn
	return d, nil
}

// disk is the directory of the private server; empty: the database may be anywhere.
func (d *database) disk(c Config) string {
	if d.server == nil {
		return ""
	}
	return filepath.Join(c.Data, "postgres")
}

// stopped is closed when the private server is given up; it never is for a configured one.
func (d *database) stopped() <-chan struct{} {
	if d.server == nil {
		return nil
	}
	return d.server.Done()
}
