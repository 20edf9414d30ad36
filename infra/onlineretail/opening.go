package onlineretail

import (
	"tillstream/commands"
	"tillstream/events"
)

// begin is what comes before the first document: the import itself and the opening stock.
func (i identity) begin(p *Plan) []Asked {
	at := p.Days[0].From
	documents := 0
	for _, d := range p.Days {
		documents += len(d.Documents)
	}
	asked := []Asked{ask(i.ofFile("import.start", ""), at, "", commands.StartImport{ImportID: i.importID, Source: Source, Digest: i.digest,
		Rows: int64(len(p.File.Rows)), Documents: int64(documents)})}
	for _, r := range p.Opening {
		asked = append(asked, ask(i.ofFile("stock.receive", r.SKU), at, "", commands.ReceiveStock{SKU: r.SKU, Warehouse: i.warehouse,
			Quantity: r.Units, Reference: openingReference}))
	}
	return asked
}

// openingReference is the document of every opening receipt.
const openingReference = "opening stock"

// register opens the products that a file names. One that an earlier import registered is given the newer name instead.
func (i identity) register(p *Plan) (first, renamed []Asked) {
	for _, product := range p.Products {
		kind := events.Service
		if product.Goods {
			kind = events.Goods
		}
		a := ask(i.ofFile("product.register", product.SKU), product.First, "", commands.RegisterProduct{SKU: product.SKU, ProductName: product.Name, Kind: kind})
		a.Tolerates = []string{"sku_taken"}
		first = append(first, a)
		if product.Named {
			renamed = append(renamed, ask(i.ofFile("product.describe", product.SKU), product.First, "", commands.DescribeProduct{SKU: product.SKU, ProductName: product.Name}))
		}
	}
	return first, renamed
}

// people opens an account for every customer of a file, in the country of their first document.
func (i identity) people(p *Plan) (asked []Asked) {
	known := map[string]bool{}
	for _, day := range p.Days {
		for _, d := range day.Documents {
			if d.Customer == "" || d.Class == Refused || known[d.Customer] {
				continue
			}
			known[d.Customer] = true
			a := ask(i.ofFile("customer.open", d.Customer), d.At, "", commands.OpenCustomer{CustomerID: customerID(d.Customer), Number: d.Customer, Country: d.Country})
			a.Tolerates = []string{"customer_exists", "customer_erased"}
			asked = append(asked, a)
		}
	}
	return asked
}

// end says that every row is recorded or refused.
func (i identity) end(p *Plan) []Asked {
	at := p.Days[len(p.Days)-1].end()
	return []Asked{ask(i.ofFile("import.complete", ""), at, "", commands.CompleteImport{ImportID: i.importID, Refused: int64(len(p.Refused))})}
}

// prices sets the price list of a day, from its beginning on.
func (i identity) prices(day *Day) (asked []Asked) {
	for _, p := range day.Prices {
		id := i.ofFile("price.set", p.SKU+"/"+day.Date)
		asked = append(asked, ask(id, day.From, "", commands.SetPrice{PriceID: events.DerivedID(id, 0), SKU: p.SKU, Warehouse: i.warehouse,
			Unit: p.Unit, ValidFrom: events.Time(day.From)}))
	}
	return asked
}

func (i identity) closed(day *Day) []Asked {
	return []Asked{ask(i.ofFile("import.close_day", day.Date), day.end(), "", commands.CloseImportDay{ImportID: i.importID,
		Day: day.Date, Documents: int64(len(day.Documents))})}
}
