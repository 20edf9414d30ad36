package postgres

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// choresEvery is the time between two attempts at what is left to do.
const choresEvery = 15 * time.Second

// chores retries, in the background, what must be done in the end. There is at most one of a name, so they are no more
// than the generations.
type chores struct {
	log  *slog.Logger
	mu   sync.Mutex
	left map[string]func(context.Context) error
	end  context.CancelFunc
	done chan struct{}
}

func startChores(log *slog.Logger) *chores {
	ctx, end := context.WithCancel(context.Background())
	c := &chores{log: log, left: map[string]func(context.Context) error{}, end: end, done: make(chan struct{})}
	go c.run(ctx)
	return c
}

func (c *chores) later(name string, do func(context.Context) error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.left[name] = do
}

func (c *chores) run(ctx context.Context) {
	defer close(c.done)
	tick := time.NewTicker(choresEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			c.attempt(ctx)
		}
	}
}

func (c *chores) attempt(ctx context.Context) {
	c.mu.Lock()
	left := c.left
	c.left = map[string]func(context.Context) error{}
	c.mu.Unlock()
	for name, do := range left {
		if err := do(ctx); err != nil {
			c.log.Warn("still to be done", "what", name, "err", err)
			c.later(name, do)
		}
	}
}

func (c *chores) stop() {
	c.end()
	<-c.done
}
