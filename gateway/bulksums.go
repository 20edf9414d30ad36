package gateway

import (
	"fmt"
	"strings"

	"tillstream/events"
	bulkv1 "tillstream/gateway/api/bulk/v1"
	"tillstream/projections"
)

// movementColumns says how movements can be grouped.
var movementColumns = map[string]projections.Dimension{
	"sku":       {Column: "sku"},
	"warehouse": {Column: "warehouse"},
	"kind":      {Column: "kind"},
	"reason":    {Column: "reason"},
	"day":       {Column: "at", Unit: "day"},
	"month":     {Column: "at", Unit: "month"},
	"year":      {Column: "at", Unit: "year"},
}

// StockMovements implements bulkv1.BulkServer.
func (s bulkService) StockMovements(in *bulkv1.StockMovementsRequest, stream bulkv1.Bulk_StockMovementsServer) error {
	ctx, err := s.begin(stream, bulkv1.Bulk_StockMovements_FullMethodName, named{projections.StockMovements.Name, s.deps.Views.StockMovements})
	if err != nil {
		return err
	}
	by, err := movementsBy(in)
	if err != nil {
		return err
	}
	where := equal(equal(equal(equal(nil, "correlation", in.CorrelationId), "sku", events.SKU(in.Sku)),
		"warehouse", events.Warehouse(in.Warehouse)), "kind", in.Kind)
	groups, err := s.deps.Views.StockMovements.Group(ctx, projections.Grouping{Where: where, By: by, Sum: []string{"quantity"}})
	if err != nil {
		return problemOf(ctx, s.log, salesProblem(err))
	}
	for _, group := range groups {
		if err := stream.Send(&bulkv1.StockMovement{Keys: texts(group.Keys), Quantity: group.Sum[0], Movements: group.Rows}); err != nil {
			return err
		}
	}
	return nil
}

func movementsBy(in *bulkv1.StockMovementsRequest) (by []projections.Dimension, err error) {
	if _, err := zoneOf(in.Tz); err != nil {
		return nil, err
	}
	for _, name := range in.GroupBy {
		d, known := movementColumns[name]
		if !known {
			return nil, badField("group_by", "knows %s, not %q", strings.Join(sortedKeys(movementColumns), ", "), name)
		}
		if d.Unit != "" {
			d.Zone = in.Tz
		}
		by = append(by, d)
	}
	return by, nil
}

// texts is keys of a group as text; nothing for no value.
func texts(keys []any) []string {
	list := make([]string, len(keys))
	for i, k := range keys {
		if k != nil {
			list[i] = fmt.Sprint(k)
		}
	}
	return list
}

// Sales implements bulkv1.BulkServer.
func (s bulkService) Sales(in *bulkv1.SalesRequest, stream bulkv1.Bulk_SalesServer) error {
	ctx, err := s.begin(stream, bulkv1.Bulk_Sales_FullMethodName, named{projections.SalesFacts.Name, s.deps.Views.SalesFacts})
	if err != nil {
		return err
	}
	by, err := salesBy(in.GroupBy, in.Tz)
	if err != nil {
		return err
	}
	where := between(equal(nil, "correlation", in.CorrelationId), "at", in.From, in.Until)
	found, err := s.salesRows(ctx, where, by)
	if err != nil {
		return problemOf(ctx, s.log, err)
	}
	for _, r := range found {
		row := &bulkv1.SalesRow{Keys: r.keys, Currency: r.currency, Gross: r.gross, Cancelled: r.cancelled, Returned: r.returned,
			Credited: r.credited, Accounting: r.accounting, Net: r.net, Orders: r.orders, UnitsSold: r.soldUnits,
			UnitsCancelled: r.cancelledUnits, UnitsReturned: r.returnedUnits, UnitsCredited: r.creditUnits, Rows: r.facts}
		if err := stream.Send(row); err != nil {
			return err
		}
	}
	return nil
}
