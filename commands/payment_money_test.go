package commands_test

import (
	"testing"

	"tillstream/commands"
	"tillstream/events"
)

func TestRefundPayment(t *testing.T) {
	refund := commands.RefundPayment{PaymentID: "p1", RefundID: "r1", Amount: gbp(400), Reason: "broken"}
	taken := []events.PaymentEvent{paymentRequested, paymentAuthorized, captured15}

	payment(taken...).Then(t, refund, refunded4)
	payment(append(taken, paymentVoided)...).Then(t, refund, refunded4)
	payment(append(taken, paymentExpired)...).Then(t, refund, refunded4)
	payment(append(taken, refunded4)...).ThenNothing(t, refund)
	payment(append(taken, refunded4)...).Then(t, commands.RefundPayment{PaymentID: "p1", RefundID: "r2", Amount: gbp(1100)},
		events.PaymentRefunded{PaymentID: "p1", OrderID: "o1", RefundID: "r2", Amount: gbp(1100)})
	payment(append(taken, refunded4)...).Rejects(t, commands.RefundPayment{PaymentID: "p1", RefundID: "r1", Amount: gbp(1)}, "refund_exists")
	payment(append(taken, refunded4)...).Rejects(t, commands.RefundPayment{PaymentID: "p1", RefundID: "r2", Amount: gbp(1101)},
		"refund_exceeds_capture")
	payment(append(taken, disputed6)...).Then(t, refund, refunded4)
	payment(append(taken, disputed6)...).Rejects(t, commands.RefundPayment{PaymentID: "p1", RefundID: "r1", Amount: gbp(901)}, "payment_disputed")
	payment().Rejects(t, refund, "payment_unknown")
	for _, past := range [][]events.PaymentEvent{{paymentRequested}, {paymentRequested, paymentAuthorized}, {paymentRequested, paymentDeclined},
		{paymentRequested, paymentVoided}, {paymentRequested, paymentExpired}} {
		payment(past...).Rejects(t, refund, "refund_exceeds_capture")
	}
	payment(taken...).Rejects(t, commands.RefundPayment{PaymentID: "p1", RefundID: "r1", Amount: events.Money{Minor: 1, Currency: "EUR"}},
		"currency_differs")
	payment(taken...).Rejects(t, commands.RefundPayment{PaymentID: "p1", Amount: gbp(1)}, commands.InvalidReason)
}

func TestVoidPayment(t *testing.T) {
	void := commands.VoidPayment{PaymentID: "p1", Reason: "cancelled"}
	voided := func(amount int64) events.PaymentVoided {
		return events.PaymentVoided{PaymentID: "p1", OrderID: "o1", Amount: gbp(amount), Reason: "cancelled"}
	}

	payment(paymentRequested).Then(t, void, voided(0))
	payment(paymentRequested, paymentAuthorized).Then(t, void, voided(2000))
	payment(paymentRequested, paymentAuthorized, captured15).Then(t, void, voided(500))
	payment(paymentRequested, paymentAuthorized, captured15, captured5).ThenNothing(t, void)
	payment(paymentRequested, paymentDeclined).ThenNothing(t, void)
	payment(paymentRequested, paymentVoided).ThenNothing(t, void)
	payment(paymentRequested, paymentExpired).ThenNothing(t, void)
	payment().Rejects(t, void, "payment_unknown")
	payment(paymentRequested).Rejects(t, commands.VoidPayment{PaymentID: "p1", Reason: "a\x00b"}, commands.InvalidReason)
}

func TestExpirePayment(t *testing.T) {
	expire := commands.ExpirePayment{PaymentID: "p1"}
	expired := func(amount int64) events.PaymentExpired {
		return events.PaymentExpired{PaymentID: "p1", OrderID: "o1", Amount: gbp(amount)}
	}

	payment(paymentRequested).Then(t, expire, expired(0))
	payment(paymentRequested, paymentAuthorized).Then(t, expire, expired(2000))
	payment(paymentRequested, paymentAuthorized, captured15).Then(t, expire, expired(500))
	payment(paymentRequested, paymentAuthorized, captured15, captured5).ThenNothing(t, expire)
	payment(paymentRequested, paymentDeclined).ThenNothing(t, expire)
	payment(paymentRequested, paymentVoided).ThenNothing(t, expire)
	payment(paymentRequested, paymentExpired).ThenNothing(t, expire)
	payment().Rejects(t, expire, "payment_unknown")
	payment().Rejects(t, commands.ExpirePayment{}, commands.InvalidReason)
}

func TestDisputePayment(t *testing.T) {
	dispute := commands.DisputePayment{PaymentID: "p1", DisputeID: "d1", Amount: gbp(600), Reason: "fraud"}
	taken := []events.PaymentEvent{paymentRequested, paymentAuthorized, captured15}

	payment(taken...).Then(t, dispute, disputed6)
	payment(append(taken, refunded4, paymentVoided)...).Then(t, dispute, disputed6)
	payment(append(taken, disputed6)...).ThenNothing(t, dispute)
	payment(append(taken, disputed6)...).Rejects(t, commands.DisputePayment{PaymentID: "p1", DisputeID: "d1", Amount: gbp(1)}, "dispute_exists")
	payment(append(taken, disputed6)...).Rejects(t, commands.DisputePayment{PaymentID: "p1", DisputeID: "d2", Amount: gbp(901)},
		"dispute_exceeds_capture")
	payment().Rejects(t, dispute, "payment_unknown")
	for _, past := range [][]events.PaymentEvent{{paymentRequested}, {paymentRequested, paymentAuthorized}, {paymentRequested, paymentDeclined},
		{paymentRequested, paymentVoided}, {paymentRequested, paymentExpired}} {
		payment(past...).Rejects(t, dispute, "dispute_exceeds_capture")
	}
	payment(taken...).Rejects(t, commands.DisputePayment{PaymentID: "p1", DisputeID: "d1", Amount: events.Money{Minor: 1, Currency: "EUR"}},
		"currency_differs")
	payment(taken...).Rejects(t, commands.DisputePayment{PaymentID: "p1", Amount: gbp(1)}, commands.InvalidReason)
}
