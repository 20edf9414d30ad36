package gateway

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"

	"tillstream/events"
	ordersv1 "tillstream/gateway/api/orders/v1"
	"tillstream/projections"
)

// pastFactsMost is how many facts one page of the past is folded from: more than any order of a real shop has.
const pastFactsMost = 20_000

// past is the page of an order at another time. It is folded when it is asked for, from the streams that the order's page
// is folded from and by the folds of its views, of the facts that were so and known then; nothing of it is kept.
func (s ordersService) past(ctx context.Context, id string, t times) (*ordersv1.Order, error) {
	now, found, err := s.deps.Views.Orders.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, unknownOrder(id)
	}
	facts, err := s.factsOf(ctx, now, t)
	if err != nil {
		return nil, err
	}
	o, lines, err := foldOrder(id, facts)
	if err != nil {
		return nil, fmt.Errorf("fold order %s as of another time: %w", id, err)
	}
	if o.OrderID == "" {
		return nil, unknownOrder(id)
	}
	t.tell(ctx)
	return s.orderOf(ctx, o, lines)
}

func unknownOrder(id string) *Problem {
	return notFound("order_unknown", "there is no such order, or there was none then").with("order_id", id)
}

// streamsOf are the streams whose facts make the page of an order: its own, and those of its payments, shipments, returns
// and credit notes. A page of the past has none that the page of now lacks.
func streamsOf(o projections.Order) []string {
	streams := []string{string(events.Order(o.OrderID))}
	for _, p := range o.Payments {
		streams = append(streams, string(events.Payment(p.PaymentID)))
	}
	for _, f := range o.Fulfillments {
		streams = append(streams, string(events.Shipment(f.ShipmentID)))
	}
	for _, r := range o.Returns {
		streams = append(streams, string(events.Return(r.ReturnID)))
	}
	for _, c := range o.Credits {
		streams = append(streams, string(events.CreditNote(c.CreditNoteID)))
	}
	slices.Sort(streams)
	return slices.Compact(streams)
}

// factsOf reads what was so and known of an order, in the order of recording.
func (g *Gateway) factsOf(ctx context.Context, o projections.Order, t times) (facts []events.Recorded, err error) {
	read := 0
	for _, stream := range streamsOf(o) {
		for fact, err := range g.deps.Histories.Read(ctx, stream, 0) {
			if err != nil {
				return nil, fmt.Errorf("read %s: %w", stream, err)
			}
			if read++; read > pastFactsMost {
				return nil, problem(http.StatusConflict, "past_too_long", "the order has more than %d facts: look at /v1/audit/events?order_id=", pastFactsMost).
					with("order_id", o.OrderID)
			}
			if t.holds(fact.Meta) {
				facts = append(facts, fact)
			}
		}
	}
	slices.SortFunc(facts, func(a, b events.Recorded) int { return cmp.Compare(a.Position, b.Position) })
	return facts, nil
}

// foldOrder folds the page of one order. A fold that panics, on facts of which others were left out, is an error.
func foldOrder(id string, facts []events.Recorded) (o projections.Order, lines []projections.OrderLine, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("folding panicked: %v", fault)
		}
	}()
	o = projections.Orders.Fold(nil, facts)[id].Value
	for _, line := range projections.OrderLines.Fold(nil, facts) {
		if line.Value.OrderID == id {
			lines = append(lines, line.Value)
		}
	}
	sortLines(lines)
	return o, lines, nil
}
