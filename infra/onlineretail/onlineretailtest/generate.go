// Package onlineretailtest writes books like those of "Online Retail" that nobody ever kept, for trying an import at
// full size.
package onlineretailtest

import (
	"encoding/csv"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"tillstream/events"
	"tillstream/infra/onlineretail"
)

// Longest is how many lines the longest order of generated books has.
const Longest = 1114

// Generate writes books that go on where those of after end: from the day after its last one, for so many months of
// about rowsPerMonth rows, with the same customers and SKUs, new ones among them, and with odd rows of every kind that
// the real books have. The same arguments write the same bytes.
func Generate(w io.Writer, after *onlineretail.File, seed uint64, months, rowsPerMonth int) error {
	if len(after.Rows) == 0 || months < 1 || rowsPerMonth < 1 {
		return fmt.Errorf("generate books: %d months of %d rows after a file of %d rows: each must be above 0", months, rowsPerMonth, len(after.Rows))
	}
	s := newScribe(w, after, seed)
	s.rows.Write([]string{"InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"})
	first := s.clock
	for month := range months {
		from := first.AddDate(0, month, 0)
		s.month(from, from.AddDate(0, 1, 0), rowsPerMonth)
	}
	s.rows.Flush()
	return s.rows.Error()
}

// scribe keeps the books.
type scribe struct {
	rows    *csv.Writer
	rand    *rand.Rand
	clock   time.Time // of the last document; wall clock, no zone
	number  int       // of the last document
	written int       // rows
	account int       // number of the last new customer
	people  []person
	goods   []article
	charges []article
	sold    []line // what may be credited, oldest first
	today   int    // of sold: where this day begins
}

type person struct{ number, country string }

type article struct {
	sku, name string
	unit      events.UnitPrice
}

// line is an order line of a customer.
type line struct {
	person
	article
	quantity int64
}

func newScribe(w io.Writer, after *onlineretail.File, seed uint64) *scribe {
	s := &scribe{rows: csv.NewWriter(w), rand: rand.New(rand.NewPCG(seed, 1835882))}
	people, goods, charges := map[string]person{}, map[string]article{}, map[string]article{}
	for _, r := range after.Rows {
		if at := r.At; at.After(s.clock) {
			s.clock = at
		}
		digits := r.Document
		if n, err := strconv.Atoi(digits[len(digits)-min(6, len(digits)):]); err == nil {
			s.number = max(s.number, n)
		}
		if r.Customer != "" {
			people[r.Customer] = person{r.Customer, r.Country}
		}
		if r.Quantity <= 0 || r.Unit.Amount <= 0 || r.Description == "" {
			continue
		}
		a := article{r.SKU, r.Description, r.Unit}
		if !r.IsGoods() {
			charges[r.SKU] = a
			continue
		}
		goods[r.SKU] = a
		if r.Customer != "" {
			s.sold = append(s.sold, line{people[r.Customer], a, r.Quantity})
		}
	}
	s.people, s.goods, s.charges = inOrder(people), inOrder(goods), inOrder(charges)
	s.account, _ = strconv.Atoi(slices.Max(slices.Sorted(maps.Keys(people))))
	s.clock = time.Date(s.clock.Year(), s.clock.Month(), s.clock.Day()+1, 0, 0, 0, 0, time.UTC)
	return s
}

func inOrder[V any](m map[string]V) (values []V) {
	for _, key := range slices.Sorted(maps.Keys(m)) {
		values = append(values, m[key])
	}
	return values
}

// month writes the documents of the days from from to before, none of them a Saturday: the shop is closed.
func (s *scribe) month(from, before time.Time, rows int) {
	var days []time.Time
	for day := from; day.Before(before); day = day.AddDate(0, 0, 1) {
		if day.Weekday() != time.Saturday {
			days = append(days, day)
		}
	}
	begun := s.written
	for n, day := range days {
		s.clock, s.today = day.Add(8*time.Hour), len(s.sold)
		if n == len(days)/2 {
			s.oddities()
		}
		for until := begun + rows*(n+1)/len(days); s.written < until; {
			s.document()
		}
	}
}

// document writes one document of the kinds, and about as often, as the real books have them.
func (s *scribe) document() {
	switch n := s.rand.IntN(1000); {
	case n < 650:
		s.sale(s.customer(), s.lines(18))
	case n < 730:
		s.sale(person{"", s.guestFrom()}, s.lines(70))
	case n < 732:
		s.interleaved()
	case n < 734:
		s.freeOrder()
	case n < 900:
		s.credit()
	case n < 905:
		s.guestCredit()
	default:
		s.stock()
	}
}

// oddities are what every month has one of.
func (s *scribe) oddities() {
	s.sale(person{"", "United Kingdom"}, Longest)
	s.undone()
	s.note()
	s.serviceInStock()
}

// begin starts a document: minutes pass, but never past the evening.
func (s *scribe) begin() string {
	s.number++
	if s.clock.Hour() < 19 {
		s.clock = s.clock.Add(time.Duration(s.rand.IntN(6)) * time.Minute)
	}
	return fmt.Sprintf("%06d", s.number)
}

func (s *scribe) row(document string, a article, quantity int64, at time.Time, p person) {
	s.written++
	s.rows.Write([]string{document, a.sku, a.name, strconv.FormatInt(quantity, 10), at.Format("2006-01-02T15:04:05"), decimal(a.unit), p.number, p.country})
}

// decimal writes a price as the books do, without the zeros at its end.
func decimal(p events.UnitPrice) string {
	n, sign := p.Amount, ""
	if n < 0 {
		n, sign = -n, "-"
	}
	one := int64(1)
	for range p.Scale {
		one *= 10
	}
	places := fmt.Sprintf("%0*d", p.Scale, n%one)
	for len(places) > 0 && places[len(places)-1] == '0' {
		places = places[:len(places)-1]
	}
	if places == "" {
		return fmt.Sprintf("%s%d", sign, n/one)
	}
	return fmt.Sprintf("%s%d.%s", sign, n/one, places)
}
