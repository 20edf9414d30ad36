package projections

import "reflect"

// Declared is what can be said of a view without its type: for status, metrics and documentation.
type Declared struct {
	Name     string
	Version  int
	Question string   // what it answers
	Value    string   // the Go type of its values
	Key      string   // how a value is found
	Wires    []string // the event types it hears, sorted; nil: all
	Columns  []Column
}

// Views lists every view of the shop, in the order a reader would ask.
func Views() []Declared {
	return []Declared{
		declared(Products, "What is sold under a SKU?", "<sku>"),
		declared(ProductPages, "What does a storefront show of a product?", "<sku>"),
		declared(Prices, "What does a SKU cost at a warehouse, and when?", "<warehouse>/<sku>"),
		declared(StockLevels, "How many units of a SKU has a warehouse, and how many can still be promised?", "<warehouse>/<sku>"),
		declared(StockMovements, "Why did the units on hand change?", "<stream>@<revision>"),
		declared(DailyStockMovements, "How many units came in and left on a day, and why?", "<warehouse>/<sku>/<day>"),
		declared(StockLedger, "By how much did a fact change the units on hand and reserved, and when did we come to know?", "<stream>@<revision>"),
		declared(Customers, "Who is a customer?", "<customer>"),
		declared(CustomerProfiles, "What may be told of a customer without telling who it is?", "<customer>"),
		declared(Orders, "What is an order, what does it cost, and where are its money and its parcels?", "<order>"),
		declared(OrderLines, "What was ordered at which price, and what became of it?", "<order>/<line>"),
		declared(CustomerOrders, "Which orders has a customer?", "<order>"),
		declared(SalesFacts, "What was sold and taken back, on which day, where and by whom?",
			"<order>, <order>/<line>, <credit note>/<part>, <order>/<line>/<event>, or <note>/<entry>"),
		declared(PaymentMovements, "Which money moved, when, for which order and through whom?", "<payment>, or <payment>/<event>"),
		declared(CreditNotes, "What did a credit document give back, and on which lines?", "<credit note>"),
		declared(LoyaltyAccounts, "How many points has a customer, and until when?", "<customer>"),
		declared(LoyaltyStatement, "What happened to the points of a customer, and what was there afterwards?", "<customer>, or <customer>/<revision>"),
		declared(ProcessStatuses, "What does a business process wait for, and until when?", "<process>/<subject>"),
		declared(Imports, "How far has the import of a file come?", "<import>"),
		declared(KeyedCommands, "What was asked under an Idempotency-Key, and where was it recorded?", "<command>"),
		declared(AuditLog, "Who did what, when, why and from where?", "<position>"),
	}
}

func declared[V any](v View[V], question, key string) Declared {
	return Declared{v.Name, v.Version, question, reflect.TypeFor[V]().Name(), key, v.Wires(), Columns[V]()}
}
