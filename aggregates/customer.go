package aggregates

import "tillstream/events"

// Customer is what decisions about one account need to know. Personal data stays sealed in it, and is dropped when the
// person is forgotten.
type Customer struct {
	Opened events.CustomerOpened `json:"opened"` // as it is now: descriptions replace its fields
	Erased bool                  `json:"erased,omitempty"`
}

// Exists tells whether the account was ever opened.
func (c Customer) Exists() bool { return c.Opened.CustomerID != "" }

// FoldVersion implements State.
func (Customer) FoldVersion() int { return 1 }

// Evolve implements State.
func (c Customer) Evolve(e events.CustomerEvent) Customer {
	switch e := e.(type) {
	case events.CustomerOpened:
		c.Opened = e
	case events.CustomerDescribed:
		c.Opened.Name, c.Opened.Country, c.Opened.Address = e.Name, e.Country, e.Address
	case events.CustomerErased:
		c.Erased = true
		c.Opened = events.CustomerOpened{CustomerID: c.Opened.CustomerID, Number: c.Opened.Number}
	}
	return c
}

// Email is who holds one e-mail address.
type Email struct {
	CustomerID string `json:"customer_id,omitempty"` // empty: the address is free
}

// FoldVersion implements State.
func (Email) FoldVersion() int { return 1 }

// Evolve implements State.
func (m Email) Evolve(e events.EmailEvent) Email {
	switch e := e.(type) {
	case events.EmailClaimed:
		m.CustomerID = e.CustomerID
	case events.EmailReleased:
		m.CustomerID = ""
	}
	return m
}
