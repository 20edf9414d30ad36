package events

import "time"

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
