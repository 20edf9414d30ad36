package gateway

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"tillstream/events"
	"tillstream/projections"
)

// salesMost is how many rows a report of sales has at most.
const salesMost = 10_000

// salesColumns says how a report can be grouped: by which column of the facts, cut to which unit of time.
var salesColumns = map[string]projections.Dimension{
	"day":         {Column: "at", Unit: "day"},
	"month":       {Column: "at", Unit: "month"},
	"year":        {Column: "at", Unit: "year"},
	"country":     {Column: "country"},
	"sku":         {Column: "sku"},
	"warehouse":   {Column: "warehouse"},
	"kind":        {Column: "kind"},
	"customer_id": {Column: "customer_id"},
	"currency":    {Column: "currency"},
}

// salesMeasures are summed, in this order.
var salesMeasures = []string{"gross_minor", "cancelled_minor", "returned_minor", "credited_minor", "accounting_minor", "net_minor", "orders",
	"sold_units", "cancelled_units", "returned_units", "credited_units"}

// salesRow is one row of a report: keys in the order of groupBy, then the measures.
type salesRow struct {
	keys     []string
	currency string

	gross, cancelled, returned, credited, accounting, net int64
	orders                                                int64
	soldUnits, cancelledUnits, returnedUnits, creditUnits int64
	facts                                                 int64
}

func (r salesRow) empty() bool {
	return r.gross == 0 && r.cancelled == 0 && r.returned == 0 && r.credited == 0 && r.accounting == 0 && r.net == 0 &&
		r.soldUnits == 0 && r.cancelledUnits == 0 && r.returnedUnits == 0 && r.creditUnits == 0
}

// salesBy reads what a report is grouped by.
func salesBy(names []string, zone string) ([]projections.Dimension, error) {
	if _, err := zoneOf(zone); err != nil {
		return nil, err
	}
	by := make([]projections.Dimension, 0, len(names)+1)
	for i, name := range names {
		d, known := salesColumns[name]
		switch {
		case !known:
			return nil, badField("group_by", "knows %s, not %q", strings.Join(sortedKeys(salesColumns), ", "), name)
		case slices.Contains(names[:i], name):
			return nil, badField("group_by", "names %s twice", name)
		}
		if d.Unit != "" {
			d.Zone = zone
		}
		by = append(by, d)
	}
	return append(by, projections.Dimension{Column: "currency"}), nil
}

// salesRows sums the facts of sales. By SKU or warehouse no row stands for whole orders: there orders are counted that
// have such a line.
func (g *Gateway) salesRows(ctx context.Context, where []projections.Cond, by []projections.Dimension) ([]salesRow, error) {
	groups, err := g.deps.Views.SalesFacts.Group(ctx, projections.Grouping{Where: where, By: by, Sum: salesMeasures})
	if err != nil {
		return nil, salesProblem(err)
	}
	orders, err := g.ordersOf(ctx, where, by)
	if err != nil {
		return nil, salesProblem(err)
	}
	rows := make([]salesRow, 0, len(groups))
	for _, group := range groups {
		row := salesRowOf(group)
		if orders != nil {
			row.orders = orders[fmt.Sprint(group.Keys)]
			if row.empty() && row.orders == 0 {
				continue // whole orders, without a charge, are not of any SKU
			}
		}
		if row.facts > 0 {
			rows = append(rows, row)
		}
	}
	return rows, nil
}

func (g *Gateway) ordersOf(ctx context.Context, where []projections.Cond, by []projections.Dimension) (map[string]int64, error) {
	if !slices.ContainsFunc(by, func(d projections.Dimension) bool { return ofLines(d.Column) }) && !ofSomeLines(where) {
		return nil, nil
	}
	groups, err := g.deps.Views.SalesFacts.Group(ctx, projections.Grouping{By: by, Distinct: []string{"order_id"},
		Where: append(slices.Clip(where), projections.Cond{Column: "kind", Op: projections.Eq, Value: "sale"})})
	orders := make(map[string]int64, len(groups))
	for _, group := range groups {
		orders[fmt.Sprint(group.Keys)] = group.Distinct[0]
	}
	return orders, err
}

// ofLines tells whether a column says something of lines, and nothing of whole orders.
func ofLines(column string) bool { return column == "sku" || column == "warehouse" }

func ofSomeLines(where []projections.Cond) bool {
	return slices.ContainsFunc(where, func(c projections.Cond) bool { return ofLines(c.Column) })
}

func salesProblem(err error) error {
	var query *projections.QueryError
	switch {
	case errors.Is(err, projections.ErrSumOverflow):
		return badField("group_by", "makes groups whose sums do not fit 64 bits: ask for smaller ones")
	case errors.As(err, &query):
		return badField("group_by", "makes too many groups: ask for fewer, or filter")
	}
	return err
}

func salesRowOf(group projections.Group) salesRow {
	keys := texts(group.Keys)
	s := group.Sum
	return salesRow{keys: keys[:len(keys)-1], currency: keys[len(keys)-1], gross: s[0], cancelled: s[1], returned: s[2],
		credited: s[3], accounting: s[4], net: s[5], orders: s[6], soldUnits: s[7], cancelledUnits: s[8], returnedUnits: s[9],
		creditUnits: s[10],
		facts:       group.Rows}
}

// instant reads a day where the zone is, which begins or ends then, or a time with its own zone; the zero time for none.
func instant(field, text string, zone *time.Location, end bool) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if day, is := dayIn(text, zone); is {
		if end {
			return day.last(), nil
		}
		return day.from, nil
	}
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return events.Time(t), nil
	}
	return time.Time{}, badField(field, "must be a day, such as 2010-12-01, or a time with its zone")
}
