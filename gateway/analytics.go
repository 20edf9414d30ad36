package gateway

import (
	"context"
	"slices"
	"strings"

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
	where, err := salesFilter(in)
	if err != nil {
		return nil, err
	}
	if in.Limit < 0 || in.Limit > salesMost {
		return nil, badField("limit", "must be from 1 to %d", salesMost)
	}
	if err := s.await(ctx, named{projections.SalesFacts.Name, s.deps.Views.SalesFacts}); err != nil {
		return nil, err
	}
	rows, err := s.salesRows(ctx, where, by)
	if err != nil {
		return nil, err
	}
	return s.salesPage(in, names, rows)
}

func salesFilter(in *analyticsv1.SalesRequest) (where []projections.Cond, err error) {
	for _, bound := range []struct {
		field, text, column string
		op                  projections.Op
	}{
		{"from", in.From, "at", projections.Ge},
		{"to", in.To, "at", projections.Lt},
		{"known_at", in.KnownAt, "recorded_at", projections.Le},
	} {
		t, err := instant(bound.field, bound.text, in.Tz)
		if err != nil {
			return nil, err
		}
		if !t.IsZero() {
			where = append(where, projections.Cond{Column: bound.column, Op: bound.op, Value: t})
		}
	}
	where = equal(where, "country", in.Country)
	where = equal(where, "sku", events.SKU(in.Sku))
	return equal(where, "warehouse", events.Warehouse(in.Warehouse)), nil
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
		out.Items = append(out.Items, salesRowMessage(names, r))
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
