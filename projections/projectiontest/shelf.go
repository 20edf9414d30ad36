package projectiontest

import (
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"tillstream/events"
	"tillstream/projections"
)

// Shelf is a view that does everything a view can: several keys of one fact, tombstones and returns from them, nested
// values, opened columns, a rule for all facts, and folds that change nothing.
var Shelf = projections.Define("shelf", 1,
	projections.On(func(e events.ProductRegistered) []string { return []string{e.SKU, "of " + e.Category} }, registered),
	projections.On(func(e events.ProductDiscontinued) []string { return []string{e.SKU} }, discontinued),
	projections.On(func(e events.StockReceived) []string { return []string{e.SKU, "in " + e.Warehouse, e.SKU} }, received),
	projections.On(func(e events.StockAdjusted) []string { return []string{e.SKU} }, adjusted),
	projections.OnAny(func(r events.Recorded) []string { return []string{"every " + r.Type()} }, counted),
)

func registered(s Sample, key string, f projections.Fact[events.ProductRegistered]) Sample {
	if key != f.Event.SKU {
		s.Tags = append(slices.Clone(s.Tags), f.Event.SKU)
		return s
	}
	s.Name, s.Grade, s.Closed, s.At, s.Until = f.Event.Name, Grade(f.Event.Kind), false, f.At, nil
	s.Contact = sealed("supplier", "Supplier of "+f.Event.Name)
	s.Tags = []string{}
	return s
}

func discontinued(s Sample, _ string, f projections.Fact[events.ProductDiscontinued]) Sample {
	at := f.At
	s.Closed, s.Until, s.Contact, s.Tags = true, &at, nil, nil
	return s
}

func received(s Sample, key string, f projections.Fact[events.StockReceived]) Sample {
	if key != f.Event.SKU {
		s.Units += uint64(f.Event.Quantity)
		return s
	}
	s.Minor += f.Event.Quantity
	s.Sizes = maps.Clone(s.Sizes)
	if s.Sizes == nil {
		s.Sizes = map[string]int64{}
	}
	s.Sizes[f.Event.Warehouse] += f.Event.Quantity
	return s
}

// adjusted sets, so that most adjustments change nothing.
func adjusted(s Sample, _ string, f projections.Fact[events.StockAdjusted]) Sample {
	s.First = &Part{SKU: f.Event.SKU, Taken: f.Event.Quantity}
	return s
}

func counted(s Sample, _ string, _ events.Recorded) Sample {
	s.Count++
	return s
}

// ShelfHistory is a log of n facts of few products, the same for a seed.
func ShelfHistory(seed uint64, n int) []events.Recorded {
	r := rand.New(rand.NewPCG(seed, 1851))
	skus, warehouses := []string{"A", "B", "ч", ""}, []string{"north", "south"}
	log := make([]events.Recorded, n)
	position := events.Position(0)
	for i := range log {
		sku, warehouse := skus[r.IntN(len(skus))], warehouses[r.IntN(len(warehouses))]
		var e events.Event
		switch r.IntN(6) {
		case 0:
			e = events.ProductRegistered{SKU: sku, Name: "Name " + sku, Kind: events.Goods, Category: warehouse}
		case 1:
			e = events.ProductDiscontinued{SKU: sku}
		case 2, 3:
			e = events.StockReceived{SKU: sku, Warehouse: warehouse, Quantity: 1 + r.Int64N(9)}
		case 4:
			e = events.StockAdjusted{SKU: sku, Warehouse: warehouse, Quantity: r.Int64N(2)}
		case 5:
			e = events.ProductCategorised{SKU: sku, Category: warehouse} // heard by the rule for all alone
		}
		position += events.Position(1 + r.Uint64N(50))
		at := time.Date(2010, 12, 1, 8, 0, i, 0, time.UTC)
		log[i] = events.Recorded{Event: e, Meta: events.Meta{At: at, Rec: at}, Stream: "shelf-" + sku, Position: position}
	}
	return log
}
