package commands

import (
	"tillstream/aggregates"
	"tillstream/events"
)

// RegisterProduct takes a SKU for a new product, for ever: refused with sku_taken when it was ever registered.
type RegisterProduct struct {
	SKU         string      `json:"sku"`
	ProductName string      `json:"name"`
	Description string      `json:"description,omitempty"`
	Category    string      `json:"category,omitempty"`
	Kind        events.Kind `json:"kind"`
}

// DescribeProduct gives a product another name and description, whole.
type DescribeProduct struct {
	SKU         string `json:"sku"`
	ProductName string `json:"name"`
	Description string `json:"description,omitempty"`
}

// CategoriseProduct moves a product to another category; an empty one takes it out of any.
type CategoriseProduct struct {
	SKU      string `json:"sku"`
	Category string `json:"category"`
}

// DiscontinueProduct ends the sale of a product. Its SKU stays taken.
type DiscontinueProduct struct {
	SKU    string `json:"sku"`
	Reason string `json:"reason,omitempty"`
}

// Name implements Command.
func (RegisterProduct) Name() string    { return "product.register" }
func (DescribeProduct) Name() string    { return "product.describe" }
func (CategoriseProduct) Name() string  { return "product.categorise" }
func (DiscontinueProduct) Name() string { return "product.discontinue" }

type productStream = events.Stream[events.ProductEvent]

// Stream implements Command.
func (c RegisterProduct) Stream() productStream    { return events.Product(events.SKU(c.SKU)) }
func (c DescribeProduct) Stream() productStream    { return events.Product(events.SKU(c.SKU)) }
func (c CategoriseProduct) Stream() productStream  { return events.Product(events.SKU(c.SKU)) }
func (c DiscontinueProduct) Stream() productStream { return events.Product(events.SKU(c.SKU)) }

// Decide implements Command.
func (c RegisterProduct) Decide(p aggregates.Product) ([]events.ProductEvent, error) {
	sku := events.SKU(c.SKU)
	err := check(checkSKU(sku), checkName("name", c.ProductName, nameMax), checkText("description", c.Description),
		checkNote("category", c.Category, noteMax), checkKind(c.Kind))
	switch {
	case err != nil:
		return nil, err
	case p.Registered:
		return nil, reject("sku_taken", "%s is already registered: describe that product, or choose another SKU", sku).
			with("sku", sku)
	}
	return []events.ProductEvent{events.ProductRegistered{SKU: sku, Name: c.ProductName, Description: c.Description,
		Category: c.Category, Kind: c.Kind}}, nil
}

// Decide implements Command.
func (c DescribeProduct) Decide(p aggregates.Product) ([]events.ProductEvent, error) {
	sku := events.SKU(c.SKU)
	err := check(checkSKU(sku), checkName("name", c.ProductName, nameMax), checkText("description", c.Description),
		onSale(p, sku))
	switch {
	case err != nil:
		return nil, err
	case p.Name == c.ProductName && p.Description == c.Description:
		return nil, nil
	}
	return []events.ProductEvent{events.ProductDescribed{SKU: sku, Name: c.ProductName, Description: c.Description}}, nil
}

// Decide implements Command.
func (c CategoriseProduct) Decide(p aggregates.Product) ([]events.ProductEvent, error) {
	sku := events.SKU(c.SKU)
	err := check(checkSKU(sku), checkNote("category", c.Category, noteMax), onSale(p, sku))
	switch {
	case err != nil:
		return nil, err
	case p.Category == c.Category:
		return nil, nil
	}
	return []events.ProductEvent{events.ProductCategorised{SKU: sku, Category: c.Category}}, nil
}

// Decide implements Command.
func (c DiscontinueProduct) Decide(p aggregates.Product) ([]events.ProductEvent, error) {
	sku := events.SKU(c.SKU)
	err := check(checkSKU(sku), checkNote("reason", c.Reason, noteMax))
	switch {
	case err != nil:
		return nil, err
	case p.Discontinued:
		return nil, nil
	}
	if err := check(onSale(p, sku)); err != nil {
		return nil, err
	}
	return []events.ProductEvent{events.ProductDiscontinued{SKU: sku, Reason: c.Reason}}, nil
}

func checkKind(k events.Kind) *Rejection {
	if k != events.Goods && k != events.Service {
		return invalid("kind", "is %q, it must be %s or %s", k, events.Goods, events.Service)
	}
	return nil
}

// onSale refuses to change what was never registered or is no longer sold.
func onSale(p aggregates.Product, sku string) *Rejection {
	switch {
	case !p.Registered:
		return reject("product_unknown", "%s is not registered: register the product first", sku).with("sku", sku)
	case p.Discontinued:
		return reject("product_discontinued", "%s is discontinued and stays as it is: register another SKU", sku).with("sku", sku)
	}
	return nil
}

func offerProduct(c *Codec) {
	Offer[RegisterProduct](c)
	Offer[DescribeProduct](c)
	Offer[CategoriseProduct](c)
	Offer[DiscontinueProduct](c)
}
