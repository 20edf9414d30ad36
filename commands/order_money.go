package commands

import (
	"cmp"

	"tillstream/events"
)

// Limits of the money in one order. Sums over an order of any shape within them fit 64 bits.
const (
	amountMax    = 1_000_000_000_000_000 // minor units, of any one amount and of an order
	discountsMax = 20                    // on a line
	taxesMax     = 10                    // on a line or charge
	chargesMax   = 100                   // on an order
	ratePPMMax   = 10_000_000            // ten times the price
	fxScaleMax   = 12
)

// PriceLine answers with l and its Net and Gross worked out: Net = Quantity × Unit by events.HalfAwayPerLine, less the
// discounts; Gross = Net and the taxes that are not included in it. It fails with the *Rejection of what PlaceOrder would
// refuse, whose field is of the line: see Rejection.Within.
func PriceLine(l events.Line) (events.Line, error) {
	if bad := cmp.Or(checkQuantity("quantity", l.Quantity), checkUnit("unit", l.Unit), checkParts(l)); bad != nil {
		return l, bad
	}
	full, err := l.Unit.Times(l.Quantity)
	if err != nil {
		return l, invalid("unit", "has no total: %v", err)
	}
	if full.Minor > amountMax {
		return l, invalid("quantity", "makes a line of %d minor units, at most %d are allowed", full.Minor, int64(amountMax))
	}
	l.Net = full
	for _, d := range l.Discounts {
		l.Net = l.Net.Minus(d.Amount)
	}
	l.Gross = l.Net.Plus(taxOn(l.Taxes, false))
	if l.Gross.Minor > amountMax {
		return l, invalid("quantity", "makes a line of %d minor units, at most %d are allowed", l.Gross.Minor, int64(amountMax))
	}
	if l.Net.Minor < 0 {
		return l, invalid("discounts", "take %d off a line of %d", full.Minor-l.Net.Minor, full.Minor)
	}
	if taxOn(l.Taxes, true).Minor > l.Net.Minor {
		return l, invalid("taxes", "include more than the whole price")
	}
	return l, nil
}

// TotalsOf adds up an order: Gross is what the customer owes for lines and charges, Tax every tax in it, whether or not
// it was included in a price, and Net the rest. The lines are as PriceLine answers them.
func TotalsOf(currency string, lines []events.Line, charges []events.Charge) events.Totals {
	gross, tax := events.Money{Currency: currency}, events.Money{Currency: currency}
	for _, l := range lines {
		gross = gross.Plus(l.Gross)
		tax = tax.Plus(taxOn(l.Taxes, false)).Plus(taxOn(l.Taxes, true))
	}
	for _, c := range charges {
		onTop := taxOn(c.Taxes, false)
		gross = gross.Plus(c.Amount).Plus(onTop)
		tax = tax.Plus(onTop).Plus(taxOn(c.Taxes, true))
	}
	return events.Totals{Net: gross.Minus(tax), Tax: tax, Gross: gross}
}

// taxOn adds up the taxes that are, or are not, included in a price.
func taxOn(taxes []events.Tax, included bool) (sum events.Money) {
	for _, t := range taxes {
		if t.Included == included {
			sum = sum.Plus(t.Amount)
		}
	}
	return sum
}

// checkCurrency wants an ISO 4217 currency.
func checkCurrency(field, code string) *Rejection {
	if _, err := events.Digits(code); err != nil {
		return invalid(field, "is not usable: %v", err)
	}
	return nil
}

// checkMoney wants an amount of 0 or more in currency.
func checkMoney(field string, m events.Money, currency string) *Rejection {
	switch {
	case m.Currency != currency:
		return invalid(field, "is in %q, it must be in %q", m.Currency, currency)
	case m.Minor < 0:
		return invalid(field, "is %d, it must not be negative", m.Minor)
	case m.Minor > amountMax:
		return invalid(field, "is %d, at most %d minor units are allowed", m.Minor, int64(amountMax))
	}
	return nil
}

// checkParts wants discounts and taxes in the currency of the line's unit price.
func checkParts(l events.Line) *Rejection {
	if len(l.Discounts) > discountsMax {
		return invalid("discounts", "has %d entries, at most %d are allowed", len(l.Discounts), discountsMax)
	}
	for i, d := range l.Discounts {
		bad := cmp.Or(checkName("name", d.Name, nameMax), checkMoney("amount", d.Amount, l.Unit.Currency)).Within(entry("discounts", i))
		if bad != nil {
			return bad
		}
	}
	return checkTaxes("taxes", l.Taxes, l.Unit.Currency)
}

// checkTaxes trusts the amounts: how a tax is worked out of its rate differs from country to country.
func checkTaxes(field string, taxes []events.Tax, currency string) *Rejection {
	if len(taxes) > taxesMax {
		return invalid(field, "has %d entries, at most %d are allowed", len(taxes), taxesMax)
	}
	for i, t := range taxes {
		field := entry(field, i)
		if t.RatePPM < 0 || t.RatePPM > ratePPMMax {
			return invalid(field+".rate_ppm", "is %d, it must be from 0 to %d", t.RatePPM, ratePPMMax)
		}
		if bad := cmp.Or(checkName(field+".name", t.Name, nameMax), checkMoney(field+".amount", t.Amount, currency)); bad != nil {
			return bad
		}
	}
	return nil
}

func checkCharges(charges []events.Charge, currency string) *Rejection {
	if len(charges) > chargesMax {
		return invalid("charges", "has %d entries, at most %d are allowed", len(charges), chargesMax)
	}
	for i, c := range charges {
		bad := cmp.Or(checkName("name", c.Name, nameMax), checkMoney("amount", c.Amount, currency), checkTaxes("taxes", c.Taxes, currency)).
			Within(entry("charges", i))
		if bad != nil {
			return bad
		}
		if taxOn(c.Taxes, true).Minor > c.Amount.Minor {
			return invalid(entry("charges", i)+".taxes", "include more than the whole charge")
		}
	}
	return nil
}

func checkFX(fx *events.FX, currency string) *Rejection {
	if fx == nil {
		return nil
	}
	if bad := checkCurrency("fx.currency", fx.Currency); bad != nil {
		return bad
	}
	switch {
	case fx.Currency == currency:
		return invalid("fx.currency", "is the currency of the order itself")
	case fx.Rate <= 0:
		return invalid("fx.rate", "is %d, it must be above 0", fx.Rate)
	case fx.Scale > fxScaleMax:
		return invalid("fx.scale", "is %d, at most %d decimal places are allowed", fx.Scale, fxScaleMax)
	}
	return nil
}
