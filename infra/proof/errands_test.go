package proof

import (
	"fmt"
	"math/rand/v2"
	"net/http"

	"tillstream/events"
)

// person is who opened an account.
type person struct {
	name, email string
	opening     *wish
	erasing     *wish // nil: nobody asked for it
}

// outer makes a wish of a request, for the outer door.
func (w *writer) outer(method, path string, facts int, body map[string]any) *wish {
	key := fmt.Sprintf("%s-%d", w.name, w.made)
	w.made++
	return &wish{id: events.CommandID("staff:"+w.name, method, key), facts: facts, rest: &request{http.MethodPost, path, key, body}}
}

type object = map[string]any

func pounds(thousandths int) object {
	return object{"amount": thousandths, "scale": 3, "currency": "GBP"}
}

// furnish is what the shop begins with: hot products with prices and stock.
func furnish(w *writer) (wishes []*wish) {
	for n := range hotProducts {
		wishes = append(wishes,
			w.outer("/tillstream.products.v1.Products/Register", "/v1/products", 1, object{"sku": hot(n), "name": "Hot", "kind": "goods"}),
			w.outer("/tillstream.prices.v1.Prices/Set", "/v1/prices", 1, object{"sku": hot(n), "unit": pounds(hotPrice), "valid_from": "2026-01-01T00:00:00Z"}),
			w.outer("/tillstream.stock.v1.Stock/Receive", "/v1/stock/receipts", 1, object{"sku": hot(n), "quantity": hotUnits}))
	}
	return wishes
}

// errand is some business of a shop that people do.
func errand(w *writer) []*wish {
	sku := hot(w.chance.Int())
	switch w.chance.IntN(8) {
	case 0:
		return []*wish{w.outer("/tillstream.stock.v1.Stock/Receive", "/v1/stock/receipts", 1, object{"sku": sku, "quantity": 1 + w.chance.IntN(9)})}
	case 1:
		return []*wish{w.outer("/tillstream.stock.v1.Stock/Adjust", "/v1/stock/adjustments", 1, object{"sku": sku, "quantity": -1, "reason": "lost"})}
	case 2:
		return []*wish{w.outer("/tillstream.stock.v1.Stock/Transfer", "/v1/stock/transfers", 2, object{"sku": sku, "from": "MAIN", "to": "NORTH", "quantity": 1})}
	case 3:
		return []*wish{w.outer("/tillstream.stock.v1.Stock/Count", "/v1/stock/counts", 1, object{"sku": sku, "warehouse": "NORTH", "counted": w.chance.IntN(50)})}
	case 4:
		own := fmt.Sprintf("%s-%d", w.name, w.made)
		return []*wish{
			w.outer("/tillstream.products.v1.Products/Register", "/v1/products", 1, object{"sku": own, "name": "Kettle", "kind": "goods"}),
			w.outer("/tillstream.prices.v1.Prices/Set", "/v1/prices", 1, object{"sku": own, "unit": pounds(1 + w.made)}),
			w.outer("/tillstream.products.v1.Products/Register", "/v1/products", 1, object{"sku": own, "name": "Pot", "kind": "goods"}), // refused
		}
	case 5:
		return []*wish{w.outer("/tillstream.orders.v1.Orders/Place", "/v1/orders", 1, object{"guest": w.guest(), "ship_to": object{"line1": "High Street 1", "country": "GB"},
			"currency": "GBP", "lines": []object{{"sku": sku, "quantity": 1}}, "payment": object{"token": "tok"}})}
	default:
		return w.account(sku)
	}
}

func (w *writer) guest() object {
	return object{"name": "Guest " + w.newID("g"), "email": w.newID("g") + "@example.org"}
}

// account opens an account, which orders, and sometimes forgets the person.
func (w *writer) account(sku string) []*wish {
	p := person{name: "Person " + w.newID("n"), email: w.newID("e") + "@example.org"}
	p.opening = w.outer("/tillstream.customers.v1.Customers/Open", "/v1/customers", 2, object{"name": p.name, "email": p.email, "country": "DE",
		"address": object{"line1": "Home 1", "city": "Bonn"}})
	id := events.DerivedID(p.opening.id, 0)
	wishes := []*wish{p.opening, w.outer("/tillstream.orders.v1.Orders/Place", "/v1/orders", 1, object{"customer_id": id, "currency": "GBP",
		"lines": []object{{"sku": sku, "quantity": 2}, {"sku": sku, "quantity": 1}}, "payment": object{"token": "tok"}})}
	if w.chance.IntN(3) == 0 {
		p.erasing = w.outer("/tillstream.customers.v1.Customers/Erase", "/v1/customers/"+id+"/erase", 2, object{})
		wishes = append(wishes, p.erasing)
	}
	w.people[id] = p
	return wishes
}

// staff is everybody who asks: some by REST, the others by the stream of commands.
func staff(l *ledger, r *rand.Rand, n, byREST int) (all []*writer) {
	for i := range n {
		w := &writer{name: fmt.Sprintf("w%d", i), ledger: l, chance: rand.New(rand.NewPCG(r.Uint64(), uint64(i))), next: story}
		if i < byREST {
			w.next, w.people = errand, map[string]person{}
		}
		if i == 0 {
			w.queue = furnish(w)
		}
		all = append(all, w)
	}
	return all
}
