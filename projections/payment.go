package projections

import (
	"slices"
	"time"

	"tillstream/events"
)

// Payment is one payment of an order. State is one of requested, authorized, partially_captured, captured,
// partially_refunded, refunded, declined, voided, expired, disputed: how far its money is. What was captured stays
// captured when the rest is given up.
type Payment struct {
	PaymentID       string     `json:"payment_id"`
	Provider        string     `json:"provider"`
	Reference       string     `json:"reference,omitempty"` // the provider's own name of the payment
	State           string     `json:"state"`
	Reason          string     `json:"reason,omitempty"` // why it was declined, voided or disputed
	AmountMinor     int64      `json:"amount_minor"`
	AuthorizedMinor int64      `json:"authorized_minor"`
	CapturedMinor   int64      `json:"captured_minor"`
	RefundedMinor   int64      `json:"refunded_minor"`
	ReleasedMinor   int64      `json:"released_minor"` // authorized, and given up or expired
	DisputedMinor   int64      `json:"disputed_minor"`
	ExpiresAt       *time.Time `json:"expires_at,omitempty"`
}

var paymentsOfOrder = []Rule[Order]{
	On(func(e events.PaymentRequested) []string { return []string{e.OrderID} }, Order.paymentRequested),
	On(func(e events.PaymentAuthorized) []string { return []string{e.OrderID} },
		func(o Order, _ string, f Fact[events.PaymentAuthorized]) Order {
			return o.payment(f.Event.PaymentID, f.Meta, func(p *Payment) {
				p.AuthorizedMinor, p.Reference, p.ExpiresAt = f.Event.Amount.Minor, f.Event.Reference, f.Event.ExpiresAt
				p.State = "authorized"
			})
		}),
	On(func(e events.PaymentDeclined) []string { return []string{e.OrderID} },
		func(o Order, _ string, f Fact[events.PaymentDeclined]) Order {
			return o.payment(f.Event.PaymentID, f.Meta, func(p *Payment) { p.State, p.Reason = "declined", f.Event.Reason })
		}),
	On(func(e events.PaymentCaptured) []string { return []string{e.OrderID} },
		func(o Order, _ string, f Fact[events.PaymentCaptured]) Order {
			return o.payment(f.Event.PaymentID, f.Meta, func(p *Payment) { p.CapturedMinor += f.Event.Amount.Minor; p.moneyMoved() })
		}),
	On(func(e events.PaymentRefunded) []string { return []string{e.OrderID} },
		func(o Order, _ string, f Fact[events.PaymentRefunded]) Order {
			return o.payment(f.Event.PaymentID, f.Meta, func(p *Payment) { p.RefundedMinor += f.Event.Amount.Minor; p.moneyMoved() })
		}),
	On(func(e events.PaymentVoided) []string { return []string{e.OrderID} },
		func(o Order, _ string, f Fact[events.PaymentVoided]) Order {
			return o.payment(f.Event.PaymentID, f.Meta, func(p *Payment) { p.letGo("voided", f.Event.Amount); p.Reason = f.Event.Reason })
		}),
	On(func(e events.PaymentExpired) []string { return []string{e.OrderID} },
		func(o Order, _ string, f Fact[events.PaymentExpired]) Order {
			return o.payment(f.Event.PaymentID, f.Meta, func(p *Payment) { p.letGo("expired", f.Event.Amount) })
		}),
	On(func(e events.PaymentDisputed) []string { return []string{e.OrderID} },
		func(o Order, _ string, f Fact[events.PaymentDisputed]) Order {
			return o.payment(f.Event.PaymentID, f.Meta, func(p *Payment) {
				p.DisputedMinor += f.Event.Amount.Minor
				p.State, p.Reason = "disputed", f.Event.Reason
			})
		}),
}

func (o Order) paymentRequested(_ string, f Fact[events.PaymentRequested]) Order {
	e := f.Event
	o.Payments = append(slices.Clip(o.Payments), Payment{PaymentID: e.PaymentID, Provider: e.Provider, State: "requested",
		AmountMinor: e.Amount.Minor})
	return o.payment(e.PaymentID, f.Meta, func(*Payment) {})
}

// payment changes one payment of the order, and what the order says of all of them.
func (o Order) payment(id string, m events.Meta, change func(*Payment)) Order {
	o.Payments = slices.Clone(o.Payments)
	o.AuthorizedMinor, o.CapturedMinor, o.RefundedMinor, o.DisputedMinor = 0, 0, 0, 0
	for i := range o.Payments {
		p := &o.Payments[i]
		if p.PaymentID == id {
			change(p)
		}
		o.AuthorizedMinor += p.AuthorizedMinor
		o.CapturedMinor += p.CapturedMinor
		o.RefundedMinor += p.RefundedMinor
		o.DisputedMinor += p.DisputedMinor
		o.PaymentID, o.PaymentState = p.PaymentID, p.State
	}
	o.ChangedAt = m.At
	return o
}

// moneyMoved names where captures and refunds leave the payment. A dispute stays one.
func (p *Payment) moneyMoved() {
	switch {
	case p.DisputedMinor > 0:
	case p.RefundedMinor > 0 && p.RefundedMinor < p.CapturedMinor:
		p.State = "partially_refunded"
	case p.RefundedMinor > 0:
		p.State = "refunded"
	case p.CapturedMinor+p.ReleasedMinor < p.AuthorizedMinor:
		p.State = "partially_captured"
	default:
		p.State = "captured"
	}
}

// letGo ends what was authorized and not captured.
func (p *Payment) letGo(how string, amount events.Money) {
	p.ReleasedMinor += amount.Minor
	if p.CapturedMinor > 0 {
		p.moneyMoved()
		return
	}
	p.State = how
}
