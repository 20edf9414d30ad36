package analytics

var day = Table{Name: "day", Kind: Dimension,
	Holds: "One day of UTC, from the first fact of sales or stock to the last, without a gap.",
	Query: `SELECT u::date AS day, u AT TIME ZONE 'UTC' AS at, u AT TIME ZONE 'UTC' AS recorded_at, extract(isoyear FROM u)::int AS iso_year,
		extract(week FROM u)::int AS week, extract(year FROM u)::int AS year, extract(quarter FROM u)::int AS quarter,
		to_char(u, 'YYYY-MM') AS month, extract(isodow FROM u)::int AS weekday, to_char(u, 'FMDay') AS weekday_name,
		extract(isodow FROM u) >= 6 AS weekend
		FROM (SELECT min(at) AT TIME ZONE 'UTC' AS first, max(at) AT TIME ZONE 'UTC' AS last FROM (
				SELECT min(at) AS at FROM {sales_facts} WHERE NOT gone UNION ALL SELECT max(at) FROM {sales_facts} WHERE NOT gone UNION ALL
				SELECT min(at) FROM {stock_movements} WHERE NOT gone UNION ALL SELECT max(at) FROM {stock_movements} WHERE NOT gone) ends) span,
			generate_series(date_trunc('day', first), last, interval '1 day') u`,
	Columns: []Column{
		{"day", "the day"}, {"at", "its beginning"}, {"recorded_at", "its beginning: days are known in advance"},
		{"iso_year", "year of its ISO week"}, {"week", "ISO week, 1 to 53"}, {"year", "such as 2010"}, {"quarter", "1 to 4"},
		{"month", "such as 2010-12"}, {"weekday", "1 Monday to 7 Sunday"}, {"weekday_name", "in English"}, {"weekend", "Saturday or Sunday"},
	}}

var product = Table{Name: "product", Kind: Dimension,
	Holds: "One product, as it is described now.",
	Query: `SELECT key AS sku, registered_at AS at, recorded_at, name, description, category, kind AS goods, discontinued, changed_at
		FROM {product_pages} WHERE NOT gone`,
	Columns: []Column{
		{"sku", "stock keeping unit, upper case"}, {"at", "business time of the registration"}, recordedColumn,
		{"name", "as it is now"}, {"description", "as it is now"}, {"category", "empty: in none"}, {"goods", "`goods` or `service`"},
		{"discontinued", "no longer sold"}, {"changed_at", "business time of the last change, of price and stock too"},
	}}

var warehouse = Table{Name: "warehouse", Kind: Dimension,
	Holds: "One warehouse in which units ever moved.",
	Query: `SELECT warehouse, min(at) AS at, min(recorded_at) AS recorded_at, count(DISTINCT sku) AS skus
		FROM {stock_movements} WHERE NOT gone GROUP BY warehouse`,
	Columns: []Column{
		{"warehouse", "its code, upper case"}, {"at", "business time of its first movement"}, recordedColumn,
		{"skus", "how many SKUs it ever had"},
	}}

var customer = Table{Name: "customer", Kind: Dimension, Nullable: []string{"first_order_at", "last_order_at"},
	Holds: "One customer, by nothing personal: names and addresses are not in this schema, nor can they be reached from it.",
	Query: `SELECT key AS customer_id, opened_at AS at, recorded_at, number, country, erased, orders, first_order_at, last_order_at, origin
		FROM {customer_profiles} WHERE NOT gone`,
	Columns: []Column{
		{"customer_id", "names the customer for ever"}, {"at", "business time of the opening of the account"}, recordedColumn,
		{"number", "in the books the account was imported from"}, {"country", "where the customer lives; joins `country`"},
		{"erased", "forgotten at their own wish"}, {"orders", "placed"}, {"first_order_at", "business time; null: none yet"},
		{"last_order_at", "business time; null: none yet"}, originColumn,
	}}

var country = Table{Name: "country", Kind: Dimension,
	Holds: "One country that was ever sold to.",
	Query: `SELECT country, min(at) AS at, min(recorded_at) AS recorded_at FROM {sales_facts} WHERE NOT gone AND country <> '' GROUP BY country`,
	Columns: []Column{
		{"country", "its name or code, as documents have it"}, {"at", "business time of the first fact"}, recordedColumn,
	}}

var freshness = Table{Name: "freshness", Kind: State,
	Holds: "One view that the tables read, and how far it is.",
	Query: `SELECT g.view, g.table_name AS generation, g.version, c.position, c.count AS events, g.served_at
		FROM tillstream.served s JOIN tillstream.generations g ON g.id = s.generation JOIN tillstream.checkpoints c ON c.generation = g.id
		WHERE g.view IN ('sales_facts', 'stock_movements', 'payment_movements', 'orders', 'loyalty_statement', 'product_pages', 'customer_profiles')`,
	Columns: []Column{
		{"view", "of the shop"}, {"generation", "that is served"}, {"version", "of its fold"}, {"position", "of the log, up to which it shows everything"},
		{"events", "how many events that is"}, {"served_at", "since when this generation is served"},
	}}
