package gateway

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"tillstream/aggregates"
	"tillstream/commands"
	"tillstream/events"
	ordersv1 "tillstream/gateway/api/orders/v1"
)

// looksMost is how many streams are looked at at once, for one order.
const looksMost = 16

// place is where something is sold from.
type place struct{ warehouse, sku string }

// offer is what is sold at a place and at which price now.
type offer struct {
	product aggregates.Product
	unit    events.UnitPrice
	priced  bool
	other   bool // priced in another currency only
	err     error
}

func (o offer) refusal(currency string) *Problem {
	switch {
	case !o.product.Registered:
		return problem(http.StatusConflict, "product_unknown", "there is no such product: look at /v1/products")
	case o.product.Discontinued:
		return problem(http.StatusConflict, "product_discontinued", "this product is not sold any more")
	case o.other:
		return problem(http.StatusConflict, "currency_mismatch", "this product has no price in %s there, but in another currency", currency)
	case !o.priced:
		return problem(http.StatusConflict, "price_unknown", "this product has no price there now: set one first")
	}
	return nil
}

func (s ordersService) offersFor(ctx context.Context, in *ordersv1.PlaceRequest) (map[place]offer, error) {
	offers := map[place]offer{}
	for i, l := range in.Lines {
		at := place{s.warehouseOf(in, l), events.SKU(l.Sku)}
		if bad := commands.CheckItem(at.warehouse, at.sku); bad != nil {
			if bad.Details["field"] == "warehouse" && l.Warehouse == "" {
				return nil, bad // it is the order's
			}
			return nil, bad.Within(lineAt(i))
		}
		if l.Quantity < 1 {
			return nil, badField(lineAt(i)+".quantity", "is %d, it must be 1 or more", l.Quantity)
		}
		offers[at] = offer{}
	}
	places := slices.Collect(maps.Keys(offers))
	found := make([]offer, len(places))
	now := s.now(ctx)
	var looking sync.WaitGroup
	room := make(chan struct{}, looksMost)
	for i, at := range places {
		room <- struct{}{}
		looking.Go(func() {
			defer func() { <-room }()
			found[i] = s.offerAt(ctx, at, in.Currency, now)
		})
	}
	looking.Wait()
	for i, at := range places {
		if found[i].err != nil {
			return nil, found[i].err
		}
		offers[at] = found[i]
	}
	return offers, nil
}

// lineAt is the path of the i-th line of a request.
func lineAt(i int) string { return "lines[" + strconv.Itoa(i) + "]" }

func (g *Gateway) offerAt(ctx context.Context, at place, currency string, now time.Time) (o offer) {
	if o.product, _, o.err = commands.Look(ctx, g.deps.Handler, events.Product(at.sku), func(p aggregates.Product) aggregates.Product { return p }); o.err != nil {
		return o
	}
	type priced struct {
		unit  events.UnitPrice
		ok    bool
		other bool
	}
	p, _, err := commands.Look(ctx, g.deps.Handler, events.Price(at.warehouse, at.sku), func(p aggregates.Price) priced {
		unit, ok := p.At(now, currency)
		return priced{unit, ok, !ok && priceNow(p.List, now) != nil}
	})
	o.unit, o.priced, o.other, o.err = p.unit, p.ok, p.other, err
	return o
}
