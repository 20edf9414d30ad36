package events

import "fmt"

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

// Sentence says the fact in plain words.
func (e ReturnRequested) Sentence() string {
	var n int64
	for _, l := range e.Lines {
		n += l.Quantity
	}
	return fmt.Sprintf("%s wants to send back %s of order %s", capital(buyer(e.CustomerID)), units(n), short(e.OrderID))
}

// Sentence says the fact in plain words.
func (e ReturnReceived) Sentence() string {
	var whole, damaged int64
	for _, l := range e.Lines {
		if l.Disposition == Damaged {
			damaged += l.Quantity
		} else {
			whole += l.Quantity
		}
	}
	return fmt.Sprintf("%s of order %s arrived back: %d for the shelf, %d damaged", units(whole+damaged), short(e.OrderID), whole, damaged)
}

func admitReturn(c *Codec) {
	Current[ReturnRequested](c)
	Current[ReturnReceived](c)
}
