package gateway

import (
	"maps"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"tillstream/events"
	typesv1 "tillstream/gateway/api/types/v1"
)

func unitOf(p events.UnitPrice) *typesv1.UnitPrice {
	return &typesv1.UnitPrice{Amount: new(p.Amount), Scale: new(uint32(p.Scale)), Currency: p.Currency}
}

func moneyOf(m events.Money) *typesv1.Money {
	return &typesv1.Money{Minor: m.Minor, Currency: m.Currency}
}

func minorOf(minor int64, currency string) *typesv1.Money {
	return &typesv1.Money{Minor: minor, Currency: currency}
}

func totalsOf(t events.Totals) *typesv1.Totals {
	return &typesv1.Totals{Net: moneyOf(t.Net), Tax: moneyOf(t.Tax), Gross: moneyOf(t.Gross)}
}

// unitFrom reads a unit price of a request.
func unitFrom(field string, p *typesv1.UnitPrice) (events.UnitPrice, error) {
	if p == nil {
		return events.UnitPrice{}, badField(field, "is required: {\"amount\": 2095, \"scale\": 3, \"currency\": \"GBP\"} is 2.095 pounds")
	}
	if p.GetScale() > events.MaxScale {
		return events.UnitPrice{}, badField(field+".scale", "is %d, at most %d decimal places are allowed", p.GetScale(), events.MaxScale)
	}
	return events.UnitPrice{Amount: p.GetAmount(), Scale: uint8(p.GetScale()), Currency: p.Currency}, nil
}

// timeOf is the zero time for nil.
func timeOf(t *timestamppb.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return events.Time(t.AsTime())
}

func stampOrNil(t *time.Time) *timestamppb.Timestamp {
	if t == nil {
		return nil
	}
	return timestamppb.New(*t)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
