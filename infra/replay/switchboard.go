package replay

import (
	"context"
	"slices"
	"strings"
	"sync"

	"tillstream/gateway"
	"tillstream/infra/postgres"
	"tillstream/projections"
)

// Switchboard is one view with its generations: projections.Served from whichever of them is served. Switching is atomic
// for its readers, and a request stays with the generation that it asked first.
type Switchboard[V any] struct {
	Parts
	declared projections.View[V]
	changing turn // promotions, retirements and comparisons, one at a time
	watches  projections.Watches

	mu       sync.Mutex
	held     []*generation[V] // open here, in the order of their making
	served   *generation[V]   // nil: none can be
	missing  error            // why none can be
	switched chan struct{}    // closed and replaced whenever another is served
	building *building
}

// generation is one generation that is open here.
type generation[V any] struct {
	postgres.Generation
	rows      *postgres.Rows[V]
	projector *projections.Projector[V] // nil: of another fold, and frozen
	follower  *follower[V]              // nil: it is not fed, it is being built
	watched   *watched[V]               // of one that was built here
	changes   []string                  // why this binary's fold cannot go on with it
	readers   int                       // of requests and single questions; guarded by the Switchboard
	idle      chan struct{}             // closed when readers came down to 0, while somebody waits for that
}

var _ projections.Served[struct{}] = (*Switchboard[struct{}])(nil)

func (s *Switchboard[V]) name() string { return s.declared.Name }

// take holds the generation that is served until letGo; nil when none is.
func (s *Switchboard[V]) take() (g *generation[V], letGo func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g = s.served
	if g == nil {
		return nil, func() {}
	}
	return g, s.holding(g)
}

// holding counts a reader. It is called with the mutex held.
func (s *Switchboard[V]) holding(g *generation[V]) (letGo func()) {
	g.readers++
	return sync.OnceFunc(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if g.readers--; g.readers == 0 && g.idle != nil {
			close(g.idle)
			g.idle = nil
		}
	})
}

// ask answers the generation that ctx is to be answered from.
func (s *Switchboard[V]) ask(ctx context.Context) (g *generation[V], letGo func(), err error) {
	letGo = func() {}
	g, pinned := projections.Pin(ctx, s.name(), s.take)
	if !pinned {
		g, letGo = s.take()
	}
	if g == nil {
		return nil, letGo, s.unprepared()
	}
	if g.projector == nil {
		projections.NoteStale(ctx, s.name())
	}
	return g, letGo, nil
}

func (s *Switchboard[V]) unprepared() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.missing
}

// find answers a generation that is open here, by its name.
func (s *Switchboard[V]) find(name string) *generation[V] {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range s.held {
		if g.Table == name {
			return g
		}
	}
	return nil
}

func (s *Switchboard[V]) add(g *generation[V]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held = append(slices.Clip(s.held), g)
}

func (s *Switchboard[V]) forget(g *generation[V]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held = slices.DeleteFunc(slices.Clone(s.held), func(one *generation[V]) bool { return one == g })
}

// fed answers what operators can do about parked keys of a generation.
func (s *Switchboard[V]) fed(name string) (gateway.ParkedView, bool) {
	if name == "" {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.served == nil || s.served.projector == nil {
			return nil, false
		}
		return s.served.projector, true
	}
	g := s.find(name)
	if g == nil || g.projector == nil {
		return nil, false
	}
	return g.projector, true
}

// at is where a generation stands.
func (g *generation[V]) at() projections.Checkpoint {
	if g.projector == nil {
		return g.Checkpoint
	}
	return g.projector.At()
}

func compareText(a, b string) int { return strings.Compare(a, b) }
