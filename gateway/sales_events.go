package gateway

import (
	"context"
	"net/url"
	"time"

	"google.golang.org/protobuf/proto"

	"tillstream/events"
	analyticsv1 "tillstream/gateway/api/analytics/v1"
	"tillstream/projections"
)

// The paths that numbers of sales lead along: to the events behind them, and to each event in full.
const (
	salesEventsPath = "/v1/analytics/sales/events"
	auditEventPath  = "/v1/audit/events/"
)

// eventsBehind is the way from a row of a report to the events behind it: the filters of the report and the keys of the
// row, empty keys included.
func eventsBehind(in *analyticsv1.SalesRequest, row *analyticsv1.SalesRow) string {
	q := url.Values{"currency": {row.Currency}}
	for name, filter := range map[string]string{"from": in.From, "to": in.To, "tz": in.Tz, "as_of": in.AsOf, "known_at": in.KnownAt,
		"country": in.Country, "sku": in.Sku, "warehouse": in.Warehouse} {
		if filter != "" {
			q.Set(name, filter)
		}
	}
	for name, key := range map[string]*string{"day": row.Day, "month": row.Month, "year": row.Year, "country": row.Country, "sku": row.Sku,
		"warehouse": row.Warehouse, "kind": row.Kind, "customer_id": row.CustomerId} {
		if key != nil {
			q.Set(name, *key)
		}
	}
	return salesEventsPath + "?" + q.Encode()
}

// SalesEvents implements analyticsv1.AnalyticsServer.
func (s analyticsService) SalesEvents(ctx context.Context, in *analyticsv1.SalesEventsRequest) (*analyticsv1.SalesEventList, error) {
	asked, err := salesTimes(in)
	if err != nil {
		return nil, err
	}
	where, err := salesKeys(asked.where(), in)
	if err != nil {
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
	facts, entries := named{projections.SalesFacts.Name, s.deps.Views.SalesFacts}, s.auditLog()
	if err := s.await(ctx, facts, entries); err != nil {
		return nil, err
	}
	out := &analyticsv1.SalesEventList{}
	if after == nil { // sums over everything cost more than a page: once is enough
		if out.Totals, out.Events, err = s.salesTotals(ctx, where); err != nil {
			return nil, err
		}
	}
	found, more, err := s.eventsOf(ctx, where, after, limit)
	if err != nil {
		return nil, err
	}
	if more {
		if out.NextCursor, err = s.cursor(in, found[limit-1].place); err != nil {
			return nil, err
		}
	}
	if err := s.catchUp(ctx, entries, facts.AtOf(ctx).At); err != nil { // else it may not know the newest events
		return nil, err
	}
	asked.tell(ctx)
	out.Items, err = s.salesEvents(ctx, found)
	return out, err
}

// catchUp waits, as long as the call waits at most, until a view shows a position.
func (g *Gateway) catchUp(ctx context.Context, v named, to events.Position) error {
	within, cancel := context.WithDeadline(ctx, callOf(ctx).until)
	defer cancel()
	if err := v.Wait(within, to); err != nil {
		return g.behind(ctx, v, to, err)
	}
	return nil
}

// salesKeys adds the keys that were given, empty ones included: what is of no country has an empty one.
func salesKeys(where []projections.Cond, in *analyticsv1.SalesEventsRequest) ([]projections.Cond, error) {
	zone, err := zoneOf(in.Tz)
	if err != nil {
		return nil, err
	}
	for _, cut := range []struct {
		field, text, such string
		read              func(string, *time.Location) (span, bool)
	}{{"day", in.Day, "2010-12-01", dayIn}, {"month", in.Month, "2010-12", monthIn}, {"year", in.Year, "2010", yearIn}} {
		if cut.text == "" {
			continue
		}
		s, is := cut.read(cut.text, zone)
		if !is {
			return nil, badField(cut.field, "must be one, such as %s", cut.such)
		}
		where = s.where(where, "at")
	}
	canonical := map[string]func(string) string{"sku": events.SKU, "warehouse": events.Warehouse}
	for _, key := range []struct {
		column string
		value  *string
	}{{"country", in.Country}, {"sku", in.Sku}, {"warehouse", in.Warehouse}, {"kind", in.Kind}, {"customer_id", in.CustomerId},
		{"currency", in.Currency}} {
		if key.value == nil {
			continue
		}
		value := *key.value
		if canon := canonical[key.column]; canon != nil {
			value = canon(value)
		}
		where = append(where, projections.Cond{Column: key.column, Op: projections.Eq, Value: value})
	}
	return where, nil
}

// salesTotals sums everything that was asked, by currency, and counts the events.
func (g *Gateway) salesTotals(ctx context.Context, where []projections.Cond) (totals []*analyticsv1.SalesRow, n int64, err error) {
	byCurrency := []projections.Dimension{{Column: "currency"}}
	rows, err := g.salesRows(ctx, where, byCurrency)
	if err != nil {
		return nil, 0, err
	}
	for _, r := range rows {
		totals = append(totals, salesRowMessage(nil, r))
	}
	counted, err := g.deps.Views.SalesFacts.Group(ctx, projections.Grouping{Where: where, Distinct: []string{"event_id"}})
	if err != nil || len(counted) == 0 {
		return nil, 0, err
	}
	return totals, counted[0].Distinct[0], nil
}

// salesEvent is an event and what it adds to each column of a report.
type salesEvent struct {
	id      string
	at, rec time.Time
	salesRow
	place []any // where the list goes on behind it
}

// eventsOf reads one page of the events behind a number, oldest first, and tells whether there are more. The facts of an
// event stand together, since it has one business time and one id.
func (g *Gateway) eventsOf(ctx context.Context, where []projections.Cond, after []any, limit int) (list []salesEvent, more bool, err error) {
	lines := ofSomeLines(where)
	q := projections.Query{Where: where, Order: []projections.By{{Column: "at"}, {Column: "event_id"}}, After: after}
	err = each(ctx, g.deps.Views.SalesFacts, q, func(rows []projections.Row[projections.SalesFact]) error {
		for _, row := range rows {
			f := row.Value
			if len(list) == 0 || list[len(list)-1].id != f.EventID {
				if len(list) == limit {
					more = true
					return errEnough
				}
				list = append(list, salesEvent{id: f.EventID, at: f.At, rec: f.RecordedAt, salesRow: salesRow{currency: f.Currency}})
			}
			e := &list[len(list)-1]
			e.add(f, lines)
			e.place = row.After
		}
		return nil
	})
	return list, more, unlessEnough(err)
}

// add counts a fact of the event. Where only some lines are asked for, an order counts by having one of them.
func (e *salesEvent) add(f projections.SalesFact, lines bool) {
	e.gross += f.GrossMinor
	e.cancelled += f.CancelledMinor
	e.returned += f.ReturnedMinor
	e.credited += f.CreditedMinor
	e.accounting += f.AccountingMinor
	e.net += f.NetMinor
	e.soldUnits += f.SoldUnits
	e.cancelledUnits += f.CancelledUnits
	e.returnedUnits += f.ReturnedUnits
	e.creditUnits += f.CreditedUnits
	switch {
	case !lines:
		e.orders += f.Orders
	case f.Kind == "sale":
		e.orders = 1
	}
}

// salesEvents tells of each event what the audit log knows of it.
func (g *Gateway) salesEvents(ctx context.Context, found []salesEvent) ([]*analyticsv1.SalesEvent, error) {
	if len(found) == 0 {
		return nil, nil
	}
	ids := make([]string, len(found))
	for i, e := range found {
		ids[i] = e.id
	}
	rows, err := g.deps.Views.AuditLog.List(ctx, projections.Query{Limit: len(ids),
		Where: []projections.Cond{{Column: "event_id", Op: projections.In, Value: ids}}})
	if err != nil {
		return nil, err
	}
	known := make(map[string]projections.Row[projections.AuditEntry], len(rows))
	for _, r := range rows {
		known[r.Value.EventID] = r
	}
	list := make([]*analyticsv1.SalesEvent, len(found))
	for i, e := range found {
		if list[i], err = salesEventMessage(e, known[e.id]); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// salesEventMessage leaves empty what a parked audit log does not know.
func salesEventMessage(e salesEvent, entry projections.Row[projections.AuditEntry]) (*analyticsv1.SalesEvent, error) {
	out := &analyticsv1.SalesEvent{}
	b, err := proto.Marshal(salesRowMessage(nil, e.salesRow))
	if err != nil {
		return nil, err
	}
	if err := (proto.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(b, out); err != nil { // the columns of a row have the same numbers
		return nil, err
	}
	out.EventId, out.At, out.RecordedAt, out.Audit = e.id, stampOf(e.at), stampOf(e.rec), auditEventPath+url.PathEscape(e.id)
	if entry.Key == "" {
		return out, nil
	}
	at, err := projections.AuditPosition(entry.Key)
	out.Position, out.Type, out.Stream = uint64(at), entry.Value.Type, entry.Value.Stream
	out.Revision, out.Sentence = uint64(entry.Value.Revision), entry.Value.Sentence
	return out, err
}
