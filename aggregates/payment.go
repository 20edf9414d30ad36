package aggregates

import "tillstream/events"

// PaymentStatus is how far a payment is in its life.
type PaymentStatus int

// The closed set of statuses.
const (
	PaymentUnknown    PaymentStatus = iota // nothing recorded yet
	PaymentRequested                       // the provider was not heard yet
	PaymentAuthorized                      // the provider holds, or held, money for the shop
	PaymentDeclined                        // the provider said no
	PaymentVoided                          // the shop gave up what was not captured
	PaymentExpired                         // the provider let go of what was not captured
)

var paymentStatuses = []string{"", "requested", "authorized", "declined", "voided", "expired"}

// MarshalText says the status in a word; the unknown one in none.
func (s PaymentStatus) MarshalText() ([]byte, error) { return wordOf(paymentStatuses, s) }

// UnmarshalText reads what MarshalText made.
func (s *PaymentStatus) UnmarshalText(b []byte) (err error) {
	*s, err = statusOf[PaymentStatus](paymentStatuses, b)
	return err
}

// Payment remembers of a payment what its decisions need. Refunded ≤ Captured ≤ Authorized ≤ Requested.
type Payment struct {
	Status     PaymentStatus           `json:"status"`
	OrderID    string                  `json:"order_id"`
	Provider   string                  `json:"provider"`
	Reference  string                  `json:"reference,omitempty"`
	Requested  events.Money            `json:"requested"`
	Authorized events.Money            `json:"authorized"`
	Captured   events.Money            `json:"captured"`
	Refunded   events.Money            `json:"refunded"`
	Disputed   events.Money            `json:"disputed"`
	Captures   map[string]events.Money `json:"captures,omitempty"` // by capture id
	Refunds    map[string]events.Money `json:"refunds,omitempty"`  // by refund id
	Disputes   map[string]events.Money `json:"disputes,omitempty"` // by dispute id
}

// Held is what the provider holds for the shop: authorized, not captured, and not given up.
func (p Payment) Held() events.Money {
	if p.Status != PaymentAuthorized {
		return events.Money{Currency: p.Requested.Currency}
	}
	return p.Authorized.Minus(p.Captured)
}

// FoldVersion implements State.
func (Payment) FoldVersion() int { return 2 }

// Evolve implements State.
func (p Payment) Evolve(e events.PaymentEvent) Payment {
	switch e := e.(type) {
	case events.PaymentRequested:
		none := events.Money{Currency: e.Amount.Currency}
		return Payment{Status: PaymentRequested, OrderID: e.OrderID, Provider: e.Provider, Requested: e.Amount,
			Authorized: none, Captured: none, Refunded: none, Disputed: none}
	case events.PaymentAuthorized:
		p.Status, p.Authorized, p.Reference = PaymentAuthorized, e.Amount, e.Reference
	case events.PaymentDeclined:
		p.Status = PaymentDeclined
	case events.PaymentCaptured:
		p.Captured, p.Captures = p.Captured.Plus(e.Amount), remember(p.Captures, e.CaptureID, e.Amount)
	case events.PaymentRefunded:
		p.Refunded, p.Refunds = p.Refunded.Plus(e.Amount), remember(p.Refunds, e.RefundID, e.Amount)
	case events.PaymentVoided:
		p.Status = PaymentVoided
	case events.PaymentExpired:
		p.Status = PaymentExpired
	case events.PaymentDisputed:
		p.Disputed, p.Disputes = p.Disputed.Plus(e.Amount), remember(p.Disputes, e.DisputeID, e.Amount)
	}
	return p
}

func remember[V any](known map[string]V, id string, v V) map[string]V {
	if known == nil {
		known = map[string]V{}
	}
	known[id] = v
	return known
}
