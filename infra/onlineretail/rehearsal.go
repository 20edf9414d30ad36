package onlineretail

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"tillstream/aggregates"
	"tillstream/commands"
	"tillstream/events"
)

// rehearsal is the Desk of a shop that is nowhere: it decides every command of an import by the shop's own rules, in
// memory, and so knows every fact that the file implies. A day's facts are told when the day is closed.
type rehearsal struct {
	log    *logbook
	states map[string]any          // by stream
	needed map[string]bool         // streams that a later day comes back to
	tell   func([]rehearsed) error // the facts of a day, in the order in which they were asked for
	day    []rehearsed
}

// rehearsed is a fact that the file implies. What comes of a command to a stream that others wrote to as well depends on
// them: it is unsure, and told only where it was recorded; without an Event where it is not what the file alone implies.
type rehearsed struct {
	events.Recorded
	unsure bool
}

func newRehearsal(p *Plan, log *logbook, tell func([]rehearsed) error) *rehearsal {
	r := &rehearsal{log: log, states: map[string]any{}, needed: map[string]bool{}, tell: tell}
	for _, day := range p.Days {
		for _, parts := range day.Credits {
			for _, part := range parts {
				if part.Kind == events.CreditReturned {
					r.needed[string(events.Order(orderID(part.Order)))] = true
					r.needed[string(events.Payment(paymentID(part.Order)))] = true
				}
			}
		}
	}
	for document, lines := range earlierOrders(p) {
		r.states[string(events.Order(orderID(document)))] = orderAsLeft(document, lines)
		r.states[string(events.Payment(paymentID(document)))] = paymentAsLeft(document)
	}
	return r
}

// Ask implements Desk.
func (r *rehearsal) Ask(ctx context.Context, importID string, asked []Asked) (outcomes []Outcome, err error) {
	for _, a := range asked {
		o, err := r.decide(importID, a)
		if err != nil {
			return nil, err
		}
		outcomes = append(outcomes, o)
		if ends(a) {
			if err := r.close(); err != nil {
				return nil, err
			}
		}
	}
	return outcomes, ctx.Err()
}

func (r *rehearsal) decide(importID string, a Asked) (o Outcome, err error) {
	stream := a.Request.Stream
	facts, after, err := a.Request.Decide(r.states[stream])
	unsure := r.log.shared(stream) && !r.log.misplaces(events.EventID(a.ID, stream, 0))
	var no *commands.Rejection
	switch {
	case errors.As(err, &no) && a.tolerates(no.Reason):
		o.Tolerated = no.Reason
	case err != nil && (no == nil || !unsure):
		if no != nil {
			err = a.refused(no)
		}
		return o, err
	}
	if unsure && !r.log.holds(events.EventID(a.ID, stream, max(0, len(facts)-1))) {
		if len(a.Tolerates) > 0 {
			o.Tolerated = a.Tolerates[0]
		}
		return o, nil
	}
	r.states[stream], o.Facts = after, facts
	if unsure && len(facts) == 0 {
		facts = []events.Event{nil}
	}
	for i, e := range facts {
		r.day = append(r.day, rehearsed{events.Recorded{Event: e, ID: events.EventID(a.ID, stream, i), Stream: stream,
			Meta: events.Meta{Correlation: importID, Causation: a.Causation, Command: a.ID, Actor: Actor, At: events.Time(a.At), Origin: events.FromImport}}, unsure})
	}
	return o, nil
}

// ends tells whether a command ends a day, or the import.
func ends(a Asked) bool {
	switch a.Request.Command.(type) {
	case commands.CloseImportDay, commands.CompleteImport:
		return true
	}
	return false
}

// close tells the day, and forgets what nothing comes back to.
func (r *rehearsal) close() error {
	day := r.day
	r.day = r.day[:0]
	for _, f := range day {
		switch f.Event.(type) {
		case events.OrderEvent, events.PaymentEvent, events.ShipmentEvent, events.ReturnEvent, events.CreditNoteEvent, events.AccountingEvent:
			if !r.needed[f.Stream] {
				delete(r.states, f.Stream)
			}
		}
	}
	return r.tell(day)
}

// earlierOrders lists, by document, the lines of other imports that credits of the file take something off.
func earlierOrders(p *Plan) map[string][]EarlierLine {
	orders := map[string][]EarlierLine{}
	for _, l := range p.Earlier {
		orders[l.Document] = append(orders[l.Document], l)
	}
	return orders
}

// orderAsLeft is an order of another import, as far as what is taken off it needs to know.
func orderAsLeft(document string, lines []EarlierLine) aggregates.Order {
	placed := events.OrderPlaced{OrderID: orderID(document), Currency: Currency, Totals: events.Totals{Gross: pence(0)}}
	shipped := events.OrderShipped{OrderID: placed.OrderID}
	returned := events.OrderReturned{OrderID: placed.OrderID, Amount: pence(0)}
	for _, l := range lines {
		line := events.Line{LineID: lineID(document, l.Ordinal), SKU: l.SKU, Kind: kindOf(l.SKU), Quantity: l.Quantity, Unit: l.Unit,
			Net: pence(l.Gross), Gross: pence(l.Gross)}
		placed.Lines, placed.Totals.Gross = append(placed.Lines, line), placed.Totals.Gross.Plus(line.Gross)
		if line.Kind == events.Goods {
			shipped.Lines = append(shipped.Lines, events.LineQuantity{LineID: line.LineID, Quantity: l.Quantity})
		}
		if gone := l.Quantity - l.Left; gone > 0 {
			amount := line.Gross.Share(gone, l.Quantity)
			returned.Lines = append(returned.Lines, events.LineAmount{LineID: line.LineID, Quantity: gone, Amount: amount})
			returned.Amount = returned.Amount.Plus(amount)
		}
	}
	history := []events.OrderEvent{placed, events.OrderConfirmed{OrderID: placed.OrderID}, shipped, returned, events.OrderClosed{OrderID: placed.OrderID}}
	return aggregates.Fold[aggregates.Order](slices.Values(history))
}

// plenty is more than any order was paid: how much is left to refund is for the shop to check, not for a rehearsal.
const plenty = 1 << 50

func paymentAsLeft(document string) aggregates.Payment {
	id, order := paymentID(document), orderID(document)
	return aggregates.Fold[aggregates.Payment](slices.Values([]events.PaymentEvent{
		events.PaymentRequested{PaymentID: id, OrderID: order, Amount: pence(plenty), Provider: provider},
		events.PaymentAuthorized{PaymentID: id, OrderID: order, Amount: pence(plenty)},
		events.PaymentCaptured{PaymentID: id, OrderID: order, Amount: pence(plenty)},
	}))
}

func pence(minor int64) events.Money { return events.Money{Minor: minor, Currency: Currency} }

func kindOf(sku string) events.Kind {
	if isGoods(sku) {
		return events.Goods
	}
	return events.Service
}

// rehearse plays the whole import, whatever of it is done.
func rehearse(ctx context.Context, p *Plan, warehouse string, r *rehearsal) error {
	i := Import{Plan: p, Desk: r, Warehouse: warehouse}
	if _, err := i.Run(ctx); err != nil {
		return fmt.Errorf("work out what the file comes to: %w", err)
	}
	return nil
}
