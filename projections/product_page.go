package projections

import (
	"slices"
	"strings"
	"time"

	"tillstream/events"
)

// LowStock is how many available units or fewer are called low.
const LowStock = 5

// ProductPage answers what a storefront shows of a product, in one document. Prices and units that come before the
// product is registered are kept, and shown with it once it is.
type ProductPage struct {
	SKU          string // empty until the product is registered
	Name         string `col:",index"`
	Description  string
	Category     string         `col:",index"` // empty: in none
	Kind         string         // goods or service
	Discontinued bool           // no longer sold
	Places       []ProductPlace // where it has a price or units, by warehouse
	Rating       *Rating        // null: nobody has reviewed it
	RegisteredAt time.Time
	RecordedAt   time.Time // when we came to know of the product
	ChangedAt    time.Time
}

// ProductPlace is a product at one warehouse.
type ProductPlace struct {
	Warehouse    string               `json:"warehouse"`
	Availability string               `json:"availability"` // in, low or out
	OnHand       int64                `json:"on_hand"`
	Reserved     int64                `json:"reserved"`
	Reservations []Held               `json:"reservations,omitempty"`
	Prices       []events.PriceWindow `json:"prices,omitempty"` // in the order they were set, ended ones included
}

// Rating is what reviewers make of a product: Count of them gave Stars in all, 1 to 5 each.
type Rating struct {
	Count int64 `json:"count"`
	Stars int64 `json:"stars"`
}

// ProductPages holds one page per SKU.
var ProductPages = Define("product_pages", 1,
	On(func(e events.ProductRegistered) []string { return []string{e.SKU} }, ProductPage.registered),
	On(func(e events.ProductDescribed) []string { return []string{e.SKU} },
		func(p ProductPage, _ string, f Fact[events.ProductDescribed]) ProductPage {
			p.Name, p.Description, p.ChangedAt = f.Event.Name, f.Event.Description, f.At
			return p
		}),
	On(func(e events.ProductCategorised) []string { return []string{e.SKU} },
		func(p ProductPage, _ string, f Fact[events.ProductCategorised]) ProductPage {
			p.Category, p.ChangedAt = f.Event.Category, f.At
			return p
		}),
	On(func(e events.ProductDiscontinued) []string { return []string{e.SKU} },
		func(p ProductPage, _ string, f Fact[events.ProductDiscontinued]) ProductPage {
			p.Discontinued, p.ChangedAt = true, f.At
			return p.told()
		}),
	onPrice(func(e events.PriceSet) (string, string) { return e.Warehouse, e.SKU }),
	onPrice(func(e events.PriceWithdrawn) (string, string) { return e.Warehouse, e.SKU }),
	onUnits(func(e events.StockReceived) (string, string) { return e.Warehouse, e.SKU },
		func(s StockLevel, e events.StockReceived) StockLevel { return s.move(e.Quantity) }),
	onUnits(func(e events.StockAdjusted) (string, string) { return e.Warehouse, e.SKU },
		func(s StockLevel, e events.StockAdjusted) StockLevel { return s.move(e.Quantity) }),
	onUnits(func(e events.StockReturned) (string, string) { return e.Warehouse, e.SKU },
		func(s StockLevel, e events.StockReturned) StockLevel { return s.move(e.Quantity) }),
	onUnits(func(e events.StockCounted) (string, string) { return e.Warehouse, e.SKU },
		func(s StockLevel, e events.StockCounted) StockLevel { return s.move(e.Difference) }),
	onUnits(func(e events.StockTransferredOut) (string, string) { return e.Warehouse, e.SKU },
		func(s StockLevel, e events.StockTransferredOut) StockLevel { return s.move(-e.Quantity) }),
	onUnits(func(e events.StockTransferredIn) (string, string) { return e.Warehouse, e.SKU },
		func(s StockLevel, e events.StockTransferredIn) StockLevel { return s.move(e.Quantity) }),
	onUnits(func(e events.StockReserved) (string, string) { return e.Warehouse, e.SKU }, StockLevel.reserve),
	onUnits(func(e events.StockReleased) (string, string) { return e.Warehouse, e.SKU },
		func(s StockLevel, e events.StockReleased) StockLevel { return s.release(e.OrderID, e.Lines) }),
	onUnits(func(e events.ReservationExpired) (string, string) { return e.Warehouse, e.SKU },
		func(s StockLevel, e events.ReservationExpired) StockLevel { return s.release(e.OrderID, e.Lines) }),
	onUnits(func(e events.StockCommitted) (string, string) { return e.Warehouse, e.SKU },
		func(s StockLevel, e events.StockCommitted) StockLevel {
			return s.release(e.OrderID, e.Lines).move(-events.Units(e.Lines))
		}),
)

// Gone hides a page until its product is registered.
func (p ProductPage) Gone() bool { return p.SKU == "" }

// Place is the product at a warehouse; where it has neither price nor units, a place with none.
func (p ProductPage) Place(warehouse string) ProductPlace {
	if i, found := p.find(warehouse); found {
		return p.Places[i]
	}
	return ProductPlace{Warehouse: warehouse, Availability: p.availability(0)}
}

func (p ProductPage) registered(_ string, f Fact[events.ProductRegistered]) ProductPage {
	e := f.Event
	p.SKU, p.Name, p.Description, p.Category, p.Kind, p.ChangedAt = e.SKU, e.Name, e.Description, e.Category, string(e.Kind), f.At
	p.Discontinued, p.RegisteredAt, p.RecordedAt = false, f.At, f.Rec
	return p.told()
}

// onPrice folds a fact of a price list into the place it belongs to.
func onPrice[E events.PriceEvent](where func(E) (warehouse, sku string)) Rule[ProductPage] {
	return onPlace(where, func(at ProductPlace, e E) ProductPlace {
		at.Prices = events.PriceList(slices.Clip(at.Prices)).Evolve(e)
		return at
	})
}

// onUnits folds a fact of a stock item into the place it belongs to, as stock_levels does.
func onUnits[E events.StockEvent](where func(E) (warehouse, sku string), change func(StockLevel, E) StockLevel) Rule[ProductPage] {
	return onPlace(where, func(at ProductPlace, e E) ProductPlace {
		s := change(StockLevel{OnHand: at.OnHand, Reserved: at.Reserved, Reservations: at.Reservations}, e)
		at.OnHand, at.Reserved, at.Reservations = s.OnHand, s.Reserved, s.Reservations
		return at
	})
}

func onPlace[E events.Event](where func(E) (warehouse, sku string), change func(ProductPlace, E) ProductPlace) Rule[ProductPage] {
	keys := func(e E) []string { _, sku := where(e); return []string{sku} }
	return On(keys, func(p ProductPage, _ string, f Fact[E]) ProductPage {
		warehouse, _ := where(f.Event)
		places := slices.Clone(p.Places)
		i, found := p.find(warehouse)
		if !found {
			places = slices.Insert(places, i, ProductPlace{Warehouse: warehouse})
		}
		places[i] = change(places[i], f.Event)
		p.Places, p.ChangedAt = places, f.At
		return p.told()
	})
}

func (p ProductPage) find(warehouse string) (int, bool) {
	return slices.BinarySearchFunc(p.Places, warehouse, func(at ProductPlace, w string) int { return strings.Compare(at.Warehouse, w) })
}

// told says of every place whether the product can be had there.
func (p ProductPage) told() ProductPage {
	for i, at := range p.Places {
		if word := p.availability(at.OnHand - at.Reserved); word != at.Availability {
			p.Places = slices.Clone(p.Places)
			p.Places[i].Availability = word
		}
	}
	return p
}

func (p ProductPage) availability(units int64) string {
	switch {
	case p.Discontinued:
		return "out"
	case p.Kind == string(events.Service) || units > LowStock:
		return "in"
	case units > 0:
		return "low"
	}
	return "out"
}
