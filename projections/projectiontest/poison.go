package projectiontest

import (
	"slices"

	"tillstream/events"
	"tillstream/projections"
)

// Poisoned is Shelf with folds that cannot go on with some facts, and that make of some what no host keeps. Which facts
// these are is told by their position.
var Poisoned = projections.Define("shelf", 1,
	projections.OnFact(func(f projections.Fact[events.ProductRegistered]) []string {
		if f.Position%13 == 0 {
			panic("whose product is this?")
		}
		return []string{f.Event.SKU, "of " + f.Event.Category}
	}, poison(registered)),
	projections.On(func(e events.ProductDiscontinued) []string { return []string{e.SKU} }, poison(discontinued)),
	projections.On(func(e events.StockReceived) []string { return []string{e.SKU, "in " + e.Warehouse, e.SKU} }, poison(received)),
	projections.On(func(e events.StockAdjusted) []string { return []string{e.SKU} }, poison(adjusted)),
	projections.OnAny(func(r events.Recorded) []string { return []string{"every " + r.Type()} }, counted),
)

// poison spoils a fold for one fact in eleven, one way or another. What no host keeps stays so under further facts.
func poison[E events.Event](fold func(Sample, string, projections.Fact[E]) Sample) func(Sample, string, projections.Fact[E]) Sample {
	return func(s Sample, key string, f projections.Fact[E]) Sample {
		now := fold(s, key, f)
		switch f.Position % 33 {
		case 0:
			panic("a fold that was not thought through")
		case 11:
			projections.Fail("position %d is not what it should be", f.Position)
		case 22:
			now.Units |= 1 << 63
		}
		return now
	}
}

// Tagged is a view that reaches values by what is in them.
var Tagged = projections.Define("tagged", 1, tagged(func(f func(Sample, string, projections.Fact[events.ProductRegistered]) Sample) func(Sample, string, projections.Fact[events.ProductRegistered]) Sample {
	return f
})...)

// PoisonedTagged is Tagged with a fold that cannot go on with some facts.
var PoisonedTagged = projections.Define("tagged", 1, tagged(poison[events.ProductRegistered])...)

func tagged(spoil func(func(Sample, string, projections.Fact[events.ProductRegistered]) Sample) func(Sample, string, projections.Fact[events.ProductRegistered]) Sample) []projections.Rule[Sample] {
	return []projections.Rule[Sample]{
		projections.Index("tag", func(s Sample) []string { return s.Tags }),
		projections.On(func(e events.ProductRegistered) []string { return []string{e.SKU} }, spoil(retagged)),
		projections.On(func(e events.ProductDiscontinued) []string { return []string{e.SKU} }, discontinued),
		projections.On(func(e events.ProductCategorised) []string { return []string{e.SKU} }, categorised),
		projections.OnIndexed("tag", func(e events.ProductCategorised) string { return e.Category }, neighboured),
		projections.OnIndexed("tag", func(e events.StockReceived) string { return e.Warehouse }, neighbours),
	}
}

func retagged(s Sample, _ string, f projections.Fact[events.ProductRegistered]) Sample {
	s.Name, s.Closed, s.Tags = f.Event.Name, false, []string{f.Event.Category}
	return s
}

// categorised moves a value from one entry to another.
func categorised(s Sample, _ string, f projections.Fact[events.ProductCategorised]) Sample {
	s.Grade, s.Tags = Grade(f.Event.Category), []string{f.Event.Category, f.Event.SKU}
	return s
}

func neighboured(s Sample, _ string, _ projections.Fact[events.ProductCategorised]) Sample {
	s.Count++
	return s
}

func neighbours(s Sample, _ string, f projections.Fact[events.StockReceived]) Sample {
	s.Minor += f.Event.Quantity
	if s.Minor%3 == 0 {
		s.Tags = slices.Concat(s.Tags, []string{"third"})
	}
	return s
}
