package gateway

import (
	bulkv1 "tillstream/gateway/api/bulk/v1"
	"tillstream/projections"
)

// SalesFacts implements bulkv1.BulkServer.
func (s bulkService) SalesFacts(in *bulkv1.SalesFactsRequest, stream bulkv1.Bulk_SalesFactsServer) error {
	view := s.deps.Views.SalesFacts
	ctx, err := s.begin(stream, bulkv1.Bulk_SalesFacts_FullMethodName, named{projections.SalesFacts.Name, view})
	if err != nil {
		return err
	}
	return rows(ctx, s, view, equal(nil, "correlation", in.CorrelationId), stream.Send, func(f projections.SalesFact) *bulkv1.SalesFact {
		return &bulkv1.SalesFact{Kind: f.Kind, At: stampOf(f.At), Sku: f.SKU, Goods: f.Goods, Warehouse: f.Warehouse, Country: f.Country,
			CustomerId: f.CustomerID, OrderId: f.OrderID, LineId: f.LineID, Number: f.Number, Currency: f.Currency, Units: f.Units,
			Amount: f.AmountMinor, Orders: f.Orders, SoldUnits: f.SoldUnits, CancelledUnits: f.CancelledUnits, ReturnedUnits: f.ReturnedUnits,
			CreditedUnits: f.CreditedUnits, Gross: f.GrossMinor, Cancelled: f.CancelledMinor, Returned: f.ReturnedMinor,
			Credited: f.CreditedMinor, Accounting: f.AccountingMinor, Net: f.NetMinor}
	})
}

// Movements implements bulkv1.BulkServer.
func (s bulkService) Movements(in *bulkv1.MovementsRequest, stream bulkv1.Bulk_MovementsServer) error {
	view := s.deps.Views.StockMovements
	ctx, err := s.begin(stream, bulkv1.Bulk_Movements_FullMethodName, named{projections.StockMovements.Name, view})
	if err != nil {
		return err
	}
	where := equal(equal(equal(nil, "correlation", in.CorrelationId), "sku", in.Sku), "warehouse", in.Warehouse)
	return rows(ctx, s, view, where, stream.Send, func(m projections.StockMovement) *bulkv1.Movement {
		return &bulkv1.Movement{Sku: m.SKU, Warehouse: m.Warehouse, Kind: m.Kind, Quantity: m.Quantity, Reason: m.Reason,
			Reference: m.Reference, OrderId: m.OrderID, ReturnId: m.ReturnID, At: stampOf(m.At), CorrelationId: m.Correlation}
	})
}

// CustomerOrders implements bulkv1.BulkServer.
func (s bulkService) CustomerOrders(in *bulkv1.CustomerOrdersRequest, stream bulkv1.Bulk_CustomerOrdersServer) error {
	view := s.deps.Views.CustomerOrders
	ctx, err := s.begin(stream, bulkv1.Bulk_CustomerOrders_FullMethodName, named{projections.CustomerOrders.Name, view})
	if err != nil {
		return err
	}
	return rows(ctx, s, view, equal(nil, "customer_id", in.CustomerId), stream.Send, func(o projections.CustomerOrder) *bulkv1.CustomerOrder {
		return &bulkv1.CustomerOrder{OrderId: o.OrderID, CustomerId: o.CustomerID, Number: o.Number, Country: o.Country, Currency: o.Currency,
			State: string(o.State), Gross: o.GrossMinor, Cancelled: o.CancelledMinor, Returned: o.ReturnedMinor, LineCount: o.LineCount,
			Units: o.Units, PlacedAt: stampOf(o.PlacedAt)}
	})
}

// LoyaltyAccounts implements bulkv1.BulkServer.
func (s bulkService) LoyaltyAccounts(_ *bulkv1.LoyaltyAccountsRequest, stream bulkv1.Bulk_LoyaltyAccountsServer) error {
	view := s.deps.Views.LoyaltyAccounts
	ctx, err := s.begin(stream, bulkv1.Bulk_LoyaltyAccounts_FullMethodName, named{projections.LoyaltyAccounts.Name, view})
	if err != nil {
		return err
	}
	return rows(ctx, s, view, nil, stream.Send, func(a projections.LoyaltyAccount) *bulkv1.LoyaltyAccount {
		return &bulkv1.LoyaltyAccount{CustomerId: a.CustomerID, Active: a.Active, Pending: a.Pending, Earned: a.Earned, Burned: a.Burned,
			Expired: a.Expired, Reversed: a.Reversed}
	})
}
