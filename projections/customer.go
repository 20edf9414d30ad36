package projections

import (
	"time"

	"tillstream/events"
)

// Customer answers who a customer is. Personal data is sealed; staff search what is opened beside it.
type Customer struct {
	CustomerID string
	Number     string         `col:",index"`         // in the books the account was imported from
	Name       *events.Sealed `col:",opens=name"`    // nil once erased, and of imported accounts
	Email      *events.Sealed `col:",opens=email"`   // nil once erased, and of imported accounts
	Address    *events.Sealed `col:",opens=address"` // nil once erased, and of imported accounts
	Country    string         `col:",index"`         // where the customer lives
	Erased     bool           // nothing personal is known any more
	Origin     string         // api, policy or import
	OpenedAt   time.Time
	ChangedAt  time.Time
}

// Customers holds one customer per id.
var Customers = Define("customers", 1,
	On(func(e events.CustomerOpened) []string { return []string{e.CustomerID} }, Customer.opened),
	On(func(e events.CustomerDescribed) []string { return []string{e.CustomerID} }, Customer.described),
	On(func(e events.CustomerErased) []string { return []string{e.CustomerID} }, Customer.erased),
)

func (Customer) opened(_ string, f Fact[events.CustomerOpened]) Customer {
	e := f.Event
	return Customer{CustomerID: e.CustomerID, Number: e.Number, Name: e.Name, Email: e.Email, Address: e.Address,
		Country: e.Country, Origin: string(f.Origin), OpenedAt: f.At, ChangedAt: f.At}
}

func (c Customer) described(_ string, f Fact[events.CustomerDescribed]) Customer {
	c.Name, c.Address, c.Country, c.ChangedAt = f.Event.Name, f.Event.Address, f.Event.Country, f.At
	return c
}

func (c Customer) erased(_ string, f Fact[events.CustomerErased]) Customer {
	c.Name, c.Email, c.Address = nil, nil, nil
	c.Erased, c.ChangedAt = true, f.At
	return c
}
