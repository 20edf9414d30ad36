package gateway

import (
	"context"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"tillstream/events"
	analyticsv1 "tillstream/gateway/api/analytics/v1"
	"tillstream/projections"
)

type analyticsService struct {
	analyticsv1.UnimplementedAnalyticsServer
	*Gateway
}

// Sales implements analyticsv1.AnalyticsServer.
func (s analyticsService) Sales(ctx context.Context, in *analyticsv1.SalesRequest) (*analyticsv1.SalesReport, error) {
	var names []string
	if in.GroupBy != "" {
		names = strings.Split(strings.ReplaceAll(in.GroupBy, " ", ""), ",")
	}
	by, err := salesBy(names, in.Tz)
	if err != nil {
		return nil, err
	}
	asked, err := salesTimes(in)
	if err != nil {
		return nil, err
	}
	if in.Limit < 0 || in.Limit > salesMost {
		return nil, badField("limit", "must be from 1 to %d", salesMost)
	}
	if err := s.await(ctx, named{projections.SalesFacts.Name, s.deps.Views.SalesFacts}); err != nil {
		return nil, err
	}
	where := equal(asked.where(), "country", in.Country)
	where = equal(where, "sku", events.SKU(in.Sku))
	where = equal(where, "warehouse", events.Warehouse(in.Warehouse))
	rows, err := s.salesRows(ctx, where, by)
	if err != nil {
		return nil, err
	}
	asked.tell(ctx)
	return s.salesPage(in, names, rows)
}

// bounded is a question about sales that has bounds of time.
type bounded interface {
	GetFrom() string
	GetTo() string
	GetTz() string
	GetAsOf() string
	GetKnownAt() string
}

// salesWhen is which facts of sales count, by their times.
type salesWhen struct {
	times
	span
}

func salesTimes(in bounded) (w salesWhen, err error) {
	zone, err := zoneOf(in.GetTz())
	if err != nil {
		return w, err
	}
	for _, bound := range []struct {
		field, text string
		end         bool
		into        *time.Time
	}{
		{"from", in.GetFrom(), false, &w.from},
		{"to", in.GetTo(), false, &w.to},
		{"as_of", in.GetAsOf(), true, &w.asOf},
		{"known_at", in.GetKnownAt(), true, &w.knownAt},
	} {
		if *bound.into, err = instant(bound.field, bound.text, zone, bound.end); err != nil {
			return w, err
		}
	}
	return w, nil
}

func (w salesWhen) where() []projections.Cond {
	return w.times.where(w.span.where(nil, "at"), "at", "recorded_at")
}

// salesPage cuts a report into pages behind the keys of the last row seen: rows are in the order of their keys.
func (g *Gateway) salesPage(in *analyticsv1.SalesRequest, names []string, rows []salesRow) (*analyticsv1.SalesReport, error) {
	after, err := g.after(in, in.Cursor)
	if err != nil {
		return nil, err
	}
	if after != nil {
		last := make([]string, len(after))
		for i, v := range after {
			last[i], _ = v.(string)
		}
		seen := slices.IndexFunc(rows, func(r salesRow) bool { return slices.Compare(append(slices.Clip(r.keys), r.currency), last) > 0 })
		if seen < 0 {
			seen = len(rows)
		}
		rows = rows[seen:]
	}
	limit := int(in.Limit)
	if limit == 0 {
		limit = salesMost
	}
	out := &analyticsv1.SalesReport{}
	if len(rows) > limit {
		rows = rows[:limit]
		var place []any
		for _, k := range append(slices.Clip(rows[limit-1].keys), rows[limit-1].currency) {
			place = append(place, k)
		}
		if out.NextCursor, err = g.cursor(in, place); err != nil {
			return nil, err
		}
	}
	for _, r := range rows {
		row := salesRowMessage(names, r)
		row.Events = eventsBehind(in, row)
		out.Items = append(out.Items, row)
	}
	return out, nil
}

func salesRowMessage(names []string, r salesRow) *analyticsv1.SalesRow {
	row := &analyticsv1.SalesRow{Currency: r.currency, Gross: minorOf(r.gross, r.currency), Cancelled: minorOf(r.cancelled, r.currency),
		Returned: minorOf(r.returned, r.currency), Credited: minorOf(r.credited, r.currency),
		Accounting: minorOf(r.accounting, r.currency), Net: minorOf(r.net, r.currency), Orders: r.orders,
		Units:     r.soldUnits - r.cancelledUnits - r.returnedUnits - r.creditUnits,
		UnitsSold: r.soldUnits, UnitsCancelled: r.cancelledUnits, UnitsReturned: r.returnedUnits, UnitsCredited: r.creditUnits}
	fields := map[string]**string{"day": &row.Day, "month": &row.Month, "year": &row.Year, "country": &row.Country,
		"sku": &row.Sku, "warehouse": &row.Warehouse, "kind": &row.Kind, "customer_id": &row.CustomerId}
	for i, name := range names {
		if field, is := fields[name]; is {
			*field = proto.String(r.keys[i])
		}
	}
	return row
}
