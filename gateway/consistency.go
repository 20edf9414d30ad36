package gateway

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"sync/atomic"

	"tillstream/events"
	"tillstream/projections"
)

const tokenVersion = 1

// tokenOf is a position with the log it belongs to, as clients hand it back. It is no secret and no permission: one made
// up only waits for what may never come.
func (g *Gateway) tokenOf(at events.Position) string {
	b := binary.AppendUvarint([]byte{tokenVersion}, uint64(at))
	return base64.RawURLEncoding.EncodeToString(append(b, g.deps.LogID...))
}

func (g *Gateway) positionOf(token string) (events.Position, error) {
	if token == "" {
		return 0, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(b) < 2 || b[0] != tokenVersion {
		return 0, problem(http.StatusBadRequest, "token_invalid", "the Consistency-Token is not one that a command answered with")
	}
	at, n := binary.Uvarint(b[1:])
	if n <= 0 || !visible(string(b[1+n:]), 1, 64) {
		return 0, problem(http.StatusBadRequest, "token_invalid", "the Consistency-Token is not one that a command answered with")
	}
	if events.LogID(b[1+n:]) != g.deps.LogID {
		return 0, problem(http.StatusConflict, "token_of_another_log",
			"the Consistency-Token belongs to another log, which was replaced or restored: read without it")
	}
	return events.Position(at), nil
}

// waitable is the part of a served view that tells where it stands.
type waitable interface {
	At() projections.Checkpoint
	Wait(context.Context, events.Position) error
}

// AtOf is where the generation stands that answers ctx.
func (v named) AtOf(ctx context.Context) projections.Checkpoint {
	return projections.AtOf(ctx, v.waitable)
}

// named is a view with the name that answers and errors give it.
type named struct {
	name string
	waitable
}

// await waits until every view shows what the call's token stands for, and says in headers where the views stand: an
// answer read after await is at least that new.
func (g *Gateway) await(ctx context.Context, views ...named) error {
	c := callOf(ctx)
	to, err := g.positionOf(c.token)
	if err != nil {
		return err
	}
	within, cancel := context.WithDeadline(ctx, c.until)
	defer cancel()
	if err := g.isInLog(within, to, views); err != nil {
		return err
	}
	for _, v := range views {
		if err := v.Wait(within, to); err != nil {
			return g.behind(ctx, v, to, err)
		}
	}
	g.standing(ctx, c, views)
	return nil
}

// heard is the newest position that the log is known to reach.
type heard struct{ at atomic.Uint64 }

func (h *heard) atLeast(at events.Position) {
	for was := h.at.Load(); was < uint64(at) && !h.at.CompareAndSwap(was, uint64(at)); was = h.at.Load() {
	}
}

// isInLog refuses to wait for what the log does not hold. The log is asked when no view and no answer went as far. One that
// does not answer is not taken for short: the views are waited for.
func (g *Gateway) isInLog(ctx context.Context, to events.Position, views []named) error {
	if to <= events.Position(g.heard.at.Load()) || slices.ContainsFunc(views, func(v named) bool { return v.At().At >= to }) {
		return nil
	}
	head, err := g.deps.Histories.Head(ctx)
	if err != nil || to <= head {
		g.heard.atLeast(head)
		return nil
	}
	return problem(http.StatusConflict, "token_beyond_log",
		"the Consistency-Token stands for position %d, and the log ends at %d: it was changed, or the log lost its end; read without it", to, head).
		with("position", uint64(to)).with("head", uint64(head))
}

func (g *Gateway) behind(ctx context.Context, v named, to events.Position, err error) error {
	if ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	at, s := v.At().At, g.deps.Platform.View(v.name)
	return problem(http.StatusGatewayTimeout, "view_behind",
		"the view %s stands at %d and does not show %d yet: ask again, or with a longer max_wait", v.name, at, to).
		with("view", v.name).with("position", uint64(at)).with("wanted", uint64(to)).
		with("lag_events", s.LagEvents).with("lag_ms", s.Lag.Milliseconds())
}

// standing tells of the view that is furthest behind. Names with dashes are sent beside those with underscores, which
// some proxies drop.
func (g *Gateway) standing(ctx context.Context, c *call, views []named) {
	if len(views) == 0 {
		return
	}
	at := projections.AtOf(ctx, views[0]).At
	var lag int64
	for _, v := range views {
		at = min(at, projections.AtOf(ctx, v).At)
		lag = max(lag, g.deps.Platform.View(v.name).Lag.Milliseconds())
	}
	position, ms := strconv.FormatUint(uint64(at), 10), strconv.FormatInt(lag, 10)
	c.header(headerAsOf, position)
	c.header(headerLag, ms)
	c.header("As-Of-Position", position)
	c.header("Lag-Ms", ms)
}
