// Package esdb is the platform's way to its event store: commands.Store and the one ordered feed, by the EventStoreDB
// protocol.
package esdb

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	client "github.com/EventStore/EventStore-Client-Go/v4/esdb"

	"tillstream/commands"
	"tillstream/events"
)

// Limits of a Store.
const (
	callWithin      = 10 * time.Second // one call to the store, where the caller's own deadline is not sooner
	openWithin      = 10 * time.Second // one attempt to connect
	pauseMin        = 20 * time.Millisecond
	pauseMax        = 5 * time.Second // between two attempts to connect, or to subscribe
	strikesMax      = 3               // calls in a row without an answer before the connection is replaced
	hungAfter       = 2 * time.Second // an append that waited so long on a silent connection condemns it
	inFlightMax     = 4096            // appends sent and not yet answered; further ones wait
	pageEventsMax   = 512             // events read at a time
	pageBytesMax    = 1 << 20         // and their bytes, one event may exceed it alone
	appendBytesMax  = 16 << 20        // stored bytes of one append; the store itself may accept less
	chunkBytesMax   = 1 << 20         // stored bytes of one message of an append
	receiveBytesMax = 17 << 20        // of one message from the store, as in the client
	describedTypes  = 1024            // event types whose protocol metadata is kept
	searchWindow    = 512             // events the store may pass over before it says how far it is
	headSearchMax   = 4096            // events looked at from the end for the newest that is not the store's own
	retireAfter     = 30 * time.Second
)

// Options of Dial; the zero value serves.
type Options struct {
	Log *slog.Logger     // nil: slog.Default
	Now func() time.Time // record time of log.opened; nil: time.Now
}

// Store is a connection to one event store. It is safe for concurrent use, and connects anew whenever the store comes
// back: no call waits beyond its context, or callWithin.
type Store struct {
	conf    *client.Configuration
	address string // without credentials
	codec   *events.Codec
	opts    Options

	client    *lazy[*link]     // reads, subscriptions, appends to a store without batch append
	appender  *lazy[*appender] // one long-lived BatchAppend stream
	strikes   atomic.Int32
	described described
	following atomic.Pointer[Following]
	logID     atomic.Pointer[events.LogID]
}

var _ commands.Store = (*Store)(nil)

// Dial connects to the store at an esdb:// or esdb+discover:// connection string, trying until ctx ends.
func Dial(ctx context.Context, connectionString string, codec *events.Codec, o Options) (*Store, error) {
	conf, err := parse(connectionString)
	if err != nil {
		return nil, err
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	conf.Logger = func(level client.LogLevel, format string, args ...any) {
		o.Log.Debug("event store client", "level", level, "message", fmt.Sprintf(format, args...))
	}
	s := &Store{conf: conf, address: addressOf(conf), codec: codec, opts: o}
	s.client = newLazy(func(ctx context.Context) (*link, error) { return connect(ctx, conf) }, (*link).retire)
	s.appender = newLazy(func(ctx context.Context) (*appender, error) { return openAppender(ctx, conf) }, (*appender).close)
	for {
		if _, err = s.appender.get(ctx); err == nil {
			return s, nil
		}
		if ctx.Err() != nil {
			s.Close()
			return nil, fmt.Errorf("connect to the event store at %s: %w", s.address, err)
		}
	}
}

// Close ends the connection. Appends in flight fail with an unknown outcome.
func (s *Store) Close() error {
	s.appender.shut()
	s.client.shut()
	return nil
}

// ErrClosed answers every call after Close.
var ErrClosed = errors.New("the connection to the event store was closed by this process")

// withDeadline bounds a call that brings no sooner deadline of its own.
func withDeadline(ctx context.Context) (context.Context, context.CancelFunc) {
	if at, ok := ctx.Deadline(); ok && time.Until(at) <= callWithin {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, callWithin)
}
