package commands

import (
	"tillstream/aggregates"
	"tillstream/events"
)

// CapturePayment takes Amount of what is authorized. A CaptureID is captured once.
type CapturePayment struct {
	PaymentID string       `json:"payment_id"`
	CaptureID string       `json:"capture_id"`
	Amount    events.Money `json:"amount"`
}

// Name implements Command.
func (CapturePayment) Name() string { return "payment.capture" }

// Stream implements Command.
func (c CapturePayment) Stream() events.Stream[events.PaymentEvent] {
	return events.Payment(c.PaymentID)
}

// Decide implements Command.
func (c CapturePayment) Decide(p aggregates.Payment) ([]events.PaymentEvent, error) {
	err := check(checkID("payment_id", c.PaymentID), checkID("capture_id", c.CaptureID), checkAmount(c.Amount),
		requested(c.PaymentID, p), sameCurrency(c.PaymentID, c.Amount, p))
	if err != nil {
		return nil, err
	}
	if before, done := p.Captures[c.CaptureID]; done {
		return nil, doneBefore("capture_exists", "capture", c.CaptureID, before, c.Amount)
	}
	if p.Status != aggregates.PaymentAuthorized {
		return nil, past(c.PaymentID, p)
	}
	if held := p.Held(); c.Amount.Minor > held.Minor {
		return nil, reject("capture_exceeds_authorization", "payment %s has %d left to capture, %d were asked for",
			c.PaymentID, held.Minor, c.Amount.Minor).with("left", held)
	}
	return []events.PaymentEvent{events.PaymentCaptured{PaymentID: c.PaymentID, OrderID: p.OrderID, CaptureID: c.CaptureID,
		Amount: c.Amount}}, nil
}

// RefundPayment gives back Amount of what was captured. A RefundID is refunded once.
type RefundPayment struct {
	PaymentID string       `json:"payment_id"`
	RefundID  string       `json:"refund_id"`
	Amount    events.Money `json:"amount"`
	Reason    string       `json:"reason,omitempty"`
}

// Name implements Command.
func (RefundPayment) Name() string { return "payment.refund" }

// Stream implements Command.
func (c RefundPayment) Stream() events.Stream[events.PaymentEvent] {
	return events.Payment(c.PaymentID)
}

// Decide implements Command. Whatever became of what was not captured, what was can be given back; but not what the card
// holder contests, since the provider gives that back.
func (c RefundPayment) Decide(p aggregates.Payment) ([]events.PaymentEvent, error) {
	err := check(checkID("payment_id", c.PaymentID), checkID("refund_id", c.RefundID), checkAmount(c.Amount),
		checkNote("reason", c.Reason, noteMax), requested(c.PaymentID, p), sameCurrency(c.PaymentID, c.Amount, p))
	if err != nil {
		return nil, err
	}
	if before, done := p.Refunds[c.RefundID]; done {
		return nil, doneBefore("refund_exists", "refund", c.RefundID, before, c.Amount)
	}
	left := p.Captured.Minus(p.Refunded)
	if c.Amount.Minor > left.Minor {
		return nil, reject("refund_exceeds_capture", "payment %s has %d left to refund, %d were asked for",
			c.PaymentID, left.Minor, c.Amount.Minor).with("left", left)
	}
	if c.Amount.Minor > left.Minus(p.Disputed).Minor {
		return nil, reject("payment_disputed", "%d of payment %s are contested by the card holder: the provider gives them back",
			p.Disputed.Minor, c.PaymentID).with("disputed", p.Disputed).with("left", left)
	}
	return []events.PaymentEvent{events.PaymentRefunded{PaymentID: c.PaymentID, OrderID: p.OrderID, RefundID: c.RefundID,
		Amount: c.Amount, Reason: c.Reason}}, nil
}

// VoidPayment gives up what is not captured.
type VoidPayment struct {
	PaymentID string `json:"payment_id"`
	Reason    string `json:"reason,omitempty"`
}

// Name implements Command.
func (VoidPayment) Name() string { return "payment.void" }

// Stream implements Command.
func (c VoidPayment) Stream() events.Stream[events.PaymentEvent] { return events.Payment(c.PaymentID) }

// Decide implements Command. A request that was not answered is voided too, for nothing: a late authorization is refused.
func (c VoidPayment) Decide(p aggregates.Payment) ([]events.PaymentEvent, error) {
	err := check(checkID("payment_id", c.PaymentID), checkNote("reason", c.Reason, noteMax), requested(c.PaymentID, p))
	if err != nil || !stillOpen(p) {
		return nil, err
	}
	return []events.PaymentEvent{events.PaymentVoided{PaymentID: c.PaymentID, OrderID: p.OrderID, Amount: p.Held(),
		Reason: c.Reason}}, nil
}

// ExpirePayment says the provider let go of what it held, or never answered the request. The provider decides when.
type ExpirePayment struct {
	PaymentID string `json:"payment_id"`
}

// Name implements Command.
func (ExpirePayment) Name() string { return "payment.expire" }

// Stream implements Command.
func (c ExpirePayment) Stream() events.Stream[events.PaymentEvent] {
	return events.Payment(c.PaymentID)
}

// Decide implements Command.
func (c ExpirePayment) Decide(p aggregates.Payment) ([]events.PaymentEvent, error) {
	if err := check(checkID("payment_id", c.PaymentID), requested(c.PaymentID, p)); err != nil || !stillOpen(p) {
		return nil, err
	}
	return []events.PaymentEvent{events.PaymentExpired{PaymentID: c.PaymentID, OrderID: p.OrderID, Amount: p.Held()}}, nil
}

// DisputePayment says the card holder contests Amount of what was captured. A DisputeID is recorded once.
type DisputePayment struct {
	PaymentID string       `json:"payment_id"`
	DisputeID string       `json:"dispute_id"`
	Amount    events.Money `json:"amount"`
	Reason    string       `json:"reason,omitempty"`
}

// Name implements Command.
func (DisputePayment) Name() string { return "payment.dispute" }

// Stream implements Command.
func (c DisputePayment) Stream() events.Stream[events.PaymentEvent] {
	return events.Payment(c.PaymentID)
}

// Decide implements Command. What was refunded can be contested all the same: the two may have crossed.
func (c DisputePayment) Decide(p aggregates.Payment) ([]events.PaymentEvent, error) {
	err := check(checkID("payment_id", c.PaymentID), checkID("dispute_id", c.DisputeID), checkAmount(c.Amount),
		checkNote("reason", c.Reason, noteMax), requested(c.PaymentID, p), sameCurrency(c.PaymentID, c.Amount, p))
	if err != nil {
		return nil, err
	}
	if before, done := p.Disputes[c.DisputeID]; done {
		return nil, doneBefore("dispute_exists", "dispute", c.DisputeID, before, c.Amount)
	}
	if left := p.Captured.Minus(p.Disputed); c.Amount.Minor > left.Minor {
		return nil, reject("dispute_exceeds_capture", "payment %s has %d left to contest, %d were contested",
			c.PaymentID, left.Minor, c.Amount.Minor).with("left", left)
	}
	return []events.PaymentEvent{events.PaymentDisputed{PaymentID: c.PaymentID, OrderID: p.OrderID, DisputeID: c.DisputeID,
		Amount: c.Amount, Reason: c.Reason}}, nil
}

// stillOpen tells whether a payment may still take money.
func stillOpen(p aggregates.Payment) bool {
	return p.Status == aggregates.PaymentRequested || p.Status == aggregates.PaymentAuthorized && p.Held().Minor > 0
}

// doneBefore refuses an id that was used for another amount; for the same amount there is nothing to do.
func doneBefore(reason, what, id string, before, asked events.Money) error {
	if before == asked {
		return nil
	}
	return reject(reason, "%s %s was for %d, not for %d: use another id", what, id, before.Minor, asked.Minor).with("amount", before)
}
