package onlineretail

import (
	"fmt"
	"slices"
	"time"
)

// Class is what a document is.
type Class string

// The closed set of classes.
const (
	Sale          Class = "sale"           // an order with a price above 0
	FreeOrder     Class = "free_order"     // an order of a customer, all for nothing
	StockMovement Class = "stock_movement" // no customer, no price: what the warehouse noted
	Credit        Class = "credit"         // a leading C
	Note          Class = "accounting"     // a leading A
	Refused       Class = "refused"
)

// Document is the rows of one number, in the order of the file.
type Document struct {
	Number   string
	Class    Class
	At       time.Time // the earliest of its rows
	Day      string    // YYYY-MM-DD of At where the shop is
	Customer string    // empty: a guest
	Country  string
	Rows     []Row
}

// RefusedRow is a row that leaves nothing behind, and why.
type RefusedRow struct {
	Line     int    `json:"line"`
	Document string `json:"document"`
	SKU      string `json:"sku"`
	Reason   string `json:"reason"`
}

// documents groups rows by number, in the order of each document's first row, and says what each document is. A document
// whose rows stand together shares them with rows.
func documents(rows []Row) (docs []*Document, refused []RefusedRow) {
	byNumber := map[string]*Document{}
	for i, r := range rows {
		d, known := byNumber[r.Document]
		switch {
		case !known:
			d = &Document{Number: r.Document, At: r.At, Customer: r.Customer, Country: r.Country, Rows: rows[i:i]}
			byNumber[r.Document] = d
			docs = append(docs, d)
		case rows[i-1].Document != r.Document:
			d.Rows = slices.Clip(d.Rows) // appending to it copies it
		}
		if r.At.Before(d.At) {
			d.At = r.At
		}
		d.Rows = append(d.Rows, r)
	}
	for _, d := range docs {
		d.Rows = slices.Clip(d.Rows)
		d.Day = d.At.Format(time.DateOnly)
		class, why := d.classify()
		if d.Class = class; class == Refused {
			for _, r := range d.Rows {
				refused = append(refused, RefusedRow{r.Line, d.Number, r.SKU, why})
			}
		}
	}
	return docs, refused
}

// documentMax is how many rows a document may have: the most that an order takes.
const documentMax = 1500

func (d *Document) classify() (Class, string) {
	if n := len(d.Rows); n > documentMax {
		return Refused, fmt.Sprintf("the document has %d rows, the most is %d", n, documentMax)
	}
	for _, r := range d.Rows {
		if r.Customer != d.Customer || r.Country != d.Country {
			return Refused, "the document names two customers or two countries"
		}
	}
	switch kind := d.Number[0]; {
	case kind == 'C' && number(d.Number[1:]):
		return d.credit()
	case kind == 'A' && number(d.Number[1:]):
		return Note, ""
	case number(d.Number):
		return d.numeric()
	}
	return Refused, fmt.Sprintf("%q is no document number: six digits, with a C before credits and an A before accounting notes", d.Number)
}

func number(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return len(s) == 6
}

func (d *Document) credit() (Class, string) {
	for _, r := range d.Rows {
		if r.Quantity >= 0 || r.Unit.Amount < 0 {
			return Refused, "a credit document has quantities below 0 and no price below 0"
		}
	}
	return Credit, ""
}

// numeric tells sales, free orders and stock movements apart.
func (d *Document) numeric() (Class, string) {
	priced, sold := false, true
	for _, r := range d.Rows {
		if r.Unit.Amount < 0 {
			return Refused, "only accounting notes have prices below 0"
		}
		if r.Quantity == 0 {
			return Refused, "a row moves no unit"
		}
		priced = priced || r.Unit.Amount > 0
		sold = sold && r.Quantity > 0
	}
	switch {
	case !priced && d.Customer == "":
		return StockMovement, ""
	case !sold:
		return Refused, "a sale has quantities above 0 on every row"
	case priced:
		return Sale, ""
	}
	return FreeOrder, ""
}
