package commands

import (
	"cmp"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"tillstream/events"
)

// Limits of what a command may carry. Lengths are in characters, but for descriptions.
const (
	idMax          = 64
	skuMax         = 64
	nameMax        = 256
	noteMax        = 256 // reasons, references, categories
	countryMax     = 64
	descriptionMax = 64 << 10      // bytes
	sealedMax      = 4 << 10       // bytes of cipher text
	quantityMax    = 1_000_000_000 // units in one command
	linesMax       = 1500          // lines in one command
)

// sealedMin is the nonce and the tag of AES-GCM: the cipher text of nothing.
const sealedMin = 12 + 16

var warehouseForm = regexp.MustCompile(`^[A-Z0-9_-]{1,32}$`)

// A command is checked before it is decided: the same wish is well formed or not, whatever the state. SKUs and codes of
// warehouses are made canonical rather than refused, in Stream and in Decide alike, so that no spelling opens a second
// stream of the same thing.

// check answers with the first problem there is.
func check(problems ...*Rejection) error {
	if p := cmp.Or(problems...); p != nil {
		return p
	}
	return nil
}

// checkID wants 1 to 64 visible ASCII characters: an id stands in a stream's name.
func checkID(field, id string) *Rejection {
	if id == "" {
		return invalid(field, "is required")
	}
	return checkOptionalID(field, id)
}

func checkOptionalID(field, id string) *Rejection {
	if len(id) > idMax {
		return invalid(field, "has %d characters, at most %d are allowed", len(id), idMax)
	}
	if strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return invalid(field, "may hold visible ASCII characters only, and no space")
	}
	return nil
}

// checkSKU wants a canonical SKU: see events.SKU.
func checkSKU(sku string) *Rejection {
	switch {
	case sku == "":
		return invalid("sku", "is required")
	case utf8.RuneCountInString(sku) > skuMax:
		return invalid("sku", "has more than %d characters", skuMax)
	case strings.ContainsFunc(sku, func(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError }):
		return invalid("sku", "may hold printable characters only")
	case sku == "." || sku == "..":
		return invalid("sku", "may not be %s, which no path can name", sku)
	case sku != events.SKU(sku):
		return invalid("sku", "is compared as %q: write it so", events.SKU(sku))
	}
	return nil
}

// checkWarehouse wants the canonical code of a warehouse: see events.Warehouse.
func checkWarehouse(field, code string) *Rejection {
	if !warehouseForm.MatchString(code) {
		return invalid(field, "is the code of a warehouse: 1 to 32 of A–Z, 0–9, _ and -")
	}
	return nil
}

// checkName wants a line of text that is not blank.
func checkName(field, s string, longest int) *Rejection {
	if strings.TrimSpace(s) == "" {
		return invalid(field, "is required")
	}
	return checkNote(field, s, longest)
}

// checkNote allows a line of text, or none. Control characters are refused, NUL because no view could keep it.
func checkNote(field, s string, longest int) *Rejection {
	switch n := utf8.RuneCountInString(s); {
	case !utf8.ValidString(s):
		return invalid(field, "is not UTF-8")
	case n > longest:
		return invalid(field, "has %d characters, at most %d are allowed", n, longest)
	case strings.ContainsFunc(s, unicode.IsControl):
		return invalid(field, "may not hold control characters")
	}
	return nil
}

// checkText allows text of several lines, or none.
func checkText(field, s string) *Rejection {
	control := func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' }
	switch {
	case !utf8.ValidString(s):
		return invalid(field, "is not UTF-8")
	case len(s) > descriptionMax:
		return invalid(field, "has %d bytes, at most %d are allowed", len(s), descriptionMax)
	case strings.ContainsFunc(s, control):
		return invalid(field, "may not hold control characters other than line breaks and tabs")
	}
	return nil
}

// checkCountry wants a country as the shop or the books it was imported from write it: DE, Germany, Channel Islands.
func checkCountry(country string) *Rejection { return checkName("country", country, countryMax) }

// checkQuantity wants 1 to a thousand million units.
func checkQuantity(field string, n int64) *Rejection {
	if n < 1 || n > quantityMax {
		return invalid(field, "is %d, it must be from 1 to %d", n, int64(quantityMax))
	}
	return nil
}

// checkDifference wants units that came or went: not 0, and a thousand million at most.
func checkDifference(field string, n int64) *Rejection {
	switch {
	case n == 0:
		return invalid(field, "is 0 or missing: say how many units came, or, below 0, how many went")
	case n < -quantityMax || n > quantityMax:
		return invalid(field, "is %d, it must be from -%d to %d", n, int64(quantityMax), int64(quantityMax))
	}
	return nil
}

// checkLines wants quantities of different order lines, a thousand million units at most in all.
func checkLines(lines []events.LineQuantity) *Rejection {
	if len(lines) == 0 {
		return invalid("lines", "is required: name at least one line")
	}
	if len(lines) > linesMax {
		return invalid("lines", "has %d entries, at most %d are allowed", len(lines), linesMax)
	}
	named := make(map[string]bool, len(lines))
	for i, l := range lines {
		if bad := cmp.Or(checkID("line_id", l.LineID), checkQuantity("quantity", l.Quantity)).Within(entry("lines", i)); bad != nil {
			return bad
		}
		if named[l.LineID] {
			return invalid("lines", "names line %s twice", l.LineID)
		}
		named[l.LineID] = true
	}
	return checkQuantity("lines", events.Units(lines))
}

// checkUnit wants a price of 0 or more, in a currency there is, with six decimal places at most.
func checkUnit(field string, p events.UnitPrice) *Rejection {
	if _, err := events.Digits(p.Currency); err != nil {
		return invalid(field+".currency", "is not usable: %v", err)
	}
	if p.Scale > events.MaxScale {
		return invalid(field+".scale", "is %d, at most %d decimal places are allowed", p.Scale, events.MaxScale)
	}
	if p.Amount < 0 {
		return invalid(field+".amount", "is %d, it must not be negative", p.Amount)
	}
	return nil
}

// checkSealed wants a datum sealed for subject, or none.
func checkSealed(field string, s *events.Sealed, subject string) *Rejection {
	if s == nil {
		return nil
	}
	if s.Subject != subject {
		return invalid(field, "is sealed for another subject than %s", subject)
	}
	if n := len(s.Cipher); n < sealedMin || n > sealedMax {
		return invalid(field, "has a cipher text of %d bytes, it must be from %d to %d", n, sealedMin, sealedMax)
	}
	return nil
}

// checkInstant wants an instant that JSON and every view can hold.
func checkInstant(field string, t time.Time) *Rejection {
	if t.IsZero() {
		return invalid(field, "is required")
	}
	if y := t.UTC().Year(); y < 1900 || y > 9999 {
		return invalid(field, "is in the year %d, it must be from 1900 to 9999", y)
	}
	return nil
}
