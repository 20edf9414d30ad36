package events

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Sentence says a fact in plain words, as a merchant would: what happened, to what, how much, and why. Personal data is
// said to be there, as "name (sealed)", and never said; long ids are cut to their beginning. A fact that has no words of
// its own is said by its type.
func Sentence(e Event) string {
	if told, has := e.(interface{ Sentence() string }); has {
		return told.Sentence()
	}
	return e.Type()
}

const (
	shortFrom = 24 // ids of so many characters are cut: people cannot compare them anyway
	shortTo   = 8
)

// short is an id as people can read it.
func short(id string) string {
	if len(id) < shortFrom || strings.ContainsFunc(id, func(r rune) bool { return r > unicode.MaxASCII }) {
		return id
	}
	return id[:shortTo] + "…"
}

// named prefers the number that a thing has in the books of the shop.
func named(number, id string) string {
	if number != "" {
		return number
	}
	return short(id)
}

func buyer(customerID string) string {
	if customerID == "" {
		return "a guest"
	}
	return "customer " + short(customerID)
}

func capital(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(first)) + s[size:]
}

func count[N int | int64](n N, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}

func units(n int64) string  { return count(n, "unit", "units") }
func points(n int64) string { return count(n, "point", "points") }

func times(n int64, sku string) string { return fmt.Sprintf("%d × %s", n, sku) }

func were(n int64) string {
	if n == 1 {
		return "was"
	}
	return "were"
}

func are(n int64) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

// because adds the reason that was given, if one was.
func because(reason string) string {
	if reason == "" {
		return ""
	}
	return ": " + reason
}

func document(reference string) string {
	if reference == "" {
		return ""
	}
	return " (" + reference + ")"
}

func inCategory(category string) string {
	if category == "" {
		return ""
	}
	return ", in " + category
}

func onOrder(id string) string {
	if id == "" {
		return ""
	}
	return " on order " + short(id)
}

func parcel(lines []LineQuantity, order, what string) string {
	n := Units(lines)
	return fmt.Sprintf("%s of order %s %s %s", units(n), short(order), were(n), what)
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// String is a total with its decimal point: GBP 12.50.
func (m Money) String() string {
	digits, err := Digits(m.Currency)
	if err != nil {
		digits = 0
	}
	return strings.TrimSpace(m.Currency + " " + decimal(m.Minor, digits))
}

// String is a unit price with its decimal point: GBP 2.095.
func (p UnitPrice) String() string {
	return strings.TrimSpace(p.Currency + " " + decimal(p.Amount, int(min(p.Scale, MaxScale))))
}

func decimal(n int64, digits int) string {
	sign, s := "", fmt.Sprintf("%0*d", digits+1, n)
	if n < 0 {
		sign, s = "-", fmt.Sprintf("%0*d", digits+2, n)[1:]
	}
	if digits == 0 {
		return sign + s
	}
	return sign + s[:len(s)-digits] + "." + s[len(s)-digits:]
}

// sealedWord is a personal datum that a fact may carry, and what it is called.
type sealedWord struct {
	name  string
	datum *Sealed
}

// sealedWords names the data that are there: "name (sealed), address (sealed)".
func sealedWords(lead string, data ...sealedWord) string {
	var there []string
	for _, d := range data {
		if d.datum != nil {
			there = append(there, d.name+" (sealed)")
		}
	}
	if len(there) == 0 {
		return ""
	}
	return lead + strings.Join(there, ", ")
}
