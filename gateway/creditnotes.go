package gateway

import (
	"context"

	ordersv1 "tillstream/gateway/api/orders/v1"
	"tillstream/projections"
)

type creditNotesService struct {
	ordersv1.UnimplementedCreditNotesServer
	*Gateway
}

// Get implements ordersv1.CreditNotesServer.
func (s creditNotesService) Get(ctx context.Context, in *ordersv1.GetCreditNoteRequest) (*ordersv1.CreditNote, error) {
	if err := s.await(ctx, named{projections.CreditNotes.Name, s.deps.Views.CreditNotes}); err != nil {
		return nil, err
	}
	n, found, err := s.deps.Views.CreditNotes.Get(ctx, in.CreditNoteId)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, notFound("credit_note_unknown", "there is no such credit note").with("credit_note_id", in.CreditNoteId)
	}
	out := &ordersv1.CreditNote{CreditNoteId: n.CreditNoteID, Number: n.Number, CustomerId: n.CustomerID, Country: n.Country,
		Currency: n.Currency, IssuedAt: stampOf(n.At), Total: minorOf(n.TotalMinor, n.Currency), Settled: n.Settled}
	for _, p := range n.Parts {
		out.Parts = append(out.Parts, &ordersv1.CreditPart{PartId: p.PartID, Row: int32(p.Row), Kind: string(p.Kind),
			OrderId: p.OrderID, LineId: p.LineID, Sku: p.SKU, Warehouse: p.Warehouse, Quantity: p.Quantity,
			Unit: unitOf(p.Unit), Amount: moneyOf(p.Amount)})
	}
	return out, nil
}

// List implements ordersv1.CreditNotesServer.
func (s creditNotesService) List(ctx context.Context, in *ordersv1.ListCreditNotesRequest) (*ordersv1.CreditNoteList, error) {
	if err := s.await(ctx, named{projections.CreditNotes.Name, s.deps.Views.CreditNotes}); err != nil {
		return nil, err
	}
	rows, next, err := page(ctx, s.Gateway, s.deps.Views.CreditNotes, in, in.Limit, in.Cursor, projections.Query{
		Where: equal(equal(nil, "customer_id", in.CustomerId), "country", in.Country), Order: []projections.By{{Column: "at", Desc: true}}})
	out := &ordersv1.CreditNoteList{NextCursor: next}
	for _, n := range rows {
		out.Items = append(out.Items, &ordersv1.CreditNoteSummary{CreditNoteId: n.CreditNoteID, Number: n.Number,
			CustomerId: n.CustomerID, Country: n.Country, Currency: n.Currency, IssuedAt: stampOf(n.At),
			Total: minorOf(n.TotalMinor, n.Currency), Settled: n.Settled})
	}
	return out, err
}
