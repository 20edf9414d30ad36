package events

// ReturnEvent is the closed set of facts in a return's stream.
//
//sumtype:decl
type ReturnEvent interface {
	Event
	returnEvent()
}

// Disposition says what becomes of a returned unit.
type Disposition string

// The closed set of dispositions.
const (
	Restock Disposition = "restock" // back on the shelf
	Damaged Disposition = "damaged" // written off
)

// ReturnLine is a number of units of one order line that the customer wants to send back. Amount is their share of the
// line, to be refunded.
type ReturnLine struct {
	LineID    string `json:"line_id"`
	SKU       string `json:"sku"`
	Warehouse string `json:"warehouse"`
	Quantity  int64  `json:"quantity"`
	Amount    Money  `json:"amount"`
	Reason    string `json:"reason,omitempty"`
}

// ReceivedLine is a number of returned units that arrived, and what becomes of them.
type ReceivedLine struct {
	LineID      string      `json:"line_id"`
	Quantity    int64       `json:"quantity"`
	Disposition Disposition `json:"disposition"`
}

// ReturnRequested opens a return of an order.
type ReturnRequested struct {
	ReturnID   string       `json:"return_id"`
	OrderID    string       `json:"order_id"`
	CustomerID string       `json:"customer_id,omitempty"`
	Lines      []ReturnLine `json:"lines"`
}

// ReturnReceived says returned units arrived. Several receipts may make up the request.
type ReturnReceived struct {
	ReturnID string         `json:"return_id"`
	OrderID  string         `json:"order_id"`
	Lines    []ReceivedLine `json:"lines"`
}

func (ReturnRequested) Type() string { return "return.requested" }
func (ReturnReceived) Type() string  { return "return.received" }

func (ReturnRequested) returnEvent() {}
func (ReturnReceived) returnEvent()  {}

// Return is the stream of one return.
func Return(id string) Stream[ReturnEvent] { return Stream[ReturnEvent]("return-" + id) }

func admitReturn(c *Codec) {
	Current[ReturnRequested](c)
	Current[ReturnReceived](c)
}
