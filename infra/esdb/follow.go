package esdb

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	client "github.com/EventStore/EventStore-Client-Go/v4/esdb"

	"tillstream/events"
	"tillstream/projections"
)

// notSystem passes every event but the store's own.
var notSystem = &client.SubscriptionFilter{Type: client.EventFilterType, Regex: `^[^\$].*`}

// Following says what the subscription of Follow hears.
type Following struct {
	Heard    bool            // events arrive, or would
	CaughtUp bool            // nothing newer than At is known
	At       events.Position // delivered
	Since    time.Time       // of Heard
	Why      string          // why nothing is heard; empty when it is
}

// Follow delivers the log after a position (0: from its beginning) as intervals that join without gap, one after the
// other, until ctx ends or deliver fails; each event is decoded once. What has arrived is delivered at once: one event
// at rest, up to 512 or 1 MiB under load. When the connection breaks it subscribes again after what was delivered. It
// returns ctx's cause, deliver's error, a *PositionError, or projections.ErrForeignLog when the log behind the
// connection is not, or no longer, the one that was opened.
func (s *Store) Follow(ctx context.Context, after events.Position, deliver func(projections.Interval) error) error {
	f := &following{store: s, at: after, deliver: deliver}
	f.unheard(errors.New("not subscribed yet"))
	for pause := time.Duration(0); ; {
		before := f.at
		err := f.once(ctx)
		f.unheard(err)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if f.ended(err) {
			return err
		}
		s.opts.Log.Warn("the event store is not heard; subscribing again", "after", f.at, "err", err)
		if f.at > before {
			pause = 0
		}
		pause = min(max(2*pause, pauseMin), pauseMax)
		sleep(ctx, pause/2+rand.N(pause))
	}
}

// following is one call of Follow.
type following struct {
	store   *Store
	at      events.Position // delivered
	deliver func(projections.Interval) error
	refused error // by deliver
}

// ended tells errors that another subscription would not mend.
func (f *following) ended(err error) bool {
	return f.refused != nil || errors.As(err, new(*PositionError)) || errors.Is(err, projections.ErrForeignLog) || errors.Is(err, ErrClosed)
}

// once follows until the subscription drops.
func (f *following) once(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	id, err := f.store.knownLog(ctx)
	if err != nil {
		return err
	}
	if err := f.store.sameLog(ctx, id, f.at); err != nil {
		return err
	}
	sub, err := f.store.subscribe(ctx, f.at)
	if err != nil {
		return err
	}
	f.store.following.Store(&Following{Heard: true, At: f.at, Since: time.Now()})
	arrived := newBacklog(f.at)
	go func() { arrived.finish(f.store.receive(ctx, sub, arrived)) }()
	for {
		i, err := arrived.take(ctx)
		if err != nil {
			return err
		}
		i.Log = id
		if f.refused = f.deliver(i); f.refused != nil {
			return f.refused
		}
		f.at = i.To
		f.store.note(func(now *Following) { now.At = i.To })
	}
}

func (f *following) unheard(why error) {
	now := Following{At: f.at, Since: time.Now(), Why: why.Error()}
	if old := f.store.following.Load(); old != nil && !old.Heard {
		now.Since = old.Since
	}
	f.store.following.Store(&now)
}

// note changes what status shows of the subscription.
func (s *Store) note(change func(*Following)) {
	for {
		old := s.following.Load()
		now := *old
		change(&now)
		if s.following.CompareAndSwap(old, &now) {
			return
		}
	}
}

func (s *Store) subscribe(ctx context.Context, from events.Position) (*subscription, error) {
	opts := client.SubscribeToAllOptions{From: client.Start{}, Filter: notSystem, MaxSearchWindow: searchWindow, CheckpointInterval: 1}
	if from > 0 {
		opts.From = client.Position{Commit: uint64(from), Prepare: uint64(from)}
	}
	return s.subscribeWith(ctx, func(ctx context.Context, c *client.Client) (*client.Subscription, error) {
		return c.SubscribeToAll(ctx, opts)
	})
}

// subscription keeps its client from being closed while it is read.
type subscription struct {
	*client.Subscription
	link   *link
	cancel context.CancelCauseFunc
}

func (s *subscription) end() {
	s.Close()
	s.cancel(nil)
	s.link.done()
}

// subscribeWith waits at most callWithin for the confirmation; the subscription then lives until ctx ends.
func (s *Store) subscribeWith(ctx context.Context, open func(context.Context, *client.Client) (*client.Subscription, error)) (*subscription, error) {
	l, err := s.link(ctx)
	if err != nil {
		return nil, err
	}
	lives, cancel := context.WithCancelCause(ctx)
	late := time.AfterFunc(callWithin, func() { cancel(errors.New("the subscription was not confirmed in time")) })
	type outcome struct {
		sub *client.Subscription
		err error
	}
	opened := make(chan outcome, 1)
	go func() {
		var o outcome
		defer func() {
			if fault := recover(); fault != nil {
				o.err = fmt.Errorf("the client failed: %v", fault)
			}
			if o.err != nil {
				l.done()
			}
			opened <- o
		}()
		o.sub, o.err = open(lives, l.client)
	}()
	select {
	case o := <-opened:
		if o.err == nil && late.Stop() {
			return &subscription{o.sub, l, cancel}, nil
		}
		if o.err == nil {
			o.err = context.Cause(lives)
			l.done()
		}
		cancel(o.err)
		s.judge(ctx, l, o.err)
		return nil, o.err
	case <-lives.Done():
		go func() {
			if o := <-opened; o.err == nil {
				l.done()
			}
		}()
		s.judge(ctx, l, errHung)
		return nil, context.Cause(lives)
	}
}

// receive decodes what arrives until the subscription drops.
func (s *Store) receive(ctx context.Context, sub *subscription, to *backlog) error {
	defer sub.end()
	for {
		e := sub.Recv()
		switch {
		case e.SubscriptionDropped != nil:
			if ctx.Err() == nil {
				s.client.drop(sub.link, e.SubscriptionDropped.Error)
			}
			return fmt.Errorf("the subscription was dropped: %w", e.SubscriptionDropped.Error)
		case e.CheckPointReached != nil:
			to.advance(events.Position(e.CheckPointReached.Commit))
		case e.CaughtUp != nil:
			s.note(func(now *Following) { now.CaughtUp = true })
		case e.FellBehind != nil:
			s.note(func(now *Following) { now.CaughtUp = false })
		case e.EventAppeared != nil:
			a, err := s.arrived(e.EventAppeared.OriginalEvent())
			if err != nil {
				return err
			}
			if err := to.add(ctx, a); err != nil {
				return err
			}
		}
	}
}
