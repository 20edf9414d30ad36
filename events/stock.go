package events

import (
	"fmt"
	"time"
)

// StockEvent is the closed set of facts in the stream of one stock item: a SKU at a warehouse.
//
//sumtype:decl
type StockEvent interface {
	Event
	stockEvent()
}

// LineQuantity is a number of units of one order line, above 0.
type LineQuantity struct {
	LineID   string `json:"line_id"`
	Quantity int64  `json:"quantity"`
}

// StockReceived says goods came in. Reference is the document of the sender.
type StockReceived struct {
	SKU       string `json:"sku"`
	Warehouse string `json:"warehouse"`
	Quantity  int64  `json:"quantity"`
	Reference string `json:"reference,omitempty"`
}

// StockAdjusted corrects what is on hand by Quantity, which is negative for a loss and never 0.
type StockAdjusted struct {
	SKU       string `json:"sku"`
	Warehouse string `json:"warehouse"`
	Quantity  int64  `json:"quantity"`
	Reason    string `json:"reason"`
	Reference string `json:"reference,omitempty"`
}

// StockReserved holds units for an order; nobody else can reserve them. An order reserves once per stock item.
type StockReserved struct {
	SKU       string         `json:"sku"`
	Warehouse string         `json:"warehouse"`
	OrderID   string         `json:"order_id"`
	Lines     []LineQuantity `json:"lines"`
	ExpiresAt *time.Time     `json:"expires_at,omitempty"` // nil: until released or committed
}

// StockReleased gives reserved units back to all, by line.
type StockReleased struct {
	SKU       string         `json:"sku"`
	Warehouse string         `json:"warehouse"`
	OrderID   string         `json:"order_id"`
	Lines     []LineQuantity `json:"lines"`
	Reason    string         `json:"reason,omitempty"`
}

// ReservationExpired gives back what a reservation still held when its time was over.
type ReservationExpired struct {
	SKU       string         `json:"sku"`
	Warehouse string         `json:"warehouse"`
	OrderID   string         `json:"order_id"`
	Lines     []LineQuantity `json:"lines"`
	ExpiredAt time.Time      `json:"expired_at"`
}

// StockCommitted says reserved units left the warehouse for good.
type StockCommitted struct {
	SKU       string         `json:"sku"`
	Warehouse string         `json:"warehouse"`
	OrderID   string         `json:"order_id"`
	Lines     []LineQuantity `json:"lines"`
}

// StockReturned puts units of an order back on the shelf, with disposition restock.
type StockReturned struct {
	SKU       string `json:"sku"`
	Warehouse string `json:"warehouse"`
	OrderID   string `json:"order_id"`
	ReturnID  string `json:"return_id"`
	Quantity  int64  `json:"quantity"`
}

// StockTransferredOut says units left for another warehouse; until they arrive they are in transit.
type StockTransferredOut struct {
	SKU        string `json:"sku"`
	Warehouse  string `json:"warehouse"`
	TransferID string `json:"transfer_id"`
	To         string `json:"to"`
	Quantity   int64  `json:"quantity"`
	Reference  string `json:"reference,omitempty"`
}

// StockTransferredIn says units arrived from another warehouse.
type StockTransferredIn struct {
	SKU        string `json:"sku"`
	Warehouse  string `json:"warehouse"`
	TransferID string `json:"transfer_id"`
	From       string `json:"from"`
	Quantity   int64  `json:"quantity"`
	Reference  string `json:"reference,omitempty"`
}

// StockCounted says how many units a person found on hand, and how far the books were off (Difference = Counted − books).
type StockCounted struct {
	SKU        string `json:"sku"`
	Warehouse  string `json:"warehouse"`
	Counted    int64  `json:"counted"`
	Difference int64  `json:"difference"`
	Reference  string `json:"reference,omitempty"`
}

// BackorderAllowed lets orders reserve up to Limit units more than are on hand; 0 ends it.
type BackorderAllowed struct {
	SKU       string `json:"sku"`
	Warehouse string `json:"warehouse"`
	Limit     int64  `json:"limit"`
}

func (StockReceived) Type() string       { return "stock.received" }
func (StockAdjusted) Type() string       { return "stock.adjusted" }
func (StockReserved) Type() string       { return "stock.reserved" }
func (StockReleased) Type() string       { return "stock.released" }
func (ReservationExpired) Type() string  { return "reservation.expired" }
func (StockCommitted) Type() string      { return "stock.committed" }
func (StockReturned) Type() string       { return "stock.returned" }
func (StockTransferredOut) Type() string { return "stock.transferred_out" }
func (StockTransferredIn) Type() string  { return "stock.transferred_in" }
func (StockCounted) Type() string        { return "stock.counted" }
func (BackorderAllowed) Type() string    { return "stock.backorder_allowed" }

func (StockReceived) stockEvent()       {}
func (StockAdjusted) stockEvent()       {}
func (StockReserved) stockEvent()       {}
func (StockReleased) stockEvent()       {}
func (ReservationExpired) stockEvent()  {}
func (StockCommitted) stockEvent()      {}
func (StockReturned) stockEvent()       {}
func (StockTransferredOut) stockEvent() {}
func (StockTransferredIn) stockEvent()  {}
func (StockCounted) stockEvent()        {}
func (BackorderAllowed) stockEvent()    {}

// Stock is the stream of one SKU at one warehouse: the only place where its units are promised.
func Stock(warehouse, sku string) Stream[StockEvent] {
	return Stream[StockEvent]("stock-" + warehouse + "/" + sku)
}

// Units is the sum of a list of line quantities.
func Units(lines []LineQuantity) (n int64) {
	for _, l := range lines {
		n += l.Quantity
	}
	return n
}

// Sentence says the fact in plain words.
func (e StockReceived) Sentence() string {
	return fmt.Sprintf("%s came in at %s%s", times(e.Quantity, e.SKU), e.Warehouse, document(e.Reference))
}

// Sentence says the fact in plain words.
func (e StockAdjusted) Sentence() string {
	if e.Quantity < 0 {
		return fmt.Sprintf("%s %s taken off the books at %s%s", times(-e.Quantity, e.SKU), were(-e.Quantity), e.Warehouse, because(e.Reason))
	}
	return fmt.Sprintf("%s %s added to the books at %s%s", times(e.Quantity, e.SKU), were(e.Quantity), e.Warehouse, because(e.Reason))
}

// Sentence says the fact in plain words.
func (e StockReserved) Sentence() string {
	n := Units(e.Lines)
	return fmt.Sprintf("%s %s reserved for order %s", times(n, e.SKU), were(n), short(e.OrderID))
}

// Sentence says the fact in plain words.
func (e StockReleased) Sentence() string {
	n := Units(e.Lines)
	return fmt.Sprintf("%s %s no longer reserved for order %s%s", times(n, e.SKU), are(n), short(e.OrderID), because(e.Reason))
}

// Sentence says the fact in plain words.
func (e ReservationExpired) Sentence() string {
	n := Units(e.Lines)
	return fmt.Sprintf("The reservation of %s for order %s expired", times(n, e.SKU), short(e.OrderID))
}

// Sentence says the fact in plain words.
func (e StockCommitted) Sentence() string {
	return fmt.Sprintf("%s left %s for order %s", times(Units(e.Lines), e.SKU), e.Warehouse, short(e.OrderID))
}

// Sentence says the fact in plain words.
func (e StockReturned) Sentence() string {
	return fmt.Sprintf("%s of order %s %s back on the shelf at %s", times(e.Quantity, e.SKU), short(e.OrderID), are(e.Quantity), e.Warehouse)
}

// Sentence says the fact in plain words.
func (e StockTransferredOut) Sentence() string {
	return fmt.Sprintf("%s left %s for %s%s", times(e.Quantity, e.SKU), e.Warehouse, e.To, document(e.Reference))
}

// Sentence says the fact in plain words.
func (e StockTransferredIn) Sentence() string {
	return fmt.Sprintf("%s arrived at %s from %s%s", times(e.Quantity, e.SKU), e.Warehouse, e.From, document(e.Reference))
}

// Sentence says the fact in plain words.
func (e StockCounted) Sentence() string {
	said := fmt.Sprintf("%s %s counted at %s", times(e.Counted, e.SKU), were(e.Counted), e.Warehouse)
	switch {
	case e.Difference > 0:
		said += fmt.Sprintf(", %d more than in the books", e.Difference)
	case e.Difference < 0:
		said += fmt.Sprintf(", %d fewer than in the books", -e.Difference)
	}
	return said
}

// Sentence says the fact in plain words.
func (e BackorderAllowed) Sentence() string {
	if e.Limit == 0 {
		return fmt.Sprintf("Orders may no longer reserve %s at %s beyond what is on hand", e.SKU, e.Warehouse)
	}
	return fmt.Sprintf("Orders may reserve %s at %s beyond what is on hand", times(e.Limit, e.SKU), e.Warehouse)
}

func admitStock(c *Codec) {
	Current[StockReceived](c)
	Current[StockAdjusted](c)
	Current[StockReserved](c)
	Current[StockReleased](c)
	Current[ReservationExpired](c)
	Current[StockCommitted](c)
	Current[StockReturned](c)
	Current[StockTransferredOut](c)
	Current[StockTransferredIn](c)
	Current[StockCounted](c)
	Current[BackorderAllowed](c)
}
