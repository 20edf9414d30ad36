package gateway

import (
	"cmp"
	"context"

	"tillstream/aggregates"
	"tillstream/commands"
	"tillstream/events"
	pricesv1 "tillstream/gateway/api/prices/v1"
	"tillstream/projections"
)

type pricesService struct {
	pricesv1.UnimplementedPricesServer
	*Gateway
}

// Set implements pricesv1.PricesServer.
func (s pricesService) Set(ctx context.Context, in *pricesv1.SetRequest) (*pricesv1.Price, error) {
	unit, err := unitFrom("unit", in.Unit)
	if err != nil {
		return nil, err
	}
	from := timeOf(in.ValidFrom)
	if in.ValidFrom == nil {
		from = events.Time(s.now(ctx))
	}
	cmd := commands.SetPrice{PriceID: events.DerivedID(callOf(ctx).command, 0), SKU: in.Sku, Warehouse: s.warehouse(in.Warehouse),
		Unit: unit, ValidFrom: from}
	if in.ValidUntil != nil {
		until := timeOf(in.ValidUntil)
		cmd.ValidUntil = &until
	}
	a, err := s.send(ctx, commands.Ask(cmd))
	if err != nil {
		return nil, err
	}
	if e, set := factOf[events.PriceSet](a); set {
		return &pricesv1.Price{PriceId: e.PriceID, Sku: e.SKU, Warehouse: e.Warehouse, Unit: unitOf(e.Unit),
			ValidFrom: stampOf(e.ValidFrom), ValidUntil: stampOrNil(e.ValidUntil)}, nil
	}
	return s.held(ctx, cmd)
}

// held is the price that made setting another one needless.
func (s pricesService) held(ctx context.Context, cmd commands.SetPrice) (*pricesv1.Price, error) {
	w, _, err := commands.Look(ctx, s.deps.Handler, cmd.Stream(), func(p aggregates.Price) events.PriceWindow {
		w, _ := p.List.At(cmd.ValidFrom, cmd.Unit.Currency)
		return w
	})
	return windowOf(events.SKU(cmd.SKU), events.Warehouse(cmd.Warehouse), w), err
}

func windowOf(sku, warehouse string, w events.PriceWindow) *pricesv1.Price {
	return &pricesv1.Price{PriceId: w.PriceID, Sku: sku, Warehouse: warehouse, Unit: unitOf(w.Unit), ValidFrom: stampOf(w.From),
		ValidUntil: stampOrNil(w.Until)}
}

// Withdraw implements pricesv1.PricesServer.
func (s pricesService) Withdraw(ctx context.Context, in *pricesv1.WithdrawRequest) (*pricesv1.Withdrawn, error) {
	until := timeOf(in.Until)
	if in.Until == nil {
		until = events.Time(s.now(ctx))
	}
	a, err := s.send(ctx, commands.Ask(commands.WithdrawPrice{PriceID: in.PriceId, SKU: in.Sku, Warehouse: s.warehouse(in.Warehouse),
		Until: until, Reason: in.Reason}))
	if err != nil {
		return nil, err
	}
	return &pricesv1.Withdrawn{PriceId: in.PriceId, Changed: len(a.Facts) > 0}, nil
}

// pricesOf reads the times of a list; `at` is what as_of was called first.
func pricesOf(in *pricesv1.ListRequest) (times, error) {
	t := timesOf(in)
	if in.At == nil {
		return t, nil
	}
	if in.AsOf != nil && !timeOf(in.At).Equal(t.asOf) {
		return t, badField("at", "is another instant than as_of, which means the same: give one of them")
	}
	t.asOf = timeOf(in.At)
	return t, nil
}

// List implements pricesv1.PricesServer. A page ends between two prices, wherever that is in a price list.
func (s pricesService) List(ctx context.Context, in *pricesv1.ListRequest) (*pricesv1.PriceList, error) {
	asked, err := pricesOf(in)
	if err != nil {
		return nil, err
	}
	if err := s.await(ctx, named{projections.Prices.Name, s.deps.Views.Prices}); err != nil {
		return nil, err
	}
	limit, err := pageLimit(in.Limit)
	if err != nil {
		return nil, err
	}
	after, err := s.after(in, in.Cursor)
	if err != nil {
		return nil, err
	}
	skip := 0 // prices of the first list that were seen already
	if len(after) > 0 {
		n, _ := after[0].(float64)
		skip, after = int(n), after[1:]
	}
	where := equal(equal(nil, "sku", events.SKU(in.Sku)), "warehouse", events.Warehouse(in.Warehouse))
	q := projections.Query{Where: where, After: after}
	out := &pricesv1.PriceList{}
	err = each(ctx, s.deps.Views.Prices, q, func(rows []projections.Row[projections.Price]) error {
		for _, row := range rows {
			listed := listedOf(row.Value, asked)
			for i := min(skip, len(listed)); i < len(listed); i++ {
				if len(out.Items) == limit {
					next, err := s.cursor(in, append([]any{i}, after...))
					out.NextCursor = next
					return cmp.Or(err, errEnough)
				}
				out.Items = append(out.Items, listed[i])
			}
			skip, after = 0, row.After
		}
		return nil
	})
	asked.tell(ctx)
	return out, unlessEnough(err)
}

// listedOf is all prices of a list, or those that hold at an instant: one per currency.
func listedOf(p projections.Price, t times) (listed []*pricesv1.Price) {
	if !t.knownAt.IsZero() {
		p = p.KnownAt(t.knownAt)
	}
	list := p.List()
	for _, w := range p.Windows {
		if !t.asOf.IsZero() {
			if held, ok := list.At(t.asOf, w.Unit.Currency); !ok || held.PriceID != w.PriceID {
				continue
			}
		}
		price := windowOf(p.SKU, p.Warehouse, w.PriceWindow)
		price.RecordedAt = stampOf(w.SetAt)
		listed = append(listed, price)
	}
	return listed
}
