package events

import "fmt"

// OrderEvent is the closed set of facts in an order's stream.
//
//sumtype:decl
type OrderEvent interface {
	Event
	orderEvent()
}

// Line is one row of an order, its price frozen. The same SKU may stand on several lines, at several prices.
// Net + taxes not included in it = Gross; Gross is what the customer owes for the line.
type Line struct {
	LineID    string     `json:"line_id"`
	SKU       string     `json:"sku"`
	Name      string     `json:"name"`
	Kind      Kind       `json:"kind"`
	Warehouse string     `json:"warehouse"`
	Quantity  int64      `json:"quantity"`
	Unit      UnitPrice  `json:"unit"`
	Net       Money      `json:"net"`
	Discounts []Discount `json:"discounts,omitempty"`
	Taxes     []Tax      `json:"taxes,omitempty"`
	Gross     Money      `json:"gross"`
}

// Discount is what a named promotion took off a line.
type Discount struct {
	Name   string `json:"name"`
	Amount Money  `json:"amount"`
}

// Tax is one tax on a line: RatePPM is in parts per million (20 % is 200,000); Included says Amount is part of the price.
type Tax struct {
	Name     string `json:"name"`
	RatePPM  int64  `json:"rate_ppm"`
	Amount   Money  `json:"amount"`
	Included bool   `json:"included"`
}

// Charge is an amount of an order that belongs to no line: carriage, wrapping.
type Charge struct {
	Name   string `json:"name"`
	Amount Money  `json:"amount"`
	Taxes  []Tax  `json:"taxes,omitempty"`
}

// Totals of an order: Net + Tax = Gross = Σ lines + Σ charges.
type Totals struct {
	Net   Money `json:"net"`
	Tax   Money `json:"tax"`
	Gross Money `json:"gross"`
}

// FX is the rate at which an order is booked in another currency: 1 unit = Rate × 10^-Scale of Currency.
type FX struct {
	Currency string `json:"currency"`
	Rate     int64  `json:"rate"`
	Scale    uint8  `json:"scale"`
}

// Guest is who ordered without an account.
type Guest struct {
	Name  *Sealed `json:"name,omitempty"`
	Email *Sealed `json:"email,omitempty"`
}

// OrderPlaced opens the stream: the customer is committed, lines and prices are frozen.
type OrderPlaced struct {
	OrderID      string   `json:"order_id"`
	Number       string   `json:"number,omitempty"`      // the document's number in the books the order was imported from
	CustomerID   string   `json:"customer_id,omitempty"` // empty: a guest
	Guest        *Guest   `json:"guest,omitempty"`
	Country      string   `json:"country"`
	ShipTo       *Sealed  `json:"ship_to,omitempty"`
	Currency     string   `json:"currency"`
	Lines        []Line   `json:"lines"`
	Charges      []Charge `json:"charges,omitempty"`
	Totals       Totals   `json:"totals"`
	Rounding     string   `json:"rounding"`
	FX           *FX      `json:"fx,omitempty"`
	PaymentToken *Sealed  `json:"payment_token,omitempty"`
}

// OrderConfirmed says the shop is committed too: everything is reserved, and paid or promised.
type OrderConfirmed struct {
	OrderID string `json:"order_id"`
}

// OrderLineCancelled takes Quantity units, not yet shipped, off a line. Amount is what is no longer owed.
type OrderLineCancelled struct {
	OrderID  string `json:"order_id"`
	LineID   string `json:"line_id"`
	Quantity int64  `json:"quantity"`
	Amount   Money  `json:"amount"`
	Reason   string `json:"reason"`
}

// OrderPartiallyShipped says some goods of the order left, and some are still to leave.
type OrderPartiallyShipped struct {
	OrderID       string         `json:"order_id"`
	ShipmentID    string         `json:"shipment_id"`
	FulfillmentID string         `json:"fulfillment_id"`
	Lines         []LineQuantity `json:"lines"`
}

// OrderShipped says the last goods of the order left.
type OrderShipped struct {
	OrderID       string         `json:"order_id"`
	ShipmentID    string         `json:"shipment_id"`
	FulfillmentID string         `json:"fulfillment_id"`
	Lines         []LineQuantity `json:"lines"`
}

// OrderDelivered says everything that was shipped has arrived.
type OrderDelivered struct {
	OrderID string `json:"order_id"`
}

// LineAmount is a number of units of one line, above 0, and the money they carry: rounded once, by who decided.
type LineAmount struct {
	LineID   string `json:"line_id"`
	Quantity int64  `json:"quantity"`
	Amount   Money  `json:"amount"`
}

// OrderCancelled ends the order before anything was shipped. Lines is what was left of each line; Amount is what is no
// longer owed: theirs, and the charges.
type OrderCancelled struct {
	OrderID string       `json:"order_id"`
	Lines   []LineAmount `json:"lines,omitempty"`
	Amount  Money        `json:"amount"`
	Reason  string       `json:"reason"`
}

// OrderReturned says shipped units came back by a return. Amount is the sum of the lines.
type OrderReturned struct {
	OrderID  string       `json:"order_id"`
	ReturnID string       `json:"return_id"`
	Lines    []LineAmount `json:"lines"`
	Amount   Money        `json:"amount"`
}

// OrderClosed says nothing more will happen unasked; a return may still come.
type OrderClosed struct {
	OrderID string `json:"order_id"`
}

// OrderGuestForgotten says the guest asked to be forgotten: the key of GuestSubject is deleted next, and every view blanks.
// What was ordered and paid stays.
type OrderGuestForgotten struct {
	OrderID string `json:"order_id"`
}

func (OrderPlaced) Type() string           { return "order.placed" }
func (OrderConfirmed) Type() string        { return "order.confirmed" }
func (OrderLineCancelled) Type() string    { return "order.line_cancelled" }
func (OrderPartiallyShipped) Type() string { return "order.partially_shipped" }
func (OrderShipped) Type() string          { return "order.shipped" }
func (OrderDelivered) Type() string        { return "order.delivered" }
func (OrderCancelled) Type() string        { return "order.cancelled" }
func (OrderReturned) Type() string         { return "order.returned" }
func (OrderClosed) Type() string           { return "order.closed" }
func (OrderGuestForgotten) Type() string   { return "order.guest_forgotten" }

func (OrderPlaced) orderEvent()           {}
func (OrderConfirmed) orderEvent()        {}
func (OrderLineCancelled) orderEvent()    {}
func (OrderPartiallyShipped) orderEvent() {}
func (OrderShipped) orderEvent()          {}
func (OrderDelivered) orderEvent()        {}
func (OrderCancelled) orderEvent()        {}
func (OrderReturned) orderEvent()         {}
func (OrderClosed) orderEvent()           {}
func (OrderGuestForgotten) orderEvent()   {}

// Order is the stream of one order.
func Order(id string) Stream[OrderEvent] { return Stream[OrderEvent]("order-" + id) }

// Sentence says the fact in plain words.
func (e OrderPlaced) Sentence() string {
	who := buyer(e.CustomerID)
	if e.Guest != nil {
		who += sealedWords(", ", sealedWord{FieldName, e.Guest.Name}, sealedWord{"e-mail", e.Guest.Email})
	}
	return fmt.Sprintf("Order %s was placed by %s in %s: %s, %s%s", named(e.Number, e.OrderID), who, e.Country,
		count(len(e.Lines), "line", "lines"), e.Totals.Gross.String(),
		sealedWords("; ", sealedWord{FieldAddress, e.ShipTo}, sealedWord{"payment token", e.PaymentToken}))
}

// Sentence says the fact in plain words.
func (e OrderConfirmed) Sentence() string {
	return fmt.Sprintf("Order %s was confirmed", short(e.OrderID))
}

// Sentence says the fact in plain words.
func (e OrderLineCancelled) Sentence() string {
	return fmt.Sprintf("%s of a line of order %s %s cancelled, %s is no longer owed%s", units(e.Quantity), short(e.OrderID), were(e.Quantity),
		e.Amount.String(), because(e.Reason))
}

// Sentence says the fact in plain words.
func (e OrderPartiallyShipped) Sentence() string {
	return fmt.Sprintf("%s of order %s left, some are still to leave", units(Units(e.Lines)), short(e.OrderID))
}

// Sentence says the fact in plain words.
func (e OrderShipped) Sentence() string {
	return fmt.Sprintf("The last %s of order %s left", units(Units(e.Lines)), short(e.OrderID))
}

// Sentence says the fact in plain words.
func (e OrderDelivered) Sentence() string {
	return fmt.Sprintf("Everything that was shipped of order %s has arrived", short(e.OrderID))
}

// Sentence says the fact in plain words.
func (e OrderCancelled) Sentence() string {
	return fmt.Sprintf("Order %s was cancelled, %s is no longer owed%s", short(e.OrderID), e.Amount.String(), because(e.Reason))
}

// Sentence says the fact in plain words.
func (e OrderReturned) Sentence() string {
	var n int64
	for _, l := range e.Lines {
		n += l.Quantity
	}
	return fmt.Sprintf("%s of order %s came back, worth %s", units(n), short(e.OrderID), e.Amount.String())
}

// Sentence says the fact in plain words.
func (e OrderClosed) Sentence() string {
	return fmt.Sprintf("Order %s was closed", short(e.OrderID))
}

// Sentence says the fact in plain words.
func (e OrderGuestForgotten) Sentence() string {
	return fmt.Sprintf("The guest of order %s asked to be forgotten", short(e.OrderID))
}

func admitOrder(c *Codec) {
	Current[OrderPlaced](c)
	Current[OrderConfirmed](c)
	Current[OrderLineCancelled](c)
	Current[OrderPartiallyShipped](c)
	Current[OrderShipped](c)
	Current[OrderDelivered](c)
	Current[OrderCancelled](c)
	Current[OrderReturned](c)
	Current[OrderClosed](c)
	Current[OrderGuestForgotten](c)
}
