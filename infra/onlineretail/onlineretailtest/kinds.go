package onlineretailtest

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"tillstream/events"
)

// customer is one of the shop's, or, one time in ten, a new one.
func (s *scribe) customer() person {
	if s.rand.IntN(10) == 0 {
		s.account++
		s.people = append(s.people, person{strconv.Itoa(s.account), s.people[s.rand.IntN(len(s.people))].country})
	}
	return s.people[s.rand.IntN(len(s.people))]
}

func (s *scribe) guestFrom() string {
	if s.rand.IntN(12) == 0 {
		return "EIRE"
	}
	return "United Kingdom"
}

// lines is how many lines a document has: most have few, some have many.
func (s *scribe) lines(mean int) int { return min(1+int(s.rand.ExpFloat64()*float64(mean)), Longest-1) }

// article is something to sell: mostly goods at their price, now and then new ones, dearer, cheaper, or for nothing.
func (s *scribe) article() article {
	if s.rand.IntN(400) == 0 {
		n := len(s.goods)
		s.goods = append(s.goods, article{fmt.Sprintf("%05dX", 10000+n), fmt.Sprintf("NEW, \"MODERN\" THING %d", n), s.goods[n/2].unit})
	}
	a := s.goods[s.rand.IntN(len(s.goods))]
	switch s.rand.IntN(200) {
	case 0:
		return s.charges[s.rand.IntN(len(s.charges))]
	case 1:
		a.unit.Amount = 0
	case 2, 3:
		a.unit = events.UnitPrice{Amount: 1 + s.rand.Int64N(4000), Scale: 3, Currency: a.unit.Currency}
	case 4, 5, 6, 7:
		a.unit.Amount += 1 + a.unit.Amount/10
	case 8:
		a.name = ""
	case 9:
		a.sku = strings.ToLower(a.sku) + " "
	}
	return a
}

func (s *scribe) quantity() int64 { return 1 + int64(s.rand.ExpFloat64()*9) }

// sale writes an order of n lines, the first of them priced. Some are written in two goes, the second minutes later or
// before, and some repeat a line.
func (s *scribe) sale(p person, n int) {
	document, at := s.begin(), s.clock
	second := at
	if s.rand.IntN(200) == 0 {
		second = at.Add(time.Duration(s.rand.IntN(5)-2) * time.Minute)
	}
	var a article
	var quantity int64
	for i := range n {
		if i == 0 || s.rand.IntN(150) > 0 {
			a, quantity = s.article(), s.quantity()
		}
		if i == 0 && a.unit.Amount == 0 {
			a.unit.Amount = 125
		}
		if 2*i > n {
			at = second
		}
		s.sell(document, line{p, a, quantity}, at)
	}
}

func (s *scribe) sell(document string, l line, at time.Time) {
	s.row(document, l.article, l.quantity, at, l.person)
	if l.number != "" {
		s.sold = append(s.sold, l)
	}
}

// interleaved writes two orders line by line in turn.
func (s *scribe) interleaved() {
	one, p := s.begin(), s.customer()
	other, q, at := s.begin(), s.customer(), s.clock
	for range 3 + s.rand.IntN(10) {
		s.sell(one, line{p, s.goods[s.rand.IntN(len(s.goods))], s.quantity()}, at)
		s.sell(other, line{q, s.goods[s.rand.IntN(len(s.goods))], s.quantity()}, at)
	}
}

func (s *scribe) freeOrder() {
	document, p := s.begin(), s.customer()
	for range 1 + s.rand.IntN(3) {
		a := s.goods[s.rand.IntN(len(s.goods))]
		a.unit.Amount = 0
		s.sell(document, line{p, a, s.quantity()}, s.clock)
	}
}

// credit writes a credit document over lines of one customer: of today or of earlier, in part, whole, more than there
// is, or at another price than they were sold for.
func (s *scribe) credit() {
	from := 0
	if s.rand.IntN(8) == 0 && s.today < len(s.sold) {
		from = s.today
	}
	at := from + s.rand.IntN(len(s.sold)-from)
	document, p := "C"+s.begin(), s.sold[at].person
	for n := 1 + s.rand.IntN(4); at < len(s.sold) && n > 0 && s.sold[at].person == p; n, at = n-1, at+1 {
		a, units := s.sold[at].article, s.sold[at].quantity
		switch s.rand.IntN(5) {
		case 0:
			a.unit.Amount += 7
		case 1:
			units *= 2
		case 2, 3:
			units = 1 + s.rand.Int64N(units)
		}
		s.row(document, a, -units, s.clock, p)
	}
}

func (s *scribe) guestCredit() {
	document, p := "C"+s.begin(), person{"", s.guestFrom()}
	for range 1 + s.rand.IntN(4) {
		a := s.goods[s.rand.IntN(len(s.goods))]
		if s.rand.IntN(6) == 0 {
			a = article{"CRUK", "CRUK Commission", events.UnitPrice{Amount: 160 + s.rand.Int64N(70000), Scale: 2}}
		}
		s.row(document, a, -s.quantity(), s.clock, p)
	}
}

// undone writes a very large order, and the credit document that cancels it within the hour.
func (s *scribe) undone() {
	p, a := s.customer(), s.goods[s.rand.IntN(len(s.goods))]
	s.sell(s.begin(), line{p, a, 80_995}, s.clock)
	s.row("C"+s.begin(), a, -80_995, s.clock, p)
}

// note writes the accounting notes of a bad debt: two of three take it off again.
func (s *scribe) note() {
	for _, pence := range []int64{1106206, -1106206, -1106206} {
		s.row("A"+s.begin(), article{"B", "Adjust bad debt", events.UnitPrice{Amount: pence, Scale: 2}}, 1, s.clock, person{"", "United Kingdom"})
	}
}

var remarks = []string{"", "?", "damaged", "damages", "lost", "found", "check", "thrown away", "wrongly coded 20713", "ebay, \"sold as sets\""}

func (s *scribe) stock() {
	a := s.goods[s.rand.IntN(len(s.goods))]
	a.name, a.unit.Amount = remarks[s.rand.IntN(len(remarks))], 0
	units := 1 + int64(s.rand.ExpFloat64()*90)
	if s.rand.IntN(3) > 0 {
		units = -units
	}
	s.row(s.begin(), a, units, s.clock, person{"", "United Kingdom"})
}

func (s *scribe) serviceInStock() {
	s.row(s.begin(), article{"DOT", "", events.UnitPrice{Scale: 2}}, 1000, s.clock, person{"", "United Kingdom"})
}
