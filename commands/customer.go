package commands

import (
	"bytes"

	"tillstream/aggregates"
	"tillstream/events"
)

// OpenCustomer opens an account. The same opening again records nothing; another one under the id is refused.
type OpenCustomer struct {
	CustomerID string         `json:"customer_id"`
	Number     string         `json:"number,omitempty"`
	FullName   *events.Sealed `json:"name,omitempty"`
	Email      *events.Sealed `json:"email,omitempty"`
	EmailBlind string         `json:"email_blind,omitempty"`
	Country    string         `json:"country"`
	Address    *events.Sealed `json:"address,omitempty"`
}

// DescribeCustomer replaces name, country and address, whole.
type DescribeCustomer struct {
	CustomerID string         `json:"customer_id"`
	FullName   *events.Sealed `json:"name,omitempty"`
	Country    string         `json:"country"`
	Address    *events.Sealed `json:"address,omitempty"`
}

// EraseCustomer forgets the person: from then on the account takes no command but this one.
type EraseCustomer struct {
	CustomerID string `json:"customer_id"`
}

// Name implements Command.
func (OpenCustomer) Name() string     { return "customer.open" }
func (DescribeCustomer) Name() string { return "customer.describe" }
func (EraseCustomer) Name() string    { return "customer.erase" }

type customerStream = events.Stream[events.CustomerEvent]

// Stream implements Command.
func (c OpenCustomer) Stream() customerStream     { return events.Customer(c.CustomerID) }
func (c DescribeCustomer) Stream() customerStream { return events.Customer(c.CustomerID) }
func (c EraseCustomer) Stream() customerStream    { return events.Customer(c.CustomerID) }

// Decide implements Command.
func (c OpenCustomer) Decide(s aggregates.Customer) ([]events.CustomerEvent, error) {
	subject := events.CustomerSubject(c.CustomerID)
	err := check(checkID("customer_id", c.CustomerID), checkNote("number", c.Number, noteMax),
		checkSealed("name", c.FullName, subject), checkSealed("email", c.Email, subject),
		checkOptionalID("email_blind", c.EmailBlind), checkCountry(c.Country), checkSealed("address", c.Address, subject))
	if err != nil {
		return nil, err
	}
	opened := events.CustomerOpened{CustomerID: c.CustomerID, Number: c.Number, Name: c.FullName, Email: c.Email,
		EmailBlind: c.EmailBlind, Country: c.Country, Address: c.Address}
	switch {
	case s.Erased:
		return nil, erased(c.CustomerID)
	case s.Exists() && sameCustomer(s.Opened, opened):
		return nil, nil
	case s.Exists():
		return nil, reject("customer_exists", "customer %s is open already and otherwise: describe that account", c.CustomerID).
			with("customer_id", c.CustomerID)
	}
	return []events.CustomerEvent{opened}, nil
}

// Decide implements Command.
func (c DescribeCustomer) Decide(s aggregates.Customer) ([]events.CustomerEvent, error) {
	subject := events.CustomerSubject(c.CustomerID)
	err := check(checkID("customer_id", c.CustomerID), checkSealed("name", c.FullName, subject), checkCountry(c.Country),
		checkSealed("address", c.Address, subject), known(s, c.CustomerID))
	if err != nil {
		return nil, err
	}
	as := s.Opened
	as.Name, as.Country, as.Address = c.FullName, c.Country, c.Address
	switch {
	case s.Erased:
		return nil, erased(c.CustomerID)
	case sameCustomer(s.Opened, as):
		return nil, nil
	}
	return []events.CustomerEvent{events.CustomerDescribed{CustomerID: c.CustomerID, Name: c.FullName, Country: c.Country,
		Address: c.Address}}, nil
}

// Decide implements Command.
func (c EraseCustomer) Decide(s aggregates.Customer) ([]events.CustomerEvent, error) {
	err := check(checkID("customer_id", c.CustomerID), known(s, c.CustomerID))
	switch {
	case err != nil:
		return nil, err
	case s.Erased:
		return nil, nil
	}
	return []events.CustomerEvent{events.CustomerErased{CustomerID: c.CustomerID, EmailBlind: s.Opened.EmailBlind}}, nil
}

func known(s aggregates.Customer, id string) *Rejection {
	if !s.Exists() {
		return reject("customer_unknown", "there is no customer %s: open the account first", id).with("customer_id", id)
	}
	return nil
}

func erased(id string) *Rejection {
	return reject("customer_erased", "customer %s was forgotten at their own wish: a new account needs a new id", id).
		with("customer_id", id)
}

// sameCustomer compares sealed data as sealed: the same datum sealed anew counts as another one.
func sameCustomer(a, b events.CustomerOpened) bool {
	same := sameSealed(a.Name, b.Name) && sameSealed(a.Email, b.Email) && sameSealed(a.Address, b.Address)
	a.Name, a.Email, a.Address, b.Name, b.Email, b.Address = nil, nil, nil, nil, nil, nil
	return same && a == b
}

func sameSealed(a, b *events.Sealed) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Subject == b.Subject && a.Key == b.Key && bytes.Equal(a.Cipher, b.Cipher)
}

// ClaimEmail gives an e-mail address, named by its blind value, to one customer.
type ClaimEmail struct {
	Blind      string `json:"blind"`
	CustomerID string `json:"customer_id"`
}

// ReleaseEmail makes an address free that the customer holds.
type ReleaseEmail struct {
	Blind      string `json:"blind"`
	CustomerID string `json:"customer_id"`
	Reason     string `json:"reason,omitempty"`
}

// Name implements Command.
func (ClaimEmail) Name() string   { return "email.claim" }
func (ReleaseEmail) Name() string { return "email.release" }

// Stream implements Command.
func (c ClaimEmail) Stream() events.Stream[events.EmailEvent]   { return events.Email(c.Blind) }
func (c ReleaseEmail) Stream() events.Stream[events.EmailEvent] { return events.Email(c.Blind) }

// Decide implements Command. A refusal does not say whose address it is.
func (c ClaimEmail) Decide(m aggregates.Email) ([]events.EmailEvent, error) {
	err := check(checkID("blind", c.Blind), checkID("customer_id", c.CustomerID))
	switch {
	case err != nil:
		return nil, err
	case m.CustomerID == c.CustomerID:
		return nil, nil
	case m.CustomerID != "":
		return nil, reject("email_taken", "this e-mail address belongs to another account: use that account or another address")
	}
	return []events.EmailEvent{events.EmailClaimed{Blind: c.Blind, CustomerID: c.CustomerID}}, nil
}

// Decide implements Command.
func (c ReleaseEmail) Decide(m aggregates.Email) ([]events.EmailEvent, error) {
	err := check(checkID("blind", c.Blind), checkID("customer_id", c.CustomerID), checkNote("reason", c.Reason, noteMax))
	switch {
	case err != nil:
		return nil, err
	case m.CustomerID == "":
		return nil, nil
	case m.CustomerID != c.CustomerID:
		return nil, reject("email_not_held", "this e-mail address does not belong to customer %s: name the one who claimed it", c.CustomerID)
	}
	return []events.EmailEvent{events.EmailReleased{Blind: c.Blind, CustomerID: c.CustomerID, Reason: c.Reason}}, nil
}

func offerCustomer(c *Codec) {
	Offer[OpenCustomer](c)
	Offer[DescribeCustomer](c)
	Offer[EraseCustomer](c)
	Offer[ClaimEmail](c)
	Offer[ReleaseEmail](c)
}
