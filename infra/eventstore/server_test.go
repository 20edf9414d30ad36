package eventstore_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"tillstream/infra/eventstore"
	"tillstream/infra/eventstore/eventstoretest"
)

// lines collects what a logger is told.
type lines chan string

func (l lines) Write(p []byte) (int, error) {
	l <- string(p)
	return len(p), nil
}

func TestRunServesUntilItsContextEnds(t *testing.T) {
	dir := t.TempDir() + "/a store"
	for life := range 2 {
		said := make(lines, 16)
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() { ended <- eventstore.Run(ctx, dir, "127.0.0.1:0", slog.New(slog.NewTextHandler(said, nil))) }()

		ready := <-said
		_, conn, found := strings.Cut(ready, `connection="`)
		conn, _, _ = strings.Cut(conn, `"`)
		if !found {
			t.Fatalf("first line: %s", ready)
		}
		c := connect(t, conn)
		if res := appendTo(t, c, "s", jsonEvent("x", life)); res.NextExpectedVersion != uint64(life) {
			t.Fatalf("life %d: revision %d", life, res.NextExpectedVersion)
		}
		sub, err := c.SubscribeToAll(timeout(t), esdb.SubscribeToAllOptions{From: esdb.End{}})
		if err != nil {
			t.Fatal(err)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Fatalf("ended with %v", err)
		}
		for e := sub.Recv(); e.SubscriptionDropped == nil; e = sub.Recv() {
		}
	}
}

func TestRunRefusesAnAddressInUse(t *testing.T) {
	conn := eventstoretest.Start(t)
	addr, _, _ := strings.Cut(strings.TrimPrefix(conn, "esdb://"), "?")
	err := eventstore.Run(context.Background(), t.TempDir(), addr, slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), addr) {
		t.Fatalf("ran: %v", err)
	}
}

func TestStoreMayBeClosedTwice(t *testing.T) {
	s, err := eventstore.Open("/store", eventstore.Options{FS: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCancelledCallsEndAsSuch(t *testing.T) {
	c := connect(t, eventstoretest.Start(t))
	appendTo(t, c, "s", jsonEvent("x", 0))
	ctx, cancel := context.WithCancel(context.Background())
	sub, err := c.SubscribeToAll(ctx, esdb.SubscribeToAllOptions{From: esdb.End{}})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	for {
		e := sub.Recv()
		if e.SubscriptionDropped == nil {
			continue
		}
		if err := e.SubscriptionDropped.Error; status.Code(err) != codes.Canceled && !errors.Is(err, context.Canceled) {
			t.Fatalf("dropped with %v", err)
		}
		return
	}
}

// brokenSync makes every fsync of a write-ahead log fail once it is set.
type brokenSync struct{ atomic.Bool }

func (b *brokenSync) String() string { return "broken sync" }

func (b *brokenSync) MaybeError(op errorfs.Op) error {
	sync := op.Kind == errorfs.OpFileSync || op.Kind == errorfs.OpFileSyncData
	if b.Load() && sync && strings.HasSuffix(op.Path, ".log") {
		return errors.New("disk is on fire")
	}
	return nil
}

func TestStoppedStoreTellsWhyToEveryCall(t *testing.T) {
	disk := &brokenSync{}
	conn := eventstoretest.StartWith(t, eventstore.Options{FS: errorfs.Wrap(vfs.NewMem(), disk)})
	c := connect(t, conn)
	appendTo(t, c, "s", jsonEvent("x", 0))
	sub, err := c.SubscribeToAll(timeout(t), esdb.SubscribeToAllOptions{From: esdb.End{}})
	if err != nil {
		t.Fatal(err)
	}
	disk.Store(true)

	client := streams.NewStreamsClient(dial(t, conn))
	for range 2 {
		err = appendOne(timeout(t), client, "s", uuid.New())
		if status.Code(err) != codes.Unavailable || !strings.Contains(err.Error(), "disk is on fire") {
			t.Fatalf("append: %v", err)
		}
	}
	read, err := client.Read(timeout(t), &streams.ReadReq{Options: readOptions("s")})
	if err != nil {
		t.Fatal(err)
	}
	if all, err := drain(read); status.Code(err) != codes.Unavailable || len(all) > 0 {
		t.Fatalf("read: %v, %v", all, err)
	}
	for {
		if e := sub.Recv(); e.SubscriptionDropped != nil {
			if !strings.Contains(e.SubscriptionDropped.Error.Error(), "disk is on fire") {
				t.Fatalf("subscription: %v", e.SubscriptionDropped.Error)
			}
			return
		}
	}
}
