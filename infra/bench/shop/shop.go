// Package shop makes up the log of a shop: the same facts for the same numbers, in the mix and of the size of real ones.
package shop

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"

	"tillstream/commands"
	"tillstream/events"
)

// What a branch is like.
const (
	goodsMany     = 60
	customersMany = 80
	openMany      = 40 // orders that are on their way at a time
	linesMost     = 5
	refill        = 400 // units that come in at once
	lowStock      = 50
	currency      = "GBP"
)

// Append is what is recorded at once in one stream.
type Append struct {
	Stream string
	After  int64 // the revision it follows, -1: the stream is new
	Facts  []commands.Draft
}

// Branch is a warehouse with goods, customers and orders of its own: no other branch writes to its streams. Its appends
// are to be recorded in their order.
type Branch struct {
	code      string
	number    int
	random    *rand.Rand
	now       time.Time
	asked     int // commands so far
	revisions map[string]int64
	goods     []good
	customers []string
	open      []*order
	told      []Append
	err       error
}

type good struct {
	sku    string
	price  int64
	onHand int64
}

// NewBranch opens a branch by its number: it has goods, prices, stock and customers before the first order.
func NewBranch(number int) *Branch {
	b := &Branch{code: fmt.Sprintf("B%03d", number), number: number, random: rand.New(rand.NewPCG(uint64(number), 2025)),
		now: time.Date(2025, 1, 6, 8, 0, 0, 0, time.UTC), revisions: map[string]int64{}}
	for range goodsMany {
		b.launch()
	}
	for range customersMany {
		b.welcome()
	}
	return b
}

// Next is what the branch records next; there is always more.
func (b *Branch) Next() (Append, error) {
	for len(b.told) == 0 && b.err == nil {
		b.deed()
	}
	if b.err != nil {
		return Append{}, b.err
	}
	next := b.told[0]
	b.told = b.told[1:]
	return next, nil
}

// deed is one thing that happens: an order is placed, or the one that waits longest goes on. Now and then a price changes.
func (b *Branch) deed() {
	b.now = b.now.Add(time.Duration(b.random.IntN(90_000)) * time.Millisecond)
	if b.random.IntN(40) == 0 {
		b.reprice(&b.goods[b.random.IntN(len(b.goods))])
	}
	if len(b.open) < openMany {
		b.open = append(b.open, b.place())
		return
	}
	oldest := b.open[0]
	b.open = b.open[1:]
	if b.goOn(oldest) {
		b.open = append(b.open, oldest)
	}
}

func (b *Branch) launch() {
	g := good{sku: fmt.Sprintf("%s-%04d", b.code, len(b.goods)), price: 95 + b.random.Int64N(4000)}
	c := b.staff()
	b.record(c, string(events.Product(g.sku)), events.ProductRegistered{SKU: g.sku, Name: title(b.random), Category: category(b.random), Kind: events.Goods,
		Description: title(b.random) + ", " + title(b.random)})
	b.goods = append(b.goods, g)
	b.reprice(&b.goods[len(b.goods)-1])
	b.receive(&b.goods[len(b.goods)-1])
}

func (b *Branch) reprice(g *good) {
	g.price += b.random.Int64N(99) - 40
	g.price = max(g.price, 10)
	c := b.staff()
	b.record(c, string(events.Price(b.code, g.sku)), events.PriceSet{PriceID: events.DerivedID(c.Command, 0), SKU: g.sku, Warehouse: b.code,
		Unit: events.UnitPrice{Amount: g.price, Scale: 2, Currency: currency}, ValidFrom: b.now})
}

func (b *Branch) receive(g *good) {
	g.onHand += refill
	b.record(b.staff(), string(events.Stock(b.code, g.sku)),
		events.StockReceived{SKU: g.sku, Warehouse: b.code, Quantity: refill, Reference: fmt.Sprintf("delivery %d", b.asked)})
}

// welcome opens an account as an import does: without personal data.
func (b *Branch) welcome() {
	c := b.staff()
	id := events.DerivedID(c.Command, 0)
	b.customers = append(b.customers, id)
	b.record(c, string(events.Customer(id)), events.CustomerOpened{CustomerID: id, Number: fmt.Sprintf("%d%04d", b.number, len(b.customers)), Country: country(b.random)})
}

// asks is a new command of somebody.
func (b *Branch) asks(who events.Actor, origin events.Origin) events.Meta {
	b.asked++
	id := events.CommandID(who.String(), b.code, fmt.Sprint(b.asked))
	return events.Meta{Command: id, Correlation: id, Causation: id, Request: hash(b.random), Actor: who, At: events.Time(b.now),
		Rec: events.Time(b.now.Add(time.Duration(b.random.IntN(900)) * time.Microsecond)), Origin: origin}
}

func (b *Branch) staff() events.Meta {
	return b.asks(events.Actor{Kind: "staff", ID: b.code}, events.FromAPI)
}

// record adds facts of one command to a stream.
func (b *Branch) record(why events.Meta, stream string, facts ...events.Event) {
	last, known := b.revisions[stream]
	if !known {
		last = -1
	}
	meta, err := events.EncodeMeta(why)
	if err != nil {
		b.err = err
		return
	}
	a := Append{Stream: stream, After: last}
	for i, fact := range facts {
		data, err := json.Marshal(fact)
		if err != nil {
			b.err = fmt.Errorf("%s: %w", fact.Type(), err)
			return
		}
		a.Facts = append(a.Facts, commands.Draft{ID: events.EventID(why.Command, stream, i), Type: fact.Type(), Data: data, Metadata: meta})
	}
	b.revisions[stream] = last + int64(len(facts))
	b.told = append(b.told, a)
}
