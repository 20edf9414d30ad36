package onlineretail

import (
	"strconv"

	"tillstream/commands"
	"tillstream/events"
)

// move moves the day's stock, document by document: sales are reserved, what the warehouse noted is adjusted, credits are
// released, returned or adjusted in.
func (w *dayWork) move() (asked []Asked) {
	for _, d := range w.day.Documents {
		switch d.Class {
		case Sale, FreeOrder:
			asked = append(asked, w.reserve(d)...)
		case StockMovement:
			asked = append(asked, w.adjust(d)...)
		case Credit:
			asked = append(asked, w.credited(d)...)
		}
	}
	return asked
}

func (w *dayWork) reserve(d *Document) (asked []Asked) {
	skus, lines := goodsOf(d, nil)
	for _, sku := range skus {
		asked = append(asked, askFor(d, d.At, sku, commands.ReserveStock{SKU: sku, Warehouse: w.warehouse, OrderID: orderID(d.Number),
			Lines: lines[sku], At: d.At}))
	}
	return asked
}

// goodsOf lists the goods of an order by SKU, in the order of its lines, less what was cancelled.
func goodsOf(d *Document, cancelled map[int]int64) (skus []string, lines map[string][]events.LineQuantity) {
	lines = map[string][]events.LineQuantity{}
	for i, r := range d.Rows {
		units := r.Quantity - cancelled[i]
		if !r.IsGoods() || units == 0 {
			continue
		}
		if lines[r.SKU] == nil {
			skus = append(skus, r.SKU)
		}
		lines[r.SKU] = append(lines[r.SKU], events.LineQuantity{LineID: lineID(d.Number, i), Quantity: units})
	}
	return skus, lines
}

// adjust records what the warehouse noted: what came in first, since a document is one movement.
func (w *dayWork) adjust(d *Document) (asked []Asked) {
	for _, in := range []bool{true, false} {
		for i, r := range d.Rows {
			if !r.IsGoods() || r.Quantity > 0 != in {
				continue
			}
			a := askFor(d, r.At, strconv.Itoa(i), commands.AdjustStock{SKU: r.SKU, Warehouse: w.warehouse, Quantity: r.Quantity, Reason: remark(r), Reference: d.Number})
			a.Line = r.Line
			asked = append(asked, a)
		}
	}
	return asked
}

// remark is what the warehouse noted as the reason.
func remark(r Row) string {
	if r.Description == "" {
		return "not stated"
	}
	return r.Description
}

// credited moves the goods of a credit document back.
func (w *dayWork) credited(d *Document) (asked []Asked) {
	for n, p := range w.day.Credits[d.Number] {
		if !isGoods(p.SKU) {
			continue
		}
		key, order := strconv.Itoa(n), orderID(p.Order)
		switch {
		case p.Kind == events.CreditWithoutOriginal:
			asked = append(asked, askFor(d, d.At, key, commands.AdjustStock{SKU: p.SKU, Warehouse: w.warehouse, Quantity: p.Quantity, Reason: withoutOriginal, Reference: d.Number}))
		case p.Kind == events.CreditCancelled:
			asked = append(asked, askFor(d, d.At, key, commands.ReleaseStock{SKU: p.SKU, Warehouse: w.warehouse, OrderID: order,
				Lines: []events.LineQuantity{{LineID: lineID(p.Order, p.Line), Quantity: p.Quantity}}, Reason: "credited by " + d.Number}))
		default:
			asked = append(asked, askFor(d, d.At, key, commands.ReturnStock{SKU: p.SKU, Warehouse: w.warehouse, OrderID: order,
				ReturnID: returnID(d, p.Order), Quantity: p.Quantity}))
		}
	}
	return asked
}

func returnID(d *Document, order string) string {
	return events.DerivedID(commandID("return.request", d.Number+"/"+order), 0)
}

// dispatch sends out what is left of the day's orders: plan, pick, pack, dispatch, and the goods leave the stock.
func (w *dayWork) dispatch() (asked []Asked) {
	at := w.day.end()
	for _, o := range w.orders {
		d := o.doc
		skus, lines := goodsOf(d, o.cancelled)
		if len(skus) == 0 {
			continue
		}
		shipment, fulfillment := shipmentID(d.Number), fulfillmentID(d.Number)
		asked = append(asked,
			askFor(d, at, "", commands.PlanShipment{ShipmentID: shipment, OrderID: orderID(d.Number), Fulfillments: []events.PlannedFulfillment{
				{FulfillmentID: fulfillment, Warehouse: w.warehouse, Lines: plannedLines(d, o.cancelled)}}}),
			askFor(d, at, "", commands.PickFulfillment{ShipmentID: shipment, FulfillmentID: fulfillment}),
			askFor(d, at, "", commands.PackFulfillment{ShipmentID: shipment, FulfillmentID: fulfillment}),
			askFor(d, at, "", commands.DispatchFulfillment{ShipmentID: shipment, FulfillmentID: fulfillment}))
		for _, sku := range skus {
			asked = append(asked, askFor(d, at, sku, commands.CommitStock{SKU: sku, Warehouse: w.warehouse, OrderID: orderID(d.Number), Lines: lines[sku]}))
		}
	}
	return asked
}

func plannedLines(d *Document, cancelled map[int]int64) (planned []events.PlannedLine) {
	for i, r := range d.Rows {
		if units := r.Quantity - cancelled[i]; r.IsGoods() && units > 0 {
			planned = append(planned, events.PlannedLine{LineID: lineID(d.Number, i), SKU: r.SKU, Quantity: units})
		}
	}
	return planned
}
