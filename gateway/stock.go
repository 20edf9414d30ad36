package gateway

import (
	"context"

	"tillstream/commands"
	"tillstream/events"
	stockv1 "tillstream/gateway/api/stock/v1"
	"tillstream/projections"
)

type stockService struct {
	stockv1.UnimplementedStockServer
	*Gateway
}

// Receive implements stockv1.StockServer.
func (s stockService) Receive(ctx context.Context, in *stockv1.ReceiveRequest) (*stockv1.Received, error) {
	a, err := s.send(ctx, commands.Ask(commands.ReceiveStock{SKU: in.Sku, Warehouse: s.warehouse(in.Warehouse), Quantity: in.Quantity,
		Reference: in.Reference}))
	if err != nil {
		return nil, err
	}
	e, _ := factOf[events.StockReceived](a)
	return &stockv1.Received{Sku: e.SKU, Warehouse: e.Warehouse, Quantity: e.Quantity, Reference: e.Reference}, nil
}

// Adjust implements stockv1.StockServer.
func (s stockService) Adjust(ctx context.Context, in *stockv1.AdjustRequest) (*stockv1.Adjusted, error) {
	a, err := s.send(ctx, commands.Ask(commands.AdjustStock{SKU: in.Sku, Warehouse: s.warehouse(in.Warehouse), Quantity: in.Quantity,
		Reason: in.Reason, Reference: in.Reference}))
	if err != nil {
		return nil, err
	}
	e, _ := factOf[events.StockAdjusted](a)
	return &stockv1.Adjusted{Sku: e.SKU, Warehouse: e.Warehouse, Quantity: e.Quantity, Reason: e.Reason, Reference: e.Reference}, nil
}

// Transfer implements stockv1.StockServer. The two ends are two streams: what left and did not arrive, after a crash, is
// in transit until the request is asked again.
func (s stockService) Transfer(ctx context.Context, in *stockv1.TransferRequest) (*stockv1.Transferred, error) {
	for field, code := range map[string]string{"from": in.From, "to": in.To} {
		if code == "" {
			return nil, badField(field, "is required: the code of a warehouse")
		}
	}
	id := events.DerivedID(callOf(ctx).command, 0)
	a, err := s.send(ctx, commands.Ask(commands.TransferStockOut{SKU: in.Sku, Warehouse: in.From, TransferID: id, To: in.To,
		Quantity: in.Quantity, Reference: in.Reference}))
	if err != nil {
		return nil, renamed(err, "warehouse", "from")
	}
	e, _ := factOf[events.StockTransferredOut](a)
	if _, err = s.send(ctx, commands.Ask(commands.TransferStockIn{SKU: e.SKU, Warehouse: e.To, TransferID: e.TransferID,
		From: e.Warehouse, Quantity: e.Quantity, Reference: e.Reference})); err != nil {
		return nil, err
	}
	return &stockv1.Transferred{TransferId: e.TransferID, Sku: e.SKU, From: e.Warehouse, To: e.To, Quantity: e.Quantity,
		Reference: e.Reference}, nil
}

// Count implements stockv1.StockServer.
func (s stockService) Count(ctx context.Context, in *stockv1.CountRequest) (*stockv1.Counted, error) {
	if in.Counted == nil {
		return nil, badField("counted", "is required: how many units were found")
	}
	a, err := s.send(ctx, commands.Ask(commands.CountStock{SKU: in.Sku, Warehouse: s.warehouse(in.Warehouse), Counted: in.GetCounted(),
		Reference: in.Reference}))
	if err != nil {
		return nil, err
	}
	e, _ := factOf[events.StockCounted](a)
	return &stockv1.Counted{Sku: e.SKU, Warehouse: e.Warehouse, Counted: e.Counted, Difference: e.Difference}, nil
}

// AllowBackorder implements stockv1.StockServer.
func (s stockService) AllowBackorder(ctx context.Context, in *stockv1.AllowBackorderRequest) (*stockv1.BackorderAllowed, error) {
	if in.Limit == nil {
		return nil, badField("limit", "is required: how many units orders may reserve beyond what is on hand")
	}
	cmd := commands.AllowBackorder{SKU: in.Sku, Warehouse: s.warehouse(in.Warehouse), Limit: in.GetLimit()}
	a, err := s.send(ctx, commands.Ask(cmd))
	if err != nil {
		return nil, err
	}
	return &stockv1.BackorderAllowed{Sku: events.SKU(cmd.SKU), Warehouse: cmd.Warehouse, Changed: len(a.Facts) > 0}, nil
}

// Levels implements stockv1.StockServer.
func (s stockService) Levels(ctx context.Context, in *stockv1.LevelsRequest) (*stockv1.LevelList, error) {
	v, asked := s.deps.Views, timesOf(in)
	views := []named{{projections.StockLevels.Name, v.StockLevels}}
	if asked.asked() {
		views = append(views, s.stockDays(), s.stockLedger())
	}
	if err := s.await(ctx, views...); err != nil {
		return nil, err
	}
	where := equal(equal(nil, "sku", events.SKU(in.Sku)), "warehouse", events.Warehouse(in.Warehouse))
	rows, next, err := page(ctx, s.Gateway, v.StockLevels, in, in.Limit, in.Cursor, projections.Query{
		Where: asked.where(where, "first_at", "first_recorded_at"), Order: []projections.By{{Column: "sku"}, {Column: "warehouse"}}})
	if err == nil && asked.asked() {
		rows, err = s.levelsThen(ctx, rows, asked)
		asked.tell(ctx)
	}
	out := &stockv1.LevelList{NextCursor: next}
	for _, l := range rows {
		out.Items = append(out.Items, &stockv1.Level{Sku: l.SKU, Warehouse: l.Warehouse, OnHand: l.OnHand, Reserved: l.Reserved,
			Available: l.Available})
	}
	return out, err
}

// movementKinds are the kinds of movement that a list may be asked for.
var movementKinds = []string{"received", "adjusted", "committed", "returned", "transferred_out", "transferred_in", "counted"}

// Movements implements stockv1.StockServer.
func (s stockService) Movements(ctx context.Context, in *stockv1.MovementsRequest) (*stockv1.MovementList, error) {
	if err := s.await(ctx, named{projections.StockMovements.Name, s.deps.Views.StockMovements}); err != nil {
		return nil, err
	}
	if err := oneOf("kind", in.Kind, movementKinds); err != nil {
		return nil, err
	}
	where := equal(equal(equal(nil, "sku", events.SKU(in.Sku)), "warehouse", events.Warehouse(in.Warehouse)), "kind", in.Kind)
	rows, next, err := page(ctx, s.Gateway, s.deps.Views.StockMovements, in, in.Limit, in.Cursor, projections.Query{
		Where: between(where, "at", in.From, in.To), Order: []projections.By{{Column: "at", Desc: true}}})
	out := &stockv1.MovementList{NextCursor: next}
	for _, m := range rows {
		out.Items = append(out.Items, &stockv1.Movement{Sku: m.SKU, Warehouse: m.Warehouse, Kind: m.Kind, Quantity: m.Quantity,
			Reason: m.Reason, Reference: m.Reference, OrderId: m.OrderID, At: stampOf(m.At)})
	}
	return out, err
}
