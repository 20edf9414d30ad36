package shop

import (
	"time"

	"tillstream/events"
)

// order is one that is on its way.
type order struct {
	id, customer, payment, shipment, parcel string
	lines                                   []events.Line
	total                                   events.Money
	stage                                   int
	placed                                  events.Meta
}

// How many of a hundred orders end otherwise.
const (
	cancelledOf100 = 4
	returnedOf100  = 9
	guestsOf100    = 20
)

func pence(minor int64) events.Money { return events.Money{Minor: minor, Currency: currency} }

// place is an order with what follows from it at once: goods are reserved, money is held, a parcel is planned.
func (b *Branch) place() *order {
	c := b.asks(events.Actor{Kind: "anonymous"}, events.FromAPI)
	o := &order{id: events.DerivedID(c.Command, 0), placed: c}
	o.payment, o.shipment, o.parcel = events.DerivedID(c.Command, 1), events.DerivedID(c.Command, 2), events.DerivedID(c.Command, 3)
	subject := "guest-" + o.id
	e := events.OrderPlaced{OrderID: o.id, Country: country(b.random), Currency: currency, Rounding: events.HalfAwayPerLine}
	if b.random.IntN(100) < guestsOf100 {
		e.Guest = &events.Guest{Name: sealed(b.random, subject, 14), Email: sealed(b.random, subject, 22)}
	} else {
		o.customer = b.customers[b.random.IntN(len(b.customers))]
		e.CustomerID, subject = o.customer, events.CustomerSubject(o.customer)
	}
	e.ShipTo, e.PaymentToken = sealed(b.random, subject, 110), sealed(b.random, subject, 24)
	o.lines = b.lines(c.Command)
	for _, l := range o.lines {
		o.total = o.total.Plus(l.Gross)
	}
	e.Lines, e.Totals = o.lines, events.Totals{Net: o.total, Tax: pence(0), Gross: o.total}
	b.record(c, string(events.Order(o.id)), e)
	for _, l := range o.lines {
		b.record(b.follows(o, "reserve"), string(events.Stock(b.code, l.SKU)), events.StockReserved{SKU: l.SKU, Warehouse: b.code, OrderID: o.id, Lines: units(l)})
	}
	b.record(b.follows(o, "pay"), string(events.Payment(o.payment)), events.PaymentRequested{PaymentID: o.payment, OrderID: o.id, Amount: o.total,
		Provider: "cards", Token: e.PaymentToken})
	b.record(b.follows(o, "pay"), string(events.Payment(o.payment)), events.PaymentAuthorized{PaymentID: o.payment, OrderID: o.id, Amount: o.total,
		Reference: "ch_" + o.payment[:8]})
	b.record(b.follows(o, "confirm"), string(events.Order(o.id)), events.OrderConfirmed{OrderID: o.id})
	b.record(b.follows(o, "ship"), string(events.Shipment(o.shipment)), b.plan(o))
	return o
}

// lines are of different goods, next to each other on the shelf. What runs low is ordered first.
func (b *Branch) lines(command string) []events.Line {
	lines := make([]events.Line, 1+b.random.IntN(linesMost))
	first := b.random.IntN(len(b.goods))
	for i := range lines {
		g := &b.goods[(first+i)%len(b.goods)]
		if g.onHand < lowStock {
			b.receive(g)
		}
		n := 1 + b.random.Int64N(6)
		g.onHand -= n
		gross := pence(g.price * n)
		lines[i] = events.Line{LineID: events.LineID(command, i), SKU: g.sku, Name: title(b.random), Kind: events.Goods, Warehouse: b.code, Quantity: n,
			Unit: events.UnitPrice{Amount: g.price, Scale: 2, Currency: currency}, Net: gross, Gross: gross}
	}
	return lines
}

func (b *Branch) plan(o *order) events.ShipmentPlanned {
	f := events.PlannedFulfillment{FulfillmentID: o.parcel, Warehouse: b.code}
	for _, l := range o.lines {
		f.Lines = append(f.Lines, events.PlannedLine{LineID: l.LineID, SKU: l.SKU, Quantity: l.Quantity})
	}
	return events.ShipmentPlanned{ShipmentID: o.shipment, OrderID: o.id, Fulfillments: []events.PlannedFulfillment{f}}
}

// follows is a command that a process asks because of an order.
func (b *Branch) follows(o *order, process string) events.Meta {
	c := b.asks(events.Actor{Kind: "process", ID: process}, events.FromPolicy)
	c.Correlation, c.Causation = o.placed.Correlation, o.placed.Command
	return c
}

func units(lines ...events.Line) (list []events.LineQuantity) {
	for _, l := range lines {
		list = append(list, events.LineQuantity{LineID: l.LineID, Quantity: l.Quantity})
	}
	return list
}

// goOn takes an order one stage further; false says it has ended.
func (b *Branch) goOn(o *order) bool {
	o.stage++
	switch o.stage {
	case 1:
		if b.random.IntN(100) < cancelledOf100 {
			b.cancel(o)
			return false
		}
		b.send(o)
	case 2:
		b.arrive(o)
	default:
		if b.random.IntN(100) < returnedOf100 {
			b.takeBack(o)
		}
		b.record(b.follows(o, "close"), string(events.Order(o.id)), events.OrderClosed{OrderID: o.id})
		b.forget(o)
		return false
	}
	return true
}

func (b *Branch) cancel(o *order) {
	e := events.OrderCancelled{OrderID: o.id, Amount: o.total, Reason: "changed their mind"}
	for _, l := range o.lines {
		e.Lines = append(e.Lines, events.LineAmount{LineID: l.LineID, Quantity: l.Quantity, Amount: l.Gross})
	}
	b.record(b.staff(), string(events.Order(o.id)), e)
	for _, l := range o.lines {
		b.record(b.follows(o, "reserve"), string(events.Stock(b.code, l.SKU)), events.StockReleased{SKU: l.SKU, Warehouse: b.code, OrderID: o.id, Lines: units(l), Reason: "cancelled"})
	}
	b.record(b.follows(o, "pay"), string(events.Payment(o.payment)), events.PaymentVoided{PaymentID: o.payment, OrderID: o.id, Amount: o.total, Reason: "cancelled"})
	b.forget(o)
}

func (b *Branch) send(o *order) {
	all, parcel := units(o.lines...), string(events.Shipment(o.shipment))
	b.record(b.staff(), parcel, events.FulfillmentPicked{ShipmentID: o.shipment, OrderID: o.id, FulfillmentID: o.parcel, Lines: all})
	b.record(b.staff(), parcel, events.FulfillmentPacked{ShipmentID: o.shipment, OrderID: o.id, FulfillmentID: o.parcel, Lines: all})
	b.record(b.staff(), parcel, events.FulfillmentDispatched{ShipmentID: o.shipment, OrderID: o.id, FulfillmentID: o.parcel, Warehouse: b.code,
		Tracking: "RM" + o.parcel[:8], Lines: all})
	for _, l := range o.lines {
		b.record(b.follows(o, "reserve"), string(events.Stock(b.code, l.SKU)), events.StockCommitted{SKU: l.SKU, Warehouse: b.code, OrderID: o.id, Lines: units(l)})
	}
	b.record(b.follows(o, "ship"), string(events.Order(o.id)), events.OrderShipped{OrderID: o.id, ShipmentID: o.shipment, FulfillmentID: o.parcel, Lines: all})
	c := b.follows(o, "pay")
	b.record(c, string(events.Payment(o.payment)), events.PaymentCaptured{PaymentID: o.payment, OrderID: o.id, CaptureID: events.DerivedID(c.Command, 0), Amount: o.total})
	if points := o.total.Minor / 100; o.customer != "" && points > 0 {
		b.record(b.follows(o, "loyalty"), string(events.Loyalty(o.customer)), events.PointsEarned{CustomerID: o.customer, LotID: o.id, OrderID: o.id,
			Points: points, Spent: o.total, ActivatesAt: b.now.Add(14 * 24 * time.Hour), ExpiresAt: b.now.Add(379 * 24 * time.Hour)})
	}
}

func (b *Branch) arrive(o *order) {
	b.record(b.staff(), string(events.Shipment(o.shipment)), events.FulfillmentDelivered{ShipmentID: o.shipment, OrderID: o.id, FulfillmentID: o.parcel,
		Lines: units(o.lines...)})
	b.record(b.follows(o, "ship"), string(events.Order(o.id)), events.OrderDelivered{OrderID: o.id})
	if points := o.total.Minor / 100; o.customer != "" && points > 0 {
		b.record(b.follows(o, "loyalty"), string(events.Loyalty(o.customer)), events.PointsActivated{CustomerID: o.customer, LotID: o.id, Points: points})
	}
}

// takeBack returns the first line of an order.
func (b *Branch) takeBack(o *order) {
	l, c := o.lines[0], b.asks(events.Actor{Kind: "anonymous"}, events.FromAPI)
	id := events.DerivedID(c.Command, 0)
	c.Correlation = o.placed.Correlation
	stream := string(events.Return(id))
	b.record(c, stream, events.ReturnRequested{ReturnID: id, OrderID: o.id, CustomerID: o.customer,
		Lines: []events.ReturnLine{{LineID: l.LineID, SKU: l.SKU, Warehouse: b.code, Quantity: l.Quantity, Amount: l.Gross, Reason: "too small"}}})
	b.record(b.staff(), stream, events.ReturnReceived{ReturnID: id, OrderID: o.id,
		Lines: []events.ReceivedLine{{LineID: l.LineID, Quantity: l.Quantity, Disposition: events.Restock}}})
	b.record(b.follows(o, "return"), string(events.Order(o.id)), events.OrderReturned{OrderID: o.id, ReturnID: id, Amount: l.Gross,
		Lines: []events.LineAmount{{LineID: l.LineID, Quantity: l.Quantity, Amount: l.Gross}}})
	b.record(b.follows(o, "return"), string(events.Stock(b.code, l.SKU)), events.StockReturned{SKU: l.SKU, Warehouse: b.code, OrderID: o.id, ReturnID: id, Quantity: l.Quantity})
	pay := b.follows(o, "return")
	b.record(pay, string(events.Payment(o.payment)), events.PaymentRefunded{PaymentID: o.payment, OrderID: o.id, RefundID: events.DerivedID(pay.Command, 0),
		Amount: l.Gross, Reason: "returned"})
	delete(b.revisions, stream)
}

// forget lets go of what is known of an order's own streams: nothing more comes.
func (b *Branch) forget(o *order) {
	for _, stream := range []string{string(events.Order(o.id)), string(events.Payment(o.payment)), string(events.Shipment(o.shipment))} {
		delete(b.revisions, stream)
	}
}
