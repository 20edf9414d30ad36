package projections_test

import "tillstream/events"

func (s *shop) place() {
	o := &sold{id: s.id("o"), charges: int64(s.upTo(3)-1) * 150, payment: s.id("p")}
	e := events.OrderPlaced{OrderID: o.id, Country: "France", Currency: "GBP", Rounding: events.HalfAwayPerLine}
	if s.maybe() {
		e.CustomerID = s.sku()
	}
	total := o.charges
	for range s.upTo(3) {
		l := &soldLine{Line: events.Line{LineID: s.id("l"), SKU: s.sku(), Kind: events.Goods, Warehouse: "UK", Quantity: s.units(4),
			Unit: price(s.units(500))}}
		l.left, l.Net = l.Quantity, l.worth(l.Quantity)
		l.Gross = l.Net
		o.lines, e.Lines = append(o.lines, l), append(e.Lines, l.Line)
		total += l.Gross.Minor
	}
	e.Totals = events.Totals{Net: pounds(total), Gross: pounds(total)}
	s.orders = append(s.orders, o)
	s.tell(e, events.PaymentRequested{PaymentID: o.payment, OrderID: o.id, Amount: pounds(total)})
}

// order is one that goes on, and a line of it; nil when there is none.
func (s *shop) order() (*sold, *soldLine) {
	if len(s.orders) == 0 {
		return nil, nil
	}
	o := s.orders[s.upTo(len(s.orders))-1]
	if o.ended {
		return nil, nil
	}
	return o, o.lines[s.upTo(len(o.lines))-1]
}

func (s *shop) cancelLine() {
	if o, l := s.order(); l != nil && l.left > 0 {
		n := s.units(l.left)
		l.left -= n
		s.tell(events.OrderLineCancelled{OrderID: o.id, LineID: l.LineID, Quantity: n, Amount: l.worth(n), Reason: "wish"})
	}
}

func (s *shop) cancelOrder() {
	o, _ := s.order()
	if o == nil {
		return
	}
	e := events.OrderCancelled{OrderID: o.id, Amount: pounds(o.charges), Reason: "wish"}
	for _, l := range o.lines {
		if l.shipped > 0 {
			return
		}
		if l.left > 0 {
			e.Lines = append(e.Lines, events.LineAmount{LineID: l.LineID, Quantity: l.left, Amount: l.worth(l.left)})
			e.Amount = e.Amount.Plus(l.worth(l.left))
		}
	}
	o.ended = true
	s.tell(e)
}

func (s *shop) ship() {
	if o, l := s.order(); l != nil && l.left > 0 {
		n := s.units(l.left)
		l.left, l.shipped = l.left-n, l.shipped+n
		s.oneOf(events.OrderPartiallyShipped{OrderID: o.id, Lines: units(l.LineID, n)},
			events.OrderShipped{OrderID: o.id, Lines: units(l.LineID, n)})
	}
}

func (s *shop) giveBack() {
	if o, l := s.order(); l != nil && l.shipped > 0 {
		n := s.units(l.shipped)
		l.shipped -= n
		s.returned(o, l, n)
	}
}

func (s *shop) returned(o *sold, l *soldLine, n int64) {
	id := s.id("r")
	s.tell(events.ReturnRequested{ReturnID: id, OrderID: o.id, Lines: []events.ReturnLine{{LineID: l.LineID, Quantity: n, Amount: l.worth(n)}}},
		events.ReturnReceived{ReturnID: id, OrderID: o.id, Lines: []events.ReceivedLine{{LineID: l.LineID, Quantity: n, Disposition: events.Restock}}},
		events.OrderReturned{OrderID: o.id, ReturnID: id, Amount: l.worth(n),
			Lines: []events.LineAmount{{LineID: l.LineID, Quantity: n, Amount: l.worth(n)}}})
}

// credit issues a credit note over what is left or shipped of a line, or without original; the order hears of it later.
func (s *shop) credit() {
	o, l := s.order()
	p := events.CreditPart{PartID: "1", Kind: events.CreditWithoutOriginal, SKU: "A", Quantity: 1, Amount: pounds(s.units(90))}
	switch {
	case o == nil:
	case l.shipped > 0:
		n := s.units(l.shipped)
		l.shipped -= n
		p = events.CreditPart{PartID: "1", Kind: events.CreditReturned, OrderID: o.id, LineID: l.LineID, Quantity: n, Amount: l.worth(n)}
		s.owed = append(s.owed, func() { s.returned(o, l, n) })
	case l.left > 0:
		n := s.units(l.left)
		l.left -= n
		p = events.CreditPart{PartID: "1", Kind: events.CreditCancelled, OrderID: o.id, LineID: l.LineID, Quantity: n, Amount: l.worth(n)}
		s.owed = append(s.owed, func() {
			s.tell(events.OrderLineCancelled{OrderID: o.id, LineID: l.LineID, Quantity: n, Amount: l.worth(n), Reason: "credit note"})
		})
	}
	id := s.id("c")
	s.tell(events.CreditNoteIssued{CreditNoteID: id, Currency: "GBP", Country: "Spain", Parts: []events.CreditPart{p}, Total: p.Amount},
		events.CreditNoteSettled{CreditNoteID: id})
}

// follow does the oldest thing that follows from a credit note.
func (s *shop) follow() {
	if len(s.owed) > 0 {
		s.owed[0]()
		s.owed = s.owed[1:]
	}
}

func (s *shop) pay() {
	if o, _ := s.order(); o != nil {
		n := pounds(s.units(900))
		s.oneOf(events.PaymentAuthorized{PaymentID: o.payment, OrderID: o.id, Amount: n},
			events.PaymentDeclined{PaymentID: o.payment, OrderID: o.id}, events.PaymentCaptured{PaymentID: o.payment, OrderID: o.id, Amount: n},
			events.PaymentRefunded{PaymentID: o.payment, OrderID: o.id, Amount: n}, events.PaymentVoided{PaymentID: o.payment, OrderID: o.id, Amount: n},
			events.PaymentExpired{PaymentID: o.payment, OrderID: o.id, Amount: n}, events.PaymentDisputed{PaymentID: o.payment, OrderID: o.id, Amount: n})
	}
}

func (s *shop) parcel() {
	if o, l := s.order(); o != nil {
		one := units(l.LineID, 1)
		s.oneOf(events.ShipmentPlanned{OrderID: o.id, Fulfillments: []events.PlannedFulfillment{{FulfillmentID: "f",
			Lines: []events.PlannedLine{{LineID: l.LineID, Quantity: l.Quantity}}}}},
			events.FulfillmentReduced{OrderID: o.id, FulfillmentID: "f", Lines: one}, events.FulfillmentPicked{OrderID: o.id, FulfillmentID: "f", Lines: one},
			events.FulfillmentPacked{OrderID: o.id, FulfillmentID: "f", Lines: one},
			events.FulfillmentDispatched{OrderID: o.id, FulfillmentID: "f", Tracking: s.id("dhl"), Lines: one},
			events.FulfillmentDelivered{OrderID: o.id, FulfillmentID: "f", Lines: one}, events.FulfillmentFailed{OrderID: o.id, FulfillmentID: "f", Lines: one},
			events.FulfillmentReturned{OrderID: o.id, FulfillmentID: "f", Lines: one})
	}
}

func (s *shop) finish() {
	if o, _ := s.order(); o != nil {
		s.oneOf(events.OrderConfirmed{OrderID: o.id}, events.OrderDelivered{OrderID: o.id}, events.OrderClosed{OrderID: o.id},
			events.OrderGuestForgotten{OrderID: o.id})
	}
}
