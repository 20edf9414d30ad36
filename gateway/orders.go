package gateway

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"

	"tillstream/commands"
	"tillstream/events"
	ordersv1 "tillstream/gateway/api/orders/v1"
	"tillstream/projections"
)

type ordersService struct {
	ordersv1.UnimplementedOrdersServer
	*Gateway
}

// reached says of each `until` in which states of an order it is true: those where it happened, and those where it never
// will.
var reached = map[string][]projections.OrderState{
	"placed": {projections.OrderIsPlaced, projections.OrderIsConfirmed, projections.OrderIsPartiallyShipped,
		projections.OrderIsShipped, projections.OrderIsDelivered, projections.OrderIsClosed, projections.OrderIsCancelled},
	"confirmed": {projections.OrderIsConfirmed, projections.OrderIsPartiallyShipped, projections.OrderIsShipped,
		projections.OrderIsDelivered, projections.OrderIsClosed, projections.OrderIsCancelled},
	"shipped":   {projections.OrderIsShipped, projections.OrderIsDelivered, projections.OrderIsClosed, projections.OrderIsCancelled},
	"delivered": {projections.OrderIsDelivered, projections.OrderIsClosed, projections.OrderIsCancelled},
	"cancelled": {projections.OrderIsCancelled, projections.OrderIsClosed},
	"closed":    {projections.OrderIsClosed, projections.OrderIsCancelled},
	// No process acts on an order yet, so nothing happens unasked to one in whatever state.
	"settled": {projections.OrderIsPlaced, projections.OrderIsConfirmed, projections.OrderIsPartiallyShipped,
		projections.OrderIsShipped, projections.OrderIsDelivered, projections.OrderIsClosed, projections.OrderIsCancelled},
}

// Get implements ordersv1.OrdersServer.
func (s ordersService) Get(ctx context.Context, in *ordersv1.GetRequest) (*ordersv1.Order, error) {
	if err := oneOf("until", in.Until, sortedKeys(reached)); err != nil {
		return nil, err
	}
	asked := timesOf(in)
	if asked.asked() && in.Until != "" {
		return nil, badField("until", "waits for what is to come: ask without as_of and known_at")
	}
	v := s.deps.Views
	if err := s.await(ctx, named{projections.Orders.Name, v.Orders}, named{projections.OrderLines.Name, v.OrderLines}); err != nil {
		return nil, err
	}
	if asked.asked() {
		return s.past(ctx, in.OrderId, asked)
	}
	o, err := s.until(ctx, in.OrderId, in.Until)
	if err != nil {
		return nil, err
	}
	lines, err := s.linesOfOrder(ctx, o)
	if err != nil {
		return nil, err
	}
	return s.orderOf(ctx, o, lines)
}

// until reads an order, again whenever the view moves, until it is in a state that was asked for.
func (s ordersService) until(ctx context.Context, id, until string) (projections.Order, error) {
	within, cancel := context.WithDeadline(ctx, callOf(ctx).until)
	defer cancel()
	view := s.deps.Views.Orders
	for {
		seen := view.At().At
		o, found, err := view.Get(ctx, id)
		switch {
		case err != nil:
			return o, err
		case !found && until == "":
			return o, notFound("order_unknown", "there is no such order").with("order_id", id)
		case found && (until == "" || slices.Contains(reached[until], o.State)):
			return o, nil
		}
		if err := view.Wait(within, seen+1); err != nil {
			return o, stillNot(ctx, err, o, id, until)
		}
	}
}

func stillNot(ctx context.Context, err error, o projections.Order, id, until string) error {
	if ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if o.OrderID == "" {
		return notFound("order_unknown", "there is no such order").with("order_id", id)
	}
	return problem(http.StatusGatewayTimeout, "order_not_there_yet", "the order is %s, not yet %s: ask again, or with a longer max_wait", o.State, until).
		with("order_id", id).with("state", string(o.State)).with("until", until)
}

func (s ordersService) linesOfOrder(ctx context.Context, o projections.Order) (lines []projections.OrderLine, err error) {
	err = each(ctx, s.deps.Views.OrderLines, projections.Query{Where: equal(nil, "order_id", o.OrderID)},
		func(rows []projections.Row[projections.OrderLine]) error {
			for _, r := range rows {
				lines = append(lines, r.Value)
			}
			return nil
		})
	sortLines(lines)
	return lines, err
}

// sortLines puts lines as they were ordered: their keys are of no order.
func sortLines(lines []projections.OrderLine) {
	slices.SortFunc(lines, func(a, b projections.OrderLine) int { return cmp.Compare(a.Ordinal, b.Ordinal) })
}

func (s ordersService) orderOf(ctx context.Context, o projections.Order, lines []projections.OrderLine) (*ordersv1.Order, error) {
	out := &ordersv1.Order{OrderId: o.OrderID, Number: o.Number, CustomerId: o.CustomerID, Country: o.Country,
		Currency: o.Currency, State: string(o.State), PlacedAt: stampOf(o.PlacedAt), PaymentState: o.PaymentState,
		ShipmentState: o.ShipmentState, Totals: totalsOf(orderTotals(o)), Cancelled: minorOf(o.CancelledMinor, o.Currency),
		Returned: minorOf(o.ReturnedMinor, o.Currency)}
	for _, l := range lines {
		out.Lines = append(out.Lines, &ordersv1.OrderLine{LineId: l.LineID, Sku: l.SKU, Name: l.Name, Kind: l.Kind,
			Warehouse: l.Warehouse, Quantity: l.Quantity, Unit: unitOf(lineUnit(l)), Gross: minorOf(l.GrossMinor, l.Currency),
			Cancelled: l.Cancelled, Shipped: l.Shipped, Returned: l.Returned})
	}
	var err error
	if out.GuestName, err = s.open(ctx, o.GuestName, events.FieldName); err != nil {
		return nil, err
	}
	if out.GuestEmail, err = s.open(ctx, o.GuestEmail, events.FieldEmail); err != nil {
		return nil, err
	}
	address, err := s.open(ctx, o.ShipTo, events.FieldAddress)
	if err != nil {
		return nil, err
	}
	out.GuestForgotten = o.GuestForgotten || o.GuestName != nil && out.GuestName == nil // the view may not have heard yet
	out.ShipTo, err = addressFrom(address)
	return out, err
}

// ForgetGuest implements ordersv1.OrdersServer. It answers when the key is gone; asked again, it completes what was cut off.
func (s ordersService) ForgetGuest(ctx context.Context, in *ordersv1.ForgetGuestRequest) (*ordersv1.GuestForgotten, error) {
	if !visible(in.OrderId, 1, 64) {
		return nil, badField("order_id", "is no id of an order")
	}
	if _, err := s.send(ctx, commands.Ask(commands.ForgetGuest{OrderID: in.OrderId})); err != nil {
		return nil, err
	}
	if err := s.deps.Keys.Forget(ctx, events.GuestSubject(in.OrderId)); err != nil {
		return nil, err
	}
	return &ordersv1.GuestForgotten{OrderId: in.OrderId, Forgotten: true}, nil
}

func orderTotals(o projections.Order) events.Totals {
	return events.Totals{Net: events.Money{Minor: o.NetMinor, Currency: o.Currency},
		Tax: events.Money{Minor: o.TaxMinor, Currency: o.Currency}, Gross: events.Money{Minor: o.GrossMinor, Currency: o.Currency}}
}

func lineUnit(l projections.OrderLine) events.UnitPrice {
	return events.UnitPrice{Amount: l.UnitAmount, Scale: uint8(l.UnitScale), Currency: l.Currency}
}

// orderStates are the states an order may be in, and a list may be asked for.
var orderStates = reached["settled"]

// List implements ordersv1.OrdersServer.
func (s ordersService) List(ctx context.Context, in *ordersv1.ListRequest) (*ordersv1.OrderList, error) {
	if err := s.await(ctx, named{projections.Orders.Name, s.deps.Views.Orders}); err != nil {
		return nil, err
	}
	if err := oneOf("state", in.State, orderStates); err != nil {
		return nil, err
	}
	where := equal(equal(equal(nil, "state", in.State), "country", in.Country), "customer_id", in.CustomerId)
	rows, next, err := page(ctx, s.Gateway, s.deps.Views.Orders, in, in.Limit, in.Cursor, projections.Query{
		Where: between(where, "placed_at", in.From, in.To), Order: []projections.By{{Column: "placed_at", Desc: true}}})
	out := &ordersv1.OrderList{NextCursor: next}
	for _, o := range rows {
		out.Items = append(out.Items, &ordersv1.OrderSummary{OrderId: o.OrderID, Number: o.Number, CustomerId: o.CustomerID,
			Country: o.Country, Currency: o.Currency, State: string(o.State), PlacedAt: stampOf(o.PlacedAt),
			Gross: minorOf(o.GrossMinor, o.Currency), Cancelled: minorOf(o.CancelledMinor, o.Currency),
			Returned: minorOf(o.ReturnedMinor, o.Currency)})
	}
	return out, err
}
