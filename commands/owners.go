package commands

import (
	"fmt"

	"tillstream/events"
)

// Service is a part of the shop that runs, and is scaled, by itself.
type Service string

// The services that own subjects.
const (
	CatalogService  Service = "catalog"
	PricingService  Service = "pricing"
	Inventory       Service = "inventory"
	CustomerService Service = "customer"
	OrderService    Service = "order"
	PaymentService  Service = "payment"
	Shipping        Service = "shipping"
	Loyalty         Service = "loyalty"
	Operations      Service = "operations" // what is about the platform, not about the shop
)

// owners says which service decides on the streams of a category. Each has one owner, so that a stream's mailbox, and
// the state it keeps warm, is in one place.
var owners = map[string]Service{
	"product":         CatalogService,
	"price":           PricingService,
	"stock":           Inventory,
	"customer":        CustomerService,
	"email":           CustomerService,
	"order":           OrderService,
	"return":          OrderService,
	"credit_note":     OrderService,
	"payment":         PaymentService,
	"shipment":        Shipping,
	"loyalty":         Loyalty,
	"accounting_note": OrderService,
	"import":          Operations,
	"log":             Operations,
	"personal_data":   CustomerService,
}

// Owner is the service that decides on a stream. It fails for a stream of no subject of this shop.
func Owner(stream string) (Service, error) {
	s, owned := owners[events.Category(stream)]
	if !owned {
		return "", fmt.Errorf("no service owns the stream %s: its category is not one of this shop", stream)
	}
	return s, nil
}
