package bench

import (
	"context"
	"fmt"
	"sync"

	stockv1 "tillstream/gateway/api/stock/v1"
)

// pieces are the units of each SKU whose receipt was acknowledged.
type pieces struct {
	mu   sync.Mutex
	acks map[string]int64
}

func newPieces() *pieces { return &pieces{acks: map[string]int64{}} }

func (p *pieces) add(sku string, units int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.acks[sku] += units
}

func (p *pieces) of(sku string) int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.acks[sku]
}

func (c *customers) rows() []LagRow {
	return []LagRow{c.visible.row(Visible), c.byView["stock_levels"].row("– of stock_levels"), c.byView["prices"].row("– of prices"),
		c.byView["orders"].row("– of orders"), c.acknowledged.row(Acknowledged), c.answer.row(Question)}
}

// verify makes sure that every receipt that was acknowledged, and no other, is on hand.
func (c *customers) verify(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, verifyWithin)
	defer cancel()
	client := stockv1.NewStockClient(c.conn(0))
	for n := range int64(soldGoods) {
		list, err := client.Levels(ctx, &stockv1.LevelsRequest{Sku: skuOf(n)})
		if err != nil {
			return err
		}
		if want := stockAtFirst + c.receipts.of(skuOf(n)); len(list.Items) != 1 || list.Items[0].OnHand != want {
			return fmt.Errorf("of %s %d units were received, the view shows %v", skuOf(n), want, list.Items)
		}
	}
	return nil
}
