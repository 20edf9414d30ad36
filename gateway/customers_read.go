package gateway

import (
	"context"
	"errors"
	"strings"
	"unicode/utf8"

	"tillstream/events"
	customersv1 "tillstream/gateway/api/customers/v1"
	ordersv1 "tillstream/gateway/api/orders/v1"
	"tillstream/projections"
)

// Get implements customersv1.CustomersServer.
func (s customersService) Get(ctx context.Context, in *customersv1.GetRequest) (*customersv1.Customer, error) {
	if err := s.await(ctx, named{projections.Customers.Name, s.deps.Views.Customers}); err != nil {
		return nil, err
	}
	c, found, err := s.deps.Views.Customers.Get(ctx, in.CustomerId)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, notFound("customer_unknown", "there is no such customer").with("customer_id", in.CustomerId)
	}
	return s.personOf(ctx, c)
}

// Search implements customersv1.CustomersServer.
func (s customersService) Search(ctx context.Context, in *customersv1.SearchRequest) (*customersv1.CustomerList, error) {
	if err := s.await(ctx, named{projections.Customers.Name, s.deps.Views.Customers}); err != nil {
		return nil, err
	}
	var where []projections.Cond
	for _, c := range []struct{ column, part string }{{"name", in.Name}, {"email", in.Email}} {
		part := strings.TrimSpace(c.part)
		if utf8.RuneCountInString(part) > personNameMost {
			return nil, badField(c.column, "has more than %d characters", personNameMost)
		}
		if part != "" {
			where = append(where, projections.Cond{Column: c.column, Op: projections.Contains, Value: part})
		}
	}
	rows, next, err := page(ctx, s.Gateway, s.deps.Views.Customers, in, in.Limit, in.Cursor, projections.Query{Where: where})
	if err != nil {
		return nil, err
	}
	out := &customersv1.CustomerList{NextCursor: next}
	for _, c := range rows {
		person, err := s.personOf(ctx, c)
		if errors.Is(err, events.ErrUnreadable) { // one damaged key does not hide everybody else
			person, err = s.unreadable(ctx, c, err), nil
		}
		if err != nil {
			return nil, err
		}
		out.Items = append(out.Items, person)
	}
	return out, nil
}

// personOf opens what staff may read. Between the deletion of a key and the view's hearing of it, the person counts as
// erased already.
func (s customersService) personOf(ctx context.Context, c projections.Customer) (*customersv1.Customer, error) {
	name, err := s.open(ctx, c.Name, events.FieldName)
	if err != nil {
		return nil, err
	}
	email, err := s.open(ctx, c.Email, events.FieldEmail)
	if err != nil {
		return nil, err
	}
	text, err := s.open(ctx, c.Address, events.FieldAddress)
	if err != nil {
		return nil, err
	}
	address, err := addressFrom(text)
	return &customersv1.Customer{CustomerId: c.CustomerID, Number: c.Number, Name: name, Email: email, Country: c.Country,
		Address: address, Erased: c.Erased || c.Name != nil && name == nil, OpenedAt: stampOf(c.OpenedAt)}, err
}

// unreadable is what is known of a person whose key cannot be read; the log names its file.
func (s customersService) unreadable(ctx context.Context, c projections.Customer, why error) *customersv1.Customer {
	s.metrics.unreadable.Inc()
	s.deps.Log.ErrorContext(ctx, "a person's data cannot be read", "customer_id", c.CustomerID, "err", why)
	return &customersv1.Customer{CustomerId: c.CustomerID, Number: c.Number, Country: c.Country, Erased: c.Erased,
		OpenedAt: stampOf(c.OpenedAt), Unreadable: true}
}

// Orders implements customersv1.CustomersServer.
func (s customersService) Orders(ctx context.Context, in *customersv1.OrdersRequest) (*ordersv1.OrderList, error) {
	v := s.deps.Views
	if err := s.await(ctx, named{projections.Customers.Name, v.Customers}, named{projections.CustomerOrders.Name, v.CustomerOrders}); err != nil {
		return nil, err
	}
	rows, next, err := page(ctx, s.Gateway, v.CustomerOrders, in, in.Limit, in.Cursor, projections.Query{
		Where: equal(nil, "customer_id", in.CustomerId), Order: []projections.By{{Column: "placed_at", Desc: true}}})
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		if _, found, err := v.Customers.Get(ctx, in.CustomerId); err != nil || !found {
			return nil, orUnknownCustomer(err, in.CustomerId)
		}
	}
	out := &ordersv1.OrderList{NextCursor: next}
	for _, o := range rows {
		out.Items = append(out.Items, &ordersv1.OrderSummary{OrderId: o.OrderID, Number: o.Number, CustomerId: o.CustomerID,
			Country: o.Country, Currency: o.Currency, State: string(o.State), PlacedAt: stampOf(o.PlacedAt),
			Gross: minorOf(o.GrossMinor, o.Currency), Cancelled: minorOf(o.CancelledMinor, o.Currency),
			Returned: minorOf(o.ReturnedMinor, o.Currency)})
	}
	return out, nil
}

func orUnknownCustomer(err error, id string) error {
	if err != nil {
		return err
	}
	return notFound("customer_unknown", "there is no such customer").with("customer_id", id)
}
