package projections_test

import (
	"testing"

	"tillstream/events"
	. "tillstream/projections"
)

var lantern = events.ProductRegistered{SKU: "85123A", Name: "LANTERN", Description: "white", Category: "light", Kind: events.Goods}

func TestProducts(t *testing.T) {
	specify(t, Products, []spec[Product]{
		{name: "opens the product", key: "85123A", when: lantern,
			then: columns{"sku": "85123A", "name": "LANTERN", "description": "white", "category": "light", "kind": "goods",
				"registered_at": dawn}},
		{name: "replaces name and description", key: "85123A", given: []events.Event{lantern},
			when: events.ProductDescribed{SKU: "85123A", Name: "WHITE LANTERN"},
			then: columns{"name": "WHITE LANTERN", "description": ""}},
		{name: "moves it", key: "85123A", given: []events.Event{lantern},
			when: events.ProductCategorised{SKU: "85123A", Category: "gifts"}, then: columns{"category": "gifts"}},
		{name: "keeps what it was", key: "85123A", given: []events.Event{lantern},
			when: events.ProductDiscontinued{SKU: "85123A"}, then: columns{"discontinued": true}},
	})
}
