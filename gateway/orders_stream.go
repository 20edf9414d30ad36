package gateway

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"

	"tillstream/events"
	ordersv1 "tillstream/gateway/api/orders/v1"
	"tillstream/projections"
)

// Watch implements ordersv1.OrdersServer.
func (s ordersService) Watch(in *ordersv1.WatchRequest, stream ordersv1.Orders_WatchServer) error {
	return s.listenByGRPC(stream, ordersv1.Orders_Watch_FullMethodName, func(ctx context.Context, to teller) error { return s.watch(ctx, in, to) })
}

// watch tells what an order is, and again whenever a fact of it made the page another. It is woken by the view.
func (s ordersService) watch(ctx context.Context, in *ordersv1.WatchRequest, to teller) error {
	left, err := s.listens()
	if err != nil {
		return err
	}
	defer left()
	watch := s.deps.Views.Orders.Watch(in.OrderId) // before it is read first, so that nothing is missed between
	defer watch.End()
	beat := time.NewTicker(s.opts.Beat)
	defer beat.Stop()
	if err := s.awaitAnew(ctx, s.orderViews()...); err != nil {
		return err
	}
	for last := (*ordersv1.Order)(nil); ; {
		is, at, err := s.orderNow(ctx, in.OrderId)
		if err != nil {
			return err
		}
		if !proto.Equal(is, last) {
			if err := to.tell("order", s.tokenOf(at), is); err != nil {
				return err
			}
			last = is
			beat.Reset(s.opts.Beat)
		}
		if err := s.touched(ctx, watch, beat.C, to); err != nil {
			return err
		}
	}
}

// touched waits until a watch is signalled, with signs of life in between.
func (g *Gateway) touched(ctx context.Context, watch *projections.Watch, beat <-chan time.Time, to teller) error {
	for {
		select {
		case <-watch.C:
			return nil
		case <-beat:
			if err := to.beat(); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (s ordersService) orderViews() []named {
	return []named{{projections.Orders.Name, s.deps.Views.Orders}, {projections.OrderLines.Name, s.deps.Views.OrderLines}}
}

// orderNow reads the page of an order from one generation of each view, and a position that it shows.
func (s ordersService) orderNow(ctx context.Context, id string) (*ordersv1.Order, events.Position, error) {
	ctx, release := projections.Pinned(ctx)
	defer release()
	v := s.deps.Views
	at := projections.AtOf(ctx, v.Orders).At
	within, cancel := context.WithTimeout(ctx, waitMost)
	defer cancel()
	if err := v.OrderLines.Wait(within, at); err != nil {
		return nil, 0, s.behind(ctx, named{projections.OrderLines.Name, v.OrderLines}, at, err)
	}
	o, found, err := v.Orders.Get(ctx, id)
	if err != nil {
		return nil, 0, err
	}
	if !found {
		return nil, 0, notFound("order_unknown", "there is no such order").with("order_id", id)
	}
	lines, err := s.linesOfOrder(ctx, o)
	if err != nil {
		return nil, 0, err
	}
	page, err := s.orderOf(ctx, o, lines)
	return page, at, err
}
