package gateway

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"sync"

	"tillstream/projections"
)

// The headers that say an answer lacks parked facts. Parked is true when a value of the answer is parked, and maybe when
// facts are parked of which cannot be told whether they belong to the answer. Parked-Keys names the values, each as
// view/key, escaped as in a path.
const (
	headerParked     = "Parked"
	headerParkedKeys = "Parked-Keys"
)

// markedMost is how many parked keys one answer names.
const markedMost = 20

// parking is what a view can tell of its parked keys; a projections.Projector does.
type parking interface {
	IsParked(key string) bool
	ParkedCount() (keys, streams int)
}

// marking is a view of which every answer says when it lacks parked facts.
type marking[V any] struct {
	projections.Served[V]
	name   string
	parked parking
}

// mark has a view mark its answers, if it can tell what is parked.
func mark[V any](served *projections.Served[V], view projections.View[V]) {
	if parked, tells := (*served).(parking); tells {
		*served = marking[V]{*served, view.Name, parked}
	}
}

// Get implements projections.Reader.
func (m marking[V]) Get(ctx context.Context, key string) (V, bool, error) {
	value, found, err := m.Served.Get(ctx, key)
	m.mark(ctx, key)
	return value, found, err
}

// GetMany implements projections.Reader.
func (m marking[V]) GetMany(ctx context.Context, keys []string) (map[string]V, error) {
	found, err := m.Served.GetMany(ctx, keys)
	m.mark(ctx, keys...)
	return found, err
}

// List implements projections.Reader. What is parked and not in the list might be, were it not parked.
func (m marking[V]) List(ctx context.Context, q projections.Query) ([]projections.Row[V], error) {
	rows, err := m.Served.List(ctx, q)
	if keys, streams := m.parked.ParkedCount(); keys+streams > 0 {
		noteParked(ctx, "")
		for _, r := range rows {
			m.mark(ctx, r.Key)
		}
	}
	return rows, err
}

// Group implements projections.Reader.
func (m marking[V]) Group(ctx context.Context, g projections.Grouping) ([]projections.Group, error) {
	groups, err := m.Served.Group(ctx, g)
	if keys, streams := m.parked.ParkedCount(); keys+streams > 0 {
		noteParked(ctx, "")
	}
	return groups, err
}

// AtOf is where the generation stands that answers ctx.
func (m marking[V]) AtOf(ctx context.Context) projections.Checkpoint {
	return projections.AtOf(ctx, m.Served)
}

func (m marking[V]) viewName() string { return m.name }

func (m marking[V]) mark(ctx context.Context, keys ...string) {
	parked, streams := m.parked.ParkedCount()
	if streams > 0 {
		noteParked(ctx, "")
	}
	for _, key := range keys {
		if parked > 0 && m.parked.IsParked(key) {
			noteParked(ctx, m.name+"/"+url.PathEscape(key))
		}
	}
}

// marks is what the answer of a call lacks.
type marks struct {
	mu   sync.Mutex
	keys []string
}

// noteParked has the answer of the call say that a value is parked, or with an empty key that one may be.
func noteParked(ctx context.Context, key string) {
	c := callOf(ctx)
	c.marks.mu.Lock()
	defer c.marks.mu.Unlock()
	switch {
	case key == "" && len(c.marks.keys) == 0:
		c.header(headerParked, "maybe")
	case key != "" && len(c.marks.keys) < markedMost && !slices.Contains(c.marks.keys, key):
		c.marks.keys = append(c.marks.keys, key)
		c.header(headerParked, "true")
		c.header(headerParkedKeys, strings.Join(c.marks.keys, ", "))
	}
}

// marked is the same views, each of which marks its answers.
func (v Views) marked() Views {
	mark(&v.Products, projections.Products)
	mark(&v.ProductPages, projections.ProductPages)
	mark(&v.Prices, projections.Prices)
	mark(&v.StockLevels, projections.StockLevels)
	mark(&v.StockMovements, projections.StockMovements)
	mark(&v.DailyStockMovements, projections.DailyStockMovements)
	mark(&v.StockLedger, projections.StockLedger)
	mark(&v.Customers, projections.Customers)
	mark(&v.CustomerProfiles, projections.CustomerProfiles)
	mark(&v.CustomerOrders, projections.CustomerOrders)
	mark(&v.Orders, projections.Orders)
	mark(&v.OrderLines, projections.OrderLines)
	mark(&v.CreditNotes, projections.CreditNotes)
	mark(&v.PaymentMovements, projections.PaymentMovements)
	mark(&v.SalesFacts, projections.SalesFacts)
	mark(&v.LoyaltyAccounts, projections.LoyaltyAccounts)
	mark(&v.LoyaltyStatement, projections.LoyaltyStatement)
	mark(&v.ProcessStatuses, projections.ProcessStatuses)
	mark(&v.Imports, projections.Imports)
	mark(&v.KeyedCommands, projections.KeyedCommands)
	mark(&v.AuditLog, projections.AuditLog)
	return v
}
