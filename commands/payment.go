package commands

import (
	"time"

	"tillstream/aggregates"
	"tillstream/events"
)

// RequestPayment opens a payment: Amount of OrderID is to be taken through Provider.
type RequestPayment struct {
	PaymentID string         `json:"payment_id"`
	OrderID   string         `json:"order_id"`
	Amount    events.Money   `json:"amount"`
	Provider  string         `json:"provider"`
	Token     *events.Sealed `json:"token,omitempty"`
}

// Name implements Command.
func (RequestPayment) Name() string { return "payment.request" }

// Stream implements Command.
func (c RequestPayment) Stream() events.Stream[events.PaymentEvent] {
	return events.Payment(c.PaymentID)
}

// Decide implements Command. The token is not compared with that of an earlier request: sealed twice, it differs.
func (c RequestPayment) Decide(p aggregates.Payment) ([]events.PaymentEvent, error) {
	err := check(checkID("payment_id", c.PaymentID), checkID("order_id", c.OrderID), checkAmount(c.Amount),
		checkID("provider", c.Provider))
	if err != nil {
		return nil, err
	}
	if c.Token != nil {
		if err := check(checkSealed("token", c.Token, c.Token.Subject)); err != nil {
			return nil, err
		}
	}
	if p.Status == aggregates.PaymentUnknown {
		return []events.PaymentEvent{events.PaymentRequested(c)}, nil
	}
	if p.OrderID == c.OrderID && p.Requested == c.Amount && p.Provider == c.Provider {
		return nil, nil
	}
	return nil, reject("payment_exists", "payment %s was requested before, otherwise", c.PaymentID).
		with("order_id", p.OrderID).with("amount", p.Requested).with("provider", p.Provider)
}

// AuthorizePayment says the provider holds Amount for the shop.
type AuthorizePayment struct {
	PaymentID string       `json:"payment_id"`
	Amount    events.Money `json:"amount"`
	Reference string       `json:"reference,omitempty"`
	ExpiresAt *time.Time   `json:"expires_at,omitempty"`
}

// Name implements Command.
func (AuthorizePayment) Name() string { return "payment.authorize" }

// Stream implements Command.
func (c AuthorizePayment) Stream() events.Stream[events.PaymentEvent] {
	return events.Payment(c.PaymentID)
}

// Decide implements Command. An authorization that comes after the payment ended is refused: whoever brings it should
// have the provider let go of the money.
func (c AuthorizePayment) Decide(p aggregates.Payment) ([]events.PaymentEvent, error) {
	err := check(checkID("payment_id", c.PaymentID), checkAmount(c.Amount), checkNote("reference", c.Reference, noteMax),
		requested(c.PaymentID, p), sameCurrency(c.PaymentID, c.Amount, p))
	if err != nil {
		return nil, err
	}
	switch {
	case p.Status == aggregates.PaymentAuthorized && p.Authorized == c.Amount && p.Reference == c.Reference:
		return nil, nil
	case p.Status != aggregates.PaymentRequested:
		return nil, past(c.PaymentID, p)
	case c.Amount.Minor > p.Requested.Minor:
		return nil, reject("authorization_exceeds_request", "payment %s asked for %d, %d were authorized: void them at the provider",
			c.PaymentID, p.Requested.Minor, c.Amount.Minor).with("requested", p.Requested)
	}
	fact := events.PaymentAuthorized{PaymentID: c.PaymentID, OrderID: p.OrderID, Amount: c.Amount, Reference: c.Reference}
	if c.ExpiresAt != nil {
		if err := check(checkInstant("expires_at", *c.ExpiresAt)); err != nil {
			return nil, err
		}
		at := events.Time(*c.ExpiresAt)
		fact.ExpiresAt = &at
	}
	return []events.PaymentEvent{fact}, nil
}

// DeclinePayment says the provider said no; Reason is the provider's code.
type DeclinePayment struct {
	PaymentID string `json:"payment_id"`
	Reason    string `json:"reason"`
}

// Name implements Command.
func (DeclinePayment) Name() string { return "payment.decline" }

// Stream implements Command.
func (c DeclinePayment) Stream() events.Stream[events.PaymentEvent] {
	return events.Payment(c.PaymentID)
}

// Decide implements Command.
func (c DeclinePayment) Decide(p aggregates.Payment) ([]events.PaymentEvent, error) {
	err := check(checkID("payment_id", c.PaymentID), checkName("reason", c.Reason, noteMax), requested(c.PaymentID, p))
	if err != nil {
		return nil, err
	}
	switch p.Status {
	case aggregates.PaymentRequested:
		return []events.PaymentEvent{events.PaymentDeclined{PaymentID: c.PaymentID, OrderID: p.OrderID, Reason: c.Reason}}, nil
	case aggregates.PaymentDeclined:
		return nil, nil
	}
	return nil, past(c.PaymentID, p)
}

// checkAmount wants more than nothing of a currency there is.
func checkAmount(m events.Money) *Rejection {
	if bad := checkCurrency("amount.currency", m.Currency); bad != nil {
		return bad
	}
	if m.Minor < 1 || m.Minor > amountMax {
		return invalid("amount", "is %d, it must be from 1 to %d minor units", m.Minor, int64(amountMax))
	}
	return nil
}

// requested wants a payment that there is.
func requested(id string, p aggregates.Payment) *Rejection {
	if p.Status == aggregates.PaymentUnknown {
		return reject("payment_unknown", "there is no payment %s", id)
	}
	return nil
}

func sameCurrency(id string, m events.Money, p aggregates.Payment) *Rejection {
	if m.Currency != p.Requested.Currency {
		return reject("currency_differs", "payment %s is in %s, not in %s", id, p.Requested.Currency, m.Currency).
			with("currency", p.Requested.Currency)
	}
	return nil
}

// past says what became of a payment that cannot be asked for what was asked.
func past(id string, p aggregates.Payment) *Rejection {
	switch p.Status {
	case aggregates.PaymentAuthorized:
		return reject("payment_authorized", "payment %s is authorized already, for %d", id, p.Authorized.Minor).
			with("authorized", p.Authorized)
	case aggregates.PaymentDeclined:
		return reject("payment_declined", "payment %s was declined: try another one", id)
	case aggregates.PaymentVoided:
		return reject("payment_voided", "payment %s was voided: nothing more can be taken through it", id)
	case aggregates.PaymentExpired:
		return reject("payment_expired", "payment %s expired: nothing more can be taken through it", id)
	}
	return reject("payment_not_authorized", "payment %s is not authorized yet", id)
}

func offerPayment(c *Codec) {
	Offer[RequestPayment](c)
	Offer[AuthorizePayment](c)
	Offer[DeclinePayment](c)
	Offer[CapturePayment](c)
	Offer[RefundPayment](c)
	Offer[VoidPayment](c)
	Offer[ExpirePayment](c)
	Offer[DisputePayment](c)
}
