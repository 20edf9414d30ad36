package onlineretail

import (
	"slices"
	"strings"

	"tillstream/events"
	"tillstream/projections"
)

// every is a shelf for every view but the audit log, which is read before all others: see logbook. A view that is not
// here is not compared, which a test does not allow.
//
// Where others wrote about the same order, customer or SKU as the file, the shared columns alone are the file's to say:
// those that others cannot change. What such rows must be nevertheless, whoever wrote, is told by sums.
func (c *comparison) every() []compared {
	return slices.Concat(c.goods(), c.trade(), c.people())
}

func (c *comparison) goods() []compared {
	earliest := earliestLeft(c.plan)
	open := func(_ string, d projections.DailyStockMovement) bool { return d.Day >= earliest[c.today] }
	return []compared{
		newShelf(c, projections.Products, rule[projections.Product]{about: itself, shared: []string{"kind"}, note: c.sums.product}),
		newShelf(c, projections.ProductPages, rule[projections.ProductPage]{about: itself, shared: []string{"kind"}, note: c.sums.page}),
		newShelf(c, projections.Prices, rule[projections.Price]{about: beyond, note: c.sums.price}),
		newShelf(c, projections.StockMovements, rule[projections.StockMovement]{correlated: true, lasting: never[projections.StockMovement], note: c.sums.movement}),
		newShelf(c, projections.StockLevels, rule[projections.StockLevel]{about: beyond, shared: []string{"sku", "warehouse"}, note: c.sums.level}),
		newShelf(c, projections.DailyStockMovements, rule[projections.DailyStockMovement]{about: beyond, shared: []string{"sku", "warehouse", "day"}, lasting: open}),
		newShelf(c, projections.StockLedger, rule[projections.StockEntry]{about: itself, lasting: never[projections.StockEntry]}),
	}
}

func (c *comparison) trade() []compared {
	// An order is dispatched and closed with its day: what comes back of it later is what changes its rows then.
	returned := map[string]bool{}
	for _, day := range c.plan.Days {
		for _, parts := range day.Credits {
			for _, p := range parts {
				returned[orderID(p.Order)] = p.Kind == events.CreditReturned || returned[orderID(p.Order)]
			}
		}
	}
	lines := rule[projections.OrderLine]{correlated: true, about: first, note: c.sums.line,
		shared:  but[projections.OrderLine]("cancelled", "shipped", "returned", "cancelled_minor", "returned_minor", "credits", "changed_at"),
		lasting: func(_ string, l projections.OrderLine) bool { return returned[l.OrderID] }}
	sales := rule[projections.SalesFact]{correlated: true, about: itself, note: c.sums.sale, shared: but[projections.SalesFact]("lines"),
		lasting: func(_ string, f projections.SalesFact) bool { return f.Kind == "order" && returned[f.OrderID] }}
	payments := rule[projections.PaymentMovement]{correlated: true, about: itself, shared: but[projections.PaymentMovement](),
		lasting: func(_ string, m projections.PaymentMovement) bool {
			return m.Kind == "requested" && returned[m.OrderID]
		}}
	orders := rule[projections.Order]{correlated: true, about: itself, note: c.sums.order,
		shared: []string{"order_id", "number", "customer_id", "guest", "country", "currency", "net_minor", "tax_minor", "gross_minor", "charges_minor",
			"line_count", "units", "rounding", "fx", "charges", "guest_name", "guest_email", "ship_to", "placed_at", "recorded_at", "origin", "correlation"}}
	return []compared{
		newShelf(c, projections.Orders, orders),
		newShelf(c, projections.OrderLines, lines),
		newShelf(c, projections.CustomerOrders, rule[projections.CustomerOrder]{about: itself,
			shared: but[projections.CustomerOrder]("state", "cancelled_minor", "returned_minor", "changed_at")}),
		c.knowing(newShelf(c, projections.SalesFacts, sales)),
		c.paid(newShelf(c, projections.PaymentMovements, payments)),
		newShelf(c, projections.CreditNotes, rule[projections.CreditNote]{correlated: true, note: c.sums.creditNote}),
	}
}

func (c *comparison) people() []compared {
	return []compared{
		newShelf(c, projections.Customers, rule[projections.Customer]{about: itself, shared: []string{"customer_id", "number"}, note: c.sums.customer}),
		newShelf(c, projections.CustomerProfiles, rule[projections.CustomerProfile]{about: itself, shared: []string{"customer_id", "number"}}),
		newShelf(c, projections.LoyaltyAccounts, rule[projections.LoyaltyAccount]{about: itself, shared: []string{"customer_id"}, note: c.sums.account}),
		newShelf(c, projections.LoyaltyStatement, rule[projections.LoyaltyMovement]{about: first, shared: []string{"customer_id"},
			lasting: func(_ string, m projections.LoyaltyMovement) bool { return m.Kind == "account" }}),
		newShelf(c, projections.Imports, rule[projections.Import]{about: imports, note: c.sums.imported}),
		newShelf(c, projections.KeyedCommands, rule[projections.KeyedCommand]{about: itself}),    // imports know their own
		newShelf(c, projections.ProcessStatuses, rule[projections.ProcessStatus]{about: beyond}), // nothing acts on what is imported
	}
}

// itself, first and beyond say what a key is about: all of it, what stands before the first slash, or behind it.
func itself(key string) string { return key }

func first(key string) string {
	id, _, _ := strings.Cut(key, "/")
	return id
}

func beyond(key string) string {
	_, id, _ := strings.Cut(key, "/")
	return id
}

// imports is the stream that an import's facts are in.
func imports(key string) string { return string(events.Import(key)) }

func never[V any](string, V) bool { return false }

// but lists all columns of a view but some.
func but[V any](those ...string) (names []string) {
	for _, c := range projections.Columns[V]() {
		if !slices.Contains(those, c.Name) {
			names = append(names, c.Name)
		}
	}
	return names
}

// earliestLeft is, for each day of a plan at work, the earliest day of UTC that documents of later days move stock on:
// some are late, and some days begin where UTC still has the day before.
func earliestLeft(p *Plan) []string {
	earliest := make([]string, len(p.Days)+1)
	left := "9999"
	for n := len(p.Days) - 1; n >= 0; n-- {
		earliest[n+1] = left
		for _, d := range p.Days[n].Documents {
			for _, r := range d.Rows {
				left = min(left, utcDay(r.At))
			}
		}
	}
	earliest[0] = left
	return earliest
}

// knowing puts what the sales facts of the orders of other imports remember of their lines.
func (c *comparison) knowing(s *shelf[projections.SalesFact]) compared {
	for document, lines := range earlierOrders(c.plan) {
		id, f := orderID(document), projections.SalesFact{Kind: "order", OrderID: orderID(document)}
		for _, l := range lines {
			f.Lines = append(f.Lines, projections.SoldLine{LineID: lineID(document, l.Ordinal), SKU: l.SKU, Goods: kindOf(l.SKU), Warehouse: c.warehouse})
		}
		s.put(id, f)
	}
	return s
}

// paid puts what the payments of other imports remember of their requests.
func (c *comparison) paid(s *shelf[projections.PaymentMovement]) compared {
	for document := range earlierOrders(c.plan) {
		s.put(paymentID(document), projections.PaymentMovement{Kind: "requested", Provider: provider, OrderID: orderID(document), Currency: Currency})
	}
	return s
}
