package targets

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"golang.org/x/sync/errgroup"

	"tillstream/commands"
	"tillstream/gateway"
	"tillstream/infra/feed"
	"tillstream/infra/local"
	"tillstream/infra/replay"
)

// Up runs the whole platform in this process until ctx ends, which ends it cleanly. announce is called once, when
// requests are answered. It fails when a part cannot be had, or has stopped for good.
func Up(ctx context.Context, c Config, announce func(Where)) (err error) {
	var undo closers
	defer func() { err = errors.Join(err, undo.close()) }()

	owner, err := local.Own(c.Data)
	if err != nil {
		return err
	}
	undo.add(owner.Release)
	if err := areFree(c.HTTP, c.GRPC); err != nil { // before anything is started that takes seconds
		return err
	}
	secrets, people, err := openSecrets(owner.Dir())
	if err != nil {
		return err
	}
	c.Data = owner.Dir()
	l, db, err := openStores(ctx, c, &undo)
	if err != nil {
		return err
	}
	b := newBoard(c, l, db)
	b.views = &replay.Views{Parts: replay.Parts{DB: db.DB, Log: l, ID: l.id, Hub: b.hub, Opener: opener{people}, Logger: c.Log, Disk: db.disk(c)}}
	undo.add(b.views.Close)
	v, err := Views(ctx, b.views)
	if err != nil {
		return err
	}
	analysts, err := admitAnalysts(ctx, c, db, b)
	if err != nil {
		return err
	}
	handler := commands.NewHandler(l, commands.Options{Snapshots: db.Snapshots(), LogID: l.id, Log: c.Log})
	g, err := gateway.New(gateway.Deps{Handler: handler, Commands: commands.Catalog(), Histories: l, Views: v, Keys: people, Platform: b, Parked: b.views.Parked, Replays: b.views, Exports: analysts.exports, LogID: l.id,
		BlindKey: secrets.Blind, RequestKey: secrets.Request, Log: c.Log}, gateway.Options{HTTP: c.HTTP, GRPC: c.GRPC, Warehouse: c.Warehouse})
	if err != nil {
		return err
	}
	where := Where{EventStore: l.where, Data: c.Data}
	if where.HTTP, where.GRPC, err = g.Listen(); err != nil {
		return err
	}
	if err := owner.Announce(local.Addresses{HTTP: where.HTTP, GRPC: where.GRPC, EventStore: where.EventStore, Analysts: analysts.dsn}); err != nil {
		return err
	}
	go forgetErased(ctx, v, people, c.Log)
	return run(ctx, l, db, b.hub, g, func() { announce(where) })
}

// areFree tells whether the addresses to serve on can be had.
func areFree(http, grpc string) error {
	for _, a := range []struct{ flag, address string }{{"--http", http}, {"--grpc", grpc}} {
		l, err := net.Listen("tcp", a.address)
		if err != nil {
			return fmt.Errorf("%s cannot be served on: %w: end the program that uses it, or give another %s", a.address, err, a.flag)
		}
		if err := l.Close(); err != nil {
			return fmt.Errorf("try %s: %w", a.address, err)
		}
	}
	return nil
}

// openStores opens the log and the database side by side: either may take seconds.
func openStores(ctx context.Context, c Config, undo *closers) (l *log, db *database, err error) {
	var ofLog, ofDatabase closers
	var both errgroup.Group
	both.Go(func() (err error) { l, err = openLog(ctx, c, &ofLog); return err })
	both.Go(func() (err error) { db, err = openDatabase(ctx, c, &ofDatabase); return err })
	err = both.Wait()
	*undo = append(append(*undo, ofLog...), ofDatabase...)
	return l, db, err
}

// run is the platform at work: the feed and the gateway, until ctx ends or one of them, or a server below, is gone.
func run(ctx context.Context, l *log, db *database, hub *feed.Hub, g *gateway.Gateway, ready func()) error {
	parts, ctx := errgroup.WithContext(ctx)
	parts.Go(func() error { return hub.Run(ctx) })
	parts.Go(func() error { return g.Run(ctx) })
	parts.Go(func() error {
		select {
		case <-l.stopped():
			if ctx.Err() == nil {
				return fmt.Errorf("the embedded event store stopped: %w", l.embedded.Err())
			}
		case <-db.stopped():
			if ctx.Err() == nil {
				return fmt.Errorf("the private Postgres stopped: %w", db.server.Err())
			}
		case <-ctx.Done():
		}
		return nil
	})
	ready()
	return parts.Wait()
}

func newBoard(c Config, l *log, db *database) *board {
	return &board{config: c, log: l, database: db, hub: feed.New(l, l.id, c.Log), started: time.Now()}
}
