package events

import "fmt"

// CustomerEvent is the closed set of facts in a customer's stream.
//
//sumtype:decl
type CustomerEvent interface {
	Event
	customerEvent()
}

// EmailEvent is the closed set of facts in the stream of one e-mail address, named by its blind value.
//
//sumtype:decl
type EmailEvent interface {
	Event
	emailEvent()
}

// CustomerOpened opens an account. Imported customers have a Number and no personal data.
type CustomerOpened struct {
	CustomerID string  `json:"customer_id"`
	Number     string  `json:"number,omitempty"` // the customer's number in the books the account was imported from
	Name       *Sealed `json:"name,omitempty"`
	Email      *Sealed `json:"email,omitempty"`
	EmailBlind string  `json:"email_blind,omitempty"` // keyed hash of the folded address: equality without the datum
	Country    string  `json:"country"`
	Address    *Sealed `json:"address,omitempty"`
}

// CustomerDescribed replaces name, country and address, whole.
type CustomerDescribed struct {
	CustomerID string  `json:"customer_id"`
	Name       *Sealed `json:"name,omitempty"`
	Country    string  `json:"country"`
	Address    *Sealed `json:"address,omitempty"`
}

// CustomerErased says the person asked to be forgotten: the subject's key is deleted next, and every view blanks.
type CustomerErased struct {
	CustomerID string `json:"customer_id"`
	EmailBlind string `json:"email_blind,omitempty"`
}

// EmailClaimed gives the address to one customer; nobody else can open an account with it.
type EmailClaimed struct {
	Blind      string `json:"blind"`
	CustomerID string `json:"customer_id"`
}

// EmailReleased makes the address free again.
type EmailReleased struct {
	Blind      string `json:"blind"`
	CustomerID string `json:"customer_id"`
	Reason     string `json:"reason"`
}

func (CustomerOpened) Type() string    { return "customer.opened" }
func (CustomerDescribed) Type() string { return "customer.described" }
func (CustomerErased) Type() string    { return "customer.erased" }
func (EmailClaimed) Type() string      { return "email.claimed" }
func (EmailReleased) Type() string     { return "email.released" }

func (CustomerOpened) customerEvent()    {}
func (CustomerDescribed) customerEvent() {}
func (CustomerErased) customerEvent()    {}

func (EmailClaimed) emailEvent()  {}
func (EmailReleased) emailEvent() {}

// Customer is the stream of one account.
func Customer(id string) Stream[CustomerEvent] { return Stream[CustomerEvent]("customer-" + id) }

// Email is the stream of one e-mail address, by its blind value.
func Email(blind string) Stream[EmailEvent] { return Stream[EmailEvent]("email-" + blind) }

// CustomerSubject is whose key seals the personal data of a customer.
func CustomerSubject(id string) string { return "customer-" + id }

// GuestSubject is whose key seals the personal data of a guest: each order of a guest is a person of its own.
func GuestSubject(orderID string) string { return "guest-" + orderID }

// The fields that are sealed. A sealed datum opens under its own field alone.
const (
	FieldName         = "name"
	FieldEmail        = "email"
	FieldAddress      = "address"
	FieldPaymentToken = "payment_token"
)

// Sentence says the fact in plain words.
func (e CustomerOpened) Sentence() string {
	return fmt.Sprintf("Customer %s opened an account in %s%s", named(e.Number, e.CustomerID), e.Country,
		sealedWords(": ", sealedWord{FieldName, e.Name}, sealedWord{"e-mail", e.Email}, sealedWord{FieldAddress, e.Address}))
}

// Sentence says the fact in plain words.
func (e CustomerDescribed) Sentence() string {
	return fmt.Sprintf("Customer %s is described anew, in %s%s", short(e.CustomerID), e.Country,
		sealedWords(": ", sealedWord{FieldName, e.Name}, sealedWord{FieldAddress, e.Address}))
}

// Sentence says the fact in plain words.
func (e CustomerErased) Sentence() string {
	return fmt.Sprintf("Customer %s asked to be forgotten", short(e.CustomerID))
}

// Sentence says the fact in plain words.
func (e EmailClaimed) Sentence() string {
	return fmt.Sprintf("An e-mail address (sealed) was given to customer %s", short(e.CustomerID))
}

// Sentence says the fact in plain words.
func (e EmailReleased) Sentence() string {
	return fmt.Sprintf("The e-mail address (sealed) of customer %s is free again%s", short(e.CustomerID), because(e.Reason))
}

func admitCustomer(c *Codec) {
	Current[CustomerOpened](c)
	Current[CustomerDescribed](c)
	Current[CustomerErased](c)
	Current[EmailClaimed](c)
	Current[EmailReleased](c)
}
