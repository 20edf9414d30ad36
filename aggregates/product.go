package aggregates

import "tillstream/events"

// Product is what decisions about one SKU need to know.
type Product struct {
	Registered   bool        `json:"registered,omitempty"`
	Discontinued bool        `json:"discontinued,omitempty"`
	Name         string      `json:"name,omitempty"`
	Description  string      `json:"description,omitempty"`
	Category     string      `json:"category,omitempty"`
	Kind         events.Kind `json:"kind,omitempty"`
}

// FoldVersion implements State.
func (Product) FoldVersion() int { return 1 }

// Evolve implements State.
func (p Product) Evolve(e events.ProductEvent) Product {
	switch e := e.(type) {
	case events.ProductRegistered:
		p.Registered = true
		p.Name, p.Description, p.Category, p.Kind = e.Name, e.Description, e.Category, e.Kind
	case events.ProductDescribed:
		p.Name, p.Description = e.Name, e.Description
	case events.ProductCategorised:
		p.Category = e.Category
	case events.ProductDiscontinued:
		p.Discontinued = true
	}
	return p
}
