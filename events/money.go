package events

import (
	"fmt"
	"math"
	"math/big"
)

// Money is a total: integer minor units of an ISO 4217 currency.
type Money struct {
	Minor    int64  `json:"minor"`
	Currency string `json:"currency"`
}

// UnitPrice is what one unit costs: Amount × 10^-Scale. Real price lists have thousandths.
type UnitPrice struct {
	Amount   int64  `json:"amount"`
	Scale    uint8  `json:"scale"`
	Currency string `json:"currency"`
}

// MaxScale is the finest unit price: 10^-6 of a currency unit.
const MaxScale = 6

// HalfAwayPerLine names the one rounding rule there is: quantity × unit price, rounded half away from zero to the minor
// unit, once per line. It is stored with every order, so that another rule can come.
const HalfAwayPerLine = "half_away_from_zero_per_line"

// Times is the total of quantity units, by HalfAwayPerLine. It fails on an unknown currency, a scale beyond MaxScale,
// and on a total that does not fit 64 bits.
func (p UnitPrice) Times(quantity int64) (Money, error) {
	digits, err := Digits(p.Currency)
	if err != nil {
		return Money{}, err
	}
	if p.Scale > MaxScale {
		return Money{}, fmt.Errorf("a unit price has at most %d decimal places, not %d", MaxScale, p.Scale)
	}
	total := new(big.Int).Mul(big.NewInt(p.Amount), big.NewInt(quantity))
	minor := shift(total, digits-int(p.Scale))
	if !minor.IsInt64() {
		return Money{}, fmt.Errorf("%d × %d is more money than 64 bits hold", quantity, p.Amount)
	}
	return Money{minor.Int64(), p.Currency}, nil
}

// Equals tells whether p and q are the same price: 2.50 equals 2.5.
func (p UnitPrice) Equals(q UnitPrice) bool { return p.Currency == q.Currency && p.Compare(q) == 0 }

// Compare orders two prices of one currency by amount, whatever their scales.
func (p UnitPrice) Compare(q UnitPrice) int {
	a, b := big.NewInt(p.Amount), big.NewInt(q.Amount)
	return shift(a, int(q.Scale)).Cmp(shift(b, int(p.Scale)))
}

// shift is n × 10^places, rounded half away from zero.
func shift(n *big.Int, places int) *big.Int {
	ten := big.NewInt(10)
	if places >= 0 {
		return n.Mul(n, ten.Exp(ten, big.NewInt(int64(places)), nil))
	}
	divisor := ten.Exp(ten, big.NewInt(int64(-places)), nil)
	half := new(big.Int).Rsh(divisor, 1)
	if n.Sign() < 0 {
		half.Neg(half)
	}
	return n.Quo(n.Add(n, half), divisor)
}

// Plus adds two totals of one currency; the zero Money takes the other's currency. Both are totals of one order or
// payment, whose decision has refused a mix of currencies and a sum beyond 64 bits: either one here is a broken
// invariant, and panics.
func (m Money) Plus(o Money) Money {
	if m == (Money{}) {
		return o
	}
	if o == (Money{}) {
		return m
	}
	sum := m.Minor + o.Minor
	if m.Currency != o.Currency || (sum > m.Minor) != (o.Minor > 0) {
		panic(fmt.Sprintf("events: %v and %v do not add up", m, o))
	}
	return Money{sum, m.Currency}
}

// Minus is m.Plus(o.Negated()).
func (m Money) Minus(o Money) Money { return m.Plus(o.Negated()) }

// Negated is the opposite total.
func (m Money) Negated() Money { return Money{-m.Minor, m.Currency} }

// Share is the part of m that `part` of `whole` units carry, rounded half away from zero. Taking the shares of rising
// parts and subtracting neighbours splits m without losing a penny.
func (m Money) Share(part, whole int64) Money {
	if whole == 0 {
		return Money{0, m.Currency}
	}
	n := new(big.Int).Mul(big.NewInt(m.Minor), big.NewInt(part))
	half := big.NewInt(whole / 2)
	if n.Sign() < 0 {
		half.Neg(half)
	}
	n.Quo(n.Add(n, half), big.NewInt(whole))
	if !n.IsInt64() {
		return Money{math.MaxInt64, m.Currency}
	}
	return Money{n.Int64(), m.Currency}
}
