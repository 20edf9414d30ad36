package events

import (
	"fmt"
	"time"
)

// PaymentEvent is the closed set of facts in a payment's stream.
//
//sumtype:decl
type PaymentEvent interface {
	Event
	paymentEvent()
}

// PaymentRequested opens a payment: Amount of OrderID is to be taken through Provider.
type PaymentRequested struct {
	PaymentID string  `json:"payment_id"`
	OrderID   string  `json:"order_id"`
	Amount    Money   `json:"amount"`
	Provider  string  `json:"provider"`
	Token     *Sealed `json:"token,omitempty"`
}

// PaymentAuthorized says the provider holds Amount for the shop.
type PaymentAuthorized struct {
	PaymentID string     `json:"payment_id"`
	OrderID   string     `json:"order_id"`
	Amount    Money      `json:"amount"`
	Reference string     `json:"reference,omitempty"` // the provider's own name of the payment
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
}

// PaymentDeclined says the provider said no; Reason is the provider's code.
type PaymentDeclined struct {
	PaymentID string `json:"payment_id"`
	OrderID   string `json:"order_id"`
	Reason    string `json:"reason"`
}

// PaymentCaptured says Amount was taken. Captures add up to what was authorized at most.
type PaymentCaptured struct {
	PaymentID string `json:"payment_id"`
	OrderID   string `json:"order_id"`
	CaptureID string `json:"capture_id"`
	Amount    Money  `json:"amount"`
}

// PaymentRefunded says Amount was given back. Refunds add up to what was captured at most.
type PaymentRefunded struct {
	PaymentID string `json:"payment_id"`
	OrderID   string `json:"order_id"`
	RefundID  string `json:"refund_id"`
	Amount    Money  `json:"amount"`
	Reason    string `json:"reason,omitempty"`
}

// PaymentVoided gives up Amount, which was authorized and not captured; nothing more can be captured.
type PaymentVoided struct {
	PaymentID string `json:"payment_id"`
	OrderID   string `json:"order_id"`
	Amount    Money  `json:"amount"`
	Reason    string `json:"reason,omitempty"`
}

// PaymentExpired says the provider let go of what it held, or a request was never answered.
type PaymentExpired struct {
	PaymentID string `json:"payment_id"`
	OrderID   string `json:"order_id"`
	Amount    Money  `json:"amount"` // what was authorized and not captured
}

// PaymentDisputed says the card holder contests Amount.
type PaymentDisputed struct {
	PaymentID string `json:"payment_id"`
	OrderID   string `json:"order_id"`
	DisputeID string `json:"dispute_id"`
	Amount    Money  `json:"amount"`
	Reason    string `json:"reason,omitempty"`
}

func (PaymentRequested) Type() string  { return "payment.requested" }
func (PaymentAuthorized) Type() string { return "payment.authorized" }
func (PaymentDeclined) Type() string   { return "payment.declined" }
func (PaymentCaptured) Type() string   { return "payment.captured" }
func (PaymentRefunded) Type() string   { return "payment.refunded" }
func (PaymentVoided) Type() string     { return "payment.voided" }
func (PaymentExpired) Type() string    { return "payment.expired" }
func (PaymentDisputed) Type() string   { return "payment.disputed" }

func (PaymentRequested) paymentEvent()  {}
func (PaymentAuthorized) paymentEvent() {}
func (PaymentDeclined) paymentEvent()   {}
func (PaymentCaptured) paymentEvent()   {}
func (PaymentRefunded) paymentEvent()   {}
func (PaymentVoided) paymentEvent()     {}
func (PaymentExpired) paymentEvent()    {}
func (PaymentDisputed) paymentEvent()   {}

// Payment is the stream of one payment; a second try with another card is another payment.
func Payment(id string) Stream[PaymentEvent] { return Stream[PaymentEvent]("payment-" + id) }

// Sentence says the fact in plain words.
func (e PaymentRequested) Sentence() string {
	return fmt.Sprintf("%s for order %s is to be taken through %s%s", e.Amount.String(), short(e.OrderID), e.Provider,
		sealedWords(", ", sealedWord{"payment token", e.Token}))
}

// Sentence says the fact in plain words.
func (e PaymentAuthorized) Sentence() string {
	return fmt.Sprintf("The provider holds %s for order %s", e.Amount.String(), short(e.OrderID))
}

// Sentence says the fact in plain words.
func (e PaymentDeclined) Sentence() string {
	return fmt.Sprintf("The provider declined the payment of order %s%s", short(e.OrderID), because(e.Reason))
}

// Sentence says the fact in plain words.
func (e PaymentCaptured) Sentence() string {
	return fmt.Sprintf("%s was taken for order %s", e.Amount.String(), short(e.OrderID))
}

// Sentence says the fact in plain words.
func (e PaymentRefunded) Sentence() string {
	return fmt.Sprintf("%s was given back for order %s%s", e.Amount.String(), short(e.OrderID), because(e.Reason))
}

// Sentence says the fact in plain words.
func (e PaymentVoided) Sentence() string {
	return fmt.Sprintf("%s for order %s was given up before it was taken%s", e.Amount.String(), short(e.OrderID), because(e.Reason))
}

// Sentence says the fact in plain words.
func (e PaymentExpired) Sentence() string {
	return fmt.Sprintf("The payment of order %s expired: the provider no longer holds %s", short(e.OrderID), e.Amount.String())
}

// Sentence says the fact in plain words.
func (e PaymentDisputed) Sentence() string {
	return fmt.Sprintf("The card holder contests %s of order %s%s", e.Amount.String(), short(e.OrderID), because(e.Reason))
}

func admitPayment(c *Codec) {
	Current[PaymentRequested](c)
	Current[PaymentAuthorized](c)
	Current[PaymentDeclined](c)
	Current[PaymentCaptured](c)
	Current[PaymentRefunded](c)
	Current[PaymentVoided](c)
	Current[PaymentExpired](c)
	Current[PaymentDisputed](c)
}
