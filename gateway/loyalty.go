package gateway

import (
	"context"

	loyaltyv1 "tillstream/gateway/api/loyalty/v1"
	"tillstream/projections"
)

type loyaltyService struct {
	loyaltyv1.UnimplementedLoyaltyServer
	*Gateway
}

// Get implements loyaltyv1.LoyaltyServer. A customer without points has an account of none.
func (s loyaltyService) Get(ctx context.Context, in *loyaltyv1.GetRequest) (*loyaltyv1.Account, error) {
	v := s.deps.Views
	if err := s.await(ctx, named{projections.LoyaltyAccounts.Name, v.LoyaltyAccounts}, named{projections.Customers.Name, v.Customers}); err != nil {
		return nil, err
	}
	a, found, err := v.LoyaltyAccounts.Get(ctx, in.CustomerId)
	if err == nil && !found {
		err = s.known(ctx, in.CustomerId)
	}
	if err != nil {
		return nil, err
	}
	out := &loyaltyv1.Account{CustomerId: in.CustomerId, Points: a.Active + a.Pending, Active: a.Active, Pending: a.Pending, Earned: a.Earned,
		Burned: a.Burned, Expired: a.Expired, Reversed: a.Reversed}
	for _, l := range a.Lots {
		out.Lots = append(out.Lots, &loyaltyv1.Lot{LotId: l.LotID, OrderId: l.OrderID, Earned: l.Earned, Left: l.Left, Active: l.Active,
			EarnedAt: stampOf(l.EarnedAt), ActivatesAt: stampOf(l.ActivatesAt), ExpiresAt: stampOf(l.ExpiresAt)})
	}
	return out, nil
}

// known fails for a customer of whom nothing is known.
func (g *Gateway) known(ctx context.Context, id string) error {
	_, found, err := g.deps.Views.Customers.Get(ctx, id)
	if err == nil && !found {
		return notFound("customer_unknown", "there is no such customer").with("customer_id", id)
	}
	return err
}

// statementKinds are what a statement can be narrowed to.
var statementKinds = []string{"earned", "activated", "burned", "expired", "reversed"}

// Statement implements loyaltyv1.LoyaltyServer.
func (s loyaltyService) Statement(ctx context.Context, in *loyaltyv1.StatementRequest) (*loyaltyv1.MovementList, error) {
	if err := oneOf("kind", in.Kind, statementKinds); err != nil {
		return nil, err
	}
	v := s.deps.Views
	if err := s.await(ctx, named{projections.LoyaltyStatement.Name, v.LoyaltyStatement}, named{projections.Customers.Name, v.Customers}); err != nil {
		return nil, err
	}
	where := []projections.Cond{{Column: "key", Op: projections.Prefix, Value: in.CustomerId + "/"}}
	rows, next, err := page(ctx, s.Gateway, v.LoyaltyStatement, in, in.Limit, in.Cursor, projections.Query{
		Where: between(equal(where, "kind", in.Kind), "at", in.From, in.To), Order: []projections.By{{Column: "key", Desc: true}}})
	if err == nil && len(rows) == 0 {
		err = s.known(ctx, in.CustomerId)
	}
	out := &loyaltyv1.MovementList{NextCursor: next}
	for _, m := range rows {
		out.Items = append(out.Items, &loyaltyv1.Movement{Kind: m.Kind, Points: m.Points, Active: m.ActivePoints, Pending: m.PendingPoints,
			ActiveAfter: m.ActiveAfter, PendingAfter: m.PendingAfter, LotId: m.LotID, OrderId: m.OrderID, RedemptionId: m.RedemptionID,
			ReversalId: m.ReversalID, Short: m.Short, At: stampOf(m.At), RecordedAt: stampOf(m.RecordedAt), EventId: m.EventID})
	}
	return out, err
}
