package gateway

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"sync"

	"google.golang.org/protobuf/proto"

	"tillstream/commands"
	"tillstream/events"
	"tillstream/gateway/wirejson"
)

// keyMost is how long an Idempotency-Key may be.
const keyMost = 255

// nameCommand gives a call the id of its command. The id and the hash of the request are all that is needed to know a
// repeat, since the log remembers commands: there is no table of keys.
func (g *Gateway) nameCommand(c *call, keys []string, body proto.Message) error {
	c.request = g.requestHash(c.method, append(wirejson.Canonical(body), c.saidAt()...))
	switch {
	case len(keys) == 0:
		c.command = events.FreshCommandID()
		return nil
	case len(keys) > 1:
		return badField(headerKey, "is given %d times", len(keys))
	case strings.TrimSpace(keys[0]) == "" || len(keys[0]) > keyMost || strings.ContainsFunc(keys[0], func(r rune) bool { return r < ' ' || r > '~' }):
		return badField(headerKey, "must be 1 to %d printable ASCII characters, not blank", keyMost)
	}
	c.keyed = true
	c.command = events.CommandID(c.actor.String(), c.method, keys[0])
	return nil
}

// requestHash is keyed, since a body holds personal data that nobody with the log alone may guess. It is taken before
// anything is sealed: sealing the same datum twice gives different bytes.
func (g *Gateway) requestHash(method string, body []byte) string {
	h := hmac.New(sha256.New, g.deps.RequestKey[:])
	h.Write([]byte(method))
	h.Write([]byte{0})
	h.Write(body)
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// flights is the commands being answered now.
type flights struct {
	mu  sync.Mutex
	ids map[string]struct{}
}

// begin tells false when the command is being answered already.
func (f *flights) begin(id string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, busy := f.ids[id]; busy {
		return false
	}
	if f.ids == nil {
		f.ids = map[string]struct{}{}
	}
	f.ids[id] = struct{}{}
	return true
}

func (f *flights) end(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.ids, id)
}

// asCommand runs a method that is a command, once at a time per id.
func (g *Gateway) asCommand(ctx context.Context, c *call, keys []string, body proto.Message, next func(context.Context) (any, error)) (any, error) {
	if err := g.nameCommand(c, keys, body); err != nil {
		return nil, err
	}
	if !g.flights.begin(c.command) {
		return nil, problem(http.StatusConflict, "command_in_flight",
			"this command is being answered right now: wait for that answer, or ask again with the same Idempotency-Key")
	}
	defer g.flights.end(c.command)
	if c.keyed {
		if err := g.recollect(ctx, c); err != nil {
			return nil, err
		}
		g.asked.begin(c.command, c.request)
	}
	c.header(headerCorrelation, c.correlation)
	answer, err := next(ctx)
	if c.keyed {
		g.asked.end(c.command, c.outcome, leftNothing(err))
	}
	if err != nil {
		return nil, err
	}
	if c.outcome.replayed() {
		c.header(headerReplayed, "true")
	}
	if c.outcome.at > 0 {
		c.header(headerToken, g.tokenOf(c.outcome.at))
	}
	return answer, nil
}

// send asks a command of the call. Those of one call go to different streams and share its id.
func (g *Gateway) send(ctx context.Context, cmd commands.Request) (commands.Answer, error) {
	return g.sendAs(ctx, callOf(ctx).command, cmd)
}

// sendAs asks a command of the call under an id derived from the call's.
func (g *Gateway) sendAs(ctx context.Context, id string, cmd commands.Request) (commands.Answer, error) {
	c := callOf(ctx)
	a, err := g.ask(ctx, c, id, cmd)
	if err != nil {
		return a, err
	}
	c.outcome.at = max(c.outcome.at, a.At)
	g.heard.atLeast(a.At)
	if len(a.Facts) > 0 {
		c.outcome.asked++
	}
	if a.Replayed {
		c.outcome.repeat++
	}
	return a, nil
}

// ask has a command decided, or answers from what it recorded before.
func (g *Gateway) ask(ctx context.Context, c *call, id string, cmd commands.Request) (commands.Answer, error) {
	if from, before := c.before.In(cmd.Stream); before && id == c.command {
		return commands.Recall(ctx, g.deps.Handler, cmd.Stream, from, id)
	}
	return cmd.Send(ctx, g.deps.Handler, events.Meta{
		Correlation: c.correlation, Command: id, Request: c.request, Actor: c.actor, At: c.at, Trace: c.trace,
		Origin: events.FromAPI})
}

// factOf finds the fact of type F in an answer.
func factOf[F events.Event](a commands.Answer) (f F, found bool) {
	for _, fact := range a.Facts {
		if f, found = fact.(F); found {
			return f, true
		}
	}
	return f, false
}
