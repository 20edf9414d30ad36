package bench

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// pace starts something at a steady rate, whether or not what was started before has ended: who asks of a shop does not
// wait for others.
type pace struct {
	rate   int
	warmUp time.Duration
	length time.Duration
	space  chan struct{} // a token for each that has not ended
	next   int64
	done   atomic.Int64 // that began while it was measured, and ended well
	all    atomic.Int64
}

// Limits of a pace.
const (
	pacedMost   = 4096 // at once: beyond, the rate cannot be kept and the run ends
	endedWithin = 30 * time.Second
)

func newPace(o LagOptions) *pace {
	return &pace{rate: o.Rate, warmUp: o.WarmUp, length: o.For / turns, space: make(chan struct{}, pacedMost)}
}

// turn starts the n-th, n+1st, … at their times, and returns when all have ended. Each is told when it was to be started:
// what made it late is a part of its latency; and whether it is measured.
func (p *pace) turn(ctx context.Context, do func(ctx context.Context, n int64, due time.Time, measured bool) error) error {
	ctx, cancel := context.WithTimeout(ctx, p.warmUp+p.length+endedWithin)
	defer cancel()
	var running sync.WaitGroup
	defer running.Wait()
	var failed atomic.Pointer[error]
	from := time.Now().Add(p.warmUp)
	end := from.Add(p.length)
	every := time.Second / time.Duration(p.rate)
	for due := time.Now(); due.Before(end) && failed.Load() == nil; due = due.Add(every) {
		until(ctx, due)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		select {
		case p.space <- struct{}{}:
		default:
			return fmt.Errorf("%d are under way: %d a second cannot be kept", pacedMost, p.rate)
		}
		n, measured := p.next, !due.Before(from)
		p.next++
		running.Go(func() {
			defer func() { <-p.space }()
			if err := do(ctx, n, due, measured); err != nil {
				failed.CompareAndSwap(nil, &err)
				return
			}
			p.all.Add(1)
			if measured {
				p.done.Add(1)
			}
		})
	}
	running.Wait()
	if err := failed.Load(); err != nil {
		return *err
	}
	return nil
}
