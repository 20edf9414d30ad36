package projections

import (
	"time"

	"tillstream/events"
)

// CustomerProfile answers what may be told of a customer without telling who it is: nothing of it was ever sealed.
type CustomerProfile struct {
	CustomerID   string
	Number       string `col:",index"` // in the books the account was imported from
	Country      string `col:",index"` // where the customer lives
	Erased       bool   // forgotten at their own wish
	Origin       string
	OpenedAt     time.Time
	RecordedAt   time.Time
	Orders       int64      // placed
	FirstOrderAt *time.Time // business time; null: none yet
	LastOrderAt  *time.Time // business time of the latest; null: none yet
	ChangedAt    time.Time
}

// CustomerProfiles holds one profile per customer. Orders of guests have none.
var CustomerProfiles = Define("customer_profiles", 1,
	On(func(e events.CustomerOpened) []string { return []string{e.CustomerID} }, CustomerProfile.opened),
	On(func(e events.CustomerDescribed) []string { return []string{e.CustomerID} },
		func(c CustomerProfile, _ string, f Fact[events.CustomerDescribed]) CustomerProfile {
			c.Country, c.ChangedAt = f.Event.Country, f.At
			return c
		}),
	On(func(e events.CustomerErased) []string { return []string{e.CustomerID} },
		func(c CustomerProfile, _ string, f Fact[events.CustomerErased]) CustomerProfile {
			c.Erased, c.ChangedAt = true, f.At
			return c
		}),
	On(func(e events.OrderPlaced) []string {
		if e.CustomerID == "" {
			return nil
		}
		return []string{e.CustomerID}
	}, CustomerProfile.ordered),
)

// Gone hides a profile until its account is open.
func (c CustomerProfile) Gone() bool { return c.CustomerID == "" }

func (c CustomerProfile) opened(_ string, f Fact[events.CustomerOpened]) CustomerProfile {
	e := f.Event
	c.CustomerID, c.Number, c.Country, c.Erased, c.Origin = e.CustomerID, e.Number, e.Country, false, string(f.Origin)
	c.OpenedAt, c.RecordedAt, c.ChangedAt = f.At, f.Rec, f.At
	return c
}

func (c CustomerProfile) ordered(_ string, f Fact[events.OrderPlaced]) CustomerProfile {
	at := f.At
	c.Orders++
	if c.FirstOrderAt == nil || at.Before(*c.FirstOrderAt) {
		c.FirstOrderAt = &at
	}
	if c.LastOrderAt == nil || at.After(*c.LastOrderAt) {
		c.LastOrderAt = &at
	}
	c.ChangedAt = f.At
	return c
}
