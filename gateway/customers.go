package gateway

import (
	"context"
	"errors"
	"strings"

	"tillstream/aggregates"
	"tillstream/commands"
	"tillstream/events"
	customersv1 "tillstream/gateway/api/customers/v1"
	typesv1 "tillstream/gateway/api/types/v1"
)

type customersService struct {
	customersv1.UnimplementedCustomersServer
	*Gateway
}

// Open implements customersv1.CustomersServer. The address is claimed before the account is opened, so that two openings
// at once cannot share it; both steps carry the id of the one command, so that a retry completes what a crash cut off.
func (s customersService) Open(ctx context.Context, in *customersv1.OpenRequest) (*customersv1.Opened, error) {
	if err := errors.Join(checkPerson("name", in.Name, personNameMost), checkEmail("email", in.Email)); err != nil {
		return nil, err
	}
	if _, err := addressText("address", in.Address); err != nil {
		return nil, err
	}
	c := callOf(ctx)
	id := events.DerivedID(c.command, 0)
	if c.keyed {
		known, err := s.customer(ctx, id)
		if err != nil {
			return nil, err
		}
		if known.Exists() { // answered from what was recorded, whatever became of the address since
			return s.opened(ctx, commands.OpenCustomer{CustomerID: id, Country: in.Country})
		}
	}
	blind := s.blindEmail(in.Email)
	cmd := commands.OpenCustomer{CustomerID: id, EmailBlind: blind, Country: in.Country}
	if _, err := cmd.Decide(aggregates.Customer{}); err != nil { // before anything is claimed
		return nil, err
	}
	if err := s.claim(ctx, blind, id); err != nil {
		return nil, err
	}
	var err error
	if cmd.FullName, cmd.Email, cmd.Address, err = s.sealPerson(ctx, id, in.Name, in.Email, in.Address); err != nil {
		return nil, err
	}
	return s.opened(ctx, cmd)
}

func (s customersService) opened(ctx context.Context, cmd commands.OpenCustomer) (*customersv1.Opened, error) {
	a, err := s.send(ctx, commands.Ask(cmd))
	if err != nil {
		return nil, err
	}
	e, _ := factOf[events.CustomerOpened](a)
	return &customersv1.Opened{CustomerId: e.CustomerID}, nil
}

func (g *Gateway) sealPerson(ctx context.Context, id, name, email string, address *typesv1.Address) (n, e, a *events.Sealed, err error) {
	text, err := addressText("address", address)
	if err != nil {
		return nil, nil, nil, err
	}
	seal, err := g.sealerOf(ctx, events.CustomerSubject(id))
	if err != nil {
		return nil, nil, nil, err
	}
	if n, err = seal.seal(events.FieldName, strings.TrimSpace(name)); err != nil {
		return nil, nil, nil, err
	}
	if e, err = seal.seal(events.FieldEmail, strings.TrimSpace(email)); err != nil {
		return nil, nil, nil, err
	}
	a, err = seal.seal(events.FieldAddress, text)
	return n, e, a, err
}

// customer is the state of an account as it is now.
func (g *Gateway) customer(ctx context.Context, id string) (c aggregates.Customer, err error) {
	c, _, err = commands.Look(ctx, g.deps.Handler, events.Customer(id), func(c aggregates.Customer) aggregates.Customer { return c })
	return c, err
}

// Describe implements customersv1.CustomersServer.
func (s customersService) Describe(ctx context.Context, in *customersv1.DescribeRequest) (*customersv1.Changed, error) {
	if err := checkPerson("name", in.Name, personNameMost); err != nil {
		return nil, err
	}
	if !visible(in.CustomerId, 1, 64) {
		return nil, badField("customer_id", "is no id of a customer")
	}
	known, err := s.customer(ctx, in.CustomerId)
	if err != nil {
		return nil, err
	}
	cmd := commands.DescribeCustomer{CustomerID: in.CustomerId, Country: in.Country}
	if known.Exists() && !known.Erased { // no key is made for who is not there
		if cmd.FullName, _, cmd.Address, err = s.sealPerson(ctx, in.CustomerId, in.Name, "", in.Address); err != nil {
			return nil, err
		}
	}
	a, err := s.send(ctx, commands.Ask(cmd))
	if err != nil {
		return nil, err
	}
	return &customersv1.Changed{CustomerId: in.CustomerId, Changed: len(a.Facts) > 0}, nil
}

// Erase implements customersv1.CustomersServer. It answers when the key is gone; asked again, it completes what was cut
// off.
func (s customersService) Erase(ctx context.Context, in *customersv1.EraseRequest) (*customersv1.Erased, error) {
	if !visible(in.CustomerId, 1, 64) {
		return nil, badField("customer_id", "is no id of a customer")
	}
	cmd := commands.EraseCustomer{CustomerID: in.CustomerId}
	if _, err := s.send(ctx, commands.Ask(cmd)); err != nil {
		return nil, err
	}
	blind, err := s.erasedEmail(ctx, string(cmd.Stream()))
	if err != nil {
		return nil, err
	}
	if blind != "" {
		if err := s.release(ctx, callOf(ctx).command, blind, in.CustomerId, "erased"); err != nil {
			return nil, err
		}
	}
	if err := s.deps.Keys.Forget(ctx, events.CustomerSubject(in.CustomerId)); err != nil {
		return nil, err
	}
	return &customersv1.Erased{CustomerId: in.CustomerId, Erased: true}, nil
}

// erasedEmail is the blind value of the address that an erased customer held: the fact alone still knows.
func (g *Gateway) erasedEmail(ctx context.Context, stream string) (string, error) {
	for r, err := range g.deps.Histories.Read(ctx, stream, 0) {
		if err != nil {
			return "", err
		}
		if e, erased := r.Event.(events.CustomerErased); erased {
			return e.EmailBlind, nil
		}
	}
	return "", nil
}
