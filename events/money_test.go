package events_test

import (
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	. "tillstream/events"
)

func TestDigitsAreThoseOfISO4217(t *testing.T) {
	for code, want := range map[string]int{"GBP": 2, "EUR": 2, "JPY": 0, "BHD": 3, "CLF": 4, "COP": 2, "IDR": 2, "IQD": 3, "ISK": 0, "HUF": 2} {
		if got, err := Digits(code); err != nil || got != want {
			t.Errorf("%s has %d digits, %v; want %d", code, got, err, want)
		}
	}
	for _, code := range []string{"", "gbp", "GB", "GBPX", "ZZZ", "XXX", "XAU", "DEM", " GBP"} {
		if d, err := Digits(code); err == nil {
			t.Errorf("%q is a currency of %d digits", code, d)
		}
	}
}

func TestAPriceTimesAQuantity(t *testing.T) {
	for _, c := range []struct {
		price    UnitPrice
		quantity int64
		want     Money
	}{
		{UnitPrice{2095, 3, "GBP"}, 1, gbp(210)},   // 2.095 rounds away from zero
		{UnitPrice{2095, 3, "GBP"}, 3, gbp(629)},   // 6.285, rounded once
		{UnitPrice{2094, 3, "GBP"}, 1, gbp(209)},   // 2.094
		{UnitPrice{2095, 3, "GBP"}, -1, gbp(-210)}, // away from zero, not up
		{UnitPrice{25, 1, "GBP"}, 4, gbp(1000)},
		{UnitPrice{7, 0, "GBP"}, 2, gbp(1400)},
		{UnitPrice{1999, 2, "JPY"}, 1, Money{20, "JPY"}},
		{UnitPrice{1, 0, "BHD"}, 1, Money{1000, "BHD"}},
		{UnitPrice{0, 6, "GBP"}, 1 << 40, gbp(0)},
	} {
		if got, err := c.price.Times(c.quantity); err != nil || got != c.want {
			t.Errorf("%d × %+v is %+v, %v; want %+v", c.quantity, c.price, got, err, c.want)
		}
	}
	for name, bad := range map[string]UnitPrice{
		"no currency": {1, 2, "zorkmid"},
		"too fine":    {1, 7, "GBP"},
		"too much":    {math.MaxInt64, 0, "GBP"},
	} {
		if got, err := bad.Times(2); err == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// halfAway rounds an exact number half away from zero, by definition: ⌊|x| + ½⌋ with the sign of x.
func halfAway(x *big.Rat) *big.Int {
	away := new(big.Rat).Add(new(big.Rat).Abs(x), big.NewRat(1, 2))
	n := new(big.Int).Quo(away.Num(), away.Denom())
	if x.Sign() < 0 {
		n.Neg(n)
	}
	return n
}

func drawPrice(t *rapid.T, currency string) UnitPrice {
	return UnitPrice{rapid.Int64Range(-1e12, 1e12).Draw(t, "amount"), uint8(rapid.IntRange(0, MaxScale).Draw(t, "scale")), currency}
}

func TestTimesRoundsOnceHalfAwayFromZero(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawPrice(t, rapid.SampledFrom([]string{"GBP", "JPY", "BHD", "CLF"}).Draw(t, "currency"))
		quantity := rapid.Int64Range(-1e6, 1e6).Draw(t, "quantity")
		digits, _ := Digits(p.Currency)
		minor := exact(p)
		minor.Mul(minor, new(big.Rat).SetInt64(quantity)).Mul(minor, new(big.Rat).SetInt(pow10(digits)))
		want := halfAway(minor)
		got, err := p.Times(quantity)
		if !want.IsInt64() {
			if err == nil {
				t.Fatalf("%v does not fit, yet is %+v", want, got)
			}
			return
		}
		if err != nil || got.Minor != want.Int64() || got.Currency != p.Currency {
			t.Fatalf("%d × %+v is %+v, %v; want %v", quantity, p, got, err, want)
		}
	})
}

func pow10(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

func exact(p UnitPrice) *big.Rat {
	return new(big.Rat).SetFrac(big.NewInt(p.Amount), pow10(int(p.Scale)))
}

func TestPricesCompareByWhatTheySay(t *testing.T) {
	if !(UnitPrice{250, 2, "GBP"}).Equals(UnitPrice{25, 1, "GBP"}) {
		t.Error("2.50 is not 2.5")
	}
	if (UnitPrice{250, 2, "GBP"}).Equals(UnitPrice{25, 1, "EUR"}) {
		t.Error("2.50 pounds are 2.5 euros")
	}
	rapid.Check(t, func(t *rapid.T) {
		p, q := drawPrice(t, "GBP"), drawPrice(t, "GBP")
		if want := exact(p).Cmp(exact(q)); p.Compare(q) != want || q.Compare(p) != -want || p.Equals(q) != (want == 0) {
			t.Fatalf("%+v and %+v compare %d, want %d", p, q, p.Compare(q), want)
		}
		if finer := (UnitPrice{p.Amount * 10, p.Scale + 1, "GBP"}); finer.Scale <= MaxScale && !p.Equals(finer) {
			t.Fatalf("%+v is not %+v", p, finer)
		}
	})
}

func TestSharesSumToTheWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := gbp(rapid.Int64Range(-1e12, 1e12).Draw(t, "minor"))
		whole := rapid.Int64Range(1, 1e6).Draw(t, "whole")
		cuts := append(rapid.SliceOfN(rapid.Int64Range(0, whole), 0, 8).Draw(t, "cuts"), whole)
		sum, before := gbp(0), int64(0)
		for _, cut := range cuts {
			before = max(before, cut)
			share := m.Share(before, whole)
			want := halfAway(new(big.Rat).Mul(new(big.Rat).SetInt64(m.Minor), big.NewRat(before, whole)))
			if share.Minor != want.Int64() || share.Currency != m.Currency {
				t.Fatalf("%d of %d of %v is %v, want %v", before, whole, m, share, want)
			}
			part := share.Minus(sum)
			if part.Minor != 0 && (part.Minor > 0) != (m.Minor > 0) {
				t.Fatalf("a part of %v is %v", m, part)
			}
			sum = sum.Plus(part)
		}
		if sum != m {
			t.Fatalf("the parts of %v sum to %v", m, sum)
		}
	})
	if got := gbp(100).Share(1, 0); got != gbp(0) {
		t.Errorf("a share of nothing is %v", got)
	}
}

func TestMoneyAddsUpWithinOneCurrency(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := gbp(rapid.Int64Range(-1e15, 1e15).Draw(t, "a")), gbp(rapid.Int64Range(-1e15, 1e15).Draw(t, "b"))
		if a.Plus(b) != gbp(a.Minor+b.Minor) || a.Minus(b) != gbp(a.Minor-b.Minor) || a.Plus(b) != b.Plus(a) {
			t.Fatalf("%v and %v", a, b)
		}
	})
	if (Money{}).Plus(gbp(5)) != gbp(5) || gbp(5).Plus(Money{}) != gbp(5) {
		t.Error("the zero money has a currency of its own")
	}
	for name, broken := range map[string]func(){
		"two currencies": func() { gbp(1).Plus(Money{1, "EUR"}) },
		"too much":       func() { gbp(math.MaxInt64).Plus(gbp(1)) },
		"too little":     func() { gbp(math.MinInt64).Plus(gbp(-1)) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s add up", name)
				}
			}()
			broken()
		}()
	}
}
