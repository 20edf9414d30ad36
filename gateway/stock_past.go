package gateway

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"tillstream/projections"
)

// Limits of summing stock of another time.
const (
	dayKeysMost  = 5_000 // days that one query sums entry by entry
	wholeDaysTry = 10    // times that whole days are looked at until they stand still
)

// stockSum is what a stock item had.
type stockSum struct{ onHand, reserved int64 }

// stockPlace is a stock item in the order in which sums are grouped: warehouse, SKU.
type stockPlace [2]string

var byStockPlace = []projections.Dimension{{Column: "warehouse"}, {Column: "sku"}}

func (g *Gateway) stockDays() named {
	return named{projections.DailyStockMovements.Name, g.deps.Views.DailyStockMovements}
}

func (g *Gateway) stockLedger() named {
	return named{projections.StockLedger.Name, g.deps.Views.StockLedger}
}

// levelsThen is stock levels at other times. What each item had is the sum of its days that lie before as_of and were
// recorded by known_at, as a whole, and of the single entries of those that do only in part: the day of as_of, and days
// of which we heard both before and after known_at. So the cost is one of days, however much moves on each.
func (s stockService) levelsThen(ctx context.Context, levels []projections.StockLevel, t times) ([]projections.StockLevel, error) {
	sums := make(map[stockPlace]stockSum, len(levels))
	partly, err := s.sumWholeDays(ctx, levels, t, sums)
	if err != nil {
		return nil, err
	}
	if !t.asOf.IsZero() {
		for _, l := range levels {
			partly = append(partly, projections.StockDayKey(l.Warehouse, l.SKU, t.asOf))
		}
	}
	if err := s.catchUp(ctx, s.stockLedger(), s.stockDays().AtOf(ctx).At); err != nil { // it must know what the days know
		return nil, err
	}
	if err := s.sumEntries(ctx, partly, t, sums); err != nil {
		return nil, err
	}
	then := make([]projections.StockLevel, len(levels))
	for i, l := range levels {
		had := sums[stockPlace{l.Warehouse, l.SKU}]
		then[i] = projections.StockLevel{SKU: l.SKU, Warehouse: l.Warehouse, OnHand: had.onHand, Reserved: had.reserved,
			Available: had.onHand - had.reserved}
	}
	return then, nil
}

// sumWholeDays adds up the days that count as a whole, and answers those that count in part. A fact that comes meanwhile
// can make one of the latter of a day of the former: then both are asked for again.
func (s stockService) sumWholeDays(ctx context.Context, levels []projections.StockLevel, t times, sums map[stockPlace]stockSum) (partly []string, err error) {
	days := daysOf(levels, t.asOf)
	for range wholeDaysTry {
		whole, err := s.wholeDays(ctx, days, t.knownAt)
		if err != nil {
			return nil, err
		}
		if !t.knownAt.IsZero() {
			if partly, err = s.daysKnownInPart(ctx, days, t.knownAt); err != nil {
				return nil, err
			}
			again, err := s.wholeDays(ctx, days, t.knownAt)
			if err != nil {
				return nil, err
			}
			if rowsOf(again) != rowsOf(whole) {
				continue
			}
		}
		for _, g := range whole {
			sums[placeOf(g)] = stockSum{g.Sum[0] - g.Sum[1], g.Sum[2]}
		}
		return partly, nil
	}
	return nil, problem(http.StatusServiceUnavailable, "out_of_time", "facts of these stock items kept coming in while they were summed: ask again").
		with("retry_after", 1)
}

// daysOf is the days of stock items that lie before the day of as_of; all of them without one.
func daysOf(levels []projections.StockLevel, asOf time.Time) (where []projections.Cond) {
	skus := make([]string, len(levels))
	for i, l := range levels {
		skus[i] = l.SKU
	}
	slices.Sort(skus)
	where = append(where, projections.Cond{Column: "sku", Op: projections.In, Value: slices.Compact(skus)})
	if !asOf.IsZero() {
		where = append(where, projections.Cond{Column: "day", Op: projections.Lt, Value: asOf.UTC().Format(time.DateOnly)})
	}
	return where
}

// wholeDays sums the days of which all was recorded by then; without a time, all of them.
func (s stockService) wholeDays(ctx context.Context, days []projections.Cond, knownAt time.Time) ([]projections.Group, error) {
	where := times{knownAt: knownAt}.where(slices.Clip(days), "", "last_recorded_at")
	return s.deps.Views.DailyStockMovements.Group(ctx, projections.Grouping{Where: where, By: byStockPlace,
		Sum: []string{"units_in", "units_out", "reserved"}})
}

// daysKnownInPart names the days of which some was recorded by then, and some later.
func (s stockService) daysKnownInPart(ctx context.Context, days []projections.Cond, knownAt time.Time) ([]string, error) {
	where := append(slices.Clip(days), projections.Cond{Column: "first_recorded_at", Op: projections.Le, Value: knownAt},
		projections.Cond{Column: "last_recorded_at", Op: projections.Gt, Value: knownAt})
	// Grouped, not listed: a list in the order of its keys would be read along all the keys there are.
	groups, err := s.deps.Views.DailyStockMovements.Group(ctx, projections.Grouping{Where: where, By: []projections.Dimension{{Column: "key"}}})
	if query := (*projections.QueryError)(nil); errors.As(err, &query) {
		return nil, badField("limit", "asks for too many stock items at once: more than %d of their days were recorded partly before known_at, partly later",
			projections.GroupsMost)
	}
	keys := make([]string, len(groups))
	for i, g := range groups {
		keys[i] = texts(g.Keys)[0]
	}
	return keys, err
}

// sumEntries adds the single entries of some days that were so and known then.
func (s stockService) sumEntries(ctx context.Context, days []string, t times, sums map[stockPlace]stockSum) error {
	for some := range slices.Chunk(days, dayKeysMost) {
		where := t.where([]projections.Cond{{Column: "day_key", Op: projections.In, Value: some}}, "at", "recorded_at")
		groups, err := s.deps.Views.StockLedger.Group(ctx, projections.Grouping{Where: where, By: byStockPlace, Sum: []string{"on_hand", "reserved"}})
		if err != nil {
			return err
		}
		for _, g := range groups {
			sum := sums[placeOf(g)]
			sum.onHand += g.Sum[0]
			sum.reserved += g.Sum[1]
			sums[placeOf(g)] = sum
		}
	}
	return nil
}

func placeOf(g projections.Group) stockPlace {
	place := texts(g.Keys)
	return stockPlace{place[0], place[1]}
}

func rowsOf(groups []projections.Group) (n int64) {
	for _, g := range groups {
		n += g.Rows
	}
	return n
}
