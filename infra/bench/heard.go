package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	client "github.com/EventStore/EventStore-Client-Go/v4/esdb"

	"tillstream/infra/eventstore"
)

// bare is a store alone, appended to by the platform's adapter and subscribed to by the official client: nobody folds.
type bare struct {
	*batch
	reader       *client.Client
	subscription *client.Subscription
	ended        chan error // what ended the subscription

	mu      sync.Mutex
	arrived map[uint64]*arrival // by position
	asked   *latencies
	heard   *latencies
}

// arrival is of one event, for whichever comes first: its acknowledgement or itself.
type arrival struct {
	at    time.Time
	known chan struct{} // closed once at is set
}

const bareBytes = 256 // of an event's data

func openBare(ctx context.Context, dir string) (*bare, error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	opened, err := openBatchStore(ctx, dir)
	if err != nil {
		return nil, err
	}
	b := &bare{batch: opened.(*batch), arrived: map[uint64]*arrival{}, asked: newSharedLatencies(), heard: newSharedLatencies(),
		ended: make(chan error, 1)}
	if err := b.subscribe(ctx); err != nil {
		return nil, errors.Join(err, b.batch.close())
	}
	go b.hear()
	return b, nil
}

func (b *bare) subscribe(ctx context.Context) error {
	conf, err := client.ParseConnectionString(eventstore.ConnectionString(b.addr))
	if err != nil {
		return err
	}
	conf.Logger = client.NoopLogging()
	if b.reader, err = client.NewClient(conf); err != nil {
		return err
	}
	b.subscription, err = b.reader.SubscribeToAll(context.WithoutCancel(ctx), client.SubscribeToAllOptions{From: client.Start{}})
	if err != nil {
		return errors.Join(fmt.Errorf("subscribe: %w", err), b.reader.Close())
	}
	return nil
}

func (b *bare) hear() {
	for {
		e := b.subscription.Recv()
		switch {
		case e.SubscriptionDropped != nil:
			b.ended <- e.SubscriptionDropped.Error
			return
		case e.EventAppeared != nil:
			a := b.of(e.EventAppeared.OriginalEvent().Position.Commit)
			a.at = time.Now()
			close(a.known)
		}
	}
}

func (b *bare) of(position uint64) *arrival {
	b.mu.Lock()
	defer b.mu.Unlock()
	a, known := b.arrived[position]
	if !known {
		a = &arrival{known: make(chan struct{})}
		b.arrived[position] = a
	}
	return a
}

// append records the n-th event, in a stream of its own, and waits until it is heard.
func (b *bare) append(ctx context.Context, n int64, due time.Time, measured bool) error {
	at, err := b.batch.record(ctx, newPayload(bareBytes).event(int(n), 0))
	if err != nil {
		return err
	}
	acknowledged := time.Now()
	a := b.of(at)
	select {
	case <-a.known:
	case err := <-b.ended:
		return fmt.Errorf("the subscription ended: %w", err)
	case <-ctx.Done():
		return fmt.Errorf("an append at %d was not heard: %w", at, ctx.Err())
	}
	b.mu.Lock()
	delete(b.arrived, at)
	b.mu.Unlock()
	if measured {
		b.asked.note(acknowledged.Sub(due))
		b.heard.note(a.at.Sub(acknowledged))
	}
	return nil
}

func (b *bare) rows() []LagRow { return []LagRow{b.heard.row(Heard), b.asked.row(Stored)} }

func (b *bare) close() error {
	b.subscription.Close()
	return errors.Join(b.reader.Close(), b.batch.close())
}
