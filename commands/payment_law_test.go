package commands_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"tillstream/aggregates"
	"tillstream/commands"
	"tillstream/events"
)

func drawPaymentCommand(t *rapid.T) commands.Command[aggregates.Payment, events.PaymentEvent] {
	amount := gbp(rapid.Int64Range(1, 40).Draw(t, "amount"))
	id := fmt.Sprint("id-", rapid.IntRange(1, 30).Draw(t, "id"))
	switch likely(t, "command", map[string]int{"request": 1, "authorize": 3, "decline": 3, "capture": 9, "refund": 9, "void": 1,
		"expire": 1, "dispute": 2}) {
	case "request":
		return commands.RequestPayment{PaymentID: "p1", OrderID: "o1", Amount: amount, Provider: "external"}
	case "authorize":
		return commands.AuthorizePayment{PaymentID: "p1", Amount: amount}
	case "decline":
		return commands.DeclinePayment{PaymentID: "p1", Reason: "r"}
	case "capture":
		return commands.CapturePayment{PaymentID: "p1", CaptureID: id, Amount: amount}
	case "refund":
		return commands.RefundPayment{PaymentID: "p1", RefundID: id, Amount: amount}
	case "void":
		return commands.VoidPayment{PaymentID: "p1"}
	case "expire":
		return commands.ExpirePayment{PaymentID: "p1"}
	}
	return commands.DisputePayment{PaymentID: "p1", DisputeID: id, Amount: amount}
}

// paymentBook is the test's own account of a payment, kept from the facts alone, in pence.
type paymentBook struct {
	requested, authorized, captured, refunded, disputed, givenUp int64
	ended                                                        bool
}

func (b *paymentBook) note(f events.PaymentEvent) {
	switch f := f.(type) {
	case events.PaymentRequested:
		b.requested = f.Amount.Minor
	case events.PaymentAuthorized:
		b.authorized = f.Amount.Minor
	case events.PaymentDeclined:
		b.ended = true
	case events.PaymentCaptured:
		b.captured += f.Amount.Minor
	case events.PaymentRefunded:
		b.refunded += f.Amount.Minor
	case events.PaymentVoided:
		b.ended, b.givenUp = true, b.givenUp+f.Amount.Minor
	case events.PaymentExpired:
		b.ended, b.givenUp = true, b.givenUp+f.Amount.Minor
	case events.PaymentDisputed:
		b.disputed += f.Amount.Minor
	}
}

func (b *paymentBook) lawful(t *rapid.T) {
	t.Helper()
	if b.refunded > b.captured || b.captured > b.authorized || b.authorized > b.requested || b.disputed > b.captured {
		t.Fatalf("refunded ≤ captured ≤ authorized ≤ requested does not hold: %+v", *b)
	}
	if b.ended && b.captured+b.givenUp != b.authorized {
		t.Fatalf("authorized = captured + given up does not hold: %+v", *b)
	}
}

func TestAPaymentNeverGivesMoreThanItTookNorTakesMoreThanItMay(t *testing.T) {
	checkReached(t, func(t *rapid.T, reached map[string]int) {
		s, b := newStory[aggregates.Payment, events.PaymentEvent](t, reached), &paymentBook{}
		begins := []commands.Command[aggregates.Payment, events.PaymentEvent]{
			commands.RequestPayment{PaymentID: "p1", OrderID: "o1", Amount: gbp(100), Provider: "external"},
			commands.AuthorizePayment{PaymentID: "p1", Amount: gbp(90)}}
		for _, cmd := range begins[:rapid.SampledFrom([]int{0, 1, 1, 2, 2, 2}).Draw(t, "begun")] {
			facts, _ := s.ask(cmd)
			b.note(facts[0])
		}
		for range rapid.IntRange(5, 50).Draw(t, "commands") {
			before := *b
			cmd := drawPaymentCommand(t)
			facts, reason := s.ask(cmd)
			for _, f := range facts {
				b.note(f)
			}
			b.lawful(t)
			if c, ok := cmd.(commands.CapturePayment); ok && reason == "capture_exceeds_authorization" &&
				before.captured+c.Amount.Minor <= before.authorized {
				t.Fatalf("%+v was refused for nothing: %+v", c, before)
			}
			if c, ok := cmd.(commands.RefundPayment); ok && reason == "refund_exceeds_capture" &&
				before.refunded+c.Amount.Minor <= before.captured {
				t.Fatalf("%+v was refused for nothing: %+v", c, before)
			}
		}
	}, "payment.requested", "payment.authorized", "payment.declined", "payment.captured", "payment.refunded", "payment.voided",
		"payment.expired", "payment.disputed", "payment_unknown", "capture_exceeds_authorization", "refund_exceeds_capture", "payment_disputed")
}
