package events

import "strings"

//go:generate go run ./internal/eventdoc -from . -to ../docs/events.md

// Catalog is the codec that knows every event of the shop.
func Catalog() *Codec {
	c := new(Codec)
	admitLog(c)
	admitProduct(c)
	admitPrice(c)
	admitStock(c)
	admitCustomer(c)
	admitOrder(c)
	admitPayment(c)
	admitShipment(c)
	admitReturn(c)
	admitCreditNote(c)
	admitAccounting(c)
	admitLoyalty(c)
	admitPersonalData(c)
	admitImport(c)
	return c
}

// SKU is the one form in which a stock keeping unit is compared and stored: trimmed and upper-cased.
func SKU(s string) string { return strings.ToUpper(strings.TrimSpace(s)) }

// Warehouse is the one form in which the code of a warehouse is compared and stored: trimmed and upper-cased.
func Warehouse(s string) string { return strings.ToUpper(strings.TrimSpace(s)) }

// Category is the part of a stream's name before the first dash.
func Category(stream string) string {
	category, _, _ := strings.Cut(stream, "-")
	return category
}
