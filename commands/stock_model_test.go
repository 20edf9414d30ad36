package commands_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tillstream/aggregates"
	"tillstream/commands"
	"tillstream/events"
)

// shelfModel is a stock item as a shopkeeper would keep it, on paper: it is told only what was recorded.
type shelfModel struct {
	onHand, limit int64
	held          map[string]map[string]int64 // order → line → units
}

func (m *shelfModel) reserved() (n int64) {
	for _, lines := range m.held {
		for _, units := range lines {
			n += units
		}
	}
	return n
}

func (m *shelfModel) record(e events.Event) {
	move := func(order string, lines []events.LineQuantity, sign int64) {
		if m.held[order] == nil {
			m.held[order] = map[string]int64{}
		}
		for _, l := range lines {
			m.held[order][l.LineID] += sign * l.Quantity
		}
	}
	switch e := e.(type) {
	case events.StockReceived:
		m.onHand += e.Quantity
	case events.StockAdjusted:
		m.onHand += e.Quantity
	case events.StockReturned:
		m.onHand += e.Quantity
	case events.StockTransferredOut:
		m.onHand -= e.Quantity
	case events.StockTransferredIn:
		m.onHand += e.Quantity
	case events.StockCounted:
		m.onHand += e.Difference
	case events.BackorderAllowed:
		m.limit = e.Limit
	case events.StockReserved:
		move(e.OrderID, e.Lines, 1)
	case events.StockReleased:
		move(e.OrderID, e.Lines, -1)
	case events.ReservationExpired:
		move(e.OrderID, e.Lines, -1)
	case events.StockCommitted:
		move(e.OrderID, e.Lines, -1)
		m.onHand -= events.Units(e.Lines)
	}
}

// wantsStock draws any command about one stock item, sensible or not; what orders hold makes sensible ones likely.
func wantsStock(t *rapid.T, held map[string]map[string]int64) stockCommand {
	const sku, w = "LAMP", "MAIN"
	n := rapid.Int64Range(1, 12)
	order := rapid.SampledFrom([]string{"ada", "bob", "eve"}).Draw(t, "order")
	switch rapid.SampledFrom([]string{"reserve", "expire", "release", "commit", "receive", "reserve", "expire", "commit", "reserve",
		"release", "receive", "adjust", "out", "in", "count", "backorder", "backorder", "backorder", "return"}).Draw(t, "wish") {
	case "receive":
		return commands.ReceiveStock{SKU: sku, Warehouse: w, Quantity: 2 * n.Draw(t, "n")}
	case "adjust":
		return commands.AdjustStock{SKU: sku, Warehouse: w, Quantity: rapid.Int64Range(-12, 12).Draw(t, "n"), Reason: "broken"}
	case "return":
		return commands.ReturnStock{SKU: sku, Warehouse: w, OrderID: order, ReturnID: "r", Quantity: n.Draw(t, "n")}
	case "out":
		return commands.TransferStockOut{SKU: sku, Warehouse: w, TransferID: "t", To: "NORTH", Quantity: n.Draw(t, "n")}
	case "in":
		return commands.TransferStockIn{SKU: sku, Warehouse: w, TransferID: "t", From: "NORTH", Quantity: n.Draw(t, "n")}
	case "count":
		return commands.CountStock{SKU: sku, Warehouse: w, Counted: rapid.Int64Range(0, 40).Draw(t, "n")}
	case "backorder":
		return commands.AllowBackorder{SKU: sku, Warehouse: w, Limit: rapid.SampledFrom([]int64{0, 3, 10, 40}).Draw(t, "n")}
	case "reserve":
		expires := noon.Add(time.Duration(rapid.IntRange(1, 60).Draw(t, "minutes")) * time.Minute)
		return commands.ReserveStock{SKU: sku, Warehouse: w, OrderID: order, Lines: wantsLines(t, nil), ExpiresAt: &expires, At: noon}
	case "release":
		return commands.ReleaseStock{SKU: sku, Warehouse: w, OrderID: order, Lines: wantsLines(t, held[order])}
	case "expire":
		now := noon.Add(time.Duration(rapid.SampledFrom([]int{90, 10, 30}).Draw(t, "minutes")) * time.Minute)
		return commands.ExpireReservation{SKU: sku, Warehouse: w, OrderID: order, Now: now}
	default:
		return commands.CommitStock{SKU: sku, Warehouse: w, OrderID: order, Lines: wantsLines(t, held[order])}
	}
}

// wantsLines draws none, one or two lines, of what is held if anything is, and now and then of more.
func wantsLines(t *rapid.T, held map[string]int64) (drawn []events.LineQuantity) {
	for _, id := range []string{"1", "2"} {
		n := rapid.Int64Range(0, 12).Draw(t, "units of "+id)
		if most, holds := held[id]; holds && rapid.IntRange(0, 4).Draw(t, "within") > 0 {
			n = rapid.SampledFrom([]int64{min(n, most), most}).Draw(t, "all of it")
		}
		if n > 0 {
			drawn = append(drawn, events.LineQuantity{LineID: id, Quantity: n})
		}
	}
	return drawn
}

func TestStockIsNeverNegativeNorLost(t *testing.T) {
	checkReached(t, func(t *rapid.T, reached map[string]int) {
		s := newStory[aggregates.StockItem, events.StockEvent](t, reached)
		paper, noted := shelfModel{held: map[string]map[string]int64{}}, 0
		t.Repeat(map[string]func(*rapid.T){
			"ask":   func(t *rapid.T) { s.ask(wantsStock(t, paper.held)) },
			"crash": func(*rapid.T) { s.handler = commands.NewHandler(s.store, commands.Options{}) },
			"": func(t *rapid.T) {
				all := s.store.All()
				for _, r := range all[noted:] {
					paper.record(r.Event)
					checkShelf(t, &paper)
				}
				noted = len(all)
				seen, _, err := commands.Look(t.Context(), s.handler, events.Stock("MAIN", "LAMP"), func(s aggregates.StockItem) aggregates.StockItem {
					s.Open = maps.Clone(s.Open)
					return s
				})
				if err != nil {
					t.Fatal(err)
				}
				agrees(t, seen, &paper)
			},
		})
	}, append(typesOf("stock", "reservation"), "already_reserved", "not_reserved", "stock_insufficient", "stock_not_on_hand",
		"count_below_reserved", "backorder_in_use", "reservation_not_due", "invalid_argument")...)
}

// checkShelf holds the laws of a stock item.
func checkShelf(t *rapid.T, m *shelfModel) {
	if m.onHand < 0 || m.reserved() < 0 || m.onHand-m.reserved() < -m.limit {
		t.Fatalf("%d on hand, %d reserved, %d may be on backorder", m.onHand, m.reserved(), m.limit)
	}
	for order, lines := range m.held {
		for line, n := range lines {
			if n < 0 {
				t.Fatalf("order %s holds %d units of line %s", order, n, line)
			}
		}
	}
}

// agrees compares the state that decisions see with the paper.
func agrees(t *rapid.T, s aggregates.StockItem, m *shelfModel) {
	if s.OnHand != m.onHand || s.Reserved != m.reserved() || s.Backorder != m.limit {
		t.Fatalf("the state says %+v, the paper %+v", s, *m)
	}
	open := map[string]map[string]int64{}
	for order, r := range s.Open {
		open[order] = map[string]int64{}
		for _, l := range r.Lines {
			open[order][l.LineID] = l.Quantity
		}
	}
	for order, lines := range m.held {
		maps.DeleteFunc(lines, func(_ string, n int64) bool { return n == 0 })
		if len(lines) > 0 && !maps.Equal(lines, open[order]) || len(lines) == 0 && open[order] != nil {
			t.Fatalf("order %s holds %v on paper, %v in the state", order, lines, open[order])
		}
	}
}

// typesOf lists the wire names of the catalog that begin with one of the subjects.
func typesOf(subjects ...string) (wires []string) {
	for _, zero := range events.Catalog().Types() {
		if subject, _, _ := strings.Cut(zero.Type(), "."); slices.Contains(subjects, subject) {
			wires = append(wires, zero.Type())
		}
	}
	return wires
}
