package aggregates

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"tillstream/events"
)

// Replay is the state of one stream with its type forgotten, for those who look at states without knowing what they
// mean. It is used by one goroutine.
type Replay interface {
	// Evolve folds the next fact of the stream. It fails for a fact that the stream may not hold.
	Evolve(events.Event) error
	// JSON is the state as it is now, with null for the empty stream; it shares nothing with the state.
	JSON() (json.RawMessage, error)
}

// subjects says by category what the streams of the shop mean.
var subjects = map[string]func() Replay{
	"accounting_note": replay[AccountingNote, events.AccountingEvent],
	"credit_note":     replay[CreditNote, events.CreditNoteEvent],
	"customer":        replay[Customer, events.CustomerEvent],
	"email":           replay[Email, events.EmailEvent],
	"import":          replay[Import, events.ImportEvent],
	"log":             replay[Log, events.LogEvent],
	"loyalty":         replay[Loyalty, events.LoyaltyEvent],
	"order":           replay[Order, events.OrderEvent],
	"payment":         replay[Payment, events.PaymentEvent],
	"personal_data":   replay[PersonalData, events.PersonalDataEvent],
	"price":           replay[Price, events.PriceEvent],
	"product":         replay[Product, events.ProductEvent],
	"return":          replay[Return, events.ReturnEvent],
	"shipment":        replay[Shipment, events.ShipmentEvent],
	"stock":           replay[StockItem, events.StockEvent],
}

// ReplayOf begins the fold of a stream, by its name. It answers false for a stream of no subject of this shop.
func ReplayOf(stream string) (Replay, bool) {
	begin, known := subjects[events.Category(stream)]
	if !known {
		return nil, false
	}
	return begin(), true
}

type replaying[S State[S, E], E events.Event] struct {
	state S
	facts int
}

func replay[S State[S, E], E events.Event]() Replay { return &replaying[S, E]{} }

func (r *replaying[S, E]) Evolve(e events.Event) error {
	fact, ok := e.(E)
	if !ok {
		return fmt.Errorf("%s is no fact of such a stream", e.Type())
	}
	r.state = r.state.Evolve(fact)
	r.facts++
	return nil
}

func (r *replaying[S, E]) JSON() (json.RawMessage, error) {
	if r.facts == 0 {
		return json.RawMessage("null"), nil
	}
	return json.Marshal(r.state)
}

// Categories lists the kinds of streams of this shop, sorted.
func Categories() []string { return slices.Sorted(maps.Keys(subjects)) }
