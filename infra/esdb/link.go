package esdb

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	client "github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// link is one official client and the calls that use it. The client's v4.2.0 has three traps, and this file is the one
// place that knows them: it never recovers from a failed discovery; calls that wait for one then wait for ever,
// whatever their context says; and it panics when a call wants its connection while it is being closed.
type link struct {
	client *client.Client

	mu      sync.Mutex
	users   int
	retired bool
}

// connect makes a client that has found its node. Nobody else sees it before, so that nobody waits for a discovery
// that fails.
func connect(ctx context.Context, conf *client.Configuration) (*link, error) {
	c, err := client.NewClient(conf)
	if err != nil {
		return nil, err
	}
	found := make(chan error, 1)
	go func() {
		_, err := c.GetServerVersion()
		found <- err
	}()
	select {
	case err = <-found:
		if err != nil {
			return nil, err // the client has ended by itself
		}
		return &link{client: c}, nil
	case <-ctx.Done():
		go func() {
			if <-found == nil {
				c.Close()
			}
		}()
		return nil, fmt.Errorf("no node was found in time: %w", context.Cause(ctx))
	}
}

func (l *link) use() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.retired {
		return false
	}
	l.users++
	return true
}

func (l *link) done() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.users--; l.retired && l.users == 0 {
		l.client.Close()
	}
}

// retire closes the client when its last call is done. Calls that hang are given retireAfter: closing then ends them.
func (l *link) retire() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.retired = true
	if l.users == 0 {
		l.client.Close()
		return
	}
	time.AfterFunc(retireAfter, func() { l.client.Close() })
}

// errHung says that a call did not even end with its context.
var errHung = errors.New("the client hangs")

// ask runs one call of the official client. It returns when ctx ends, be the client hung or not, and takes a client
// out of use that is closed, has lost its node, or has not answered for a while.
func ask[R any](ctx context.Context, s *Store, call func(context.Context, *client.Client) (R, error)) (R, error) {
	var none R
	l, err := s.link(ctx)
	if err != nil {
		return none, err
	}
	type answer struct {
		result R
		err    error
	}
	answered := make(chan answer, 1)
	go func() {
		defer l.done()
		var a answer
		defer func() {
			if fault := recover(); fault != nil {
				a.err = fmt.Errorf("the client failed: %v", fault)
			}
			answered <- a
		}()
		a.result, a.err = call(ctx, l.client)
	}()
	a := answer{err: errHung}
	select {
	case a = <-answered:
	case <-ctx.Done():
		select {
		case a = <-answered: // the client was told as well
		case <-time.After(pauseMin):
		}
	}
	s.judge(ctx, l, a.err)
	switch {
	case a.err == nil:
		return a.result, nil
	case ctx.Err() != nil && !answeredCode(a.err):
		return none, fmt.Errorf("%w: %w", context.Cause(ctx), a.err)
	case codeOf(a.err) == client.ErrorCodeDeadlineExceeded || status.Code(a.err) == codes.DeadlineExceeded: // another's clock was first
		return none, fmt.Errorf("%w: %w", context.DeadlineExceeded, a.err)
	}
	return none, a.err
}

// codeOf is the client's classification of an error.
func codeOf(err error) client.ErrorCode {
	var e *client.Error
	if errors.As(err, &e) {
		return e.Code()
	}
	return client.ErrorCodeUnknown
}

func (s *Store) link(ctx context.Context) (*link, error) {
	for {
		l, err := s.client.get(ctx)
		if err != nil {
			return nil, fmt.Errorf("reach the event store at %s: %w", s.address, err)
		}
		if l.use() {
			return l, nil
		}
	}
}

// judge takes a client out of use when the outcome of a call speaks against it.
func (s *Store) judge(ctx context.Context, l *link, err error) {
	switch {
	case err == nil || answeredCode(err):
		s.strikes.Store(0)
		s.client.works()
	case errors.Is(ctx.Err(), context.Canceled):
	case errors.Is(err, errHung) || errors.Is(ctx.Err(), context.DeadlineExceeded):
		if s.strikes.Add(1) < strikesMax {
			return
		}
		fallthrough
	default:
		s.strikes.Store(0)
		s.client.drop(l, err)
	}
}

// answeredCode tells errors that are the store's answer from those that are the want of one.
func answeredCode(err error) bool {
	var e *client.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code() {
	case client.ErrorCodeConnectionClosed, client.ErrorUnavailable, client.ErrorCodeDeadlineExceeded,
		client.ErrorCodeNotLeader, client.ErrorAborted:
		return false
	case client.ErrorCodeUnknown: // among others, what the client has no code for
		return status.Code(e.Err()) == codes.InvalidArgument
	}
	return true
}
