package proof

import (
	"fmt"
	"time"

	"tillstream/commands"
	"tillstream/events"
	commandsv1 "tillstream/gateway/api/commands/v1"
)

const (
	hotProducts = 8      // everybody wants these
	hotUnits    = 20_000 // of each: some reservations are refused before the end
	hotPrice    = 2095   // thousandths of a pound
	manyLines   = 120    // of a long order
)

func hot(n int) string { return fmt.Sprintf("HOT-%d", n%hotProducts) }

// fixed is the time at which the shop of the tests does business.
var fixed = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// inner makes wishes of commands, for the inner door.
func (w *writer) inner(requests ...commands.Request) (wishes []*wish) {
	for _, r := range requests {
		name, payload, err := commands.Encode(r)
		if err != nil {
			panic(err) // a mistake of this test
		}
		id := fmt.Sprintf("%s-%d", w.name, w.made)
		w.made++
		wishes = append(wishes, &wish{id: id, command: &commandsv1.Command{Name: name, Payload: payload, CommandId: id,
			Actor: &commandsv1.Actor{Kind: "staff", Id: w.name}, Origin: string(events.FromAPI)}})
	}
	return wishes
}

// story is some business of a shop that programs do: the life of an order up to some point, or a moment of the warehouse,
// the catalog or the books. Some of its commands are refused, for others took the last unit.
func story(w *writer) []*wish {
	switch w.chance.IntN(6) {
	case 0, 1:
		return w.inner(w.orderLife()...)
	case 2, 3:
		return w.inner(w.warehouse()...)
	case 4:
		return w.inner(w.catalog()...)
	default:
		return w.inner(w.books()...)
	}
}

func (w *writer) newID(of string) string { return fmt.Sprintf("%s-%s-%d", of, w.name, w.made) }

func (w *writer) order(id, customer string) commands.PlaceOrder {
	n := 1 + w.chance.IntN(4)
	if w.chance.IntN(20) == 0 {
		n = manyLines
	}
	o := commands.PlaceOrder{OrderID: id, CustomerID: customer, Country: "DE", Currency: "GBP", Rounding: events.HalfAwayPerLine}
	for i := range n {
		line, err := commands.PriceLine(events.Line{LineID: fmt.Sprint("l", i), SKU: hot(w.chance.Int()), Name: "Hot", Kind: events.Goods, Warehouse: "MAIN",
			Quantity: 1 + w.chance.Int64N(3), Unit: events.UnitPrice{Amount: hotPrice, Scale: 3, Currency: "GBP"}})
		if err != nil {
			panic(err)
		}
		o.Lines = append(o.Lines, line)
	}
	o.Totals = commands.TotalsOf("GBP", o.Lines, nil)
	return o
}

func (w *writer) orderLife() []commands.Request {
	id, customer := w.newID("order"), fmt.Sprintf("customer-%s-%d", w.name, w.chance.IntN(5))
	o := w.order(id, customer)
	first := o.Lines[0]
	all := []events.LineQuantity{}
	planned := []events.PlannedLine{}
	for _, l := range o.Lines {
		all = append(all, events.LineQuantity{LineID: l.LineID, Quantity: l.Quantity})
		planned = append(planned, events.PlannedLine{LineID: l.LineID, SKU: l.SKU, Quantity: l.Quantity})
	}
	one := []events.LineQuantity{{LineID: first.LineID, Quantity: first.Quantity}}
	gross, payment, shipment := o.Totals.Gross, "p-"+id, "s-"+id
	life := []commands.Request{
		commands.Ask(commands.OpenCustomer{CustomerID: customer, Country: "DE"}),
		commands.Ask(o),
		commands.Ask(commands.ReserveStock{SKU: first.SKU, Warehouse: "MAIN", OrderID: id, Lines: one, At: fixed}),
		commands.Ask(commands.RequestPayment{PaymentID: payment, OrderID: id, Amount: gross, Provider: "external"}),
		commands.Ask(commands.AuthorizePayment{PaymentID: payment, Amount: gross}),
		commands.Ask(commands.ConfirmOrder{OrderID: id}),
	}
	if w.chance.IntN(3) == 0 {
		life = append(life, commands.Ask(commands.CancelOrderLine{OrderID: id, LineID: first.LineID, Quantity: 1, Reason: "changed my mind"}))
	}
	life = append(life,
		commands.Ask(commands.PlanShipment{ShipmentID: shipment, OrderID: id, Fulfillments: []events.PlannedFulfillment{
			{FulfillmentID: "f", Warehouse: "MAIN", Lines: planned}}}),
		commands.Ask(commands.PickFulfillment{ShipmentID: shipment, FulfillmentID: "f", Lines: one}),
		commands.Ask(commands.PackFulfillment{ShipmentID: shipment, FulfillmentID: "f", Lines: one}),
		commands.Ask(commands.DispatchFulfillment{ShipmentID: shipment, FulfillmentID: "f", Lines: one}),
		commands.Ask(commands.CommitStock{SKU: first.SKU, Warehouse: "MAIN", OrderID: id, Lines: one}),
		commands.Ask(commands.ShipOrder{OrderID: id, ShipmentID: shipment, FulfillmentID: "f", Lines: all}),
		commands.Ask(commands.CapturePayment{PaymentID: payment, CaptureID: "c", Amount: gross}),
		commands.Ask(commands.EarnPoints{CustomerID: customer, LotID: "lot-" + id, OrderID: id, Spent: gross, EarnedAt: fixed}),
		commands.Ask(commands.ReturnOrder{OrderID: id, ReturnID: "r-" + id, Lines: one}),
		commands.Ask(commands.RefundPayment{PaymentID: payment, RefundID: "r", Amount: first.Gross}),
		commands.Ask(commands.ReversePoints{CustomerID: customer, ReversalID: "r-" + id, OrderID: id, Returned: first.Gross}),
		commands.Ask(commands.CloseOrder{OrderID: id}),
	)
	return life[:2+w.chance.IntN(len(life)-1)]
}

func (w *writer) warehouse() []commands.Request {
	sku, order := hot(w.chance.Int()), w.newID("shelf")
	some := []events.LineQuantity{{LineID: "1", Quantity: 1 + w.chance.Int64N(20)}}
	return []commands.Request{
		commands.Ask(commands.ReceiveStock{SKU: sku, Warehouse: "MAIN", Quantity: 1 + w.chance.Int64N(5)}),
		commands.Ask(commands.ReserveStock{SKU: sku, Warehouse: "MAIN", OrderID: order, Lines: some, At: fixed}),
		commands.Ask(commands.AdjustStock{SKU: sku, Warehouse: "MAIN", Quantity: -1, Reason: "broken"}),
		commands.Ask(commands.ReleaseStock{SKU: sku, Warehouse: "MAIN", OrderID: order, Reason: "not wanted any more"}),
		commands.Ask(commands.ReserveStock{SKU: sku, Warehouse: "MAIN", OrderID: order, Lines: some, At: fixed}),
	}
}

func (w *writer) catalog() []commands.Request {
	sku := fmt.Sprintf("%s-%d", w.name, w.made)
	return []commands.Request{
		commands.Ask(commands.RegisterProduct{SKU: sku, ProductName: "Lamp", Kind: events.Goods, Category: "lamps"}),
		commands.Ask(commands.RegisterProduct{SKU: hot(w.made), ProductName: "Taken", Kind: events.Goods}), // refused
		commands.Ask(commands.DescribeProduct{SKU: sku, ProductName: "Blue lamp", Description: "It is blue."}),
		commands.Ask(commands.SetPrice{PriceID: w.newID("price"), SKU: sku, Warehouse: "MAIN", ValidFrom: fixed,
			Unit: events.UnitPrice{Amount: 1 + w.chance.Int64N(9999), Scale: 3, Currency: "EUR"}}),
		commands.Ask(commands.ReceiveStock{SKU: sku, Warehouse: "NORTH", Quantity: 1}),
		commands.Ask(commands.DiscontinueProduct{SKU: sku, Reason: "out of fashion"}),
	}
}

func (w *writer) books() []commands.Request {
	note, imported := w.newID("note"), "books-"+w.name
	amount := events.Money{Minor: 250, Currency: "GBP"}
	return []commands.Request{
		commands.Ask(commands.IssueCreditNote{CreditNoteID: note, Country: "DE", Currency: "GBP", Total: amount, Parts: []events.CreditPart{
			{PartID: "1", Row: 1, Kind: events.CreditWithoutOriginal, SKU: hot(w.made), Goods: events.Goods, Warehouse: "MAIN", Quantity: 1,
				Unit: events.UnitPrice{Amount: 250, Scale: 2, Currency: "GBP"}, Amount: amount}}}),
		commands.Ask(commands.RecordAccountingNote{NoteID: note, Number: note, Country: "DE", Currency: "GBP", Total: amount,
			Lines: []events.AccountingLine{{SKU: "B", Text: "adjusted", Amount: amount}}}),
		commands.Ask(commands.StartImport{ImportID: imported, Source: "books", Digest: w.name, Rows: 1, Documents: 1}),
		commands.Ask(commands.CloseImportDay{ImportID: imported, Day: fixed.AddDate(0, 0, w.made).Format(time.DateOnly), Documents: 1}),
	}
}
