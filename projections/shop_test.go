package projections_test

import (
	"fmt"

	"pgregory.net/rapid"

	"tillstream/events"
)

// shop makes up a history whose units and money add up; what else it says is only well formed.
type shop struct {
	t      *rapid.T
	facts  []events.Event
	made   int
	orders []*sold
	owed   []func() // what still follows from credit notes
	moving []events.StockTransferredOut
}

// sold is an order of the shop and what is left of it.
type sold struct {
	id      string
	ended   bool
	charges int64
	lines   []*soldLine
	payment string
}

type soldLine struct {
	events.Line
	left, shipped int64 // units: left are neither cancelled nor shipped nor announced as such; shipped not returned
}

func (l *soldLine) worth(n int64) events.Money { return pounds(l.Unit.Amount * n) }

// invent is a history of some deeds, with everything done that follows from its credit notes.
func invent(t *rapid.T) []events.Event {
	s := &shop{t: t}
	deeds := []func(){s.product, s.price, s.customer, s.stock, s.transfer, s.loyalty, s.imports, s.place, s.place, s.cancelLine,
		s.cancelOrder, s.ship, s.ship, s.giveBack, s.giveBack, s.credit, s.credit, s.pay, s.parcel, s.parcel, s.pay, s.follow, s.finish, s.note}
	for range 40 + s.upTo(80) {
		deeds[s.upTo(len(deeds))-1]()
	}
	for len(s.owed) > 0 {
		s.follow()
	}
	return s.facts
}

func (s *shop) upTo(n int) int { return rapid.IntRange(1, n).Draw(s.t, "n") }

func (s *shop) units(most int64) int64 { return rapid.Int64Range(1, most).Draw(s.t, "units") }

func (s *shop) maybe() bool { return rapid.Bool().Draw(s.t, "maybe") }

func (s *shop) id(kind string) string { s.made++; return fmt.Sprintf("%s%d", kind, s.made) }

func (s *shop) sku() string { return string(rune('A' + s.upTo(3) - 1)) }

func (s *shop) warehouse() string { return []string{"UK", "DE"}[s.upTo(2)-1] }

func (s *shop) tell(es ...events.Event) { s.facts = append(s.facts, es...) }

// oneOf tells one of several facts.
func (s *shop) oneOf(es ...events.Event) { s.tell(es[s.upTo(len(es))-1]) }

func (s *shop) product() {
	sku := s.sku()
	s.oneOf(events.ProductRegistered{SKU: sku, Name: s.id("name"), Kind: events.Goods}, events.ProductDescribed{SKU: sku, Name: s.id("name")},
		events.ProductCategorised{SKU: sku, Category: s.id("category")}, events.ProductDiscontinued{SKU: sku})
}

func (s *shop) price() {
	sku, place, id := s.sku(), s.warehouse(), fmt.Sprintf("p%d", s.upTo(4))
	s.oneOf(events.PriceSet{PriceID: id, SKU: sku, Warehouse: place, Unit: price(s.units(900)), ValidFrom: monday},
		events.PriceWithdrawn{PriceID: id, SKU: sku, Warehouse: place, Until: friday})
}

func (s *shop) customer() {
	id := s.sku()
	s.oneOf(events.CustomerOpened{CustomerID: id, Name: sealed(id), Country: "France"},
		events.CustomerDescribed{CustomerID: id, Name: sealed(id), Country: "Spain"}, events.CustomerErased{CustomerID: id})
}

func (s *shop) stock() {
	sku, place, n, order := s.sku(), s.warehouse(), s.units(9), fmt.Sprintf("o%d", s.upTo(4))
	s.oneOf(events.StockReceived{SKU: sku, Warehouse: place, Quantity: n},
		events.StockAdjusted{SKU: sku, Warehouse: place, Quantity: -n, Reason: "lost"},
		events.StockCounted{SKU: sku, Warehouse: place, Counted: n, Difference: n - 5},
		events.BackorderAllowed{SKU: sku, Warehouse: place, Limit: n},
		events.StockReserved{SKU: sku, Warehouse: place, OrderID: order, Lines: units("l", n)},
		events.StockReleased{SKU: sku, Warehouse: place, OrderID: order, Lines: units("l", n)},
		events.ReservationExpired{SKU: sku, Warehouse: place, OrderID: order, Lines: units("l", n)},
		events.StockCommitted{SKU: sku, Warehouse: place, OrderID: order, Lines: units("l", n)},
		events.StockReturned{SKU: sku, Warehouse: place, OrderID: order, ReturnID: "r", Quantity: n})
}

// transfer sends goods, or lets a part of those on their way arrive.
func (s *shop) transfer() {
	if len(s.moving) == 0 || s.maybe() {
		out := events.StockTransferredOut{SKU: s.sku(), Warehouse: "UK", TransferID: s.id("t"), To: "DE", Quantity: s.units(9)}
		s.moving = append(s.moving, out)
		s.tell(out)
		return
	}
	last := &s.moving[len(s.moving)-1]
	n := s.units(last.Quantity)
	s.tell(events.StockTransferredIn{SKU: last.SKU, Warehouse: last.To, TransferID: last.TransferID, From: last.Warehouse, Quantity: n})
	if last.Quantity -= n; last.Quantity == 0 {
		s.moving = s.moving[:len(s.moving)-1]
	}
}

func (s *shop) loyalty() {
	lot := s.id("lot")
	one := []events.LotPoints{{LotID: lot, Points: 1}}
	s.tell(events.PointsEarned{CustomerID: "A", LotID: lot, OrderID: "o", Points: 4, ActivatesAt: tomorrow, ExpiresAt: tomorrow},
		events.PointsActivated{CustomerID: "A", LotID: lot, Points: 4})
	s.oneOf(events.PointsBurned{CustomerID: "A", RedemptionID: lot, Points: 1, Lots: one},
		events.PointsExpired{CustomerID: "A", LotID: lot, Points: 4},
		events.PointsReversed{CustomerID: "A", ReversalID: lot, OrderID: "o", Points: 1, Lots: one})
}

func (s *shop) imports() {
	s.oneOf(events.ImportStarted{ImportID: "i", Rows: s.units(9)}, events.ImportDayClosed{ImportID: "i", Day: s.id("day")},
		events.ImportCompleted{ImportID: "i"})
}

func (s *shop) note() {
	n := pounds(s.units(900))
	s.tell(events.AccountingNoteRecorded{NoteID: s.id("n"), Currency: "GBP", Total: pounds(0),
		Lines: []events.AccountingLine{{SKU: "B", Amount: n}, {SKU: "B", Amount: n.Negated()}}})
}
