package commands_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tillstream/commands"
	"tillstream/events"
)

// A command that another process owns arrives there as it was asked, on the same stream.
func TestCommandsSurviveTheWire(t *testing.T) {
	at := time.Date(2011, 1, 8, 9, 0, 0, 0, time.UTC)
	part, euro := lines("lamps", 1), events.Money{Minor: 7, Currency: "EUR"}
	catalog, sent := commands.Catalog(), map[string]bool{}
	for _, r := range []commands.Request{
		commands.Ask(placeOrder),
		commands.Ask(commands.ConfirmOrder{OrderID: "o1"}),
		commands.Ask(commands.CancelOrderLine{OrderID: "o1", LineID: "lamps", Quantity: 1, Reason: "r"}),
		commands.Ask(commands.CancelOrder{OrderID: "o1", Reason: "r"}),
		commands.Ask(commands.ShipOrder{OrderID: "o1", ShipmentID: "s1", FulfillmentID: "f1", Lines: part}),
		commands.Ask(commands.DeliverOrder{OrderID: "o1"}),
		commands.Ask(commands.ReturnOrder{OrderID: "o1", ReturnID: "r1", Lines: part}),
		commands.Ask(commands.CloseOrder{OrderID: "o1"}), commands.Ask(commands.ForgetGuest{OrderID: "o1"}),
		commands.Ask(requestPayment),
		commands.Ask(commands.AuthorizePayment{PaymentID: "p1", Amount: euro, Reference: "ref", ExpiresAt: &at}),
		commands.Ask(commands.DeclinePayment{PaymentID: "p1", Reason: "r"}),
		commands.Ask(commands.CapturePayment{PaymentID: "p1", CaptureID: "c1", Amount: euro}),
		commands.Ask(commands.RefundPayment{PaymentID: "p1", RefundID: "r1", Amount: euro, Reason: "r"}),
		commands.Ask(commands.VoidPayment{PaymentID: "p1", Reason: "r"}),
		commands.Ask(commands.ExpirePayment{PaymentID: "p1"}),
		commands.Ask(commands.DisputePayment{PaymentID: "p1", DisputeID: "d1", Amount: euro, Reason: "r"}),
		commands.Ask(planShipment),
		commands.Ask(commands.ReduceFulfillment{ShipmentID: "s1", FulfillmentID: "f1", Lines: part, Reason: "r"}),
		commands.Ask(commands.PickFulfillment{ShipmentID: "s1", FulfillmentID: "f1", Lines: part}),
		commands.Ask(commands.PackFulfillment{ShipmentID: "s1", FulfillmentID: "f1", Lines: part}),
		commands.Ask(commands.DispatchFulfillment{ShipmentID: "s1", FulfillmentID: "f1", Tracking: "t", Lines: part}),
		commands.Ask(commands.DeliverFulfillment{ShipmentID: "s1", FulfillmentID: "f1", Lines: part}),
		commands.Ask(commands.FailFulfillment{ShipmentID: "s1", FulfillmentID: "f1", Lines: part, Reason: "r"}),
		commands.Ask(commands.ReturnFulfillment{ShipmentID: "s1", FulfillmentID: "f1", Lines: part, Reason: "r"}),
		commands.Ask(requestReturn),
		commands.Ask(commands.ReceiveReturn{ReturnID: "r1", Lines: twoLampsBack.Lines}),
		commands.Ask(issueCreditNote),
		commands.Ask(commands.SettleCreditNote{CreditNoteID: "n1"}),
		commands.Ask(commands.EarnPoints{CustomerID: "ada", LotID: "l1", OrderID: "o1", Spent: euro, EarnedAt: at}),
		commands.Ask(commands.ActivatePoints{CustomerID: "ada", LotID: "l1", Now: at}),
		commands.Ask(commands.BurnPoints{CustomerID: "ada", RedemptionID: "x1", OrderID: "o1", Points: 3, Now: at}),
		commands.Ask(commands.ExpirePoints{CustomerID: "ada", LotID: "l1", Now: at}),
		commands.Ask(commands.ReversePoints{CustomerID: "ada", ReversalID: "v1", OrderID: "o1", Returned: euro}),
		commands.Ask(commands.RecordAccountingNote{NoteID: "a1", Country: "DE", Currency: "EUR", Total: euro,
			Lines: []events.AccountingLine{{SKU: "B", Text: "t", Amount: euro}}}),
		commands.Ask(commands.OpenLog{LogID: "log-1"}),
		commands.Ask(startImport),
		commands.Ask(closeFirst),
		commands.Ask(complete),
		commands.Ask(registerLamp),
		commands.Ask(commands.DescribeProduct{SKU: " lamp", ProductName: "n", Description: "d"}),
		commands.Ask(commands.CategoriseProduct{SKU: "LAMP", Category: "c"}),
		commands.Ask(commands.DiscontinueProduct{SKU: "LAMP", Reason: "r"}),
		commands.Ask(setPrice("p1", pounds(2500), january, &march)),
		commands.Ask(commands.WithdrawPrice{PriceID: "p1", SKU: "LAMP", Warehouse: "MAIN", Until: march, Reason: "r"}),
		commands.Ask(commands.ReceiveStock{SKU: "lamp", Warehouse: "main", Quantity: 1, Reference: "r"}),
		commands.Ask(commands.AdjustStock{SKU: "LAMP", Warehouse: "MAIN", Quantity: -1, Reason: "r", Reference: "s"}),
		commands.Ask(commands.ReturnStock{SKU: "LAMP", Warehouse: "MAIN", OrderID: "o1", ReturnID: "r1", Quantity: 1}),
		commands.Ask(commands.TransferStockOut{SKU: "LAMP", Warehouse: "MAIN", TransferID: "t1", To: "NORTH", Quantity: 1, Reference: "r"}),
		commands.Ask(commands.TransferStockIn{SKU: "LAMP", Warehouse: "NORTH", TransferID: "t1", From: "MAIN", Quantity: 1, Reference: "r"}),
		commands.Ask(commands.CountStock{SKU: "LAMP", Warehouse: "MAIN", Counted: 1, Reference: "r"}),
		commands.Ask(commands.AllowBackorder{SKU: "LAMP", Warehouse: "MAIN", Limit: 1}),
		commands.Ask(commands.ReserveStock{SKU: "LAMP", Warehouse: "MAIN", OrderID: "o1", Lines: part, ExpiresAt: &half, At: noon}),
		commands.Ask(commands.ReleaseStock{SKU: "LAMP", Warehouse: "MAIN", OrderID: "o1", Lines: part, Reason: "r"}),
		commands.Ask(commands.ExpireReservation{SKU: "LAMP", Warehouse: "MAIN", OrderID: "o1", Now: noon}),
		commands.Ask(commands.CommitStock{SKU: "LAMP", Warehouse: "MAIN", OrderID: "o1", Lines: part}),
		commands.Ask(openName),
		commands.Ask(openAda),
		commands.Ask(commands.DescribeCustomer{CustomerID: "ada", FullName: openAda.FullName, Country: "FR", Address: openAda.Address}),
		commands.Ask(commands.EraseCustomer{CustomerID: "ada"}),
		commands.Ask(commands.ClaimEmail{Blind: "b", CustomerID: "ada"}),
		commands.Ask(commands.ReleaseEmail{Blind: "b", CustomerID: "ada", Reason: "r"}),
	} {
		name, wire, err := commands.Encode(r)
		sent[name] = true
		if err != nil {
			t.Fatal(err)
		}
		t.Run(name, func(t *testing.T) {
			back, err := catalog.Decode(name, wire)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(r.Command, back.Command); diff != "" || back.Stream != r.Stream {
				t.Errorf("arrives on %s, not %s, as another command:\n%s", back.Stream, r.Stream, diff)
			}
		})
	}
	for _, name := range catalog.Names() {
		if !sent[name] {
			t.Errorf("%s was not sent", name)
		}
	}
}

func TestWhatIsNoCommandIsRefused(t *testing.T) {
	for name, wire := range map[string]string{"order.teleport": `{}`, "": `{}`, "stock.receive": `{"quantity":"many"}`, "log.open": `[`} {
		_, err := commands.Catalog().Decode(name, []byte(wire))
		wantReason(t, err, commands.InvalidReason)
	}
}
