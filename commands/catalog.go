package commands

// Catalog is the codec that knows every command of the shop.
func Catalog() *Codec {
	c := new(Codec)
	offerLog(c)
	offerProduct(c)
	offerPrice(c)
	offerStock(c)
	offerCustomer(c)
	offerImport(c)
	return c
}
