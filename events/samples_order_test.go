package events_test

import . "tillstream/events"

func orderSamples() []Event {
	line := Line{LineID: "l1", SKU: "85123A", Name: "White hanging heart", Kind: Goods, Warehouse: "MAIN", Quantity: 5,
		Unit: UnitPrice{Amount: 2095, Scale: 3, Currency: "GBP"}, Net: gbp(948),
		Discounts: []Discount{{Name: "spring", Amount: gbp(100)}},
		Taxes:     []Tax{{Name: "VAT", RatePPM: 200_000, Amount: gbp(190)}}, Gross: gbp(1138)}
	carriage := Charge{Name: "carriage", Amount: gbp(500), Taxes: []Tax{{Name: "VAT", RatePPM: 200_000, Amount: gbp(83), Included: true}}}
	return []Event{
		OrderPlaced{OrderID: "o1", Number: "536365", CustomerID: "c1", Guest: &Guest{Name: sealed("guest-o1"), Email: sealed("guest-o1")},
			Country: "United Kingdom", ShipTo: sealed("guest-o1"), Currency: "GBP", Lines: []Line{line}, Charges: []Charge{carriage},
			Totals: Totals{Net: gbp(1365), Tax: gbp(273), Gross: gbp(1638)}, Rounding: HalfAwayPerLine,
			FX: &FX{Currency: "EUR", Rate: 116, Scale: 2}, PaymentToken: sealed("guest-o1")},
		OrderConfirmed{OrderID: "o1"},
		OrderLineCancelled{OrderID: "o1", LineID: "l1", Quantity: 2, Amount: gbp(455), Reason: "changed my mind"},
		OrderPartiallyShipped{OrderID: "o1", ShipmentID: "s1", FulfillmentID: "f1", Lines: []LineQuantity{{"l1", 1}}},
		OrderShipped{OrderID: "o1", ShipmentID: "s1", FulfillmentID: "f1", Lines: []LineQuantity{{"l1", 2}}},
		OrderDelivered{OrderID: "o1"},
		OrderCancelled{OrderID: "o1", Lines: []LineAmount{{"l1", 5, gbp(1138)}}, Amount: gbp(1638), Reason: "not paid"},
		OrderReturned{OrderID: "o1", ReturnID: "r1", Lines: []LineAmount{{"l1", 1, gbp(228)}}, Amount: gbp(228)},
		OrderClosed{OrderID: "o1"},
		OrderGuestForgotten{OrderID: "o1"},
	}
}

func paymentSamples() []Event {
	return []Event{
		PaymentRequested{PaymentID: "y1", OrderID: "o1", Amount: gbp(1638), Provider: "psp", Token: sealed("guest-o1")},
		PaymentAuthorized{PaymentID: "y1", OrderID: "o1", Amount: gbp(1638), Reference: "pi_1", ExpiresAt: &summer},
		PaymentDeclined{PaymentID: "y1", OrderID: "o1", Reason: "card_declined"},
		PaymentCaptured{PaymentID: "y1", OrderID: "o1", CaptureID: "k1", Amount: gbp(1000)},
		PaymentRefunded{PaymentID: "y1", OrderID: "o1", RefundID: "u1", Amount: gbp(228), Reason: "returned"},
		PaymentVoided{PaymentID: "y1", OrderID: "o1", Amount: gbp(638), Reason: "cancelled"},
		PaymentExpired{PaymentID: "y1", OrderID: "o1", Amount: gbp(638)},
		PaymentDisputed{PaymentID: "y1", OrderID: "o1", DisputeID: "d1", Amount: gbp(1000), Reason: "fraudulent"},
	}
}

func parcelSamples() []Event {
	two := []LineQuantity{{"l1", 2}}
	return []Event{
		ShipmentPlanned{ShipmentID: "s1", OrderID: "o1", Fulfillments: []PlannedFulfillment{{FulfillmentID: "f1", Warehouse: "MAIN",
			Lines: []PlannedLine{{LineID: "l1", SKU: "85123A", Quantity: 5}}}}},
		FulfillmentReduced{ShipmentID: "s1", OrderID: "o1", FulfillmentID: "f1", Lines: two, Reason: "cancelled"},
		FulfillmentPicked{ShipmentID: "s1", OrderID: "o1", FulfillmentID: "f1", Lines: two},
		FulfillmentPacked{ShipmentID: "s1", OrderID: "o1", FulfillmentID: "f1", Lines: two},
		FulfillmentDispatched{ShipmentID: "s1", OrderID: "o1", FulfillmentID: "f1", Warehouse: "MAIN", Tracking: "DHL-1", Lines: two},
		FulfillmentDelivered{ShipmentID: "s1", OrderID: "o1", FulfillmentID: "f1", Lines: two},
		FulfillmentFailed{ShipmentID: "s1", OrderID: "o1", FulfillmentID: "f1", Lines: two, Reason: "nobody at home"},
		FulfillmentReturned{ShipmentID: "s1", OrderID: "o1", FulfillmentID: "f1", Lines: two, Reason: "nobody at home"},
	}
}

func afterSamples() []Event {
	lots := []LotPoints{{"lot1", 7}, {"lot2", 4}}
	return []Event{
		ReturnRequested{ReturnID: "r1", OrderID: "o1", CustomerID: "c1", Lines: []ReturnLine{{LineID: "l1", SKU: "85123A",
			Warehouse: "MAIN", Quantity: 1, Amount: gbp(228), Reason: "too bright"}}},
		ReturnReceived{ReturnID: "r1", OrderID: "o1", Lines: []ReceivedLine{{LineID: "l1", Quantity: 1, Disposition: Restock}}},
		CreditNoteIssued{CreditNoteID: "n1", Number: "C536379", CustomerID: "c1", Country: "United Kingdom", Currency: "GBP",
			Parts: []CreditPart{{PartID: "n1-1", Row: 1, Kind: CreditReturned, OrderID: "o1", LineID: "l1", SKU: "85123A", Goods: Goods,
				Warehouse: "MAIN", Quantity: 1, Unit: UnitPrice{Amount: 2095, Scale: 3, Currency: "GBP"}, Amount: gbp(228)}}, Total: gbp(228)},
		CreditNoteSettled{CreditNoteID: "n1"},
		AccountingNoteRecorded{NoteID: "a1", Number: "A563185", Country: "United Kingdom", Currency: "GBP",
			Lines: []AccountingLine{{SKU: "B", Text: "Adjust bad debt", Amount: gbp(-1106206)}}, Total: gbp(-1106206)},
		PointsEarned{CustomerID: "c1", LotID: "lot1", OrderID: "o1", Points: 11, Spent: gbp(1138), ActivatesAt: spring, ExpiresAt: summer},
		PointsActivated{CustomerID: "c1", LotID: "lot1", Points: 11},
		PointsBurned{CustomerID: "c1", RedemptionID: "x1", OrderID: "o2", Points: 11, Lots: lots},
		PointsExpired{CustomerID: "c1", LotID: "lot2", Points: 3},
		PersonalDataOpened{Subject: "customer-c1", Fields: []string{FieldName, FieldAddress}, EventID: "e1", Purpose: "the parcel came back"},
		PointsReversed{CustomerID: "c1", ReversalID: "v1", OrderID: "o1", Returned: gbp(228), Points: 11, Lots: lots, Short: 2},
	}
}
