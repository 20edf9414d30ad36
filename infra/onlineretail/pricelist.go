package onlineretail

import (
	"maps"
	"slices"

	"tillstream/events"
)

// priceList is the last price that the sales of a file have set, by SKU.
type priceList map[string]events.UnitPrice

// of lists the prices that a day's sales set: per SKU the most frequent one of its lines (of equally frequent ones the
// highest), where it differs from the last. A line for nothing is a gift, not a price.
func (l priceList) of(docs []*Document) (set []ListPrice) {
	frequency := map[string]map[events.UnitPrice]int{}
	for _, d := range docs {
		if d.Class != Sale {
			continue
		}
		for _, r := range d.Rows {
			if r.Unit.Amount == 0 {
				continue
			}
			if frequency[r.SKU] == nil {
				frequency[r.SKU] = map[events.UnitPrice]int{}
			}
			frequency[r.SKU][r.Unit]++
		}
	}
	for _, sku := range slices.Sorted(maps.Keys(frequency)) {
		var best events.UnitPrice
		most := 0
		for price, n := range frequency[sku] {
			if n > most || n == most && price.Compare(best) > 0 {
				best, most = price, n
			}
		}
		if last, known := l[sku]; !known || !last.Equals(best) {
			l[sku] = best
			set = append(set, ListPrice{sku, best})
		}
	}
	return set
}
