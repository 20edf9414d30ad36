package projections

import (
	"time"

	"tillstream/events"
)

// PaymentMovement answers which money moved, when, for which order and through whom. A row is one fact of a payment; its
// request knows the provider, which the others repeat. The measures can be summed over any rows: NetMinor =
// CapturedMinor - RefundedMinor.
type PaymentMovement struct {
	PaymentID       string
	OrderID         string    `col:",index"`
	Kind            string    // requested, authorized, declined, captured, refunded, voided, expired, disputed
	Provider        string    // of the payment service
	Reason          string    // of a decline, a refund, a void or a dispute
	Currency        string    // ISO 4217; of a decline, that of the request
	AmountMinor     int64     // that was asked for, held, taken, given back, given up or contested; 0 of a decline
	AuthorizedMinor int64     // of an authorization
	CapturedMinor   int64     // of a capture
	RefundedMinor   int64     // of a refund
	ReleasedMinor   int64     // of a void or an expiry: authorized, and given up
	DisputedMinor   int64     // of a dispute
	NetMinor        int64     // captured less refunded
	At              time.Time `col:",index"`
	RecordedAt      time.Time
	EventID         string // of the fact
	Origin          string
	Correlation     string `col:",index"`
}

// PaymentMovements holds the request of a payment under its id, and what followed under <payment>/<event>.
var PaymentMovements = Define("payment_movements", 1,
	On(func(e events.PaymentRequested) []string { return []string{e.PaymentID} },
		func(_ PaymentMovement, _ string, f Fact[events.PaymentRequested]) PaymentMovement {
			e := f.Event
			m := paymentMovement(PaymentMovement{Provider: e.Provider}, "requested", f, e.PaymentID, e.OrderID)
			m.Currency, m.AmountMinor = e.Amount.Currency, e.Amount.Minor
			return m
		}),
	onMoney("authorized", func(e events.PaymentAuthorized) (string, string, events.Money, string) {
		return e.PaymentID, e.OrderID, e.Amount, ""
	},
		func(m *PaymentMovement) *int64 { return &m.AuthorizedMinor }),
	onMoney("declined", func(e events.PaymentDeclined) (string, string, events.Money, string) {
		return e.PaymentID, e.OrderID, events.Money{}, e.Reason
	}, nil),
	onMoney("captured", func(e events.PaymentCaptured) (string, string, events.Money, string) {
		return e.PaymentID, e.OrderID, e.Amount, ""
	},
		func(m *PaymentMovement) *int64 { return &m.CapturedMinor }),
	onMoney("refunded", func(e events.PaymentRefunded) (string, string, events.Money, string) {
		return e.PaymentID, e.OrderID, e.Amount, e.Reason
	}, func(m *PaymentMovement) *int64 { return &m.RefundedMinor }),
	onMoney("voided", func(e events.PaymentVoided) (string, string, events.Money, string) {
		return e.PaymentID, e.OrderID, e.Amount, e.Reason
	}, func(m *PaymentMovement) *int64 { return &m.ReleasedMinor }),
	onMoney("expired", func(e events.PaymentExpired) (string, string, events.Money, string) {
		return e.PaymentID, e.OrderID, e.Amount, ""
	},
		func(m *PaymentMovement) *int64 { return &m.ReleasedMinor }),
	onMoney("disputed", func(e events.PaymentDisputed) (string, string, events.Money, string) {
		return e.PaymentID, e.OrderID, e.Amount, e.Reason
	}, func(m *PaymentMovement) *int64 { return &m.DisputedMinor }),
)

func paymentMovement[E events.PaymentEvent](request PaymentMovement, kind string, f Fact[E], paymentID, orderID string) PaymentMovement {
	return PaymentMovement{PaymentID: paymentID, OrderID: orderID, Kind: kind, Provider: request.Provider, Currency: request.Currency,
		At: f.At, RecordedAt: f.Rec, EventID: f.ID, Origin: string(f.Origin), Correlation: f.Correlation}
}

// onMoney writes a row of a fact that follows the request, with its amount in the measure that is its own.
func onMoney[E events.PaymentEvent](kind string, of func(E) (paymentID, orderID string, amount events.Money, reason string),
	measure func(*PaymentMovement) *int64) Rule[PaymentMovement] {
	return Opening(func(e E) []string { id, _, _, _ := of(e); return []string{id} },
		func(request PaymentMovement, _ string, _ Fact[E]) PaymentMovement { return request },
		func(request PaymentMovement, key string, f Fact[E]) map[string]PaymentMovement {
			id, order, amount, reason := of(f.Event)
			m := paymentMovement(request, kind, f, id, order)
			m.AmountMinor, m.Reason = amount.Minor, reason
			if amount.Currency != "" {
				m.Currency = amount.Currency
			}
			if measure != nil {
				*measure(&m) = amount.Minor
			}
			m.NetMinor = m.CapturedMinor - m.RefundedMinor
			return map[string]PaymentMovement{key + "/" + f.ID: m}
		})
}
