package projections

import (
	"context"
	"fmt"
	"slices"
	"sync"
)

// Pinned answers a context in which each view is answered from one generation, the one that is served when it is asked
// first: no answer mixes generations. Release lets them go, once nothing is asked any more.
func Pinned(ctx context.Context) (pinned context.Context, release func()) {
	p := &pins{held: map[string]any{}}
	return context.WithValue(ctx, pinsKey{}, p), p.release
}

type pinsKey struct{}

// pins are the generations that one request asks.
type pins struct {
	mu    sync.Mutex
	held  map[string]any // by view
	letGo []func()
	stale []string
	over  bool
}

// Pin is for who serves views: it answers the generation that ctx holds of a view, or has take choose one and hold it
// until the request ends. It answers false when ctx holds nothing, or what it held was let go.
func Pin[G any](ctx context.Context, view string, take func() (chosen G, letGo func())) (G, bool) {
	var none G
	p, is := ctx.Value(pinsKey{}).(*pins)
	if !is {
		return none, false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over {
		return none, false
	}
	if held, is := p.held[view].(G); is {
		return held, true
	}
	chosen, letGo := take()
	p.held[view], p.letGo = chosen, append(p.letGo, letGo)
	return chosen, true
}

func (p *pins) release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, letGo := range p.letGo {
		letGo()
	}
	p.held, p.letGo, p.over = nil, nil, true
}

// NoteStale is for who serves views: what ctx asks of a view is answered by a generation that is not fed any more.
func NoteStale(ctx context.Context, view string) {
	p, is := ctx.Value(pinsKey{}).(*pins)
	if !is {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !slices.Contains(p.stale, view) {
		p.stale = append(p.stale, view)
	}
}

// StaleViews lists the views that answered ctx from a generation that is not fed any more.
func StaleViews(ctx context.Context) []string {
	p, is := ctx.Value(pinsKey{}).(*pins)
	if !is {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.stale)
}

// AtOf is where the generation stands that answers ctx; for a view that has but one, where that stands.
func AtOf(ctx context.Context, view interface{ At() Checkpoint }) Checkpoint {
	if many, is := view.(interface {
		AtOf(context.Context) Checkpoint
	}); is {
		return many.AtOf(ctx)
	}
	return view.At()
}

// UnpreparedError says that no generation of a view can answer: what is served was built by a fold of another version,
// whose columns this binary cannot read. A generation is to be built, and promoted.
type UnpreparedError struct {
	View     string
	Declared int // version, by this binary
	Why      string
}

func (e *UnpreparedError) Error() string {
	return fmt.Sprintf("the view %s of version %d is not prepared: %s: run \"till replay apply %s\", then promote it", e.View, e.Declared, e.Why, e.View)
}
