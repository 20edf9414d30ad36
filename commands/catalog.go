package commands

// Catalog is the codec that knows every command of the shop.
func Catalog() *Codec {
	c := new(Codec)
	offerLog(c)
	offerProduct(c)
	offerPrice(c)
	offerStock(c)
	offerCustomer(c)
	offerOrder(c)
	offerPayment(c)
	offerShipment(c)
	offerReturn(c)
	offerCreditNote(c)
	offerLoyalty(c)
	offerImport(c)
	offerAccounting(c)
	offerPersonalData(c)
	return c
}
