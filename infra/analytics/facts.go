package analytics

// dayOf cuts a business time to a day of UTC, which is the day of the dimension.
const dayOf = `(at AT TIME ZONE 'UTC')::date AS day`

// What means the same in every table.
var (
	atColumn       = Column{"at", "business time: when it was so"}
	recordedColumn = Column{"recorded_at", "record time: when we came to know"}
	dayColumn      = Column{"day", "day of `at` in UTC; joins `day`"}
	eventColumn    = Column{"event_id", "the event that is counted: `/v1/audit/events/{event_id}` tells it, `/audit/events/{event_id}` shows it"}
	positionColumn = Column{"position", "of the log, of the newest event the row is folded from: rows beyond a position are new or changed since"}
	originColumn   = Column{"origin", "`api`, `policy` or `import`"}
	currencyColumn = Column{"currency", "ISO 4217 code of every amount of the row"}
)

var sales = Table{Name: "sales", Kind: Fact,
	Holds: "One order (`order`: its charges, no line), one order line (`sale`), one part of a credit (`cancelled`, `returned`, " +
		"`without_original`), or one entry of an accounting note (`accounting`). Money taken back belongs to the day it was taken back. " +
		"The measures can be summed over any rows; net = gross − cancelled − returned − credited + accounting.",
	Query: `SELECT key AS fact_id, kind, at, recorded_at, ` + dayOf + `, sku, goods, warehouse, country, customer_id, guest, order_id, line_id,
		number, reason, units, amount_minor, currency, orders, sold_units, cancelled_units, returned_units, credited_units, gross_minor,
		cancelled_minor, returned_minor, credited_minor, accounting_minor, net_minor, event_id, position, origin
		FROM {sales_facts} WHERE NOT gone`,
	Columns: []Column{
		{"fact_id", "names the row for ever"},
		{"kind", "`order`, `sale`, `cancelled`, `returned`, `without_original` or `accounting`"},
		atColumn, recordedColumn, dayColumn,
		{"sku", "joins `product`; empty of an order's own row; of `accounting` the code of the entry, no product"},
		{"goods", "`goods` or `service`; empty of `order` and `accounting`"},
		{"warehouse", "joins `warehouse`; empty where nothing leaves one"},
		{"country", "the document's own; joins `country`"},
		{"customer_id", "joins `customer`; empty: a guest's, or nobody's"},
		{"guest", "ordered without an account"},
		{"order_id", "empty without original"},
		{"line_id", "the line of the order; empty of `order`"},
		{"number", "of the document: the order, the credit note or the accounting note, in the books it was imported from"},
		{"reason", "of a cancellation or an accounting entry"},
		{"units", "sold or taken back, never below 0"},
		{"amount_minor", "owed or no longer owed, in minor units (pence); below 0 only of an accounting loss"},
		currencyColumn,
		{"orders", "1 on the row of an order; by SKU or warehouse count the different `order_id` of sales instead"},
		{"sold_units", "of a sale"}, {"cancelled_units", "of a cancellation"}, {"returned_units", "of a return"},
		{"credited_units", "of a credit without original"},
		{"gross_minor", "of a sale, and of an order its charges"}, {"cancelled_minor", "of a cancellation"},
		{"returned_minor", "of a return"}, {"credited_minor", "of a credit without original"},
		{"accounting_minor", "of an accounting entry"}, {"net_minor", "gross less what was taken back, and accounting"},
		eventColumn, positionColumn, originColumn,
	}}

var stockMovements = Table{Name: "stock_movements", Kind: Fact,
	Holds: "One change of the units on hand of a SKU at a warehouse. On hand is the sum of `units`.",
	Query: `SELECT key AS fact_id, kind, at, recorded_at, ` + dayOf + `, sku, warehouse, quantity AS units, reason, reference, order_id, return_id,
		transfer_id, other_end AS other_warehouse, counted, event_id, position, origin
		FROM {stock_movements} WHERE NOT gone`,
	Columns: []Column{
		{"fact_id", "names the row for ever"},
		{"kind", "`received`, `adjusted`, `committed` (shipped), `returned`, `transferred_out`, `transferred_in` or `counted`"},
		atColumn, recordedColumn, dayColumn,
		{"sku", "joins `product`"}, {"warehouse", "joins `warehouse`"},
		{"units", "above 0 came in, below 0 went out"},
		{"reason", "of an adjustment"}, {"reference", "the document it was done for"},
		{"order_id", "of committed and returned units"}, {"return_id", "of returned units"}, {"transfer_id", "of a transfer"},
		{"other_warehouse", "the other end of a transfer"}, {"counted", "of a count: what was found"},
		eventColumn, positionColumn, originColumn,
	}}

var payments = Table{Name: "payments", Kind: Fact,
	Holds: "One thing that happened to a payment. The measures can be summed over any rows; net = captured − refunded.",
	Query: `SELECT p.key AS fact_id, p.kind, p.at, p.recorded_at, (p.at AT TIME ZONE 'UTC')::date AS day, p.payment_id, p.order_id, p.provider,
		p.reason, coalesce(o.country, '') AS country, coalesce(o.customer_id, '') AS customer_id, p.currency, p.amount_minor, p.authorized_minor,
		p.captured_minor, p.refunded_minor, p.released_minor, p.disputed_minor, p.net_minor, p.event_id, p.position, p.origin
		FROM {payment_movements} p LEFT JOIN {orders} o ON o.key = p.order_id AND NOT o.gone WHERE NOT p.gone`,
	Columns: []Column{
		{"fact_id", "names the row for ever"},
		{"kind", "`requested`, `authorized`, `declined`, `captured`, `refunded`, `voided`, `expired` or `disputed`"},
		atColumn, recordedColumn, dayColumn,
		{"payment_id", "the payment"}, {"order_id", "the order it pays for"}, {"provider", "of the payment service"},
		{"reason", "of a decline, a refund, a void or a dispute"},
		{"country", "of the order; joins `country`"}, {"customer_id", "of the order; joins `customer`; empty: a guest's"},
		currencyColumn,
		{"amount_minor", "asked for, held, taken, given back, given up or contested, in minor units; 0 of a decline"},
		{"authorized_minor", "of an authorization"}, {"captured_minor", "of a capture"}, {"refunded_minor", "of a refund"},
		{"released_minor", "of a void or an expiry: held, and given up"}, {"disputed_minor", "of a dispute"},
		{"net_minor", "captured less refunded"},
		eventColumn, positionColumn, originColumn,
	}}

var loyalty = Table{Name: "loyalty", Kind: Fact,
	Holds: "One movement of a customer's points. `active_points` and `pending_points` are signed changes and can be summed over any rows.",
	Query: `SELECT key AS fact_id, kind, at, recorded_at, ` + dayOf + `, customer_id, points, active_points, pending_points, active_after,
		pending_after, short AS short_points, lot_id, order_id, redemption_id, reversal_id, event_id, position
		FROM {loyalty_statement} WHERE NOT gone AND kind <> 'account'`,
	Columns: []Column{
		{"fact_id", "names the row for ever"},
		{"kind", "`earned`, `activated`, `burned`, `expired` or `reversed`"},
		atColumn, recordedColumn, dayColumn,
		{"customer_id", "joins `customer`"},
		{"points", "that moved"}, {"active_points", "by how many the points that can be burned changed"},
		{"pending_points", "by how many the points that are not active yet changed"},
		{"active_after", "the customer's active points afterwards"}, {"pending_after", "the customer's pending points afterwards"},
		{"short_points", "points to take back that were no longer there"},
		{"lot_id", "of earned, activated and expired points"}, {"order_id", "that earned them, was paid with them, or was given back"},
		{"redemption_id", "of burned points"}, {"reversal_id", "of reversed points"},
		eventColumn, positionColumn,
	}}
