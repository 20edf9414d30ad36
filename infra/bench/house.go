package bench

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"

	"github.com/jackc/pgx/v5"

	"tillstream/events"
	"tillstream/infra/esdb"
	"tillstream/infra/feed"
	"tillstream/infra/local"
	"tillstream/infra/postgres"
	"tillstream/infra/replay"
	"tillstream/infra/targets"
)

// house is a platform's store, database and views, without its edge and its feed: nothing but the rebuild runs.
type house struct {
	server *server
	store  *esdb.Store
	db     *postgres.DB
	conn   *pgx.Conn // beside the platform's own connections
	views  *replay.Views
	undo   []func() error
}

// openHouse serves the store in dir, and every view on a Postgres of its own. The store was written by another server, so
// that what writing left in memory is not there.
func openHouse(ctx context.Context, dir string, progress func(string)) (h *house, err error) {
	h = &house{}
	defer func() {
		if err != nil {
			err = errors.Join(err, h.close())
		}
	}()
	debug.FreeOSMemory()
	if h.server, err = serveStore(dir); err != nil {
		return h, err
	}
	h.later(h.server.close)
	if h.store, err = dialAdapter(ctx, h.server); err != nil {
		return h, err
	}
	h.later(h.store.Close)
	id, err := h.store.OpenLog(ctx)
	if err != nil {
		return h, err
	}
	if err := h.openDatabase(ctx, filepath.Join(dir, "postgres"), progress); err != nil {
		return h, err
	}
	quiet := slog.New(slog.DiscardHandler)
	h.views = &replay.Views{Parts: replay.Parts{DB: h.db, Log: h.store, ID: id, Hub: feed.New(h.store, id, quiet), Opener: nobody{}, Logger: quiet}}
	h.later(h.views.Close)
	_, err = targets.Views(ctx, h.views)
	return h, err
}

func (h *house) openDatabase(ctx context.Context, dir string, progress func(string)) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	server, err := local.StartPostgres(ctx, local.PostgresOptions{Dir: dir, Progress: progress})
	if err != nil {
		return fmt.Errorf("start a private Postgres: %w", err)
	}
	h.later(func() error { return server.Stop(context.WithoutCancel(ctx)) })
	if h.db, err = postgres.Open(ctx, server.DSN()); err != nil {
		return err
	}
	h.later(func() error { h.db.Close(); return nil })
	if h.conn, err = pgx.Connect(ctx, server.DSN()); err != nil {
		return fmt.Errorf("connect to the private Postgres: %w", err)
	}
	h.later(func() error { return h.conn.Close(context.WithoutCancel(ctx)) })
	return nil
}

func (h *house) later(f func() error) { h.undo = append(h.undo, f) }

func (h *house) close() (err error) {
	for i := len(h.undo) - 1; i >= 0; i-- {
		err = errors.Join(err, h.undo[i]())
	}
	h.undo = nil
	return err
}

// nobody opens nothing: the made-up shop holds no personal datum that a view would open.
type nobody struct{}

// Open implements postgres.Opener.
func (nobody) Open(context.Context, events.Sealed, string) (string, error) {
	return "", events.ErrForgotten
}
