package gateway

import (
	"context"
	"errors"
	"net/http"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"tillstream/commands"
	"tillstream/events"
	"tillstream/gateway/wirejson"
	"tillstream/projections"
)

// askedMost is how many of the newest commands with a key are known without asking a view.
const askedMost = 1 << 16

// asked is what was asked under the newest keys, in memory. All others are in the view of keyed commands, once that shows
// the log up to older: so a key that comes back is known for ever, for whatever stream, and the view may lag.
type asked struct {
	most int
	head func(context.Context) (events.Position, error)

	mu     sync.Mutex
	newest *simplelru.LRU[string, asking]
	latest events.Position // of all that was recorded under a key
	older  events.Position // what was recorded up to here may be known to the view alone
	begun  bool            // older has the head of the log as it was when the first key came
}

// asking is one command that was asked.
type asking struct {
	request string
	at      events.Position // of its newest fact; 0: whether it left any is not known yet
}

func newAsked(most int, head func(context.Context) (events.Position, error)) (*asked, error) {
	newest, err := simplelru.NewLRU[string, asking](most, nil)
	return &asked{most: most, head: head, newest: newest}, err
}

// get is what was asked under an id, if it is one of the newest.
func (a *asked) get(id string) (was asking, known bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.newest.Get(id)
}

// begin notes a command before anything of it can be recorded.
func (a *asked) begin(id, request string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.newest.Contains(id) {
		return
	}
	if a.newest.Len() == a.most {
		_, gone, _ := a.newest.RemoveOldest()
		if gone.at == 0 {
			gone.at = a.latest // asked so many commands ago, it was recorded by now or never
		}
		a.older = max(a.older, gone.at)
	}
	a.newest.Add(id, asking{request: request})
}

// end notes what a command came to. One that left nothing may be asked anew, with another body too.
func (a *asked) end(id string, o outcome, leftNothing bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.latest = max(a.latest, o.at)
	was, known := a.newest.Peek(id)
	switch {
	case !known: // as many as are kept came since it began
		a.older = max(a.older, o.at)
	case o.asked > 0:
		a.newest.Add(id, asking{was.request, max(was.at, o.at)})
	case leftNothing && was.at == 0:
		a.newest.Remove(id)
	}
}

// upTo is how far the view must have come to know every key that memory does not.
func (a *asked) upTo(ctx context.Context) (events.Position, error) {
	a.mu.Lock()
	begun, older := a.begun, a.older
	a.mu.Unlock()
	if begun {
		return older, nil
	}
	head, err := a.head(ctx)
	a.mu.Lock()
	defer a.mu.Unlock()
	if err == nil {
		a.begun, a.older = true, max(a.older, head)
	}
	return a.older, err
}

// recollect finds what was recorded before under the call's key. Another request is refused; this one will be answered
// from where it was recorded, also when its stream has forgotten it.
func (g *Gateway) recollect(ctx context.Context, c *call) error {
	view := named{projections.KeyedCommands.Name, g.deps.Views.KeyedCommands}
	ctx, cancel := context.WithDeadline(withCall(ctx, &call{header: func(string, string) {}}), c.until)
	defer cancel()
	was, isNew := g.asked.get(c.command)
	switch {
	case isNew && was.request != c.request:
		return commands.ErrReused
	case isNew && (was.at == 0 || view.At().At < was.at):
		return nil // so new that its stream remembers it
	case !isNew:
		to, err := g.asked.upTo(ctx)
		if err != nil {
			return err
		}
		if err := view.Wait(ctx, to); err != nil {
			return g.behind(context.WithoutCancel(ctx), view, to, err)
		}
	}
	before, found, err := g.deps.Views.KeyedCommands.Get(ctx, c.command)
	if err != nil || !found {
		return err
	}
	if before.Request != c.request {
		return commands.ErrReused
	}
	c.before = before
	return nil
}

// leftNothing tells whether an error says for certain that nothing was recorded.
func leftNothing(err error) bool {
	var p *Problem
	if errors.As(err, &p) {
		return p.Code < http.StatusInternalServerError
	}
	return err == nil || errors.As(err, new(*commands.Rejection)) || errors.As(err, new(*wirejson.FieldError)) ||
		errors.As(err, new(*commands.LostRaceError)) || errors.Is(err, commands.ErrBusy) || errors.Is(err, commands.ErrReused)
}
