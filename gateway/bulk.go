package gateway

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	bulkv1 "tillstream/gateway/api/bulk/v1"
	"tillstream/projections"
)

type bulkService struct {
	bulkv1.UnimplementedBulkServer
	*Gateway
}

// begin waits for the views and sends where they stand ahead of the rows.
func (g *Gateway) begin(stream grpc.ServerStream, method string, views ...named) (context.Context, error) {
	header := metadata.MD{}
	c, err := streamCall(stream.Context(), method, func(key, value string) { header.Set(key, value) })
	if err != nil {
		return nil, err
	}
	ctx := withCall(stream.Context(), c)
	if err := g.await(ctx, views...); err != nil {
		return nil, problemOf(ctx, g.log, err)
	}
	if len(projections.StaleViews(ctx)) > 0 {
		header.Set(headerStale, "true")
	}
	return ctx, stream.SendHeader(header)
}

// rows sends every row of a query, each made of one value.
func rows[V, M any](ctx context.Context, s bulkService, view projections.Reader[V], where []projections.Cond, send func(*M) error, to func(V) *M) error {
	err := each(ctx, view, projections.Query{Where: where}, func(page []projections.Row[V]) error {
		for _, r := range page {
			if err := send(to(r.Value)); err != nil {
				return err
			}
		}
		return s.closing.Err()
	})
	if err != nil {
		return problemOf(ctx, s.log, err)
	}
	return nil
}

// CreditNotes implements bulkv1.BulkServer.
func (s bulkService) CreditNotes(in *bulkv1.CreditNotesRequest, stream bulkv1.Bulk_CreditNotesServer) error {
	ctx, err := s.begin(stream, bulkv1.Bulk_CreditNotes_FullMethodName, named{projections.CreditNotes.Name, s.deps.Views.CreditNotes})
	if err != nil {
		return err
	}
	where := equal(equal(nil, "correlation", in.CorrelationId), "customer_id", in.CustomerId)
	return rows(ctx, s, s.deps.Views.CreditNotes, where, stream.Send, func(n projections.CreditNote) *bulkv1.CreditNote {
		out := &bulkv1.CreditNote{CreditNoteId: n.CreditNoteID, Number: n.Number, CustomerId: n.CustomerID, Country: n.Country,
			Currency: n.Currency, IssuedAt: stampOf(n.At), Total: minorOf(n.TotalMinor, n.Currency), Settled: n.Settled,
			CorrelationId: n.Correlation, RecordedAt: stampOf(n.RecordedAt)}
		for _, p := range n.Parts {
			out.Parts = append(out.Parts, &bulkv1.CreditPart{PartId: p.PartID, Row: int64(p.Row), Kind: string(p.Kind),
				OrderId: p.OrderID, LineId: p.LineID, Sku: p.SKU, Goods: string(p.Goods), Warehouse: p.Warehouse,
				Quantity: p.Quantity, Unit: unitOf(p.Unit), Amount: moneyOf(p.Amount)})
		}
		return out
	})
}

// Imports implements bulkv1.BulkServer.
func (s bulkService) Imports(in *bulkv1.ImportsRequest, stream bulkv1.Bulk_ImportsServer) error {
	ctx, err := s.begin(stream, bulkv1.Bulk_Imports_FullMethodName, named{projections.Imports.Name, s.deps.Views.Imports})
	if err != nil {
		return err
	}
	return rows(ctx, s, s.deps.Views.Imports, equal(nil, "key", in.ImportId), stream.Send, func(i projections.Import) *bulkv1.Import {
		return &bulkv1.Import{ImportId: i.ImportID, Source: i.Source, Digest: i.Digest, Rows: i.Rows, Documents: i.Documents,
			LastDay: i.LastDay, DaysClosed: i.DaysClosed, DocumentsClosed: i.Imported, Completed: i.Completed, Refused: i.Refused,
			StartedAt: stampOf(i.StartedAt)}
	})
}

// Orders implements bulkv1.BulkServer. Lines are read for a page of orders at a time.
func (s bulkService) Orders(in *bulkv1.OrdersRequest, stream bulkv1.Bulk_OrdersServer) error {
	v := s.deps.Views
	ctx, err := s.begin(stream, bulkv1.Bulk_Orders_FullMethodName, named{projections.Orders.Name, v.Orders}, named{projections.OrderLines.Name, v.OrderLines})
	if err != nil {
		return err
	}
	where := equal(equal(nil, "correlation", in.CorrelationId), "customer_id", in.CustomerId)
	err = each(ctx, v.Orders, projections.Query{Where: where}, func(page []projections.Row[projections.Order]) error {
		lines, err := s.linesOfPage(ctx, page, in.WithoutLines)
		if err != nil {
			return err
		}
		for _, r := range page {
			if err := stream.Send(bulkOrder(r.Value, lines[r.Value.OrderID])); err != nil {
				return err
			}
		}
		return s.closing.Err()
	})
	if err != nil {
		return problemOf(ctx, s.log, err)
	}
	return nil
}

func (s bulkService) linesOfPage(ctx context.Context, page []projections.Row[projections.Order], none bool) (map[string][]projections.OrderLine, error) {
	if none {
		return nil, nil
	}
	ids := make([]string, len(page))
	for i, r := range page {
		ids[i] = r.Value.OrderID
	}
	lines := map[string][]projections.OrderLine{}
	where := []projections.Cond{{Column: "order_id", Op: projections.In, Value: ids}}
	err := each(ctx, s.deps.Views.OrderLines, projections.Query{Where: where}, func(rows []projections.Row[projections.OrderLine]) error {
		for _, r := range rows {
			lines[r.Value.OrderID] = append(lines[r.Value.OrderID], r.Value)
		}
		return nil
	})
	return lines, err
}

func bulkOrder(o projections.Order, lines []projections.OrderLine) *bulkv1.Order {
	out := &bulkv1.Order{OrderId: o.OrderID, Number: o.Number, CustomerId: o.CustomerID, Country: o.Country, Currency: o.Currency,
		State: string(o.State), PlacedAt: stampOf(o.PlacedAt), Totals: totalsOf(orderTotals(o)),
		Cancelled: minorOf(o.CancelledMinor, o.Currency), Returned: minorOf(o.ReturnedMinor, o.Currency), CorrelationId: o.Correlation,
		Lines: make([]*bulkv1.OrderLine, len(lines)), PaymentState: o.PaymentState, ShipmentState: o.ShipmentState,
		Captured: minorOf(o.CapturedMinor, o.Currency), Refunded: minorOf(o.RefundedMinor, o.Currency),
		LineCount: o.LineCount, Units: o.Units, ShippedUnits: o.ShippedUnits, RecordedAt: stampOf(o.RecordedAt)}
	sortLines(lines)
	for i, l := range lines {
		out.Lines[i] = &bulkv1.OrderLine{LineId: l.LineID, Ordinal: l.Ordinal, Sku: l.SKU, Name: l.Name, Kind: l.Kind,
			Warehouse: l.Warehouse, Quantity: l.Quantity, Unit: unitOf(lineUnit(l)),
			Gross: minorOf(l.GrossMinor, l.Currency), Cancelled: l.Cancelled, Shipped: l.Shipped, Returned: l.Returned,
			CancelledAmount: minorOf(l.CancelledMinor, l.Currency), ReturnedAmount: minorOf(l.ReturnedMinor, l.Currency)}
	}
	return out
}
