package events

import "fmt"

// ProductEvent is the closed set of facts in a product's stream.
//
//sumtype:decl
type ProductEvent interface {
	Event
	productEvent()
}

// Kind tells what is sold: goods have stock and are shipped, services have neither.
type Kind string

// The closed set of kinds.
const (
	Goods   Kind = "goods"
	Service Kind = "service"
)

// ProductRegistered opens a product's stream and takes its SKU for ever.
type ProductRegistered struct {
	SKU         string `json:"sku"`
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Category    string `json:"category,omitempty"`
	Kind        Kind   `json:"kind"`
}

// ProductDescribed gives the product another name and description; both are the new ones, whole.
type ProductDescribed struct {
	SKU         string `json:"sku"`
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
}

// ProductCategorised moves the product to another category; empty takes it out of any.
type ProductCategorised struct {
	SKU      string `json:"sku"`
	Category string `json:"category"`
}

// ProductDiscontinued ends the sale of the product; what was sold stays sold.
type ProductDiscontinued struct {
	SKU    string `json:"sku"`
	Reason string `json:"reason,omitempty"`
}

func (ProductRegistered) Type() string   { return "product.registered" }
func (ProductDescribed) Type() string    { return "product.described" }
func (ProductCategorised) Type() string  { return "product.categorised" }
func (ProductDiscontinued) Type() string { return "product.discontinued" }

func (ProductRegistered) productEvent()   {}
func (ProductDescribed) productEvent()    {}
func (ProductCategorised) productEvent()  {}
func (ProductDiscontinued) productEvent() {}

// Product is the stream of one SKU. SKUs are compared trimmed and upper-cased: see SKU.
func Product(sku string) Stream[ProductEvent] { return Stream[ProductEvent]("product-" + sku) }

// Sentence says the fact in plain words.
func (e ProductRegistered) Sentence() string {
	return fmt.Sprintf("%s was registered as %s: %s%s", e.SKU, e.Kind, e.Name, inCategory(e.Category))
}

// Sentence says the fact in plain words.
func (e ProductDescribed) Sentence() string {
	return fmt.Sprintf("%s is now called %s", e.SKU, e.Name)
}

// Sentence says the fact in plain words.
func (e ProductCategorised) Sentence() string {
	if e.Category == "" {
		return fmt.Sprintf("%s was taken out of its category", e.SKU)
	}
	return fmt.Sprintf("%s was moved to the category %s", e.SKU, e.Category)
}

// Sentence says the fact in plain words.
func (e ProductDiscontinued) Sentence() string {
	return fmt.Sprintf("%s is not sold any more%s", e.SKU, because(e.Reason))
}

func admitProduct(c *Codec) {
	Current[ProductRegistered](c)
	Current[ProductDescribed](c)
	Current[ProductCategorised](c)
	Current[ProductDiscontinued](c)
}
