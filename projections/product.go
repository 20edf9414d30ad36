package projections

import (
	"time"

	"tillstream/events"
)

// Product answers what is sold under a SKU.
type Product struct {
	SKU          string
	Name         string `col:",index"`
	Description  string
	Category     string `col:",index"` // empty: in none
	Kind         string // goods or service
	Discontinued bool   // no longer sold; what was sold stays sold
	RegisteredAt time.Time
	ChangedAt    time.Time
}

// Products holds one product per SKU.
var Products = Define("products", 1,
	On(func(e events.ProductRegistered) []string { return []string{e.SKU} }, Product.registered),
	On(func(e events.ProductDescribed) []string { return []string{e.SKU} }, Product.described),
	On(func(e events.ProductCategorised) []string { return []string{e.SKU} }, Product.categorised),
	On(func(e events.ProductDiscontinued) []string { return []string{e.SKU} }, Product.discontinued),
)

func (Product) registered(_ string, f Fact[events.ProductRegistered]) Product {
	e := f.Event
	return Product{SKU: e.SKU, Name: e.Name, Description: e.Description, Category: e.Category, Kind: string(e.Kind),
		RegisteredAt: f.At, ChangedAt: f.At}
}

func (p Product) described(_ string, f Fact[events.ProductDescribed]) Product {
	p.Name, p.Description, p.ChangedAt = f.Event.Name, f.Event.Description, f.At
	return p
}

func (p Product) categorised(_ string, f Fact[events.ProductCategorised]) Product {
	p.Category, p.ChangedAt = f.Event.Category, f.At
	return p
}

func (p Product) discontinued(_ string, f Fact[events.ProductDiscontinued]) Product {
	p.Discontinued, p.ChangedAt = true, f.At
	return p
}
