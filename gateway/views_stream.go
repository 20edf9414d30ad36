package gateway

import (
	"context"
	"errors"
	"reflect"
	"time"

	"google.golang.org/protobuf/proto"

	"tillstream/events"
	statusv1 "tillstream/gateway/api/status/v1"
	"tillstream/projections"
)

// How often the standing of views is told.
const (
	standingEvery = 250 * time.Millisecond // at most, however fast a view moves
	lookEvery     = time.Second            // at what moves no view: a lag that grows, a rebuild, a parked key. It costs no I/O.
)

// WatchView implements statusv1.StatusServer.
func (s statusService) WatchView(in *statusv1.WatchViewRequest, stream statusv1.Status_WatchViewServer) error {
	return s.listenByGRPC(stream, statusv1.Status_WatchView_FullMethodName, func(ctx context.Context, to teller) error { return s.watchView(ctx, in, to) })
}

// WatchViews implements statusv1.StatusServer.
func (s statusService) WatchViews(_ *statusv1.ViewsRequest, stream statusv1.Status_WatchViewsServer) error {
	return s.listenByGRPC(stream, statusv1.Status_WatchViews_FullMethodName, s.watchViews)
}

func (s statusService) watchView(ctx context.Context, in *statusv1.WatchViewRequest, to teller) error {
	view, known := s.byName[in.View]
	if !known {
		return notFound("view_unknown", "there is no view %q: look at /v1/views", in.View).with("view", in.View)
	}
	if err := s.awaitAnew(ctx, view); err != nil {
		return err
	}
	return s.watchStanding(ctx, to, []named{view}, func() (string, string, proto.Message) {
		is := s.viewOf(s.deps.Platform.View(in.View))
		return "view", s.tokenOf(events.Position(is.Position)), is
	})
}

func (s statusService) watchViews(ctx context.Context, to teller) error {
	var all []named
	for _, view := range s.byName {
		all = append(all, view)
	}
	return s.watchStanding(ctx, to, all, func() (string, string, proto.Message) {
		return "views", "", &statusv1.ViewList{Items: s.views()}
	})
}

// watchStanding tells where views stand, whenever one moved or stands otherwise for other reasons.
func (g *Gateway) watchStanding(ctx context.Context, to teller, views []named, now func() (event, token string, m proto.Message)) error {
	left, err := g.listens()
	if err != nil {
		return err
	}
	defer left()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	moved := make(chan struct{}, 1)
	for _, v := range views {
		go g.signalMoves(ctx, v, moved)
	}
	look, beat := time.NewTicker(lookEvery), time.NewTicker(g.opts.Beat)
	defer look.Stop()
	defer beat.Stop()
	for last := proto.Message(nil); ; {
		if event, token, is := now(); last == nil || !proto.Equal(is, last) {
			if err := to.tell(event, token, is); err != nil {
				return err
			}
			last = is
			beat.Reset(g.opts.Beat)
		}
		select {
		case <-time.After(standingEvery):
		case <-ctx.Done():
			return ctx.Err()
		}
		select {
		case <-moved:
		case <-look.C:
		case <-beat.C:
			err = to.beat()
		case <-ctx.Done():
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
	}
}

// signalMoves signals whenever a view moves, until ctx ends. It asks anew now and then, since who waits for a generation
// keeps it from being retired.
func (g *Gateway) signalMoves(ctx context.Context, view named, moved chan<- struct{}) {
	for ctx.Err() == nil {
		within, cancel := context.WithTimeout(ctx, g.opts.Beat)
		round, release := projections.Pinned(within)
		err := view.Wait(round, view.AtOf(round).At+1)
		if err != nil && !errors.Is(err, context.DeadlineExceeded) {
			<-within.Done() // it does not serve: lookEvery tells when it does
		}
		release()
		cancel()
		select {
		case moved <- struct{}{}:
		default: // one signal waits already
		}
	}
}

// awaitAnew is await for who listens: it holds no generation beyond the wait.
func (g *Gateway) awaitAnew(ctx context.Context, views ...named) error {
	ctx, release := projections.Pinned(ctx)
	defer release()
	return g.await(ctx, views...)
}

// byName lists the views by their names.
func (v Views) byName() map[string]named {
	all := map[string]named{}
	fields := reflect.ValueOf(v)
	for i := range fields.NumField() {
		if view, is := fields.Field(i).Interface().(interface {
			waitable
			viewName() string
		}); is {
			all[view.viewName()] = named{view.viewName(), view}
		}
	}
	return all
}
