package replay

import (
	"context"
	"fmt"
	"time"
)

// pace keeps a rate.
type pace struct {
	rate int64 // events per second; 0: none
	next time.Time
}

func newPace(rate int64) *pace { return &pace{rate: rate, next: time.Now()} }

func (p *pace) page() int {
	if p.rate == 0 {
		return pageEvents
	}
	return int(min(pageEvents, max(1, p.rate/pagesPerSec)))
}

// wait lets so many events pass.
func (p *pace) wait(ctx context.Context, n uint64, told *progress) error {
	if p.rate == 0 {
		return nil
	}
	p.next = p.next.Add(time.Duration(float64(n) / float64(p.rate) * float64(time.Second)))
	pause := time.Until(p.next)
	if pause <= 0 {
		p.next = time.Now() // what was missed is not made up for
		return nil
	}
	defer told.waits(fmt.Sprintf("the rate limit of %d events/s", p.rate))()
	select {
	case <-time.After(pause):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
