package commands_test

import (
	"testing"
	"time"

	"tillstream/aggregates"
	"tillstream/commands"
	. "tillstream/commands/commandtest"
	"tillstream/events"
)

// The payment of these tests: £20 asked for, authorized whole, captured in two parts.
var (
	requestPayment    = commands.RequestPayment{PaymentID: "p1", OrderID: "o1", Amount: gbp(2000), Provider: "external"}
	paymentRequested  = events.PaymentRequested{PaymentID: "p1", OrderID: "o1", Amount: gbp(2000), Provider: "external"}
	paymentAuthorized = events.PaymentAuthorized{PaymentID: "p1", OrderID: "o1", Amount: gbp(2000), Reference: "ref-1"}
	paymentDeclined   = events.PaymentDeclined{PaymentID: "p1", OrderID: "o1", Reason: "insufficient_funds"}
	captured15        = events.PaymentCaptured{PaymentID: "p1", OrderID: "o1", CaptureID: "c1", Amount: gbp(1500)}
	captured5         = events.PaymentCaptured{PaymentID: "p1", OrderID: "o1", CaptureID: "c2", Amount: gbp(500)}
	refunded4         = events.PaymentRefunded{PaymentID: "p1", OrderID: "o1", RefundID: "r1", Amount: gbp(400), Reason: "broken"}
	disputed6         = events.PaymentDisputed{PaymentID: "p1", OrderID: "o1", DisputeID: "d1", Amount: gbp(600), Reason: "fraud"}
	paymentVoided     = events.PaymentVoided{PaymentID: "p1", OrderID: "o1", Amount: gbp(2000), Reason: "cancelled"}
	paymentExpired    = events.PaymentExpired{PaymentID: "p1", OrderID: "o1", Amount: gbp(2000)}
)

func payment(past ...events.PaymentEvent) Given[aggregates.Payment, events.PaymentEvent] {
	return History[aggregates.Payment](past...)
}

func TestRequestPayment(t *testing.T) {
	sealed := requestPayment
	sealed.Token = &events.Sealed{Subject: "customer-ada", Key: 1, Cipher: make([]byte, 40)}
	dearer, twice := requestPayment, requestPayment
	dearer.Amount, twice.OrderID = gbp(2001), "o2"

	payment().Then(t, requestPayment, paymentRequested)
	payment().Then(t, sealed, events.PaymentRequested(sealed))
	payment(paymentRequested).ThenNothing(t, requestPayment)
	payment(paymentRequested, paymentAuthorized).ThenNothing(t, sealed)
	payment(paymentRequested).Rejects(t, dearer, "payment_exists")
	payment(paymentRequested).Rejects(t, twice, "payment_exists")

	for name, spoil := range map[string]func(*commands.RequestPayment){
		"no id":       func(c *commands.RequestPayment) { c.PaymentID = "" },
		"no order":    func(c *commands.RequestPayment) { c.OrderID = "" },
		"no provider": func(c *commands.RequestPayment) { c.Provider = "" },
		"nothing":     func(c *commands.RequestPayment) { c.Amount = gbp(0) },
		"no currency": func(c *commands.RequestPayment) { c.Amount.Currency = "" },
		"open token":  func(c *commands.RequestPayment) { c.Token = &events.Sealed{Subject: "s", Cipher: []byte("4242")} },
	} {
		t.Run(name, func(t *testing.T) {
			c := requestPayment
			spoil(&c)
			payment().Rejects(t, c, commands.InvalidReason)
		})
	}
}

func TestAuthorizePayment(t *testing.T) {
	expires := time.Date(2011, 1, 8, 9, 0, 0, 0, time.UTC)
	authorize := commands.AuthorizePayment{PaymentID: "p1", Amount: gbp(2000), Reference: "ref-1"}
	partly := commands.AuthorizePayment{PaymentID: "p1", Amount: gbp(1200), ExpiresAt: &expires}

	payment(paymentRequested).Then(t, authorize, paymentAuthorized)
	payment(paymentRequested).Then(t, partly, events.PaymentAuthorized{PaymentID: "p1", OrderID: "o1", Amount: gbp(1200), ExpiresAt: &expires})
	payment(paymentRequested, paymentAuthorized).ThenNothing(t, authorize)
	payment(paymentRequested, paymentAuthorized, captured15).ThenNothing(t, authorize)
	payment(paymentRequested, paymentAuthorized).Rejects(t, partly, "payment_authorized")
	payment(paymentRequested, paymentDeclined).Rejects(t, authorize, "payment_declined")
	payment(paymentRequested, paymentVoided).Rejects(t, authorize, "payment_voided")
	payment(paymentRequested, paymentExpired).Rejects(t, authorize, "payment_expired")
	payment().Rejects(t, authorize, "payment_unknown")
	payment(paymentRequested).Rejects(t, commands.AuthorizePayment{PaymentID: "p1", Amount: gbp(2001)}, "authorization_exceeds_request")
	payment(paymentRequested).Rejects(t, commands.AuthorizePayment{PaymentID: "p1", Amount: events.Money{Minor: 1, Currency: "EUR"}},
		"currency_differs")
	payment(paymentRequested).Rejects(t, commands.AuthorizePayment{PaymentID: "p1", Amount: gbp(-1)}, commands.InvalidReason)
	payment(paymentRequested).Rejects(t, commands.AuthorizePayment{PaymentID: "p1", Amount: gbp(1), ExpiresAt: new(time.Time)},
		commands.InvalidReason)
}

func TestDeclinePayment(t *testing.T) {
	decline := commands.DeclinePayment{PaymentID: "p1", Reason: "insufficient_funds"}

	payment(paymentRequested).Then(t, decline, paymentDeclined)
	payment(paymentRequested, paymentDeclined).ThenNothing(t, decline)
	payment(paymentRequested, paymentAuthorized).Rejects(t, decline, "payment_authorized")
	payment(paymentRequested, paymentVoided).Rejects(t, decline, "payment_voided")
	payment(paymentRequested, paymentExpired).Rejects(t, decline, "payment_expired")
	payment().Rejects(t, decline, "payment_unknown")
	payment(paymentRequested).Rejects(t, commands.DeclinePayment{PaymentID: "p1"}, commands.InvalidReason)
}

func TestCapturePayment(t *testing.T) {
	capture := commands.CapturePayment{PaymentID: "p1", CaptureID: "c1", Amount: gbp(1500)}
	rest := commands.CapturePayment{PaymentID: "p1", CaptureID: "c2", Amount: gbp(500)}
	authorized := []events.PaymentEvent{paymentRequested, paymentAuthorized}

	payment(authorized...).Then(t, capture, captured15)
	payment(append(authorized, captured15)...).Then(t, rest, captured5)
	payment(append(authorized, captured15)...).ThenNothing(t, capture)
	payment(append(authorized, captured15, paymentVoided)...).ThenNothing(t, capture)
	payment(append(authorized, captured15)...).Rejects(t, commands.CapturePayment{PaymentID: "p1", CaptureID: "c1", Amount: gbp(1)}, "capture_exists")
	payment(append(authorized, captured15)...).Rejects(t, commands.CapturePayment{PaymentID: "p1", CaptureID: "c2", Amount: gbp(501)},
		"capture_exceeds_authorization")
	payment().Rejects(t, capture, "payment_unknown")
	payment(paymentRequested).Rejects(t, capture, "payment_not_authorized")
	payment(paymentRequested, paymentDeclined).Rejects(t, capture, "payment_declined")
	payment(append(authorized, paymentVoided)...).Rejects(t, capture, "payment_voided")
	payment(append(authorized, paymentExpired)...).Rejects(t, capture, "payment_expired")
	payment(authorized...).Rejects(t, commands.CapturePayment{PaymentID: "p1", CaptureID: "c1", Amount: events.Money{Minor: 1, Currency: "EUR"}},
		"currency_differs")
	payment(authorized...).Rejects(t, commands.CapturePayment{PaymentID: "p1", Amount: gbp(1)}, commands.InvalidReason)
	payment(authorized...).Rejects(t, commands.CapturePayment{PaymentID: "p1", CaptureID: "c1", Amount: gbp(0)}, commands.InvalidReason)
}
