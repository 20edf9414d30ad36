package onlineretail

import (
	"strconv"

	"tillstream/commands"
	"tillstream/events"
)

// request asks for the money of the day's orders.
func (w *dayWork) request() (asked []Asked) {
	for _, o := range w.orders {
		if d := o.doc; o.gross.Minor > 0 {
			asked = append(asked, askFor(d, d.At, "", commands.RequestPayment{PaymentID: paymentID(d.Number), OrderID: orderID(d.Number),
				Amount: o.gross, Provider: provider}))
		}
	}
	return asked
}

// confirm authorizes the money and commits the shop.
func (w *dayWork) confirm() (asked []Asked) {
	for _, o := range w.orders {
		d := o.doc
		if o.gross.Minor > 0 {
			asked = append(asked, askFor(d, d.At, "", commands.AuthorizePayment{PaymentID: paymentID(d.Number), Amount: o.gross, Reference: d.Number}))
		}
		asked = append(asked, askFor(d, d.At, "", commands.ConfirmOrder{OrderID: orderID(d.Number)}))
	}
	return asked
}

// creditsOf lists, for the day's credit documents, what is to be cancelled of orders of the day and what is to be
// returned of earlier ones.
func (w *dayWork) creditsOf() (cancellations []Asked) {
	w.each(Credit, func(d *Document) {
		byOrder := map[string]int{}
		for n, p := range w.day.Credits[d.Number] {
			switch {
			case p.Kind == events.CreditWithoutOriginal:
			case p.Kind == events.CreditCancelled:
				o := w.byDoc[p.Order]
				o.cancelled[p.Line] += p.Quantity
				cancellations = append(cancellations, askFor(d, d.At, strconv.Itoa(n), commands.CancelOrderLine{OrderID: orderID(p.Order), LineID: lineID(p.Order, p.Line),
					Quantity: p.Quantity, Reason: "credited by " + d.Number}))
			default:
				at, known := byOrder[p.Order]
				if !known {
					at = len(w.moves)
					byOrder[p.Order] = at
					w.moves = append(w.moves, returned{doc: d, order: p.Order, returnID: returnID(d, p.Order)})
				}
				w.moves[at].add(p)
			}
		}
	})
	return cancellations
}

func (r *returned) add(p Part) {
	r.parts = append(r.parts, p)
	line := lineID(p.Order, p.Line)
	for i := range r.lines {
		if r.lines[i].LineID == line {
			r.lines[i].Quantity += p.Quantity
			return
		}
	}
	r.lines = append(r.lines, events.LineQuantity{LineID: line, Quantity: p.Quantity})
}

// owe takes off what cancellations took off, by the order's own arithmetic.
func (w *dayWork) owe(outcomes []Outcome) {
	for _, outcome := range outcomes {
		for _, fact := range outcome.Facts {
			switch e := fact.(type) {
			case events.OrderLineCancelled:
				w.reduce(e.OrderID, e.Amount)
			case events.OrderCancelled:
				w.reduce(e.OrderID, e.Amount)
			}
		}
	}
}

func (w *dayWork) reduce(id string, by events.Money) {
	for _, o := range w.orders {
		if orderID(o.doc.Number) == id {
			o.owed = o.owed.Minus(by)
		}
	}
}

// takeBack requests, receives and books the returns of earlier orders.
func (w *dayWork) takeBack() (requests, receipts, bookings []Asked) {
	for _, r := range w.moves {
		request := commands.RequestReturn{ReturnID: r.returnID, OrderID: orderID(r.order)}
		if r.doc.Customer != "" {
			request.CustomerID = customerID(r.doc.Customer)
		}
		receipt := commands.ReceiveReturn{ReturnID: r.returnID}
		for _, l := range r.lines {
			line := events.ReturnLine{LineID: l.LineID, Warehouse: w.warehouse, Quantity: l.Quantity, Amount: events.Money{Currency: Currency}}
			for _, p := range r.parts {
				if lineID(p.Order, p.Line) == l.LineID {
					line.SKU, line.Amount = p.SKU, line.Amount.Plus(p.Amount)
				}
			}
			request.Lines = append(request.Lines, line)
			receipt.Lines = append(receipt.Lines, events.ReceivedLine{LineID: l.LineID, Quantity: l.Quantity, Disposition: events.Restock})
		}
		key := r.order
		requests = append(requests, askFor(r.doc, r.doc.At, key, request))
		receipts = append(receipts, askFor(r.doc, r.doc.At, key, receipt))
		bookings = append(bookings, askFor(r.doc, r.doc.At, key, commands.ReturnOrder{OrderID: orderID(r.order), ReturnID: r.returnID, Lines: r.lines}))
	}
	return requests, receipts, bookings
}

// refund pays back what the orders say was returned, and takes back the points it had earned.
func (w *dayWork) refund(bookings []Outcome) (asked []Asked) {
	for i, r := range w.moves {
		for _, fact := range bookings[i].Facts {
			e, ok := fact.(events.OrderReturned)
			if !ok || e.Amount.Minor == 0 {
				continue
			}
			asked = append(asked, askFor(r.doc, r.doc.At, r.order, commands.RefundPayment{PaymentID: paymentID(r.order), RefundID: r.returnID,
				Amount: e.Amount, Reason: "credited by " + r.doc.Number}))
			if r.doc.Customer != "" {
				asked = append(asked, askFor(r.doc, r.doc.At, r.order, commands.ReversePoints{CustomerID: customerID(r.doc.Customer), ReversalID: r.returnID,
					OrderID: orderID(r.order), Returned: e.Amount}))
			}
		}
	}
	return asked
}

// settle takes the money for what was dispatched, lets go of the rest, and closes the day's orders and credit notes.
func (w *dayWork) settle() (asked []Asked) {
	at := w.day.end()
	for _, o := range w.orders {
		d, payment := o.doc, paymentID(o.doc.Number)
		if o.owed.Minor > 0 {
			asked = append(asked, askFor(d, at, "", commands.CapturePayment{PaymentID: payment, CaptureID: shipmentID(d.Number), Amount: o.owed}))
		}
		if o.gross.Minor > o.owed.Minor {
			asked = append(asked, askFor(d, at, "", commands.VoidPayment{PaymentID: payment, Reason: "cancelled"}))
		}
		if skus, lines := goodsOf(d, o.cancelled); len(skus) > 0 {
			ship := commands.ShipOrder{OrderID: orderID(d.Number), ShipmentID: shipmentID(d.Number), FulfillmentID: fulfillmentID(d.Number)}
			for _, sku := range skus {
				ship.Lines = append(ship.Lines, lines[sku]...)
			}
			asked = append(asked, askFor(d, at, "", ship))
		}
		asked = append(asked, askFor(d, at, "", commands.CloseOrder{OrderID: orderID(d.Number)}))
		if d.Customer != "" && o.owed.Minor > 0 {
			asked = append(asked, askFor(d, at, "", commands.EarnPoints{CustomerID: customerID(d.Customer), LotID: lotID(d.Number), OrderID: orderID(d.Number),
				Spent: o.owed, EarnedAt: at}))
		}
	}
	w.each(Credit, func(d *Document) {
		asked = append(asked, askFor(d, at, "", commands.SettleCreditNote{CreditNoteID: creditNoteID(d.Number)}))
	})
	return asked
}
