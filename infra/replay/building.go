package replay

import (
	"context"
	"errors"
	"time"

	"tillstream/events"
	replayv1 "tillstream/gateway/api/replay/v1"
	"tillstream/projections"
)

const (
	tellEvery  = 500 * time.Millisecond
	endsWithin = 2 * time.Second // until a rebuild has ended that nobody listens to any more
)

// building is a rebuild that runs.
type building struct {
	progress *progress
	stop     context.CancelFunc
	ended    chan struct{}
	err      error // once ended
}

// begin starts building in the background, until ctx ends. There is one at a time.
func (s *Switchboard[V]) begin(ctx context.Context, o options) (*building, error) {
	ctx, stop := context.WithCancel(ctx)
	b := &building{progress: newProgress(s.name()), stop: stop, ended: make(chan struct{})}
	if err := s.occupy(ctx, b); err != nil {
		stop()
		return nil, err
	}
	go func() {
		defer stop()
		var g *generation[V]
		if g, b.err = s.build(ctx, o, b.progress); b.err == nil {
			b.progress.built(g.at())
		}
		s.mu.Lock()
		s.building = nil
		s.mu.Unlock()
		close(b.ended)
	}()
	return b, nil
}

// occupy makes b the rebuild that runs. One that runs may be about to end, since its caller has hung up: that is waited for.
func (s *Switchboard[V]) occupy(ctx context.Context, b *building) error {
	for patience := time.After(endsWithin); ; {
		s.mu.Lock()
		running := s.building
		if running == nil {
			s.building = b
		}
		s.mu.Unlock()
		if running == nil {
			return nil
		}
		select {
		case <-running.ended:
		case <-patience:
			return refuse("replay_running", "%s is being built already: see \"till replay status %s\", or stop it with \"till replay stop %s\"", s.name(), s.name(), s.name())
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// apply builds while the caller listens.
func (s *Switchboard[V]) apply(ctx context.Context, o options, tell func(*replayv1.Progress) error) error {
	if o.rate < 0 {
		return refuse("invalid_argument", "a rate of %d: give events per second, or 0 for no limit", o.rate)
	}
	b, err := s.begin(ctx, o)
	if err != nil {
		return err
	}
	return b.listen(tell)
}

// listen tells how far it is until it has ended. When nobody can be told any more, building stops.
func (b *building) listen(tell func(*replayv1.Progress) error) error {
	tick := time.NewTicker(tellEvery)
	defer tick.Stop()
	for {
		select {
		case <-b.ended:
			if b.err != nil {
				return told(b.err)
			}
			return tell(b.progress.message())
		case <-tick.C:
			if err := tell(b.progress.message()); err != nil {
				b.stop()
				<-b.ended
				return err
			}
		}
	}
}

// told has an operator hear of what trying again does not mend.
func told(err error) error {
	switch {
	case errors.Is(err, events.ErrUnknownType):
		return refuse("generation_behind", "it is not built to the end of the log: %s", err)
	case errors.Is(err, projections.ErrForeignLog):
		return refuse("generation_behind", "what was begun is of another log, build another with --anew: %s", err)
	}
	return err
}

// start builds until it is done, or stopped.
func (s *Switchboard[V]) start(ctx context.Context, o options) error {
	_, err := s.begin(context.WithoutCancel(ctx), o)
	return err
}

func (s *Switchboard[V]) stop(ctx context.Context) error {
	s.mu.Lock()
	b := s.building
	s.mu.Unlock()
	if b == nil {
		return refuse("replay_idle", "%s is not being built", s.name())
	}
	b.stop()
	select {
	case <-b.ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// close stops building, at the end of the process.
func (s *Switchboard[V]) close() {
	s.mu.Lock()
	b := s.building
	s.mu.Unlock()
	if b != nil {
		b.stop()
		<-b.ended
	}
}
